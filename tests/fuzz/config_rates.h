// What config_fuzz asks of the rates of a step that was accepted, and of the texts about rates that
// come from a command line or another process while a run trains. In the input they are comments of
// the language:
//
//   #rate set: 0.1            a command for a run (RateCommand), as its folder takes it
//   #search ADDRESS=SPACE     an entry of a sweep's search space
//   #steps 0:100:10           the updates that a table shows; a list such as 0,1,2 too
//   #table 0.5,0.1            a line of the CSV file a file that a schedule `table` reads
//
// Commands, their schedules and table's config are read by the parser of the language; spaces, steps
// and CSV have parsers of their own.

#ifndef GRADUS_TESTS_FUZZ_CONFIG_RATES_H_
#define GRADUS_TESTS_FUZZ_CONFIG_RATES_H_

#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/api/rate_table.h"
#include "gradus/api/sweep_space.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_escape.h"
#include "gradus/train/train_step.h"

namespace gradus {

// The lines of the input that begin so, without the beginning.
inline std::vector<std::string> LinesAfter(absl::string_view beginning, absl::string_view text) {
  constexpr size_t kMostLines = 16;
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, beginning) && lines.size() < kMostLines) {
      lines.emplace_back(line.substr(beginning.size()));
    }
  }
  return lines;
}

inline void CheckRefusal(const absl::Status& status) {
  GRADUS_CHECK(status.ok() || (!status.message().empty() && IsUtf8(status.message())));
}

inline bool SameNumber(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Every number has a value or is refused, and the last layer of its explanation is that value.
inline void CheckNumbersAt(const Hyperparameters& numbers, const Progress& progress,
                           const RateState& state) {
  for (int i = 0; i < numbers.count(); ++i) {
    const double value = numbers.At(i, progress, state);
    GRADUS_CHECK(SameNumber(numbers.At(i, progress, state), value));
    CheckRefusal(numbers.CheckRange(i, value));
    const std::vector<Hyperparameters::Why> why = numbers.Explain(i, progress, state);
    GRADUS_CHECK(!why.empty() && SameNumber(why.back().out, value));
    for (const Hyperparameters::Why& layer : why) GRADUS_CHECK(!layer.layer.empty());
  }
}

// What a checkpoint keeps of a state gives the same numbers again.
inline void CheckIsKept(const Hyperparameters& numbers, const Progress& progress,
                        const RateState& state) {
  TrainStateHeader header;
  numbers.ToProto(state, &header);
  const absl::StatusOr<RateState> again = numbers.FromProto(header);
  if (!again.ok()) {
    CheckRefusal(again.status());
    return;
  }
  for (int i = 0; i < numbers.count(); ++i) {
    GRADUS_CHECK(
        SameNumber(numbers.At(i, progress, *again), numbers.At(i, progress, state)));
  }
}

inline void CheckRates(const TrainStep& step, int metrics, absl::string_view text) {
  const Hyperparameters& numbers = step.numbers();
  RateState state = numbers.NewState();
  const int64_t updates[] = {0, 1, 2, 3, 10, 1000, 123456789, int64_t{1} << 53};
  for (int64_t update : updates) CheckNumbersAt(numbers, numbers.timeline().At(update), state);

  // Measures that fall, stand still, jump and are no numbers.
  const double measures[] = {1, 0.5, 0.5, 0.5, 1e9, std::numeric_limits<double>::quiet_NaN(), -1};
  std::vector<RateEvent> events;
  int64_t update = 0;
  for (double measure : measures) {
    const std::vector<double> values(static_cast<size_t>(metrics) + 1, measure);
    for (Section section : {Section::kBatch, Section::kTrain, Section::kValidation}) {
      Observation observation;
      observation.section = section;
      observation.progress = numbers.timeline().At(++update);
      observation.values = values;
      observation.rate = 0.1;
      observation.alignment = 0.5;
      numbers.Observe(observation, &state, &events);
    }
  }
  const Progress now = numbers.timeline().At(update);
  CheckNumbersAt(numbers, now, state);
  for (const std::string& line : LinesAfter("#rate ", text)) {
    Diagnostics diagnostics;
    const ParsedConfig parsed = ParseTextConfig(line, "#rate", RateCommand(), {}, &diagnostics);
    CheckRefusal(diagnostics.ToStatus());
    if (!diagnostics.ok()) continue;
    const auto& command = static_cast<const RateCommand&>(*parsed.message);
    GRADUS_CHECK(!Describe(command).empty());
    CheckRefusal(numbers.Accept(command, now, &state, &events));
    CheckNumbersAt(numbers, now, state);
    CheckNumbersAt(numbers, numbers.timeline().At(update + 100), state);
  }
  CheckIsKept(numbers, now, state);
}

inline void CheckSearch(absl::string_view text) {
  const std::vector<std::string> lines = LinesAfter("#search ", text);
  if (lines.empty()) return;
  const absl::StatusOr<SearchSpace> space = SearchSpace::Parse(lines);
  CheckRefusal(space.status());
  if (!space.ok()) return;
  std::vector<SearchPoint> points;
  const absl::StatusOr<std::vector<SearchPoint>> grid = space->Grid(32);
  CheckRefusal(grid.status());
  if (grid.ok()) points = *grid;
  for (int64_t trial : {0, 1, 7}) points.push_back(space->Random(3, trial));
  for (const SearchPoint& point : points) {
    GRADUS_CHECK(point.values.size() == space->entries().size());
    for (size_t i = 0; i < point.values.size(); ++i) {
      const SearchEntry& entry = space->entries()[i];
      double number = 0;
      if (!point.values[i].has_value() || entry.kind == SearchEntry::kChoice) continue;
      GRADUS_CHECK(absl::SimpleAtod(point.values[i]->shown, &number));
      GRADUS_CHECK(number >= entry.low && number <= entry.high);
    }
    Diagnostics diagnostics;
    ParseTextConfig("", "#search", RunConfig::default_instance(), space->Settings(point),
                    &diagnostics);
    CheckRefusal(diagnostics.ToStatus());
  }
}

inline void CheckSteps(absl::string_view text) {
  for (const std::string& line : LinesAfter("#steps ", text)) {
    const absl::StatusOr<StepRange> range = StepRange::Parse(line);
    CheckRefusal(range.status());
    if (range.ok()) {
      GRADUS_CHECK(range->count() > 0 && range->at(0) == range->start);
      GRADUS_CHECK(range->at(range->count() - 1) < range->stop);
    }
    const absl::StatusOr<std::vector<int64_t>> list = ParseSteps(line);
    CheckRefusal(list.status());
    if (list.ok()) {
      for (int64_t step : *list) GRADUS_CHECK(step >= 0);
    }
  }
}

inline void CheckTable(absl::string_view text) {
  const std::vector<std::string> lines = LinesAfter("#table ", text);
  if (lines.empty()) return;
  std::string rows = "time,value\n";
  for (const std::string& line : lines) absl::StrAppend(&rows, line, "\n");
  const char* folder = std::getenv("TMPDIR");
  const std::string path =
      absl::StrCat(folder == nullptr ? "/tmp" : folder, "/gradus-fuzz-", getpid(), ".csv");
  GRADUS_CHECK(WriteFile(path, rows).ok());
  const absl::StatusOr<RateTable> table =
      RateTable::OfText(absl::StrCat("table { path: \"", path, "\" }"), "#table", {});
  GRADUS_CHECK(table.ok() == table.status().message().empty());
  if (!table.ok()) {
    CheckRefusal(table.status());
    return;
  }
  for (int64_t step : {0, 1, 2, 100, 1 << 30}) GRADUS_CHECK(std::isfinite(table->At(0, step)));
}

}  // namespace gradus

#endif  // GRADUS_TESTS_FUZZ_CONFIG_RATES_H_
