#!/bin/bash
# Whether the rate that `gradus find-lr` suggests is a good one: the validation loss at the end of the run that it leads to, against the best
# one of a grid of 13 rates, two a decade from 1e-5 to 10. Within 5% of the best is ok.
#
#   tools/bench/find_lr.sh [DATASET ...]      builds the program first; GRADUS=PATH takes another one
#
# Each of the small data sets is searched, and its grid trained, three times, with other first weights and another order of the data;
# the search knows nothing of the grid. Fashion-MNIST is trained for 3 epochs, its cosine's length and warm-up shortened
# accordingly; the rate is the cosine's peak. `cost` is the time of the search over that of the grid. The exit code is 1 when a line is not ok.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${GRADUS:-}" ]; then
  bazel build //tools:gradus >&2
  GRADUS=bazel-bin/tools/gradus
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cosine=optimizer.learning_rate.cosine_decay

# The loss of the validation examples after training with these arguments; "nan" when a number was not finite.
validation_loss() {
  rm -rf "$folder/run"
  local code=0
  "$GRADUS" train "$@" --run_dir "$folder/run" > "$folder/log" 2> "$folder/errors" || code=$?
  if [ "$code" = 3 ]; then
    echo nan
  elif [ "$code" != 0 ]; then
    cat "$folder/errors" >&2
    return 1
  else
    sed -n 's/.* validation  loss \([^ ]*\) .*/\1/p' "$folder/log" | tail -n 1
  fi
}

# measure NAME SEED FILE [--set ...]: a line of the table. The setting RATE is what the grid changes.
measure() {
  local name=$1 seed=$2 file=$3
  shift 3
  local run=("$file" --set "run.seed=$seed" --set "data.shuffle_seed=$seed" "$@")
  local begin=$EPOCHREALTIME
  "$GRADUS" find-lr "${run[@]}" > "$folder/found"
  local found=$EPOCHREALTIME
  local suggestion confidence settings=() setting
  suggestion=$(sed -n 's/^suggestion \([^ ]*\) .*/\1/p' "$folder/found")
  confidence=$(sed -n 's/^suggestion .*(confidence: \([a-z]*\),.*/\1/p' "$folder/found")
  # What it says is to be pasted.
  while read -r setting; do
    settings+=(--set "$setting")
  done < <(sed -n "s/^--set '\(.*\)'\$/\1/p
      s/^optimizer { learning_rate { constant: \(.*\) } }\$/optimizer.learning_rate.constant=\1/p" "$folder/found")
  local loss
  loss=$(validation_loss "${run[@]}" "${settings[@]}")
  local grid=$EPOCHREALTIME rate
  for rate in 1e-5 3.16e-5 1e-4 3.16e-4 1e-3 3.16e-3 1e-2 3.16e-2 0.1 0.316 1 3.16 10; do
    echo "$rate $(validation_loss "${run[@]}" --set "$address=$rate")"
  done > "$folder/grid"
  local end=$EPOCHREALTIME
  awk -v name="$name" -v seed="$seed" -v suggestion="$suggestion" -v confidence="$confidence" \
      -v loss="$loss" -v begin="$begin" -v found="$found" -v grid="$grid" -v end="$end" '
    $2 != "nan" && (best == "" || $2 + 0 < best) { best = $2 + 0; rate = $1 }
    END {
      ratio = loss == "nan" ? 999 : loss / best
      printf "%-14s %4d  %10s  %-10s %8s  %8s %8.4f  %6.3f  %-6s %6.1f s %5.2f\n", name, seed, suggestion, confidence, loss,
             rate, best, ratio, ratio <= 1.05 ? "ok" : "NOT OK", found - begin, (found - begin) / (end - grid)
      exit ratio > 1.05
    }' "$folder/grid"
}

printf '%-14s %4s  %10s  %-10s %8s  %8s %8s  %6s  %-6s %8s %5s\n' dataset seed suggestion confidence loss 'grid at' best ratio '' search cost
bad=0
for name in "${@:-breast_cancer diabetes digits fashion_mnist}"; do
  for dataset in $name; do
    address=optimizer.learning_rate.constant
    case $dataset in
      breast_cancer) file=tutorial_adam ;;
      diabetes | digits) file=$dataset ;;
      fashion_mnist)
        address=$cosine.warmup_target
        measure "$dataset" 1 examples/fashion_mnist_mlp.pbtxt --set run.epochs=3 \
          --set $cosine.warmup_steps=126 --set $cosine.decay_steps=1140 || bad=1
        continue
        ;;
      *)
        echo "there is no data set $dataset" >&2
        exit 2
        ;;
    esac
    for seed in 1 2 3; do
      measure "$dataset" "$seed" "examples/$file.pbtxt" || bad=1
    done
  done
done
exit $bad
