#!/usr/bin/env bash
# Installs what building and running Patter needs, and fetches the default models once the program is built.
#   scripts/setup.sh [PACKAGE…]  system packages and those named, then (if target/release/patter is there) the default models
# demo.sh and test.sh call it; a plain `cargo build --release` works after it.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(build-essential cmake clang libclang-dev pkg-config libasound2-dev libsonic-dev "$@")
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not Debian or Ubuntu; install a C++ compiler, cmake, clang with libclang, pkg-config, and the headers of ALSA and libsonic" >&2
elif [ ${#missing[@]} -gt 0 ]; then
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      sudo=(sudo -n)
    else
      echo "setup: these packages are missing and this user may not install them: ${missing[*]}" >&2
      echo "hint: sudo apt-get install ${missing[*]}" >&2
      exit 1
    fi
  fi
  echo "setup: installing ${missing[*]}" >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

for tool in cargo python3; do
  command -v "$tool" >/dev/null || { echo "setup: $tool is missing; Rust comes from https://rustup.rs, Python from your system" >&2; exit 1; }
done
python3 -m pip --version >/dev/null 2>&1 || { echo "setup: Python's pip is missing; hint: apt-get install python3-pip" >&2; exit 1; }

if [ -x target/release/patter ]; then
  target/release/patter models fetch
fi
