"""What synthetic callers say: call-centre sentences, everyday English, names, numbers, word salad, beginnings of sentences.

In: a seed. Out: (text as it is written, text as it is to be spoken). Sources: the templates and lists beside this file and the playbooks, our own; examples
and definitions of WordNet (Debian's wordnet-base, free licence), Debian's fortunes, the words and names of Debian's wamerican, the names of people and places
in Faker (MIT) where they are installed, and any text in the folder that `texts` names, a sentence a line.

Measured before: a decoder that meets the same sentences often guesses them from memory. So each text is drawn anew, most are no template, and chunks
of prose and word salad make it listen.
"""
import collections
import itertools
import pathlib
import random
import re

try:
    from faker.providers.address import en_GB as british_places, en_US as american_places
    from faker.providers.person import en_GB as british, en_US as american
except ImportError:
    american = None

HERE = pathlib.Path(__file__).parent
DIGITS = "zero one two three four five six seven eight nine".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fifteenth twentieth thirtieth".split()
LONGEST = 90  # letters
WORDNET = pathlib.Path("/usr/share/wordnet")
FORTUNES = pathlib.Path("/usr/share/games/fortunes")
DICTIONARY = pathlib.Path("/usr/share/dict/american-english")
NAMED = ("name", "surname", "place")  # slots that a name of the dictionary may fill
HELD_OUT = HERE.parents[1] / "tests/fixtures/asr/heldout.tsv"
LEAST = 3  # times that a word comes up in the prose, to be one of the common ones


def lines(name):
    """A list beside this file, without its comments."""
    text = (HERE / name).read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def key(text):
    """The words of a text, to tell whether two are the same."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def held_out():
    """The sentences that measure, which must not be trained on."""
    rows = (line.split("\t") for line in HELD_OUT.read_text().splitlines() if line and not line.startswith("#"))
    return {key(cells[1]) for cells in rows}


def glosses():
    """What WordNet says of its words."""
    return [line.partition("|")[2] for path in sorted(WORDNET.glob("data.*")) for line in path.read_text(errors="ignore").splitlines()]


def definitions():
    """Every word of a dictionary, explained in other ones."""
    return tidied(part for gloss in glosses() for part in re.sub(r'"[^"]*"|\([^)]*\)', "", gloss).split(";"))


def prose(folder):
    """Sentences of whatever text is there."""
    found = [example for gloss in glosses() for example in re.findall(r'"([^"]{8,})"', gloss)]
    for path in sorted(FORTUNES.glob("*")):
        if path.is_file() and path.suffix not in (".dat", ".u8"):
            found += re.split(r"(?<=[.?!])\s+|\n%\n", path.read_text(errors="ignore"))
    for path in sorted(pathlib.Path(folder).glob("*.txt")) if folder else []:
        found += path.read_text(errors="ignore").splitlines()
    return tidied(found)


def tidied(texts):
    """Those that are of letters and marks only, once each."""
    tidy = (re.sub(r"\s+", " ", text).strip(" -*\"") for text in texts)
    # Letters that the engines read in ways of their own are left out with their sentences.
    speakable = re.compile(r"[A-Za-z][A-Za-z ,.'?!-]{7,}")
    return sorted({text for text in tidy if speakable.fullmatch(text) and not re.search("[A-Z]{2}", text) and len(text) < 4 * LONGEST})


def people():
    """First names and surnames, as often as they occur, and places."""
    if american is None:
        return {}
    alike = lambda names: names if isinstance(names, dict) else dict.fromkeys(names, 1.0)
    weights = lambda *lists: list(sum((collections.Counter(alike(names)) for names in lists), collections.Counter()).items())
    first = weights(*(getattr(kind.Provider, f"first_names_{sex}") for kind in (american, british) for sex in ("male", "female")))
    last = weights(american.Provider.last_names, british.Provider.last_names)
    places = american_places.Provider.states + tuple(getattr(british_places.Provider, "counties", ()))
    tidy = lambda pairs: [pair for pair in pairs if re.fullmatch("[A-Z][a-z]+", pair[0])]
    return {"name": tidy(first), "surname": tidy(last), "place": [(place, 1.0) for place in places if re.fullmatch("[A-Z][A-Za-z ]+", place)]}


def playbooks():
    """Sentences of the project's playbooks: what is said in such calls."""
    found = []
    for path in sorted((HERE.parents[1] / "playbooks").glob("*.toml")):
        for quoted in re.findall(r'"([^"\n]{8,})"', path.read_text()):
            found += re.split(r"(?<=[.?!]) ", quoted)
    return sorted({text for text in found if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,.'?!-]{7,}", text) and text.count(" ") >= 2})


def dictionary():
    """Words, and names of people, places and whatever has one."""
    found = DICTIONARY.read_text(errors="ignore").split() if DICTIONARY.exists() else []
    return [word for word in found if re.fullmatch("[a-z]{2,11}", word)], [word for word in found if re.fullmatch("[A-Z][a-z]{2,10}", word)]


class Writer:
    """Draws texts; the same seed draws the same ones on the same machine."""

    def __init__(self, seed, folder=None):
        self.random = random.Random(seed)
        self.templates = lines("templates.txt")
        self.calls = playbooks()
        self.lists = {}
        for line in lines("words.txt"):
            name, _, words = line.partition(":")
            self.lists[name] = [word.strip() for word in words.split(",")]
        self.prose, self.definitions = prose(folder), definitions()
        counts = collections.Counter(word for text in self.prose + self.definitions for word in re.findall(r"\b[a-z]{2,}\b", text))
        self.words = sorted(word for word, count in counts.items() if count >= LEAST)
        # All of them often enough to be learnt, the frequent ones more often.
        self.shares = [*itertools.accumulate(counts[word] ** 0.3 for word in self.words)]
        shares = lambda pairs: [*itertools.accumulate(weight**0.5 for _, weight in pairs)]
        self.people = {slot: ([name for name, _ in pairs], shares(pairs)) for slot, pairs in people().items()}
        self.rare, self.names = dictionary()
        self.held_out = held_out()

    def text(self):
        """One text that is not held out."""
        while True:
            drawn = self.draw()
            if key(drawn[0]) not in self.held_out:
                return drawn

    def draw(self):
        chance = self.random.random()
        if chance < 0.27 or not self.prose:
            count = self.random.choices([1, 2, 3], [0.7, 0.2, 0.1])[0]
            parts = [self.filled(self.random.choice(self.templates if self.random.random() < 0.6 else self.calls)) for _ in range(count)]
            written, spoken = (" ".join(side) for side in zip(*parts))
        elif chance < 0.38:
            alone = ["{digits}.", "{digits}.", "{digits}.", "{digits}, {digits}.", "{name} {surname}.", "{name}, {place}.", "{money}.", "{time}.", "{date}."]
            written, spoken = self.filled(self.random.choice(alone))
        elif chance < 0.47:
            slots = self.random.choice(["{digits}", "{name}", "{name} {surname}", "{surname}", "{place}"])
            written, spoken = self.filled(f"{self.chunk(1, 4)} {slots} {self.chunk(0, 3)}".strip())
        elif chance < 0.67:
            written = spoken = self.capital(self.sentence(0.15))
        elif chance < 0.87:
            written = spoken = self.capital(self.chunk(3, 12))
        else:
            written = spoken = " ".join(self.word() for _ in range(self.random.randint(2, 7)))
        if len(written) > LONGEST or self.random.random() < 0.07:
            # As a caller is heard while still speaking: nothing ends it.
            words, said = written.split(), spoken.split()
            if words == said:
                words = words[: self.random.randint(1, min(12, len(words)))]
                written = spoken = " ".join(words).rstrip(".,?!")
        return written, spoken

    def word(self):
        if self.rare and self.random.random() < 0.12:
            return self.random.choice(self.rare)
        return self.random.choices(self.words, cum_weights=self.shares)[0]

    def sentence(self, share):
        """Prose, or with that share a definition."""
        return self.random.choice(self.definitions if self.definitions and self.random.random() < share else self.prose)

    def chunk(self, least, most):
        """So many words of prose, from anywhere in it."""
        words = self.sentence(0.3).split()
        count = self.random.randint(least, most)
        start = self.random.randrange(max(1, len(words) - count + 1))
        return " ".join(words[start : start + count])

    @staticmethod
    def capital(text):
        return text[:1].upper() + text[1:]

    def filled(self, template):
        """The template with its slots filled: as written, and as spoken."""
        written, spoken = template, template
        while slot := re.search(r"\{(\w+)\}", written):
            value, said = self.slot(slot[1])
            written = written.replace(slot[0], value, 1)
            spoken = spoken.replace(slot[0], said, 1)
        return self.capital(written), self.capital(spoken)

    def slot(self, name):
        pick = self.random.choice
        chance = self.random.random()
        if name in self.people and chance < 0.65:
            names, shares = self.people[name]
            value = self.random.choices(names, cum_weights=shares)[0]
        elif name in NAMED and self.names and chance < 0.8:
            value = pick(self.names)
        elif name in self.lists:
            value = pick(self.lists[name])
        elif name == "number":
            value = str(pick([self.random.randint(1, 31), self.random.randint(1, 99), 100 * self.random.randint(1, 20), self.random.randint(100, 999)]))
        elif name == "money":
            amount = pick([self.random.randint(1, 99), 10 * self.random.randint(1, 60), 100 * self.random.randint(1, 80)])
            if self.random.random() < 0.3:
                return f"${amount}", f"{amount} dollars"
            value = f"{amount} {pick(['dollars', 'dollars', 'euros', 'pounds'])}"
        elif name == "percent":
            value = f"{pick([2, 3, 5, 7, 10, 12, 15, 20, 25, 30, 40, 50, 75])} percent"
        elif name == "day":
            value = pick(DAYS)
        elif name == "month":
            value = pick(MONTHS)
        elif name == "date":
            value = f"{pick(MONTHS)} {pick(ORDINALS)}" if self.random.random() < 0.5 else f"the {pick(ORDINALS)} of {pick(MONTHS)}"
        elif name == "time":
            hour = self.random.randint(1, 12)
            value = pick([f"{hour} o'clock", f"{hour} {pick(['AM', 'PM'])}", f"half past {hour}", f"a quarter to {hour}", f"{hour} {pick([10, 15, 20, 30, 45])}", "noon", "midnight"])
        elif name == "digits":
            return self.digits(self.random.choice([3, 4, 4, 5, 6, 7, 8, 10, 11]))
        elif name == "email":
            value = f"{pick(self.lists['name']).lower()} at {pick(['mail', 'office', 'home', 'example'])} dot {pick(['com', 'org', 'net'])}"
        else:
            raise ValueError(f"templates.txt: no list or rule for {{{name}}}")
        return value, value

    def digits(self, count):
        """Digits read out one by one: written as digits or as words."""
        values = [self.random.randrange(10) for _ in range(count)]
        zero = self.random.choice(["zero", "zero", "oh"])
        said = [zero if value == 0 else DIGITS[value] for value in values]
        group = self.random.choice([3, 4, count])
        spoken = ", ".join(" ".join(said[i : i + group]) for i in range(0, count, group))
        return " ".join(map(str, values)), spoken
