#!/bin/bash
# What the files that `gradus new model` writes reach, untouched: the test part's R2 on diabetes.csv and accuracy on digits.csv, over five
# seeds of the weights, the order, the validation part and the test part.
#
#   tools/bench/new_model.sh [SEED ...]      builds the program first; GRADUS=PATH takes another one
#
# `last` is what `gradus train` prints when it ends, `best` what `gradus eval` says of the weights that were best in validation. The exit
# code is 1 when a mean of either is below its bound.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${GRADUS:-}" ]; then
  bazel build //tools:gradus >&2
  GRADUS=bazel-bin/tools/gradus
fi
seeds=("$@")
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3 4 5)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# measure NAME TARGET METRIC BOUND
measure() {
  local name=$1 target=$2 metric=$3 bound=$4 file=$folder/$1.pbtxt
  "$GRADUS" new model --csv "examples/data/$name.csv" --target "$target" --out "$file" > /dev/null
  local begin=$EPOCHREALTIME
  for seed in "${seeds[@]}"; do
    rm -rf "$folder/run"
    "$GRADUS" train "$file" --run_dir "$folder/run" --set "run.seed=$seed" --set "data.shuffle_seed=$seed" \
      --set "data.validation.seed=$seed" --set "data.test_seed=$seed" > "$folder/log"
    local last best
    last=$(sed -n "s/.* test  .*[ ]$metric \([^ ]*\).*/\1/p" "$folder/log" | tail -n 1)
    best=$("$GRADUS" eval "$folder/run" | sed -n "s/^$metric  *//p")
    echo "$name $seed $last $best"
  done > "$folder/$name"
  local end=$EPOCHREALTIME
  awk -v metric="$metric" -v bound="$bound" -v seconds="$(echo "$end - $begin" | bc)" '
    { printf "%-10s seed %-4s  last %.4f  best %.4f\n", $1, $2, $3, $4; last += $3; best += $4 }
    END {
      last /= NR; best /= NR
      ok = last >= bound && best >= bound
      printf "%-10s %s: mean last %.4f, mean best %.4f, bound %s  %s  (%.1f s)\n\n", $1, metric, last, best, bound, ok ? "ok" : "MISSED", seconds
      exit !ok
    }' "$folder/$name" || failed=1
}

measure diabetes progression r2 0.42
measure digits digit accuracy 0.95
exit $failed
