"""Speech of texts: shards of utterances by several engines and many voices.

In: texts. Out: `FOLDER/NNNN.npz` with `sound` (int16, 16 kHz, one after the other), `ends` (where each ends), `texts`, `voices`. A shard that is there is not
made again, and one is there only when it is whole. Engines: espeak-ng (variants of English), flite, festival; those that are not installed are left out.
Held-out voices speak in no shard for training.
"""
import argparse
import io
import math
import multiprocessing
import pathlib
import random
import shutil
import subprocess
import tempfile
import wave

import numpy as np

import text

RATE = 16_000
SHORTEST, LONGEST = 0.15, 8.0  # seconds
ACCENTS = ["en-us"] * 6 + ["en-gb"] * 4 + ["en-gb-x-rp", "en-gb-x-gbclan", "en-029"]
VARIANTS = "f1 f2 f3 f5 m1 m2 m3 m4 m5 m6 m8 Andy Alicia Andrea Annie adam anika antonio belinda benjamin boris caleb david ed edward john linda max Michael Mike paul quincy rob robert steph travis victor zac".split()
FLITE = ["slt", "rms", "awb", "kal16"]
FESTIVAL = ["cmu_us_slt_arctic_hts", "ked_diphone"]
HELD_OUT = [("espeak-ng", "en-us+m7"), ("espeak-ng", "en-gb+f4"), ("espeak-ng", "en-gb-scotland+m2"), ("festival", "kal_diphone")]


def samples(data):
    """The sound of a WAV file at 16 kHz. Engines that write to a pipe leave its length open."""
    with wave.open(io.BytesIO(data)) as file:
        rate = file.getframerate()
    start = data.find(b"data") + 8
    body = data[start:]
    sound = np.frombuffer(body[: len(body) // 2 * 2], np.int16)
    return resampled(sound.astype(np.float32), rate)


def resampled(sound, rate):
    """At 16 kHz, by its spectrum: what the lower rate can hold stays as it is."""
    if rate == RATE or not len(sound):
        return sound
    # A whole number of samples of both rates.
    sound = np.pad(sound, (0, -len(sound) % (rate // math.gcd(rate, RATE))))
    length = len(sound) * RATE // rate
    return (np.fft.irfft(np.fft.rfft(sound)[: length // 2 + 1], length) * (length / len(sound))).astype(np.float32)


def engines():
    """What is installed."""
    return [engine for engine in ("espeak-ng", "flite", "festival") if shutil.which(engine)]


def voice(draw, there):
    """An engine and a voice of it, never a held-out one."""
    weights = {"espeak-ng": 0.72, "flite": 0.24, "festival": 0.04}
    engine = draw.choices(there, [weights[name] for name in there])[0]
    while True:
        name = {
            "espeak-ng": lambda: draw.choice(ACCENTS) + draw.choice(["", "", f"+{draw.choice(VARIANTS)}", f"+{draw.choice(VARIANTS)}", "+f3"]),
            "flite": lambda: draw.choice(FLITE),
            "festival": lambda: draw.choice(FESTIVAL),
        }[engine]()
        if (engine, name) not in HELD_OUT:
            return engine, name


def speak(engine, name, spoken, draw):
    """Sound of a text, float32 in the range of int16; empty when the engine refused."""
    if engine == "espeak-ng":
        command = ["espeak-ng", "-v", name, "-s", str(draw.randint(135, 190)), "-p", str(draw.randint(35, 65)), "--stdout", spoken]
        return samples(subprocess.run(command, capture_output=True, check=True).stdout)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        if engine == "flite":
            stretch, pitch = draw.uniform(0.88, 1.15), draw.randint(90, 200)
            command = ["flite", "-voice", name, "--setf", f"duration_stretch={stretch:.2f}", "--setf", f"int_f0_target_mean={pitch}", "-t", spoken, "-o", file.name]
            subprocess.run(command, capture_output=True, check=True)
        else:
            quoted = spoken.replace("\\", "").replace('"', "")
            stretch = draw.uniform(0.9, 1.1)
            steps = [f"(voice_{name})", f"(Parameter.set 'Duration_Stretch {stretch:.2f})", f'(utt.save.wave (utt.synth (Utterance Text "{quoted}")) "{file.name}")']
            subprocess.run(["festival", "--batch", *steps], capture_output=True, check=True)
        return samples(pathlib.Path(file.name).read_bytes())


def trimmed(sound):
    """Without the silence around it."""
    loud = np.flatnonzero(np.abs(sound) > 300)
    return sound[max(0, loud[0] - 160) : loud[-1] + 320] if len(loud) else sound[:0]


def shard(job):
    """Makes one shard."""
    folder, number, count, texts, held_out, seed = job
    path = pathlib.Path(folder) / f"{number:04}.npz"
    if path.exists():
        return number
    draw = random.Random(f"{seed} voices {number}")
    writer = text.Writer(f"{seed} texts {number}", texts, held_out)
    there = engines()
    sounds, written, voices = [], [], []
    while len(sounds) < count:
        words, spoken = writer.text()
        engine, name = voice(draw, there)
        try:
            sound = trimmed(speak(engine, name, spoken, draw))
        except (subprocess.CalledProcessError, wave.Error, EOFError):
            continue  # a voice that this version of the engine lacks
        if SHORTEST * RATE <= len(sound) <= LONGEST * RATE:
            sounds.append(np.clip(sound, -32768, 32767).astype(np.int16))
            written.append(words)
            voices.append(f"{engine}:{name}")
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        np.savez(file, sound=np.concatenate(sounds), ends=np.cumsum([len(s) for s in sounds]), texts=np.array(written), voices=np.array(voices))
    part.rename(path)
    return number


def held_out_sentences(path):
    """The sentences of an evaluation file, which must not be trained on."""
    rows = [line.split("\t") for line in pathlib.Path(path).read_text().splitlines() if line and not line.startswith("#")]
    return [cells[1] for cells in rows]


def main():
    parser = argparse.ArgumentParser(description="Makes shards of synthetic speech; shards that are there stay.")
    parser.add_argument("--out", required=True, help="folder of the shards")
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--per-shard", type=int, default=1000, help="utterances in each (default: %(default)s)")
    parser.add_argument("--texts", help="folder with further text, *.txt, a sentence a line")
    parser.add_argument("--held-out", default=str(text.HERE.parents[1] / "tests/fixtures/asr/heldout.tsv"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    if not engines():
        parser.error("no speech engine is there: apt-get install espeak-ng flite festival")
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    held_out = held_out_sentences(options.held_out)
    jobs = [(options.out, number, options.per_shard, options.texts, held_out, options.seed) for number in range(options.shards)]
    with multiprocessing.Pool(options.jobs) as pool:
        for done, number in enumerate(pool.imap_unordered(shard, jobs), 1):
            print(f"shard {number:04}: {done} of {len(jobs)}", flush=True)


if __name__ == "__main__":
    main()
