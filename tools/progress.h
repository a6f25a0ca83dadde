// What `gradus train` shows while it works: on a terminal a table with a line per epoch and a bar
// with ETA below it, otherwise plain lines. Quick steps are not slowed down: the bar is drawn ten
// times a second at most. A narrow terminal gets fewer columns, never broken lines.

#ifndef GRADUS_TOOLS_PROGRESS_H_
#define GRADUS_TOOLS_PROGRESS_H_

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gradus/api/trainer.h"

namespace gradus {

class TrainProgress final : public TrainObserver {
 public:
  // Writes to `out`; `terminal` says whether that is one, `columns` how wide it is now.
  TrainProgress(const Trainer& trainer, std::FILE* out, bool terminal,
                std::function<int()> columns);

  absl::Status OnStep(const StepReport& report, const TrainState& state) override;
  absl::Status OnLine(const MetricLine& line) override;
  absl::Status OnSkip(const std::string& why) override;
  absl::Status OnEvent(const RateEvent& event) override;
  absl::Status OnCommand(const RateCommand& command, const absl::Status& status) override;
  // Removes the bar.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  // A column of the table. When they do not all fit, those with the highest `rank` are left out.
  struct Column {
    std::string title;
    size_t width;
    int rank;
    bool shown;
  };

  // The epochs that a run of so many updates begins.
  int64_t EpochsOf(int64_t steps) const;
  void ChooseColumns();
  void PrintLine(const MetricLine& line);
  void PrintRow(const MetricLine& train, const MetricLine& last);
  void PrintCells(const std::vector<std::string>& cells, const char* before, const char* after);
  void DrawBar(const StepReport& report, const TrainState& state);

  std::FILE* const out_;
  const bool terminal_;
  const std::function<int()> terminal_columns_;
  const Timeline& timeline_;
  const int64_t first_step_, epoch_rows_;
  int64_t planned_steps_, epochs_;
  const bool validated_;
  const std::vector<ModelMetric> bar_metrics_;
  const std::vector<std::string> metric_names_;  // The loss, then the metrics.
  std::vector<double> epoch_numbers_;            // Of the epoch so far, likewise.
  const Clock::time_point start_ = Clock::now();
  Clock::time_point epoch_start_ = start_, drawn_ = start_;
  std::vector<Column> columns_;  // Empty before the first row.
  MetricLine train_;
  std::map<std::string, double> shown_rates_;  // What the last line about a number said.
  bool has_bar_ = false;
};

}  // namespace gradus

#endif  // GRADUS_TOOLS_PROGRESS_H_
