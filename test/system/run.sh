#!/usr/bin/env bash
# Tests that need root or Debian packages. What they need is fetched into node_modules/.cache; nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "system tests: they need root on a Debian system (apt-get)" >&2
  exit 1
fi

cache=$PWD/node_modules/.cache/debian
if [ ! -x "$cache/usr/bin/kubectl" ]; then
  mkdir -p "$cache"
  apt-get update -qq
  (cd "$cache" && apt-get download -qq kubernetes-client && dpkg-deb -x kubernetes-client_*.deb . && rm kubernetes-client_*.deb)
fi

KUBECTL_DEBIAN=$cache/usr/bin/kubectl exec node_modules/.bin/mocha --config .mocharc.system.json
