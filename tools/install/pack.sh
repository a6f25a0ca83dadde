#!/usr/bin/env bash
# Packs the installed tree into one archive.
#
#   pack.sh OUT.tar VERSION PROGRAM LIBRARY gradus.pc gradus-config.cmake gradus-config-version.cmake
#       -- HEADERS... -- PROTOS... -- PLUGIN_SOURCES... -- CONFORMANCE_KIT... -- BAZEL_FILES...
#
# Which headers are public follows from use: those of framework/api, those that our own plugins include (a stranger's plugin needs the
# same, and base/plugin.h), those that the conformance kit includes, the generated ones, and what these include in turn. oneDNN must not be among them, so
# that a host compiles without it.
set -euo pipefail

archive=$PWD/$1
version=$2
program=$3
library=$4
pkgconfig=$5
cmake=("$6" "$7")
shift 7

lists=(/dev/null headers protos plugins kit bazel)
list=0
declare -A header # what is written between the quotes -> file
protos=()
plugins=()
kit=()
bazel=()
for argument in "$@"; do
  case $argument in
    --) list=$((list + 1)) ;;
    *)
      case ${lists[list]} in
        headers) header[gradus/${argument#*/gradus/}]=$argument ;;
        protos) protos+=("$argument") ;;
        plugins) plugins+=("$argument") ;;
        kit) kit+=("$argument") ;;
        bazel) bazel+=("$argument") ;;
      esac
      ;;
  esac
done

quoted_includes() { sed -n 's/^ *# *include *"\(gradus\/[^"]*\)".*/\1/p' "$@"; }

mapfile -t open < <(quoted_includes "${plugins[@]}" "${kit[@]}" | sort -u)
for name in "${!header[@]}"; do
  [[ $name == gradus/api/* || $name == *.pb.h || $name == gradus/base/plugin.h ]] && open+=("$name")
done
declare -A public
while [[ ${#open[@]} -gt 0 ]]; do
  name=${open[-1]}
  unset 'open[-1]'
  [[ -n ${public[$name]-} ]] && continue
  if [[ -z ${header[$name]-} ]]; then
    echo "pack.sh: a public header includes \"$name\", which is no header of the framework" >&2
    exit 1
  fi
  if grep -q '^ *# *include *[<"]\(oneapi/\)\?dnnl' "${header[$name]}"; then
    echo "pack.sh: the public headers reach $name, which includes oneDNN" >&2
    exit 1
  fi
  public[$name]=${header[$name]}
  mapfile -t -O "${#open[@]}" open < <(quoted_includes "${header[$name]}")
done

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
install -D -m 755 "$program" "$root/bin/gradus"
install -D -m 755 "$library" "$root/lib/libgradus.so"
for name in "${!public[@]}"; do
  install -D -m 644 "${public[$name]}" "$root/include/$name"
done
for proto in "${protos[@]}"; do
  install -D -m 644 "$proto" "$root/share/gradus/proto/gradus/${proto##*/}"
done
# Headers and sources that a plugin's test compiles with it, beside GoogleTest; not among the headers of every host.
for file in "${kit[@]}"; do
  mkdir -p "$root/share/gradus/testing/gradus/testing"
  sed 's|#include "tests/testing/|#include "gradus/testing/|' "$file" >"$root/share/gradus/testing/gradus/testing/${file##*/}"
done
# For the workspace of a plugin: tools/install/bazel, and the repositories of tools/third_party.
for file in "${bazel[@]}"; do
  name=${file#*tools/install/bazel/}
  name=${name#*tools/third_party/}
  [[ $name == gradus.BUILD ]] && name=BUILD
  mode=644
  [[ $name == *.sh ]] && mode=755
  install -D -m "$mode" "$file" "$root/share/gradus/bazel/$name"
done
mkdir -p "$root/lib/pkgconfig" "$root/lib/cmake/gradus"
sed "s/@VERSION@/$version/" "$pkgconfig" >"$root/lib/pkgconfig/gradus.pc"
for file in "${cmake[@]}"; do
  sed "s/@VERSION@/$version/" "$file" >"$root/lib/cmake/gradus/${file##*/}"
done

tar --create --file "$archive" --directory "$root" \
  --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner bin include lib share
