#!/usr/bin/env bash
# Installs the programs that the tests drive for real, where that is possible (Debian or Ubuntu, as root).
# Elsewhere it only says what is missing; the tests that need it are then reported as skipped.
set -euo pipefail

declare -A programs=([chromium]=chromium [redis-server]=redis-server [turnserver]=coturn [node]=nodejs [npm]=npm)
missing=()
for program in "${!programs[@]}"; do
  command -v "$program" >/dev/null || missing+=("${programs[$program]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed here: ${missing[*]}. Tests that need them will be skipped."
  exit 0
fi
echo "Installing ${missing[*]} …"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
