"""What synthetic callers say: call-centre sentences, everyday English, names, numbers, word salad, beginnings of sentences.

In: a seed. Out: (text as it is written, text as it is to be spoken). Sources: the templates and lists beside this file and the playbooks, our own; examples
and definitions of WordNet (Debian's wordnet-base, free licence), Debian's fortunes, the words and names of Debian's wamerican and wbritish; where they are
installed, the names of people and places in Faker (MIT) and the frequencies of words in wordfreq (Apache-2.0); any text in the folder that `texts` names,
a sentence a line.

Measured before: a decoder that meets the same sentences often guesses them from memory. So each text is drawn anew, most are no template, and chunks
of prose and word salad make it listen. Examples and definitions hold few words of every day: "parcel" came up in one text of 8,000, "wardrobe" in one of
40,000, and both were misspelled. So in a quarter of the texts such words take the place of most that are not among the commonest.
"""
import collections
import itertools
import pathlib
import random
import re

try:
    import wordfreq
except ImportError:
    wordfreq = None
try:
    from faker.providers.address import en_GB as british_places, en_US as american_places
    from faker.providers.person import en_GB, en_IE, en_IN, en_NZ, en_US

    PERSONS = [country.Provider for country in (en_US, en_GB, en_IE, en_NZ, en_IN)]
except ImportError:
    PERSONS = []

HERE = pathlib.Path(__file__).parent
DIGITS = "zero one two three four five six seven eight nine".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
# In word salad they would be digits written as words, which the strings of digits are not.
NUMBERS = {*DIGITS, *"ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split()}
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fifteenth twentieth thirtieth".split()
LONGEST = 90  # letters
WORDNET = pathlib.Path("/usr/share/wordnet")
FORTUNES = pathlib.Path("/usr/share/games/fortunes")
DICTIONARIES = [pathlib.Path("/usr/share/dict") / name for name in ("american-english", "british-english")]
NAMED = ("name", "surname", "place")  # slots that a name of the dictionary may fill
HELD_OUT = HERE.parents[1] / "tests/fixtures/asr"
LEAST = 3  # times that a word comes up in the prose, to be one of the common ones
EVERYDAY = 30_000  # of the most frequent words, those that a dictionary knows too
COMMONEST = 200  # words that hold a sentence together


def lines(name):
    """A list beside this file, without its comments."""
    text = (HERE / name).read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def key(text):
    """The words of a text, to tell whether two are the same."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def held_out():
    """The sentences that measure, which must not be trained on."""
    written = "".join(path.read_text() for path in HELD_OUT.glob("heldout*.tsv"))
    rows = (line.split("\t") for line in written.splitlines() if line and not line.startswith("#"))
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
    if not PERSONS:
        return {}
    found = {"name": collections.Counter(), "surname": collections.Counter()}
    for country in PERSONS:
        for slot, names in (("name", country.first_names_male), ("name", country.first_names_female), ("surname", country.last_names)):
            weights = names if isinstance(names, dict) else dict.fromkeys(names, 1.0)
            total = sum(weights.values())
            found[slot].update({name: weight / total for name, weight in weights.items() if re.fullmatch("[A-Z][a-z]+", name)})
    places = american_places.Provider.states + tuple(getattr(british_places.Provider, "counties", ()))
    return {**found, "place": {place: 1.0 for place in places if re.fullmatch("[A-Z][A-Za-z ]+", place)}}


def playbooks():
    """Sentences of the project's playbooks: what is said in such calls."""
    found = []
    for path in sorted((HERE.parents[1] / "playbooks").glob("*.toml")):
        for quoted in re.findall(r'"([^"\n]{8,})"', path.read_text()):
            found += re.split(r"(?<=[.?!]) ", quoted)
    return sorted({text for text in found if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,.'?!-]{7,}", text) and text.count(" ") >= 2})


def dictionary():
    """Words, and names of people, places and whatever has one."""
    found = sorted({word for path in DICTIONARIES if path.exists() for word in path.read_text(errors="ignore").split()})
    return [word for word in found if re.fullmatch("[a-z]{2,11}", word)], [word for word in found if re.fullmatch("[A-Z][a-z]{2,10}", word)]


def everyday(known):
    """Words of every day and how often they occur, the commonest first."""
    if wordfreq is None:
        return {}
    words = (word for word in wordfreq.top_n_list("en", EVERYDAY) if re.fullmatch(r"([a-z]{2,})('[a-z]{1,2})?", word))
    return {word: frequency(word) for word in words if word.partition("'")[0] in known}


def common(texts):
    """The words of texts and how often they occur there, the commonest first: where nothing says what is met every day."""
    counts = collections.Counter(word for text in texts for word in re.findall(r"\b[a-z]{2,}\b", text))
    return {word: count for word, count in counts.most_common() if count >= LEAST}


def frequency(name):
    """How often a word is met; rare words alike."""
    return max(1e-8, wordfreq.word_frequency(name, "en")) if wordfreq else 1.0


def shares(weights):
    """For drawing by weights: all often enough to be learnt, the frequent ones more often."""
    return [*itertools.accumulate(weight**0.3 for weight in weights.values())]


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
        self.rare, self.names = dictionary()
        counts = everyday(set(self.rare)) or common(self.prose + self.definitions)
        self.commonest = set(itertools.islice(counts, COMMONEST))
        counts = {word: count for word, count in counts.items() if word not in NUMBERS}
        self.words, self.shares = list(counts), shares(counts)
        self.people = {slot: (list(weights), shares(weights)) for slot, weights in people().items()}
        self.name_shares = shares({name: frequency(name) for name in self.names})
        self.held_out = held_out()

    def text(self):
        """One text that is not held out."""
        while True:
            drawn = self.draw()
            if key(drawn[0]) not in self.held_out:
                return drawn

    def draw(self):
        chance = self.random.random()
        if chance < 0.25 or not self.prose:
            count = self.random.choices([1, 2, 3], [0.7, 0.2, 0.1])[0]
            parts = [self.filled(self.random.choice(self.templates if self.random.random() < 0.6 else self.calls)) for _ in range(count)]
            written, spoken = (" ".join(side) for side in zip(*parts))
        elif chance < 0.36:
            alone = ["{digits}."] * 3 + ["{digits}, {digits}.", "{name} {surname}.", "{name} {surname}, {place}.", "{money}.", "{time}.", "{date}."]
            written, spoken = self.filled(self.random.choice(alone))
        elif chance < 0.5:
            slots = self.random.choice(["{digits}", "{digits}", "{name}", "{surname}"] + ["{name} {surname}", "{place}"] * 2)
            written, spoken = self.filled(f"{self.chunk(1, 4)} {slots} {self.chunk(0, 3)}".strip())
        elif chance < 0.56:
            written = spoken = self.capital(self.sentence(0.15))
        elif chance < 0.62:
            written = spoken = self.capital(self.chunk(3, 12))
        elif chance < 0.9:
            written = spoken = self.capital(self.renewed(self.chunk(4, 12)))
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
        if self.rare and self.random.random() < 0.05:
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

    def renewed(self, text):
        """With other words in the place of most of those that are not among the commonest."""
        other = lambda word: word[0] if word[0].lower() in self.commonest or self.random.random() < 0.4 else self.word()
        return re.sub(r"[A-Za-z']{2,}", other, text)

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
        if name in self.people and chance < 0.5:
            names, weights = self.people[name]
            value = self.random.choices(names, cum_weights=weights)[0]
        elif name in NAMED and self.names and chance < 0.85:
            value = self.random.choices(self.names, cum_weights=self.name_shares)[0]
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
        values = [self.random.randrange(10)]
        # A run of one digit is what a decoder loses count of, the more the longer it is.
        while len(values) < count:
            again = 0.4 if values[-1] in values[-2:-1] else 0.15
            values.append(values[-1] if self.random.random() < again else self.random.randrange(10))
        zero = self.random.choice(["zero", "zero", "oh"])
        said = [zero if value == 0 else DIGITS[value] for value in values]
        group = self.random.choice([3, 4, count])
        spoken = ", ".join(" ".join(said[i : i + group]) for i in range(0, count, group))
        return " ".join(map(str, values)), spoken
