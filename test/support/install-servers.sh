#!/usr/bin/env bash
# The tests run real servers and a real browser. Installs those that are missing, from Debian's packages.
set -euo pipefail

# command=package
needed=(openssl=openssl redis-server=redis-server chromium=chromium nginx=nginx curl=curl promtool=prometheus tinyproxy=tinyproxy-bin)

# Debian keeps servers in /usr/sbin, which is not on every user's PATH.
PATH="$PATH:/usr/sbin:/sbin"

missing=()
for pair in "${needed[@]}"; do
  command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
done
if [ "${#missing[@]}" -eq 0 ]; then exit 0; fi

refuse() {
  echo "The tests need these programs on the PATH: ${missing[*]}. $1" >&2
  echo "Install them and run the command again." >&2
  exit 1
}

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || refuse "They are not installed for you, since you are neither root nor may use sudo without a password."
  as_root=(sudo -n)
fi
command -v apt-get >/dev/null || refuse "They are not installed for you, since there is no apt-get here."

install() {
  # Servers are started by the tests, each on a port of its own, and not by the system.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

echo "Installing what the tests need: ${missing[*]}"
# The lists of packages may be there and good: they are fetched only where the first try fails.
if ! install >/dev/null 2>&1; then
  "${as_root[@]}" apt-get update --quiet
  install || refuse "apt-get could not install them."
fi
