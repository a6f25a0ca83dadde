// What a run is meant to reach, run { target { ... } }, and when it did. Nothing ends there.
//
//   TargetWatch watch(Resolved(trainer->config().run().target(), trainer->step().monitors()));
//   TrainObserver* const observers[] = {&watch};
//   trainer->Train(observers);
//   watch.reached()->step
//
// The target is reached by the first measurement that is as good as its value: one of validation, or
// a whole epoch's over the training examples as they were trained on.

#ifndef GRADUS_API_TARGET_H_
#define GRADUS_API_TARGET_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "gradus/run.pb.h"
#include "gradus/train/controller.h"
#include "gradus/train/train_loop.h"

namespace gradus {

// A target with the direction that AUTO stands for in a run that measures these.
Target Resolved(const Target& target, const MonitorTable& monitors);

class TargetWatch final : public TrainObserver {
 public:
  struct Reached {
    int64_t step = 0;   // Updates done.
    int64_t epoch = 0;  // As in MetricLine.
    double value = 0;
  };

  // Of a run that produces the target's monitor, which Watcher::Check says. Its direction is to be
  // said (Resolved); AUTO goes by the monitor's name.
  explicit TargetWatch(const Target& target);

  absl::Status OnLine(const MetricLine& line) override;

  // None when it has not been reached yet.
  const absl::optional<Reached>& reached() const { return reached_; }
  // The best measurement so far; none when there was no finite one.
  const absl::optional<double>& best() const { return best_; }

  // "validation/loss 0.1: reached at step 46 (epoch 2) with 0.0987", for people.
  std::string InWords() const;

 private:
  std::string monitor_, split_, measure_;
  double value_ = 0;
  Direction direction_ = MIN;
  absl::optional<Reached> reached_;
  absl::optional<double> best_;
};

// The same of a run's metrics.jsonl, which also has what was measured before a resume.
absl::StatusOr<TargetWatch> ReadTarget(const Target& target, const std::string& metrics_path);

}  // namespace gradus

#endif  // GRADUS_API_TARGET_H_
