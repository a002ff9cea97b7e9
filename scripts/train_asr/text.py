"""What synthetic callers say: call-centre sentences, everyday English, names, numbers, word salad, beginnings of sentences.

In: a seed. Out: (text as it is written, text as it is to be spoken). Sources: the templates and lists beside this file and the playbooks, our own; example
sentences of WordNet (Debian's wordnet-base, free licence), Debian's fortunes, and the words and names of Debian's wamerican where they are installed, and
any text in the folder that `texts` names, a sentence a line.

Measured before: a decoder that meets the same sentences often guesses them from memory. So each text is drawn anew, most are no template, and chunks
of prose and word salad make it listen.
"""
import pathlib
import random
import re

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


def lines(name):
    """A list beside this file, without its comments."""
    text = (HERE / name).read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def key(text):
    """The words of a text, to tell whether two are the same."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def prose(folder):
    """Sentences of whatever text is there."""
    found = []
    for path in sorted(WORDNET.glob("data.*")):
        for line in path.read_text(errors="ignore").splitlines():
            found += re.findall(r'"([^"]{8,})"', line.partition("|")[2])
    for path in sorted(FORTUNES.glob("*")):
        if path.is_file() and path.suffix not in (".dat", ".u8"):
            found += re.split(r"(?<=[.?!])\s+|\n%\n", path.read_text(errors="ignore"))
    for path in sorted(pathlib.Path(folder).glob("*.txt")) if folder else []:
        found += path.read_text(errors="ignore").splitlines()
    tidy = (re.sub(r"\s+", " ", text).strip(" -*\"") for text in found)
    # Letters that the engines read in ways of their own are left out with their sentences.
    speakable = re.compile(r"[A-Za-z][A-Za-z ,.'?!-]{7,}")
    return sorted({text for text in tidy if speakable.fullmatch(text) and not re.search("[A-Z]{2}", text) and len(text) < 4 * LONGEST})


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

    def __init__(self, seed, folder=None, held_out=()):
        self.random = random.Random(seed)
        self.templates = lines("templates.txt")
        self.calls = playbooks()
        self.lists = {}
        for line in lines("words.txt"):
            name, _, words = line.partition(":")
            self.lists[name] = [word.strip() for word in words.split(",")]
        self.prose = prose(folder)
        self.words = sorted({word for text in self.prose for word in re.findall(r"\b[a-z]{2,}\b", text)})
        self.rare, self.names = dictionary()
        self.held_out = {key(text) for text in held_out}

    def text(self):
        """One text that is not held out."""
        while True:
            drawn = self.draw()
            if key(drawn[0]) not in self.held_out:
                return drawn

    def draw(self):
        chance = self.random.random()
        if chance < 0.3 or not self.prose:
            count = self.random.choices([1, 2, 3], [0.7, 0.2, 0.1])[0]
            parts = [self.filled(self.random.choice(self.templates if self.random.random() < 0.7 else self.calls)) for _ in range(count)]
            written, spoken = (" ".join(side) for side in zip(*parts))
        elif chance < 0.4:
            alone = ["{digits}.", "{digits}.", "{digits}, {digits}.", "{name} {surname}.", "{name}, {place}.", "{money}.", "{time}.", "{date}."]
            written, spoken = self.filled(self.random.choice(alone))
        elif chance < 0.44:
            written, spoken = self.filled(f"{self.chunk(1, 4)} {self.random.choice(['{digits}', '{digits}', '{name}', '{name} {surname}'])} {self.chunk(0, 2)}".strip())
        elif chance < 0.62:
            written = spoken = self.capital(self.random.choice(self.prose))
        elif chance < 0.85:
            written = spoken = self.capital(self.chunk(3, 12))
        else:
            words = [self.random.choice(self.random.choice([self.words, self.rare or self.words])) for _ in range(self.random.randint(2, 6))]
            written = spoken = " ".join(words)
        if len(written) > LONGEST or self.random.random() < 0.07:
            # As a caller is heard while still speaking: nothing ends it.
            words, said = written.split(), spoken.split()
            if words == said:
                words = words[: self.random.randint(1, min(12, len(words)))]
                written = spoken = " ".join(words).rstrip(".,?!")
        return written, spoken

    def chunk(self, least, most):
        """So many words of prose, from anywhere in it."""
        words = self.random.choice(self.prose).split()
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
        if name in NAMED and self.names and self.random.random() < 0.5:
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
