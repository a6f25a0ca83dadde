#!/bin/bash
# The tutorial job as a whole process: 100 epochs of tutorial_exponential_decay.pbtxt from start to saved model.
#
#   tools/bench/tutorial_job.sh [RUNS]      builds the program first; GRADUS=PATH takes another one
#
# Prints the fastest and the median of so many runs (default 21), their CPU time, and the limit. What is not CPU time is
# waiting: for the disk (the model is synced) and on a busy machine for a core.
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-21}
limit=0.15
if [ -z "${GRADUS:-}" ]; then
  bazel build //tools:gradus >&2
  GRADUS=bazel-bin/tools/gradus
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

TIMEFORMAT='%R %U %S'
for run in $(seq "$runs"); do
  { time "$GRADUS" train examples/tutorial_exponential_decay.pbtxt --run_dir "$folder/$run" \
      > "$folder/log"; } 2>&1
done | sort -n | awk -v limit="$limit" '
  { seconds[NR] = $1; cpu += $2 + $3 }
  END {
    median = seconds[int((NR + 1) / 2)]
    printf "tutorial job, %d runs: least %.3f s, median %.3f s, most %.3f s, CPU %.3f s; %s %.2f s\n",
           NR, seconds[1], median, seconds[NR], cpu / NR,
           median <= limit ? "ok, median at most" : "SLOW, limit", limit
  }'
