// Cuts the rate when a measure does not improve any more.
//
//   rate = max(scale * in, min(in, min_learning_rate)),   scale <- scale * factor at every cut
//
// What is counted, at every measurement (or mean of `average` of them), cooldown and wait being 0
// at first:
//
//   KERAS    1. cooldown > 0: one less, wait = 0
//            2. improvement: wait = 0
//               otherwise, when cooldown = 0: one more waited; wait >= patience: cut, wait = 0
//   PYTORCH  1. improvement: wait = 0; otherwise one more waited
//            2. cooldown > 0: one less, wait = 0
//            3. wait > patience: cut, wait = 0
//   OPTAX    as PYTORCH, but 3. wait > 0 and wait >= patience
//
// Keras' ReduceLROnPlateau, PyTorch's ReduceLROnPlateau, optax.contrib.reduce_on_plateau; README.md
// has what reproduces each. Patience 0 cuts at every measurement without an improvement. With a
// clock "one more" is the time since the measurement before.
// NOTE: unlike theirs, thresholds are right for negative measures, and what is not a finite number
// is never the best.
//
//   controller { reduce_on_plateau { monitor: "validation/loss" factor: 0.1 patience: 10 } }
//
//   controller {
//     reduce_on_plateau {
//       monitor: "batch/loss" smoothing: 0.98 patience: 2.5 clock: EPOCHS min_learning_rate: 1e-5
//     }
//   }

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gradus/controller_rule.pb.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

// The memory, in the order of State().
enum Number {
  kBest,  // None until there is one.
  kScale,
  kTime,      // Of the last measurement: how many there were, or what the clock showed.
  kSince,     // The time that patience runs from.
  kCutAt,     // The time of the last cut; none before it.
  kSum,       // Of the measurements that are to be averaged; none when one of them was not finite.
  kGathered,  // How many these are.
  kSmoothed,
  kSmoothedWeight,  // The moving average is their quotient.
};

class ReduceOnPlateau final : public Controller {
 public:
  using Config = controller::ReduceOnPlateau;

  ReduceOnPlateau(const Config& config, ControllerScope* scope)
      : config_(config),
        monitor_(scope->Find("monitor", config.monitor())),
        direction_(scope->DirectionOf(config.direction(), config.monitor(), monitor_)),
        timeline_(scope->timeline()) {
    if (config.has_clock()) scope->CheckClock("clock", config.clock());
    if (config.rise_factor() > 1 && config.min_learning_rate() > 0 && config.min_scale() == 0) {
      scope->diagnostics()->Warning("rise", scope->path().Child("rise_factor"),
                                    "reduce_on_plateau: cuts that min_learning_rate hides must be "
                                    "made good before the rate rises",
                                    "set min_scale, too");
    }
  }

  std::vector<ControllerNumber> State() const override {
    return {{"best", {}},      {"scale", 1.0},    {"time", 0.0},
            {"since", 0.0},    {"cut_at", {}},    {"sum", 0.0},
            {"gathered", 0.0}, {"smoothed", 0.0}, {"smoothed_weight", 0.0}};
  }

  bool Watches(Section section) const override { return section == monitor_.section; }

  Verdict Observe(const Observation& observation, ControllerNumbers* numbers,
                  std::string* cause) const override {
    ControllerNumbers& state = *numbers;
    absl::optional<double> value = observation.values[monitor_.index];
    if (!std::isfinite(*value)) value = absl::nullopt;
    if (!Average(&value, &state)) return Verdict::kGoOn;
    Smooth(&value, &state);

    const double before = *state[kTime];
    const double now =
        config_.has_clock() ? timeline_->Read(config_.clock(), observation.progress) : before + 1;
    state[kTime] = now;
    const bool improved = value.has_value() && Improves(*value, state[kBest]);
    const absl::optional<double> best = state[kBest];
    if (improved) state[kBest] = value;
    if (PatienceEnds(before, now, improved, &state)) {
      const double waited = now - *state[kSince];
      state[kSince] = now;
      state[kCutAt] = now;
      if (SetScale(std::max(*state[kScale] * config_.factor(), config_.min_scale()), &state)) {
        *cause = best.has_value()
                     ? absl::StrCat(Name(), " has not been better than ", *best, " for ",
                                    Duration(waited))
                     : absl::StrCat(Name(), " has not been a finite number for ", Duration(waited));
      }
    } else if (improved &&
               SetScale(std::min(*state[kScale] * config_.rise_factor(), 1.0), &state)) {
      *cause = absl::StrCat(
          Name(), " ", *value, " is ",
          best.has_value() ? absl::StrCat("better than ", *best) : "the first finite number");
    }
    return Verdict::kGoOn;
  }

  double Apply(double in, const Progress&, const ControllerNumbers& numbers) const override {
    return std::max(in * *numbers[kScale], std::min(in, config_.min_learning_rate()));
  }

 private:
  // Whether a mean is complete, which then is the value.
  bool Average(absl::optional<double>* value, ControllerNumbers* numbers) const {
    if (config_.average() == 1) return true;
    ControllerNumbers& state = *numbers;
    const double sum = state[kSum].value_or(NAN) + value->value_or(NAN);
    state[kSum] = std::isfinite(sum) ? absl::optional<double>(sum) : absl::nullopt;
    state[kGathered] = *state[kGathered] + 1;
    if (*state[kGathered] < static_cast<double>(config_.average())) return false;
    *value = state[kSum];
    if (value->has_value()) **value /= *state[kGathered];
    state[kSum] = 0.0;
    state[kGathered] = 0.0;
    return true;
  }

  // What is not finite leaves the moving average alone.
  void Smooth(absl::optional<double>* value, ControllerNumbers* numbers) const {
    const double old = config_.smoothing();
    if (old == 0 || !value->has_value()) return;
    ControllerNumbers& state = *numbers;
    state[kSmoothed] = old * *state[kSmoothed] + (1 - old) * **value;
    state[kSmoothedWeight] = old * *state[kSmoothedWeight] + (1 - old);
    const double mean = *state[kSmoothed] / *state[kSmoothedWeight];
    *value = std::isfinite(mean) ? absl::optional<double>(mean) : absl::nullopt;
  }

  bool Improves(double value, const absl::optional<double>& best) const {
    return !best.has_value() ||
           Better(direction_, value, *best,
                  config_.min_delta() + config_.min_relative_delta() * std::abs(*best));
  }

  // Moves the time that patience runs from, and says whether it is over.
  bool PatienceEnds(double before, double now, bool improved, ControllerNumbers* numbers) const {
    ControllerNumbers& state = *numbers;
    const bool was_cooling = Cooling(before, state);
    if (config_.counting() == Config::KERAS) {
      if (was_cooling) state[kSince] = before;
      if (!improved && !Cooling(now, state))
        return AtLeast(now - *state[kSince], config_.patience());
      if (improved) state[kSince] = now;
      return false;
    }
    if (improved || was_cooling) state[kSince] = now;
    const double waited = now - *state[kSince];
    if (waited == 0) return false;
    return config_.counting() == Config::PYTORCH ? !AtLeast(config_.patience(), waited)
                                                 : AtLeast(waited, config_.patience());
  }

  bool Cooling(double time, const ControllerNumbers& state) const {
    return state[kCutAt].has_value() && !AtLeast(time - *state[kCutAt], config_.cooldown());
  }

  // Times are differences of clock readings such as 0.1: within some roundings they are equal.
  static bool AtLeast(double a, double b) { return a >= b - 1e-9 * std::max(1.0, std::abs(b)); }

  static bool SetScale(double scale, ControllerNumbers* numbers) {
    scale = std::max(scale, 1e-300);  // Many cuts later it is still a number that can rise.
    const bool changes = scale != *(*numbers)[kScale];
    (*numbers)[kScale] = scale;
    return changes;
  }

  // The measure, for people.
  std::string Name() const {
    return absl::StrCat(config_.smoothing() > 0 ? "smoothed " : "", config_.monitor());
  }

  std::string Duration(double time) const {
    if (config_.has_clock()) {
      if (config_.clock() == RUN) return absl::StrCat(ShortestNumber(time), " of the run");
      std::string unit = absl::AsciiStrToLower(Clock_Name(config_.clock()));
      std::replace(unit.begin(), unit.end(), '_', ' ');
      return absl::StrCat(ShortestNumber(time), " ", unit);
    }
    return absl::StrCat(
        ShortestNumber(time), config_.average() > 1 ? " mean" : " measurement",
        time == 1 ? "" : "s",
        config_.average() > 1 ? absl::StrCat(" of ", config_.average(), " measurements") : "");
  }

  const Config config_;
  const Monitor monitor_;
  const Direction direction_;
  const std::shared_ptr<const Timeline> timeline_;
};

GRADUS_REGISTER_CONTROLLER("gradus.ControllerConfig.reduce_on_plateau", ReduceOnPlateau);

}  // namespace
}  // namespace gradus
