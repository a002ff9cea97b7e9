"""Text to Whisper's English tokens and back.

In: the byte strings of the tokens, which a model file holds in the order of their ranks. Source: byte-pair encoding as in GPT-2, whose token list
Whisper's English models use; a text is cut into words by GPT-2's pattern, here for ASCII letters, since the training texts hold no others. Tokens that are
rare in training are spelled by smaller ones (Sennrich et al. 2016, the vocabulary threshold of subword-nmt), so that new words and names can be written.
"""
import collections
import re

END, START, NO_SPEECH, NO_TIMESTAMPS = 50256, 50257, 50361, 50362
COUNT = 51864
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+")


class Tokens:
    """Encodes and decodes; remembers the words it has met. `allowed`: numbers of the tokens that may come up, if not all."""

    def __init__(self, tokens, allowed=None):
        self.bytes = tokens
        self.ranks = {token: rank for rank, token in enumerate(tokens[:END])}
        self.allow(allowed)

    def allow(self, allowed):
        self.allowed = allowed
        self.met = {}

    def limit(self, texts, least):
        """Allows the tokens that come up `least` times in the texts, and letters and digits, with and without a space before them."""
        spelled = {self.ranks[token] for token in (b"%s%c" % (space, letter) for letter in range(33, 127) for space in (b"", b" ")) if token in self.ranks}
        every = set(range(END))
        self.allow(every)
        while True:
            counts = collections.Counter(token for text in texts for token in self.encode(text))
            rare = {token for token, count in counts.items() if count < least} - spelled
            if not rare:
                return self.allow(set(counts) | spelled)
            # What they are taken apart to may be new, and is counted in the next round.
            every -= rare
            self.allow(every)

    def encode(self, text):
        """The tokens of `text`, which begins with a space as Whisper's transcripts do."""
        tokens = []
        for word in WORDS.findall(" " + text):
            if word not in self.met:
                self.met[word] = self.merged(word.encode())
            tokens += self.met[word]
        return tokens

    def merged(self, word):
        """The tokens of a word; one that is not allowed is taken apart again, as it was put together."""
        return [token for part in self.parts(word, whole=True) for token in self.known(part)]

    def known(self, part):
        number = self.ranks[part]
        if self.allowed is None or number in self.allowed or len(part) == 1:
            return [number]
        first, *others = self.parts(part, whole=False)
        if first == b" ":
            # Whisper never begins with a space alone.
            first, others = part[:2], self.parts(part[2:], whole=True)
        return [token for smaller in (first, *others) for token in self.known(smaller)]

    def parts(self, word, whole):
        """Byte pairs put together by rank, perhaps up to the whole word."""
        parts = [word[i : i + 1] for i in range(len(word))]
        while len(parts) > 1:
            ranks = [self.ranks.get(a + b, END) if whole or a + b != word else END for a, b in zip(parts, parts[1:])]
            best = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[best] == END:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        return parts

    def decode(self, tokens):
        text = b"".join(self.bytes[token] for token in tokens if token < END)
        return text.decode(errors="replace").strip()
