// What every rate of a run will be, update by update, before anything is trained; and of a schedule
// alone. What `gradus schedule` and a service show.
//
//   RateTable table = *RateTable::OfRun(*RunFile::Read("fashion.pbtxt"), /*all=*/false);
//   for (const RateRow& row : table.Rows(StepRange{0, 100, 1})) ... row.group, row.rate ...
//
// Controllers react to what is measured, which nobody knows beforehand: the table has what the
// schedules plan.

#ifndef GRADUS_API_RATE_TABLE_H_
#define GRADUS_API_RATE_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gradus/api/plot.h"
#include "gradus/api/run_file.h"
#include "gradus/api/trainer.h"

namespace gradus {

struct RateRow {
  int64_t step = 0;   // The update that uses it, counted from 0.
  std::string group;  // Of parameters; "default" without groups, "model" for a number of no group.
  std::string field;  // "learning_rate", "beta1", "model.layer[drop].dropout.rate"
  double rate = 0;
};

// The updates start, start + stride, ... below stop.
struct StepRange {
  int64_t start = 0, stop = 0, stride = 1;

  int64_t count() const;
  int64_t at(int64_t i) const { return start + i * stride; }

  // "0:1000:10", or "0:1000" with the stride 1. InvalidArgument says what is right.
  static absl::StatusOr<StepRange> Parse(absl::string_view text);
};

// "0,1,2". InvalidArgument says what is right.
absl::StatusOr<std::vector<int64_t>> ParseSteps(absl::string_view text);

// The run that a schedule alone is thought to stand in; what is not set is not known.
struct ScheduleTextOptions {
  absl::optional<int64_t> steps_per_epoch, total_steps, batch_size;
};

// Thread safety: immutable.
class RateTable {
 public:
  struct Column {
    std::string group, field;
  };

  // The rates of all groups that have parameters, and with `all` every other number that follows a
  // schedule. Reads the run's data to count its examples.
  static absl::StatusOr<RateTable> OfRun(RunFile file, bool all,
                                         const TrainerOptions& options = {});
  // From where the trainer stands: with what was asked for from outside. A copy; the trainer must
  // live on, but may not be trained while the table is asked.
  static RateTable Of(const Trainer& trainer, bool all);
  // One schedule, as `learning_rate { ... }` has it between its braces; its column is "default".
  // Positions of errors are in a file called `name`.
  static absl::StatusOr<RateTable> OfText(absl::string_view text, const std::string& name,
                                          const ScheduleTextOptions& options);

  const std::vector<Column>& columns() const { return columns_; }
  // Of the run; nothing when it has no end.
  absl::optional<int64_t> total_steps() const { return total_steps_; }
  // "reduce_on_plateau": what may change the rates on the way.
  const std::vector<std::string>& controllers() const { return controllers_; }

  double At(size_t column, int64_t step) const;
  // Row by row, the columns of a step together.
  std::vector<RateRow> Rows(absl::Span<const int64_t> steps) const;
  std::vector<RateRow> Rows(const StepRange& steps) const;

  // A curve for each column. Of more than kMostPlotted updates so many are drawn, evenly spread.
  std::vector<PlotSeries> Series(const StepRange& steps) const;
  std::vector<PlotSeries> Series(absl::Span<const int64_t> steps) const;
  static constexpr int64_t kMostPlotted = 100000;

 private:
  RateTable() = default;

  std::vector<Column> columns_;
  absl::optional<int64_t> total_steps_;
  std::vector<std::string> controllers_;

  // Of a run:
  std::shared_ptr<const Trainer> trainer_;  // Keeps `numbers_` alive; null when the caller does.
  const Hyperparameters* numbers_ = nullptr;
  RateState state_;
  std::vector<int> number_of_;  // By column.
  // Of a text:
  std::shared_ptr<const TimedSchedule> schedule_;
};

}  // namespace gradus

#endif  // GRADUS_API_RATE_TABLE_H_
