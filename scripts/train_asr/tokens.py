"""Text to Whisper's English tokens and back.

In: the byte strings of the tokens, which a model file holds in the order of their ranks. Source: byte-pair encoding as in GPT-2, whose token list
Whisper's English models use; a text is cut into words by GPT-2's pattern, here for ASCII letters, since the training texts hold no others.
"""
import re

END, START, NO_SPEECH, NO_TIMESTAMPS = 50256, 50257, 50361, 50362
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+")


class Tokens:
    """Encodes and decodes; remembers the words it has met."""

    def __init__(self, tokens):
        self.bytes = tokens
        self.ranks = {token: rank for rank, token in enumerate(tokens[:END])}
        self.met = {}

    def encode(self, text):
        """The tokens of `text`, which begins with a space as Whisper's transcripts do."""
        tokens = []
        for word in WORDS.findall(" " + text):
            if word not in self.met:
                self.met[word] = self.merged(word.encode())
            tokens += self.met[word]
        return tokens

    def merged(self, word):
        """Byte pairs put together by rank."""
        parts = [word[i : i + 1] for i in range(len(word))]
        while len(parts) > 1:
            ranks = [self.ranks.get(a + b, END) for a, b in zip(parts, parts[1:])]
            best = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[best] == END:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        return [self.ranks[part] for part in parts]

    def decode(self, tokens):
        text = b"".join(self.bytes[token] for token in tokens if token < END)
        return text.decode(errors="replace").strip()
