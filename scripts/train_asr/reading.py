"""Texts as they sound, without the sound: the decoder learns to spell from far more text than can be spoken and heard.

In: a seed. Out: texts, and for each the phonemes that espeak-ng would speak, a number for each frame of 20 ms, with the neighbours of each. A little of it is
misheard. The network's reader makes of them what its encoder makes of sound, and both go to the same decoder; only the reader is left behind. Source: Sainath
et al. 2022, "JOIST: a joint speech and text streaming model", which takes phonemes stretched in time, too.

Measured on a model that had learnt from sound alone: nearly all of its errors were English words spelled by ear ("minits", "riting", "the quire"). A text that
is read costs a fifth of one that is heard.
"""
import ctypes
import random

import engines
import text

VOICES = ["en-US", "en-US", "en"]  # en is British
SILENCE = 0
VOWELS = "aeiouAEIOU@03V"
SEPARATOR = ord("_") << 8


class Phonemes:
    """What espeak-ng would say."""

    def __init__(self):
        self.engine = engines.Espeak(random.Random(0))  # whose folder lives as long as it does
        self.espeak = self.engine.library
        self.espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def of(self, spoken, voice):
        """Clauses of phonemes, as espeak-ng names them, without stress."""
        self.espeak.espeak_SetVoiceByName(voice.encode())
        rest, clauses = ctypes.c_char_p(spoken.encode()), []
        while rest.value:
            said = self.espeak.espeak_TextToPhonemes(ctypes.byref(rest), engines.UTF8, SEPARATOR).decode()
            clauses.append([name for name in said.translate({ord(mark): "" for mark in "',"}).replace(" ", "_").split("_") if name])
        return clauses


def inventory(phonemes, words):
    """Every phoneme that comes up in words."""
    return sorted({name for voice in set(VOICES) for word in words for clause in phonemes.of(word, voice) for name in clause})


class Reading:
    """Draws texts and how they sound. `names`: the phonemes, where they are known from before."""

    def __init__(self, seed, folder, names=None):
        self.random = random.Random(seed)
        self.writer = text.Writer(f"{seed} reading", folder)
        self.phonemes = Phonemes()
        self.names = names or inventory(self.phonemes, self.writer.words[::5] + self.writer.templates)
        self.numbers = {name: number for number, name in enumerate(self.names, 1)}
        self.ready = []

    def batch(self, count):
        """So many texts of about the same length."""
        if not self.ready:
            drawn = sorted(self.draw(8 * count), key=lambda text: len(text[1]))
            self.ready = [drawn[start : start + count] for start in range(0, len(drawn), count)]
            self.random.shuffle(self.ready)
        return self.ready.pop()

    def draw(self, count):
        """So many (text, frames); frames are (phoneme, the one before, the one after)."""
        drawn = []
        while len(drawn) < count:
            written, spoken = self.writer.text()
            clauses = self.phonemes.of(spoken, self.random.choice(VOICES))
            drawn.append((written, self.frames([[self.numbers.get(name, SILENCE) for name in clause] for clause in clauses])))
        return drawn

    def frames(self, clauses):
        draw = self.random
        misheard = draw.choice([0, 0.03, 0.08])
        pace = draw.uniform(0.75, 1.25)
        spans = [(SILENCE, draw.randint(0, 20))]
        for nth, clause in enumerate(clauses):
            if nth:
                spans.append((SILENCE, draw.randint(1, 12)))
            for number in clause:
                chance = draw.random()
                if chance < misheard / 2:
                    continue
                if chance < misheard:
                    number = draw.randint(1, len(self.names))
                vowel = number and self.names[number - 1][0] in VOWELS
                spans.append((number, max(1, round(pace * (draw.uniform(3, 7.5) if vowel else draw.uniform(2, 5))))))
        spans.append((SILENCE, draw.randint(8, 50)))
        numbers = [number for number, _ in spans]
        around = zip(numbers, [SILENCE, *numbers], [*numbers[1:], SILENCE])
        return [frame for (_, length), frame in zip(spans, around) for _ in range(length)]
