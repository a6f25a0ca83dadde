#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test. The last line is `N passed, N failed`, counted in GoogleTest cases;
# a test program that does not build, crashes or times out counts as one failure.
#
#   tools/test.sh                  optimised, as it is used
#   tools/test.sh --config=asan    with AddressSanitizer and UndefinedBehaviorSanitizer; any flags of `bazel test` may follow
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
events=$scratch/events.json

status=0
bazel test --keep_going --show_progress_rate_limit=10 --build_event_json_file="$events" "$@" //... || status=$?

# From this run's own events, because the test.xml of a program that no longer builds stays behind. A skipped case is neither passed
# nor failed.
bazel query --noshow_progress 'tests(//...) except attr("tags", "manual", //...)' 2>/dev/null >"$scratch/labels"
passed=0
failed=0
while read -r label; do
  report=$(grep -F "{\"id\":{\"testResult\":{\"label\":\"$label\"," "$events" |
    grep -o '"uri":"file://[^"]*/test\.xml"' | tail -n 1 | sed 's|"uri":"file://||; s|"$||') || true
  if [[ -z $report || ! -f $report ]]; then
    echo "no result: $label"
    failed=$((failed + 1))
    continue
  fi
  read -r program_passed program_failed < <(
    grep -o '<testsuite [^>]*>' "$report" | awk '
      function count(name) {
        return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : 0
      }
      {
        failed += count("failures") + count("errors")
        passed += count("tests") - count("failures") - count("errors") - count("skipped") - count("disabled")
      }
      END { print passed + 0, failed + 0 }'
  )
  passed=$((passed + program_passed))
  failed=$((failed + program_failed))
done <"$scratch/labels"

# A failure outside the cases: a target that is not a test, or an exit code after the last case.
if [[ $status -ne 0 && $failed -eq 0 ]]; then
  echo "bazel test ended with status $status"
  failed=1
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
