#!/usr/bin/env bash
# Makes the default speech model from nothing: speech of synthetic voices, training, a model file, its figures.
#
#   scripts/train_asr/train.sh            # all of it: a day on two cores, an hour on a large GPU
#   scripts/train_asr/train.sh --toy --out toy.bin  # a model that understands nothing, in a minute: does everything run?
#
# Stopped and run again it goes on: shards and checkpoints that are there stay. --work FOLDER holds them (default cache/train_asr), --out FILE is the model,
# --texts FOLDER adds sentences to speak and to read (*.txt), --hours H ends training early, --from-weights begins with those of models/patter-asr-v3.bin.
# What requirements.txt pins is installed beside the shards, unless PYTHON names a Python that has it. A toy makes do with Debian's packages.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/scripts/train_asr
source=$root/models/patter-asr-v3.bin
work=$root/cache/train_asr
out=
speech=(--shards 100 --per-shard 2000)
training=()
toy=
more=()
while [ $# -gt 0 ]; do
  case $1 in
  --toy)
    toy=1
    speech=(--shards 1 --per-shard 40 --jobs 2)
    training=(--width 64 --audio-layers 1 --text-layers 1 --steps 20 --batch-seconds 12 --read 8 --device cpu)
    ;;
  --work) work=$2 && shift ;;
  --out) out=$2 && shift ;;
  --texts) speech+=(--texts "$2") && more+=(--texts "$2") && shift ;;
  --hours) more+=(--hours "$2") && shift ;;
  --from-weights) more+=(--weights --easy-steps 0 --short-steps 0) ;;
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
"$python" "$here/train.py" --data "$work/speech" --checkpoint "$work/checkpoint.pt" --model "$source" "${training[@]}" "${more[@]}" >&2
"$python" "$here/export.py" --checkpoint "$work/checkpoint.pt" --model "$source" --out "$out"
[ -n "$toy" ] || echo "figures: set asr.model to it in a config, then patter eval asr --config FILE --data tests/fixtures/asr/heldout.tsv" >&2
