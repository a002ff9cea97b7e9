"""Speech of texts: shards of utterances by several engines and many voices.

In: texts. Out: `FOLDER/NNNN.npz` with `sound` (int16, 16 kHz, one after the other), `ends` (where each ends), `texts`, `voices`. A shard that is there is not
made again, and one is there only when it is whole. Engines: espeak-ng (variants of English), flite, Pico, festival, Hibari, Piper; those that are not installed
are left out. Held-out voices speak in no shard for training; the drawn ones are drawn anew for every shard.
"""
import argparse
import multiprocessing
import pathlib
import random

import numpy as np

import engines
import text

RATE = 16_000
SHORTEST, LONGEST = 0.15, 8.0  # seconds
# A model that heard espeak-ng in four of five utterances understood half of what other engines said.
SHARES = {"espeak-ng": 0.5, "flite": 0.12, "pico": 0.1, "festival": 0.06, "hibari": 0.17, "piper": 0.05}
ACCENTS = ["en-us"] * 6 + ["en-gb"] * 4 + ["en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc", "en-029"]
VARIANTS = (
    "f1 f2 f3 f5 m1 m2 m3 m4 m5 m6 m8 Andy Alicia Andrea Annie adam anika antonio belinda "
    "benjamin boris caleb david ed edward john linda max Michael Mike paul quincy rob robert steph travis victor zac"
).split()
FLITE = ["slt", "rms", "awb", "kal16"]
FESTIVAL = ["cmu_us_slt_arctic_hts", "ked_diphone"]
HELD_OUT = [("espeak-ng", "en-us+m7"), ("espeak-ng", "en-gb+f4"), ("espeak-ng", "en-gb-scotland+m2"), ("festival", "kal_diphone"), ("pico", "en-GB")]


def voice(draw, there):
    """An engine and a voice of it, never a held-out one."""
    engine = draw.choices(list(there), [SHARES[name] for name in there])[0]
    # Plain, of espeak-ng's own, drawn.
    variant = lambda: draw.choice(["", "", "", "f3", *draw.sample(VARIANTS, 3), *(f"drawn{draw.randrange(engines.DRAWN_VOICES)}" for _ in range(3))])
    while True:
        name = {
            "espeak-ng": lambda: f"{draw.choice(ACCENTS)}+{variant()}".rstrip("+"),
            "flite": lambda: draw.choice(FLITE),
            "pico": lambda: "en-US",
            "hibari": lambda: "heart",
            "piper": lambda: "joe",
            "festival": lambda: draw.choice(FESTIVAL),
        }[engine]()
        if (engine, name) not in HELD_OUT:
            return engine, name


def trimmed(sound):
    """Without the silence around it."""
    loud = np.flatnonzero(np.abs(sound) > 300)
    return sound[max(0, loud[0] - 160) : loud[-1] + 320] if len(loud) else sound[:0]


def shard(job):
    """Makes one shard."""
    folder, number, count, texts, seed = job
    path = pathlib.Path(folder) / f"{number:04}.npz"
    if path.exists():
        return number
    draw = random.Random(f"{seed} voices {number}")
    writer = text.Writer(f"{seed} texts {number}", texts)
    there = engines.installed(draw)
    sounds, written, voices, later = [], [], [], []

    def keep(words, name, sound):
        sound = trimmed(sound)
        if SHORTEST * RATE <= len(sound) <= LONGEST * RATE:
            sounds.append(np.clip(sound, -32768, 32767).astype(np.int16))
            written.append(words)
            voices.append(name)

    while len(sounds) + len(later) < count:
        words, spoken = writer.text()
        engine, name = voice(draw, there)
        if engine == "festival":
            later.append((words, name, spoken))
        else:
            keep(words, f"{engine}:{name}", there[engine].speak(name, spoken, draw))
    if later:
        for (words, name, _), sound in zip(later, there["festival"].speak_all([job[1:] for job in later], draw)):
            keep(words, f"festival:{name}", sound)
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        np.savez(file, sound=np.concatenate(sounds), ends=np.cumsum([len(s) for s in sounds]), texts=np.array(written), voices=np.array(voices))
    part.rename(path)
    return number


def main():
    parser = argparse.ArgumentParser(description="Makes shards of synthetic speech; shards that are there stay.")
    parser.add_argument("--out", required=True, help="folder of the shards")
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--per-shard", type=int, default=1000, help="utterances in each (default: %(default)s)")
    parser.add_argument("--texts", help="folder with further text, *.txt, a sentence a line")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    if not engines.installed(random.Random()):
        parser.error("no speech engine is there: apt-get install espeak-ng flite festival")
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    jobs = [(options.out, number, options.per_shard, options.texts, options.seed) for number in range(options.shards)]
    # A process a shard: the engines begin anew, with other voices.
    with multiprocessing.Pool(options.jobs, maxtasksperchild=1) as pool:
        for done, number in enumerate(pool.imap_unordered(shard, jobs), 1):
            print(f"shard {number:04}: {done} of {len(jobs)}", flush=True)


if __name__ == "__main__":
    main()
