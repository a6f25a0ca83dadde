#!/usr/bin/env bash
# Installs the Debian 12 packages that Gradus is built from, and only those that are missing. Run it as often as you like.
#
#   tools/setup.sh            what building, testing and the examples need
#   tools/setup.sh --fuzz     and clang with libFuzzer, for tools/fuzz.sh
set -euo pipefail

packages=(
  # the build
  bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto bazel-skylib
  g++ protobuf-compiler python3
  # the libraries
  libabsl-dev libcli11-dev libdnnl-dev libpng-dev libprotobuf-dev libre2-dev zlib1g-dev
  # tests, measurements and the example that is built with CMake
  libgtest-dev libgmock-dev libbenchmark-dev cmake make pkg-config
  # the data of examples/fashion_mnist_mlp.pbtxt
  dataset-fashion-mnist
)

case "${1-}" in
  "") ;;
  --fuzz) packages+=(clang-14 libclang-rt-14-dev libomp-14-dev) ;;
  *)
    echo "usage: tools/setup.sh [--fuzz]" >&2
    exit 2
    ;;
esac

if ! grep -qs '^VERSION_ID="12"' /etc/os-release || ! grep -qs '^ID=debian' /etc/os-release; then
  echo "tools/setup.sh: this is not Debian 12, whose packages Gradus is built from." >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "tools/setup.sh: root is needed to install: ${missing[*]}" >&2
    echo "Run this script as root, or install sudo." >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "tools/setup.sh: installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -q --no-install-recommends "${missing[@]}"
