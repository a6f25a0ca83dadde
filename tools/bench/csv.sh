#!/bin/bash
# How long a large table takes until its first step: `gradus train` as a whole process with one step (reading, standardising, shuffling,
# saving the model) against a plain single-threaded loop that does nothing but read and parse the same file.
#
#   tools/bench/csv.sh [ROWS [COLUMNS [RUNS]]]      2000000 rows of 30 columns and 5 runs unless told; builds the programs first;
#                                                   GRADUS=PATH and CSV_LOOP=PATH take others
#
# Runs take turns, so that a busy machine is one for all; medians are compared. Measured with six digits a number and with the shortest exact
# text (16 or 17 digits), in memory and on disk, where the peak of the process's memory is the thing to see. The exit code is 1 when a
# median is above 1.3 times the loop's.
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-2000000} columns=${2:-30} runs=${3:-5}
if [ -z "${GRADUS:-}" ] || [ -z "${CSV_LOOP:-}" ]; then
  bazel build //tools:gradus //tools/bench:csv_loop >&2
  GRADUS=${GRADUS:-bazel-bin/tools/gradus}
  CSV_LOOP=${CSV_LOOP:-bazel-bin/tools/bench/csv_loop}
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder

cat > "$folder/first_step.pbtxt" <<END
model {
  input { name: "x" shape: $((columns - 1)) }
  input { name: "label" type: INT32 }
  layer { name: "hidden" input: "x" dense { units: 16 activation: RELU } }
  layer { name: "logits" dense { units: 2 } }
  loss { sparse_categorical_crossentropy { prediction: "logits" label: "label" from_logits: true } }
}
optimizer { adam {} learning_rate { constant: 0.001 } }
data {
  train { csv { path: "table.csv" field { input: "x" except: "label" standardise: true }
                                  field { input: "label" column: "label" } } }
  batch_size: 128
  shuffle_seed: 1
}
run { max_steps: 1 }
END

# Seconds and MiB at the peak, of a command.
measure() {
  python3 - "$@" << 'END'
import resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.3f %.0f %.3f" % (time.monotonic() - begin, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime))
sys.exit(code)
END
}

code=0
for digits in 6 0; do
  "$CSV_LOOP" write "$folder/table.csv" "$rows" "$columns" "$digits"
  for run in $(seq "$runs"); do
    rm -rf "$folder"/run-*
    echo "loop $(measure "$CSV_LOOP" read "$folder/table.csv")"
    echo "memory $(measure "$GRADUS" train "$folder/first_step.pbtxt" --run_dir "$folder/run-a")"
    echo "disk $(measure "$GRADUS" train "$folder/first_step.pbtxt" --run_dir "$folder/run-b" \
      --set data.train.csv.on_disk=true)"
  done > "$folder/measured"
  megabytes=$(($(stat -c %s "$folder/table.csv") / 1000000))
  sort -k1,1 -k2,2n "$folder/measured" | awk -v digits="$digits" -v megabytes="$megabytes" '
    { count[$1]++; seconds[$1, count[$1]] = $2; if ($3 > peak[$1]) peak[$1] = $3; cpu[$1] += $4 }
    END {
      printf "%s digits, %d MB\n", digits == 0 ? "all" : digits, megabytes
      split("loop memory disk", kinds, " ")
      for (i = 1; i <= 3; i++) {
        kind = kinds[i]
        median[kind] = seconds[kind, int((count[kind] + 1) / 2)]
        ratio = median[kind] / median["loop"]
        printf "  %-7s median %6.3f s  least %6.3f s  CPU %6.3f s  peak %5d MiB  ratio %.2f %s\n", kind, median[kind],
               seconds[kind, 1], cpu[kind] / count[kind], peak[kind], ratio, ratio <= 1.3 ? "ok" : "SLOW"
        slow = slow || ratio > 1.3
      }
      exit slow
    }' || code=1
done
exit "$code"
