#!/usr/bin/env python3
"""Makes a data set of human speech for `patter eval asr` from Debian's telephone prompts, which come with their texts.

    scripts/human_prompts.py en OUT     # also es, fr, it; --short takes those of one and two words

Brings asterisk-core-sounds-LANGUAGE-wav and its list of texts by `apt-get download`, unpacks them into OUT (nothing is
installed), and writes OUT/LANGUAGE.tsv with the columns that `patter eval asr --data` reads. The recordings are of one
professional speaker a language, 8 kHz, CC-BY-SA: test with them, and commit none.
"""

import argparse
import gzip
import pathlib
import subprocess
import sys
import wave

# What is said must be written: brackets mark sounds.
MARKS = "[(<"
SECONDS = (0.25, 13.0)


def fetch(language, out):
    """Unpacks both packages below `out`."""
    for package in (f"asterisk-core-sounds-{language}", f"asterisk-core-sounds-{language}-wav"):
        if not list(out.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-q", package], cwd=out, check=True, stdout=sys.stderr)
        for archive in out.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive.name, "unpacked"], cwd=out, check=True)


def sentences(language, out, short):
    """Yields text and file of each prompt that is speech alone."""
    documents = out / "unpacked/usr/share/doc" / f"asterisk-core-sounds-{language}"
    folders = (out / "unpacked/usr/share/asterisk/sounds").glob(f"{language}_*")
    folder = next(folders, None)
    texts = next(documents.glob("core-sounds-*.txt.gz"), None)
    if folder is None or texts is None:
        sys.exit(f"human_prompts: the packages of `{language}` hold no sounds with texts; try en, es, fr or it")
    with gzip.open(texts, "rt", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, mark, text = line.partition(":")
            name, text = name.strip(), " ".join(text.split())
            file = folder / f"{name}.wav"
            if line.startswith(";") or not mark or any(m in text for m in MARKS) or not file.is_file():
                continue
            with wave.open(str(file)) as sound:
                seconds = sound.getnframes() / sound.getframerate()
            if SECONDS[0] <= seconds <= SECONDS[1] and text and (len(text.split()) < 3) == short:
                yield text, file.relative_to(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", help="en, es, fr or it")
    parser.add_argument("out", type=pathlib.Path, help="folder, made where it is not there")
    parser.add_argument("--short", action="store_true", help="prompts of one and two words instead of longer ones")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    fetch(options.language, options.out)
    kind = "short" if options.short else "sentence"
    found = sentences(options.language, options.out, options.short)
    rows = [f"{kind}\t{text}\t\tprompt\t{file}" for text, file in found]
    name = options.language + ("-short" if options.short else "") + ".tsv"
    (options.out / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{options.out / name}: {len(rows)} prompts")


if __name__ == "__main__":
    main()
