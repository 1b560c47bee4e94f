#!/usr/bin/env bash
# Installs the programs that the tests drive for real, where that is possible (Debian or Ubuntu, as root).
# Elsewhere it only says what is missing; the tests that need it are then skipped, or fail where CI is set.
set -euo pipefail

declare -A programs=(
  [chromium]=chromium [chromium-headless-shell]=chromium-headless-shell [firefox-esr]=firefox-esr [redis-server]=redis-server [turnserver]=coturn [nginx]=nginx [prometheus]=prometheus [WebKitWebDriver]=webkit2gtk-driver [Xvfb]=xvfb [node]=nodejs [npm]=npm
)
missing=()
for program in "${!programs[@]}"; do
  command -v "$program" >/dev/null || missing+=("${programs[$program]}")
done
# The mongod that requirements-dev.txt brings needs this library.
if command -v ldconfig >/dev/null && ! command -v mongod >/dev/null && ! ldconfig -p | grep -F libcurl.so.4 >/dev/null; then
  missing+=(libcurl4)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed here: ${missing[*]}. Tests that need them will be skipped."
  exit 0
fi
echo "Installing ${missing[*]} …"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
  echo "Could not install ${missing[*]}. Tests that need them will be skipped, or fail where CI is set."
fi
