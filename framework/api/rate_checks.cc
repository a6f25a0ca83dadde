// Probing the schedules.

#include "gradus/api/rate_checks.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using Number = Hyperparameters::Number;

constexpr int64_t kWithoutEnd = 100000;  // Updates looked at in a run that has no end.
constexpr int64_t kProbes = 2048;
constexpr int kMostBisected = 48;  // Intervals with a large change that are looked into.
constexpr double kJump = 10, kStepJump = 100;
// Changes of rates below this part of the largest one do no harm.
constexpr double kNegligible = 1e-3;
constexpr double kRounded = 1e-6;

std::string Updates(int64_t count) {
  return count == 1 ? "update" : absl::StrCat(count, " updates");
}

// A time in the words of its clock: "10 steps", "2.5 epochs (1055 steps)".
std::string InWords(const Timeline& timeline, Clock clock, double time) {
  const std::string steps =
      absl::StrCat(ShortestNumber(std::round(timeline.Convert(time, clock, STEPS))), " steps");
  switch (clock) {
    case STEPS:
      return absl::StrCat(ShortestNumber(time), time == 1 ? " step" : " steps");
    case EPOCHS:
    case WHOLE_EPOCHS:
      return absl::StrCat(ShortestNumber(time), time == 1 ? " epoch" : " epochs", " (", steps, ")");
    case EXAMPLES:
      return absl::StrCat(ShortestNumber(time), " examples (", steps, ")");
    case RUN:
      return absl::StrCat(ShortestNumber(time), " of the run (", steps, ")");
  }
  return "";
}

// Whether a schedule that begins again on purpose is part of the config: it jumps up when it does.
bool Restarts(const google::protobuf::Message& message) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const bool yes = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL &&
                     !field->is_repeated() && reflection.GetBool(message, field);
    if (yes && field->name() == "cycle") return true;
    if (field->message_type() == nullptr) continue;
    if (field->name() == "cosine_decay_restarts" || field->name() == "repeat") return true;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (Restarts(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                        : reflection.GetMessage(message, field))) {
        return true;
      }
    }
  }
  return false;
}

// The config of what gives a group's rate; null when it is the rule's default.
const ScheduleConfig* RateConfig(const OptimizerConfig& config, int group) {
  if (group > 0 && config.group(group - 1).has_learning_rate()) {
    return &config.group(group - 1).learning_rate();
  }
  return config.has_learning_rate() ? &config.learning_rate() : nullptr;
}

class Checker {
 public:
  Checker(const Hyperparameters& numbers, int i, const ConfigPath& path, Diagnostics* diagnostics)
      : numbers_(numbers),
        timeline_(numbers.timeline()),
        i_(i),
        path_(path),
        diagnostics_(*diagnostics) {
    const absl::optional<int64_t> total = timeline_.total_steps();
    ends_ = total.has_value();
    last_ = (ends_ ? *total : kWithoutEnd) - 1;
    // As densely as there is room for, both ends included.
    const int64_t probes = std::min(kProbes, last_ + 1);
    for (int64_t k = 0; k < probes; ++k) {
      const int64_t step =
          last_ < 2 * kProbes || probes == 1
              ? k
              : static_cast<int64_t>(static_cast<double>(last_) * static_cast<double>(k) /
                                     static_cast<double>(probes - 1));
      Probe(std::min(step, last_));
    }
    for (int64_t step = kProbes; step <= last_ && last_ < 2 * kProbes; ++step) Probe(step);
  }

  // False after a finding.
  bool CheckRange() {
    for (size_t k = 0; k < steps_.size(); ++k) {
      if (numbers_.CheckRange(i_, values_[k]).ok()) continue;
      // The first one between here and the probe before.
      int64_t good = k == 0 ? -1 : steps_[k - 1], bad = steps_[k];
      while (bad - good > 1) {
        const int64_t middle = good + (bad - good) / 2;
        (numbers_.CheckRange(i_, At(middle)).ok() ? good : bad) = middle;
      }
      diagnostics_.Error(
          "out-of-range", path_,
          absl::StrCat("at step ", bad, " ", numbers_.CheckRange(i_, At(bad)).message()));
      return false;
    }
    return true;
  }

  void CheckZeros() {
    size_t first = 0, last = values_.size();
    while (first < values_.size() && values_[first] == 0) ++first;
    if (first == values_.size()) {
      Warn("zero-rate", "the rate is 0 at every update, so nothing is learned");
      return;
    }
    while (values_[last - 1] == 0) --last;
    if (first > 0) {
      const int64_t count = Boundary(steps_[first - 1], steps_[first]);
      Warn("zero-rate",
           count == 1
               ? "the rate is 0 at the first update, which does nothing"
               : absl::StrCat("the rate is 0 at the first ", Updates(count), ", which do nothing"),
           "a warm-up may begin above 0");
    }
    if (last < values_.size()) {
      const int64_t from = Boundary(steps_[last - 1], steps_[last]);
      const int64_t count = last_ + 1 - from;
      // Of very many updates the last ones may be so small that they round to 0.
      if (static_cast<double>(count) > kRounded * static_cast<double>(last_)) {
        Warn("zero-rate", absl::StrCat("the rate is 0 from step ", from, " on: the last ",
                                       Updates(count), count == 1 ? " does" : " do", " nothing"));
      }
    }
    for (size_t k = first; k + 1 < last; ++k) {
      if (values_[k] != 0 || values_[k + 1] != 0) continue;
      Warn("zero-rate", absl::StrCat("the rate is 0 at steps ", steps_[k], " and ", steps_[k + 1],
                                     ", and above 0 later"));
      return;
    }
  }

  void CheckJumps(bool restarts) {
    double greatest = 0;
    for (double value : values_) greatest = std::max(greatest, value);
    double worst = 0;
    int64_t worst_step = 0;
    int bisected = 0;
    for (size_t k = 0; k + 1 < steps_.size() && bisected < kMostBisected; ++k) {
      int64_t a = steps_[k], b = steps_[k + 1];
      if (!(Factor(At(a), At(b), greatest) > kJump)) continue;
      bisected += b - a > 1;
      while (b - a > 1) {
        const int64_t middle = a + (b - a) / 2;
        const double value = At(middle);
        const bool left = Factor(At(a), value, 0) >= Factor(value, At(b), 0);
        (left ? b : a) = middle;
      }
      const double before = At(a), after = At(b);
      const double factor = Factor(before, after, greatest);
      if (restarts && after > before) continue;
      // The way up of a warm-up that begins near 0: the next update rises as much.
      if (after > before && b < last_ && At(b + 1) - after > 0.5 * (after - before)) continue;
      // Steps are meant to be some: flat before and after.
      const bool flat = (a == 0 || At(a - 1) == before) && (b == last_ || At(b + 1) == after);
      if (factor > (flat ? kStepJump : kJump) && factor > worst) worst = factor, worst_step = b;
    }
    if (worst == 0) return;
    Warn("rate-jump",
         absl::StrFormat(
             "the rate jumps from %.6g at step %d to %.6g at step %d, by a factor of %.3g",
             At(worst_step - 1), worst_step - 1, At(worst_step), worst_step, worst));
  }

  // Whether the schedule's length is one in steps where epochs must have been meant.
  bool CheckUnit(const std::string& kind) {
    const TimedSchedule* schedule = numbers_.schedule(i_);
    if (schedule == nullptr || schedule->clock() != STEPS || !ends_) return false;
    const double length = schedule->schedule().length();
    const double epochs = static_cast<double>(timeline_.plan().epochs.value_or(1));
    if (!timeline_.WhyNotConvert(EPOCHS, STEPS).empty()) return false;
    const double epoch_steps = timeline_.Convert(1, EPOCHS, STEPS);
    const double run_epochs =
        std::min(epochs, timeline_.Convert(static_cast<double>(last_ + 1), STEPS, EPOCHS));
    if (!(length > 1) || epoch_steps <= 1 || run_epochs <= 1) return false;
    const bool short_as_epochs = length <= run_epochs;
    // A warm-up may well be shorter than an epoch.
    const bool short_decay = length < epoch_steps && run_epochs > 5 && FallsToItsEnd(length);
    if (!short_as_epochs && !short_decay) return false;
    Warn("epochs-as-steps",
         absl::StrCat(kind, " ends after ", InWords(timeline_, STEPS, length), ", and the run has ",
                      last_ + 1, " of them (", ShortestNumber(run_epochs), " epochs)"),
         "if epochs were meant, write clock: EPOCHS");
    return true;
  }

  void CheckHorizon(const std::string& kind) {
    const TimedSchedule* schedule = numbers_.schedule(i_);
    if (schedule == nullptr || !ends_) return;
    const Clock clock = schedule->clock();
    const double length = schedule->schedule().length();
    if (!std::isfinite(length) || !timeline_.WhyNotConvert(clock, STEPS).empty()) return;
    const double end = timeline_.Convert(length, clock, STEPS);
    const double total = static_cast<double>(last_ + 1);
    const std::string run = absl::StrCat("the run has ", last_ + 1, " steps");
    const std::string words = InWords(timeline_, clock, length);
    if (end > 1.1 * total) {
      Warn("horizon", absl::StrCat(kind, " ends after ", words, " and ", run,
                                   ": its last part is never reached"));
    } else if (end < 0.5 * total && end >= 1 && FallsToItsEnd(end)) {
      Warn("horizon", absl::StrCat(kind, " ends after ", words, " and ", run,
                                   ": its last value holds for the rest"));
    }
  }

 private:
  double At(int64_t step) const { return numbers_.ScheduleAt(i_, timeline_.At(step)); }

  void Probe(int64_t step) {
    steps_.push_back(step);
    values_.push_back(At(step));
  }

  void Warn(absl::string_view code, const std::string& message, absl::string_view hint = "") {
    diagnostics_.Warning(code, path_, message, hint);
  }

  // The first step above `a` that is 0 where `a` is not, or the other way round.
  int64_t Boundary(int64_t a, int64_t b) const {
    const bool zero = At(a) == 0;
    while (b - a > 1) {
      const int64_t middle = a + (b - a) / 2;
      ((At(middle) == 0) == zero ? a : b) = middle;
    }
    return b;
  }

  // By how much one is larger than the other; 1 when one is 0, or both are small beside `greatest`.
  static double Factor(double a, double b, double greatest) {
    const double large = std::max(a, b), small = std::min(a, b);
    if (!(small > 0) || large < kNegligible * greatest) return 1;
    return large / small;
  }

  // Whether the schedule holds after its end what is less than it was before: a decay, not a
  // warm-up.
  bool FallsToItsEnd(double end) const {
    const int64_t held =
        static_cast<int64_t>(std::min(std::ceil(end) + 1, static_cast<double>(last_)));
    const double value = At(held);
    if (value != At(last_) || value != At(held + (last_ - held) / 2)) return false;
    // Among the probes there may be none before the end.
    double greatest = 0;
    for (int64_t k = 0; k < 16; ++k) greatest = std::max(greatest, At(held * k / 16));
    return greatest > value;
  }

  const Hyperparameters& numbers_;
  const Timeline& timeline_;
  const int i_;
  const ConfigPath path_;
  Diagnostics& diagnostics_;
  bool ends_;
  int64_t last_;
  std::vector<int64_t> steps_;
  std::vector<double> values_;
};

}  // namespace

void CheckRates(const Hyperparameters& numbers, const OptimizerConfig& config,
                Diagnostics* diagnostics) {
  const Timeline::Plan& plan = numbers.timeline().plan();
  if (plan.epochs == 0 || plan.max_steps == 0) return;  // No updates.
  std::set<std::string> seen;                           // Groups share schedules.
  for (int i = 0; i < numbers.count(); ++i) {
    const Number& number = numbers.number(i);
    if (number.group >= 0 && numbers.groups().parameters[number.group] == 0) continue;
    const TimedSchedule* schedule = numbers.schedule(i);
    const bool rate = number.kind == Number::kLearningRate;
    // A scale of 0 is how a group is frozen.
    if (rate && number.group > 0 && config.group(number.group - 1).learning_rate_scale() == 0) {
      continue;
    }
    if (schedule == nullptr || !seen.insert(numbers.path(i).ToString()).second) continue;
    Checker checker(numbers, i, numbers.path(i), diagnostics);
    if (!checker.CheckRange() || !rate) continue;
    const ScheduleConfig* schedule_config = RateConfig(config, number.group);
    const google::protobuf::FieldDescriptor* kind =
        schedule_config == nullptr ? nullptr : ChosenField(*schedule_config);
    const std::string name = kind == nullptr ? "the schedule" : kind->name();
    checker.CheckZeros();
    checker.CheckJumps(schedule_config != nullptr && Restarts(*schedule_config));
    if (!checker.CheckUnit(name)) checker.CheckHorizon(name);
  }
}

}  // namespace gradus
