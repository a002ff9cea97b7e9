#!/usr/bin/env bash
# From nothing to a spoken call: installs what is missing, builds, sets up the models that suit this machine, runs
# `patter demo`.
# Arguments go to `patter demo`; see `scripts/demo.sh --help` after the first run.
set -euo pipefail
here="$PWD"
cd "$(dirname "$0")/.."
bash scripts/setup.sh
echo "demo: building (the first time takes about eight minutes on two cores)" >&2
cargo build --release
bash scripts/setup.sh
# Once: whoever chose a set, or set anything, keeps it.
if git diff --quiet HEAD -- config.toml 2>/dev/null; then
  target/release/patter setup --yes --no-measure
fi
target="$PWD"
cd "$here"
exec "$target/target/release/patter" --config "$target/config.toml" demo "$@"
