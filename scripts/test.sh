#!/usr/bin/env bash
# Every check: format, lints, all tests, doc tests, documentation, scripts. One C++ build, because all of it uses the release profile.
set -euo pipefail
cd "$(dirname "$0")/.."
if git rev-parse --git-dir >/dev/null 2>&1 && ! git diff --quiet HEAD -- config.toml; then
  echo "test: config.toml is not the shipped one (\`patter setup\` writes into it), and the tests are of that one" >&2
  echo "hint: cp config.toml mine.toml && git checkout config.toml; \`--config mine.toml\` uses yours" >&2
  exit 1
fi
# `ip` brings up the loopback of the network namespace that a whole call runs in; the others train a toy of a speech model.
bash scripts/setup.sh iproute2 espeak-ng flite python3-torch python3-numpy

echo "== format" >&2
cargo fmt --all --check
echo "== build" >&2
cargo build --release --locked
bash scripts/setup.sh
echo "== lints" >&2
cargo clippy --release --locked --workspace --all-targets -- -D warnings
echo "== documentation" >&2
RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --quiet
echo "== scripts" >&2
for script in scripts/*.sh scripts/*/*.sh .ci/run; do bash -n "$script"; done
python3 -m py_compile scripts/*.py scripts/train_asr/*.py
echo "== doc tests" >&2
cargo test --release --locked --workspace --doc --quiet
echo "== unit tests" >&2
cargo test --release --locked --workspace --lib --bins
echo "== whole calls" >&2
# Two at once, whatever the machine: they run in real time and mostly wait, and two cores carry two calls.
cargo test --release --locked --test it -- --test-threads=2
