// A factor at each of several milestones.
//
//   rate(k) = initial_learning_rate gamma^n, n the number of milestones m that lie behind: k >= m
//
// or the product of the factors of those n, when each has its own. PyTorch's MultiStepLR, where a
// milestone that stands twice counts twice; with factors, optax' piecewise_constant_schedule.
// timm's MultiStepLRScheduler counts k + 1 >= m: at_milestone: ONE_EARLIER. Caffe's `multistep`
// passes one milestone an update: one_at_a_time, where a milestone is at least 1 after the one
// before it.
//
//   learning_rate { multi_step { initial_learning_rate: 0.1 milestones: [30, 80] gamma: 0.1 } }

#include <algorithm>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class MultiStep final : public Schedule {
 public:
  using Config = schedule::MultiStep;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    for (int i = 1; i < config.milestones_size(); ++i) {
      if (config.milestones(i) >= config.milestones(i - 1)) continue;
      diagnostics->Error("order", path.Child("milestones"),
                         absl::StrCat("multi_step: milestones must not decrease, but ",
                                      ShortestNumber(config.milestones(i)), " follows ",
                                      ShortestNumber(config.milestones(i - 1))));
      break;
    }
    if (config.factors_size() == 0) return;
    if (config.has_gamma()) {
      diagnostics->Error("conflict", path.Child("gamma"),
                         "multi_step: gamma and factors both say what a milestone does; leave one "
                         "out");
    }
    if (config.milestones_size() > 0 && config.factors_size() != config.milestones_size()) {
      diagnostics->Error(
          "count", path.Child("factors"),
          absl::StrCat("multi_step: ", config.milestones_size(),
                       " milestones need as many factors, there are ", config.factors_size()));
    }
  }

  explicit MultiStep(const Config& config)
      : milestones_(config.milestones().begin(), config.milestones().end()),
        new_at_milestone_(config.at_milestone() != Config::OLD) {
    values_.push_back(config.initial_learning_rate());
    for (int i = 0; i < config.milestones_size(); ++i) {
      values_.push_back(values_.back() *
                        (config.factors_size() > 0 ? config.factors(i) : config.gamma()));
    }
    if (config.one_at_a_time()) {
      for (size_t i = 1; i < milestones_.size(); ++i) {
        milestones_[i] = std::max(milestones_[i], milestones_[i - 1] + 1);
      }
    }
    if (config.at_milestone() == Config::ONE_EARLIER) {
      for (double& milestone : milestones_) milestone -= 1;
    }
  }

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    const auto is_behind = [&](double milestone) {
      return new_at_milestone_ ? Reached(elapsed, milestone) : !Reached(milestone, elapsed);
    };
    const auto next = std::partition_point(milestones_.begin(), milestones_.end(), is_behind);
    return values_[static_cast<size_t>(next - milestones_.begin())];
  }

  double length() const override { return std::max(milestones_.back(), 0.0); }

 private:
  std::vector<double> milestones_, values_;
  const bool new_at_milestone_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.multi_step", MultiStep, schedule::MultiStep);

}  // namespace
}  // namespace gradus
