#!/usr/bin/env bash
# Fuzzes what reads files from strangers: builds every tests/fuzz/*_fuzz.cc with clang's libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer, and runs each over the corpus of all examples and all broken files of the tests.
#
#   tools/fuzz.sh [SECONDS]        60 seconds for each target unless told
#
# What breaks is left in fuzz-findings/ and ends the script with a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tools/fuzz.sh [SECONDS]" >&2; exit 2; }
tools/setup.sh --fuzz

mapfile -t targets < <(bazel query --noshow_progress 'kind(cc_binary, //tests/fuzz:all)' 2>/dev/null)
bazel build --config=fuzz --show_progress_rate_limit=10 //tests/fuzz:config_dictionary "${targets[@]}"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch
mkdir -p fuzz-findings
failures=0
for target in "${targets[@]}"; do
  name=${target##*:}
  # config_fuzz reads text, safetensors_fuzz reads *.safetensors, plugin_fuzz *.plugin, csv_fuzz *.csv: files of the same name in different folders must not collide.
  extension=${name%_fuzz}
  options=()
  if [[ $name == config_fuzz ]]; then
    extension=pbtxt
    options+=(-dict=bazel-fuzz-bin/tests/fuzz/config.dict)
  fi
  mkdir "$scratch/$name"
  while IFS= read -r file; do
    cp "$file" "$scratch/$name/${file//\//_}"
  done < <(find examples tests -type f -name "*.$extension")
  echo "$name: $(find "$scratch/$name" -type f | wc -l) files in the corpus, $seconds seconds"
  "bazel-fuzz-bin/tests/fuzz/$name" "$scratch/$name" "${options[@]}" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 -artifact_prefix="fuzz-findings/$name-" \
    >"$scratch/$name.log" 2>&1 || failures=$((failures + 1))
  tail -n 15 "$scratch/$name.log"
done
rmdir --ignore-fail-on-non-empty fuzz-findings
echo "$((${#targets[@]} - failures)) of ${#targets[@]} fuzz targets found nothing"
[[ $failures -eq 0 ]]
