#!/usr/bin/env bash
# Builds Gradus and installs it: the program, libgradus.so, the public headers, the protos, and what pkg-config and CMake need. The
# installed tree may be moved.
#
#   tools/install.sh --prefix DIR
set -euo pipefail

usage() {
  echo "usage: tools/install.sh --prefix DIR" >&2
  exit 2
}
case "${1-}" in
  --prefix)
    [[ $# -eq 2 ]] || usage
    prefix=$2
    ;;
  --prefix=*)
    [[ $# -eq 1 ]] || usage
    prefix=${1#--prefix=}
    ;;
  *) usage ;;
esac
[[ -n $prefix ]] || usage
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)

cd "$(dirname "$0")/.."
tools/setup.sh
bazel build --show_progress_rate_limit=10 //tools/install:tree
tar --extract --no-same-owner --no-overwrite-dir --touch --file bazel-bin/tools/install/gradus.tar --directory "$prefix"
echo "installed Gradus in $prefix"
