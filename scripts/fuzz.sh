#!/usr/bin/env bash
# Fuzzes the parsers of what comes from outside with libFuzzer: scripts/fuzz.sh [SECONDS] [TARGET…]
#
# Without arguments each target of `src/lab/fuzz.rs` runs for 20 minutes. An input that fails is kept under
# `src/lab/__fuzz__/TARGET/crashes`, to be committed with the correction: `cargo test` tries it from then on. The inputs
# that found new branches stay under `corpus`, for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-1200}
shift || true
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(sed -n 's/^fn \(.*\)() {$/\1/p' src/lab/fuzz.rs)

# As `cargo bolero` would, but for the library alone. The parsers are safe Rust: no sanitizer is needed, and so no nightly compiler either.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module --cfg fuzzing_libfuzzer -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-stack-depth"
# One unit, or the coverage tables do not link; sums that overflow are mistakes.
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/fuzz
binary=$(cargo test --release --locked --lib -p patter-lab --target "$host" --no-run --message-format=json |
  python3 -c 'import json, sys; print([m["executable"] for m in map(json.loads, sys.stdin) if m.get("executable")][-1])')

for target in "${targets[@]}"; do
  echo "== $target, $seconds s" >&2
  folder=src/lab/__fuzz__/$target
  mkdir -p "$folder/corpus" "$folder/crashes"
  BOLERO_TEST_NAME=fuzz::$target BOLERO_LIBTEST_HARNESS=1 CARGO_MANIFEST_DIR=$PWD/src/lab \
    BOLERO_LIBFUZZER_ARGS="$folder/corpus $folder/crashes -artifact_prefix=$folder/crashes/ -max_total_time=$seconds -max_len=1024 -len_control=0 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1" \
    "$binary" "fuzz::$target" --exact --nocapture --quiet --test-threads 1
done
