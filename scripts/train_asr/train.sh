#!/usr/bin/env bash
# Makes the default speech model: OpenAI's Whisper tiny.en, taught by speech of synthetic voices, a model file, its figures.
#
#   scripts/train_asr/train.sh            # all of it: 34 minutes on two cores of an AMD EPYC, twice that on older ones
#   scripts/train_asr/train.sh --toy --out toy.bin  # the shipped model, taught for a few seconds more: does everything run?
#
# Stopped and run again it goes on: shards and checkpoints that are there stay. --work FOLDER holds them (default cache/train_asr), --out FILE is the model,
# --texts FOLDER adds sentences to speak (*.txt), --hours H ends training early, --from-weights begins with those of models/patter-asr-v4.bin.
# What requirements.txt pins is installed beside the shards, unless PYTHON names a Python that has it. A toy makes do with Debian's packages.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/scripts/train_asr
source=$root/models/patter-asr-v4.bin
work=$root/cache/train_asr
out=
speech=(--shards 10 --per-shard 2000)
training=()
toy=
shipped=
while [ $# -gt 0 ]; do
  case $1 in
  --toy)
    toy=1
    shipped=1
    speech=(--shards 1 --per-shard 40 --jobs 2)
    training=(--steps 4 --batch-seconds 12 --device cpu)
    ;;
  --work) work=$2 && shift ;;
  --out) out=$2 && shift ;;
  --texts) speech+=(--texts "$2") && shift ;;
  --hours) training+=(--hours "$2") && shift ;;
  --from-weights) shipped=1 ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
  esac
  shift
done
out=${out:-$work/patter-asr.bin}
packages=(espeak-ng flite)
if [ -n "$toy" ]; then
  packages+=(python3-torch python3-numpy)
else
  packages+=(festival festvox-us-slt-hts festvox-kdlpc16k wordnet-base fortunes wamerican wbritish python3-dev python3-venv)
fi
bash "$root/scripts/setup.sh" "${packages[@]}"

mkdir -p "$work"
python=${PYTHON:-/usr/bin/python3}
if [ -z "$toy" ] && [ -z "${PYTHON:-}" ]; then
  [ -x "$work/python/bin/python" ] || python3 -m venv "$work/python"
  python=$work/python/bin/python
  "$python" -m pip install --quiet --requirement "$here/requirements.txt" >&2
fi
"$python" "$here/speak.py" --out "$work/speech" "${speech[@]}" >&2
# A graphics card waits for batches, which further processes prepare.
if [ -z "$toy" ] && "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
  training+=(--workers $(($(nproc) > 2 ? $(nproc) - 2 : 0)))
fi
begin=$source
if [ -z "$shipped" ]; then
  begin=$work/whisper-tiny.en.bin
  [ -f "$begin" ] || "$python" "$here/ctranslate2.py" --model "$source" --out "$begin"
fi
"$python" "$here/train.py" --data "$work/speech" --checkpoint "$work/checkpoint.pt" --model "$begin" "${training[@]}" >&2
"$python" "$here/export.py" --checkpoint "$work/checkpoint.pt" --model "$begin" --out "$out"
[ -n "$toy" ] || echo "figures: set asr.model to it in a config, then patter eval asr --config FILE --data tests/fixtures/asr/heldout.tsv" >&2
