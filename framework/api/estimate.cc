// Counting, and a stopwatch.

#include "gradus/api/estimate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/line_up.h"

namespace gradus {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kLeastUpdates = 3, kMostUpdates = 500;
constexpr size_t kPreparing = 2;  // The first updates compile and fill caches.

double Since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// Notes when each update ended, and ends the run when it has seen enough.
class Stopwatch final : public TrainObserver {
 public:
  explicit Stopwatch(double seconds) : seconds_(seconds) {}

  absl::Status OnStep(const StepReport&, const TrainState&) override {
    const double now = Since(begin_);
    // What a validation or a checkpoint took before it is not the update's.
    if (!interrupted_) durations_.push_back(now - last_);
    interrupted_ = false;
    last_ = now;
    return absl::OkStatus();
  }
  absl::Status OnLine(const MetricLine&) override {
    interrupted_ = true;
    return absl::OkStatus();
  }
  bool StopRequested() override {
    const auto updates = static_cast<int64_t>(durations_.size());
    if (updates >= kMostUpdates) return true;
    // One that takes long is not waited for again.
    return last_ > seconds_ && (updates >= kLeastUpdates || last_ > 5 * seconds_);
  }

  int64_t updates() const { return static_cast<int64_t>(durations_.size()); }
  double Median() const {
    std::vector<double> sorted = durations_;
    if (sorted.size() > kPreparing) sorted.erase(sorted.begin(), sorted.begin() + kPreparing);
    if (sorted.empty()) return kNone;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }

 private:
  const double seconds_;
  const SteadyClock::time_point begin_ = SteadyClock::now();
  double last_ = 0;
  bool interrupted_ = false;
  std::vector<double> durations_;
};

int64_t BytesOf(const std::shared_ptr<const Dataset>& dataset) {
  if (dataset == nullptr || !dataset->in_memory()) return 0;
  int64_t row = 0;
  for (const FieldSpec& field : dataset->fields()) row += field.elements() * ByteSize(field.dtype);
  return row * dataset->size();
}

std::string SecondsInWords(double seconds) {
  if (seconds < 1e-3) return absl::StrFormat("%.0f us", seconds * 1e6);
  if (seconds < 1) return absl::StrFormat("%.3g ms", seconds * 1e3);
  if (seconds < 120) return absl::StrFormat("%.3g s", seconds);
  return seconds < 7200 ? absl::StrFormat("%.3g min", seconds / 60)
                        : absl::StrFormat("%.3g h", seconds / 3600);
}

}  // namespace

std::string BytesInWords(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) bytes /= 1024, ++unit;
  return unit == 0 ? absl::StrFormat("%.0f B", bytes)
                   : absl::StrFormat("%.1f %s", bytes, kUnits[unit]);
}

TrainingEstimate EstimateMemory(const Trainer& trainer) {
  constexpr int64_t kFloat = sizeof(float);
  TrainingEstimate estimate;
  const ParameterStore& store = trainer.state().store;
  estimate.weights = (store.floats() + 2 * store.state_layout().floats()) * kFloat;
  if (store.evaluated() != store.weights()) estimate.weights += store.floats() * kFloat;
  estimate.gradients = store.floats() * kFloat;
  for (int slot = 0; slot < store.memory().slots(); ++slot) {
    for (int i = 0; i < store.layout().count(); ++i) {
      const SlotPart<float> place = store.memory().Part(slot, store.layout(), i);
      if (place.data != nullptr) estimate.optimizer += place.rows * place.columns * kFloat;
    }
  }
  const int64_t batch_size = trainer.config().data().batch_size();
  estimate.activations = trainer.step().executor().MemoryBytes(batch_size).value_or(0);
  const DataSplits& data = trainer.data();
  estimate.data = BytesOf(data.train) + BytesOf(data.validation) + BytesOf(data.test);
  const int64_t per_update = batch_size * trainer.step().batches_per_update();
  if (data.train != nullptr && per_update > 0) {
    estimate.updates_per_epoch = (data.train->size() + per_update - 1) / per_update;
  }
  estimate.update = estimate.validation = estimate.epoch = kNone;
  return estimate;
}

void MeasureTime(double seconds, Trainer* trainer, TrainingEstimate* estimate) {
  if (trainer->data().train == nullptr) {
    estimate->not_measured = "there is no training data";
    return;
  }
  Stopwatch watch(seconds);
  TrainObserver* const observers[] = {&watch};
  const absl::StatusOr<LoopEnd> end = trainer->Train(observers);
  estimate->measured_updates = watch.updates();
  if (!end.ok()) {
    estimate->not_measured = std::string(end.status().message());
    return;
  }
  estimate->update = watch.Median();
  const auto updates = static_cast<double>(estimate->updates_per_epoch);
  estimate->epoch = updates * estimate->update;
  if (trainer->data().validation == nullptr) return;
  // Without gradients an example takes about a third: what would take too long is not tried.
  const double rows = static_cast<double>(trainer->data().validation->size());
  const double guess =
      estimate->epoch / 3 * rows / static_cast<double>(trainer->data().train->size());
  estimate->validation = guess;
  if (guess <= 2 * seconds) {
    const SteadyClock::time_point begin = SteadyClock::now();
    if (trainer->Evaluate(trainer->data().validation, "validation").ok()) {
      estimate->validation = Since(begin);
    }
  }
  estimate->epoch += estimate->validation;
}

std::string ToText(const TrainingEstimate& estimate, int64_t batch_size) {
  const auto bytes = [](int64_t count) { return BytesInWords(static_cast<double>(count)); };
  std::vector<std::vector<std::string>> rows = {
      {"  memory", "weights", bytes(estimate.weights), ""},
      {"", "gradients", bytes(estimate.gradients), ""},
      {"", "optimizer", bytes(estimate.optimizer), ""},
      {"", "activations", bytes(estimate.activations),
       absl::StrCat("arena and scratch at batch size ", batch_size)},
      {"", "data", bytes(estimate.data), "examples in memory"},
      {"", "together", bytes(estimate.total()), ""},
  };
  if (estimate.measured_updates > 0 && !std::isnan(estimate.update)) {
    rows.push_back({"  time", "an update", SecondsInWords(estimate.update),
                    absl::StrCat("measured, the median of ", estimate.measured_updates)});
    rows.push_back({"", "validation",
                    std::isnan(estimate.validation) ? "-" : SecondsInWords(estimate.validation),
                    ""});
    rows.push_back({"", "an epoch", SecondsInWords(estimate.epoch),
                    absl::StrCat(estimate.updates_per_epoch, " updates")});
  }
  std::string text = LinedUp(rows, {false, false, true, false});
  if (!estimate.not_measured.empty()) {
    absl::StrAppend(&text, "  time    not measured: ", estimate.not_measured, "\n");
  }
  return text;
}

}  // namespace gradus
