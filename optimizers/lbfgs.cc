// L-BFGS: descent along H g, where H is made from how the gradient changed over the last steps.
//
//   first d = -g, afterwards d = -H g: q <- -g; for the pairs (s, y) from the newest to the oldest:
//     a = s q / s y, q <- q - a y;  q <- q s y / y y with the newest pair;  from the oldest to the
//     newest: q <- q + (a - y q / s y) s;  d = q
//   STRONG_WOLFE: t by optimizers/line_search.h from its first trial;  FIXED: t is the first trial,
//     which is rate, and rate min(1, 1 / |g|_1) for the first d
//   w <- w + t d;  the pair s = t d, y = the change of g is kept when s y > 1e-10
//   until max_iterations, max_evaluations, max |g| <= tolerance_gradient, g d > -tolerance_change,
//   max |t d| <= tolerance_change or a change of the loss < tolerance_change
//
// Nocedal 1980, Mathematics of Computation 35; Liu & Nocedal 1989, Mathematical Programming 45.
// NOTE: The numbers are PyTorch's, whose history is 100 and whose line search is FIXED by default,
// while the loss is the same function in all updates: give each the whole data set. When it is not,
// a pair still has both its gradients from one update here, where PyTorch has the second from the
// next; only FIXED with max_iterations reached waits for it, as PyTorch does. optax has other
// stops, a search that starts at 1 and a first scale of min(1, 1 / |g|_2). In a line search a loss
// that is not finite only shortens the step.
//
//   optimizer { lbfgs { history: 20 } }

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/non_finite.h"
#include "gradus/train/whole.h"
#include "optimizers/line_search.h"
#include "optimizers/rooms.h"

namespace gradus {
namespace {

using Config = optimizer::Lbfgs;

constexpr double kLeastProduct = 1e-10;  // Of a pair that is kept.

// A step is open when the gradient where it ended is not known yet: then the next update's first
// one closes it. Only steps of fixed length are ever open.
enum Number { kIterations, kPairs, kNextPair, kOpenStep, kFirstProduct };

// One update. Numbers of all parameters stand one after the other in vectors, in slots as the
// weights lie.
template <class F>
class Descent {
  using Numbers = absl::Span<F>;

 public:
  Descent(const Config& config, const WholeUpdate<F>& update)
      : config_(config),
        update_(update),
        history_(config.history()),
        rate_(update.parameters[0].step->rate) {
    int64_t count = 0;
    for (const ParameterView<F>& p : update.parameters) count += p.rows * p.columns;
    for (Numbers* numbers : {&gradient_, &weights_, &direction_, &previous_}) {
      *numbers = TakeNumbers(count);
    }
    if (config.line_search() == Config::STRONG_WOLFE) {
      for (int i = 0; i < 4; ++i) rooms_.Add(TakeNumbers(count));
    }
    parts_ = update_.work->template Take<double>(history_);
  }

  absl::Status Run() {
    GRADUS_ASSIGN_OR_RETURN(double loss, update_.loss());
    int64_t evaluations = 1;
    Copy(&ParameterView<F>::gradients, gradient_);
    if (Largest(gradient_) <= config_.tolerance_gradient()) return absl::OkStatus();
    if (update_.numbers[kOpenStep] != 0) {
      Read(DirectionSlot(), direction_);
      Read(GradientSlot(), previous_);
      Remember(update_.numbers[kOpenStep]);
      update_.numbers[kOpenStep] = 0;
    }
    for (int64_t n = 1;; ++n) {
      const bool is_first = Count(kIterations) == 0;
      update_.numbers[kIterations] += 1;
      FindDirection();
      const double before = loss, slope = Dot(gradient_, direction_);
      absl::c_copy(gradient_, previous_.begin());
      if (!(slope <= -config_.tolerance_change())) break;
      double step = is_first ? std::min(1.0, 1 / SumOfSizes(gradient_)) * rate_ : rate_;
      Copy(&ParameterView<F>::weights, weights_);
      if (config_.line_search() == Config::STRONG_WOLFE) {
        GRADUS_ASSIGN_OR_RETURN(Place place, Search(loss, slope, step, &evaluations));
        step = place.at;
        loss = place.loss;
        absl::c_copy(place.gradient.numbers(), gradient_.begin());
        MoveTo(step);
      } else {
        MoveTo(step);
        if (n == config_.max_iterations()) {
          update_.numbers[kOpenStep] = step;
          Write(DirectionSlot(), direction_);
          Write(GradientSlot(), previous_);
          break;
        }
        GRADUS_ASSIGN_OR_RETURN(loss, update_.loss());
        Copy(&ParameterView<F>::gradients, gradient_);
        ++evaluations;
      }
      Remember(step);
      if (n == config_.max_iterations() || evaluations >= MostEvaluations() ||
          Largest(gradient_) <= config_.tolerance_gradient() ||
          Largest(direction_) * step <= config_.tolerance_change() ||
          std::fabs(loss - before) < config_.tolerance_change()) {
        break;
      }
    }
    return absl::OkStatus();
  }

 private:
  struct Place {
    double at = 0, loss = 0, slope = 0;
    typename Rooms<F, 4>::Lent gradient;
  };

  Numbers TakeNumbers(int64_t count) const {
    return {update_.work->template Take<F>(count), static_cast<size_t>(count)};
  }
  static int64_t StepSlot(int64_t pair) { return 2 * pair; }
  static int64_t ChangeSlot(int64_t pair) { return 2 * pair + 1; }
  int64_t DirectionSlot() const { return 2 * history_; }
  int64_t GradientSlot() const { return 2 * history_ + 1; }
  int64_t Count(Number number) const { return static_cast<int64_t>(update_.numbers[number]); }
  int64_t MostEvaluations() const {
    return config_.has_max_evaluations() ? config_.max_evaluations()
                                         : config_.max_iterations() * 5 / 4;
  }

  template <class Use>
  void ForAll(const Use& use) const {
    size_t n = 0;
    for (const ParameterView<F>& p : update_.parameters) {
      ForElements(p, [&](int64_t i) { use(p, i, n++); });
    }
  }
  template <class Member>
  void Copy(Member member, Numbers to) const {
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) { to[n] = (p.*member)[i]; });
  }
  void Read(int64_t slot, Numbers to) const {
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) { to[n] = p.slots[slot][i]; });
  }
  void Write(int64_t slot, Numbers from) const {
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) { p.slots[slot][i] = from[n]; });
  }
  void MoveTo(double t) const {
    const F step = F(t);
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) {
      p.weights[i] = weights_[n] + step * direction_[n];
    });
  }

  static double Dot(Numbers a, Numbers b) {
    double sum = 0;
    for (size_t n = 0; n < a.size(); ++n) sum += static_cast<double>(a[n]) * b[n];
    return sum;
  }
  double DotSlot(int64_t slot, Numbers b) const {
    double sum = 0;
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) {
      sum += static_cast<double>(p.slots[slot][i]) * b[n];
    });
    return sum;
  }
  void AddSlot(double part, int64_t slot, Numbers to) const {
    const F factor = F(part);
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) {
      to[n] += factor * p.slots[slot][i];
    });
  }
  static double Largest(Numbers a) {
    double largest = 0;
    for (const F x : a) largest = std::max(largest, std::fabs(static_cast<double>(x)));
    return largest;
  }
  static double SumOfSizes(Numbers a) {
    double sum = 0;
    for (const F x : a) sum += std::fabs(static_cast<double>(x));
    return sum;
  }

  void FindDirection() {
    const Numbers q = direction_;
    for (size_t n = 0; n < q.size(); ++n) q[n] = -gradient_[n];
    const int64_t pairs = Count(kPairs), next = Count(kNextPair);
    if (pairs == 0) return;
    const auto at = [&](int64_t age) { return (next - 1 - age + 2 * history_) % history_; };
    for (int64_t age = 0; age < pairs; ++age) {
      const int64_t k = at(age);
      parts_[age] = DotSlot(StepSlot(k), q) / update_.numbers[kFirstProduct + k];
      AddSlot(-parts_[age], ChangeSlot(k), q);
    }
    const int64_t newest = at(0), change = ChangeSlot(newest);
    double squares = 0;
    for (const ParameterView<F>& p : update_.parameters) {
      squares += SumOfSquares(p, p.slots[change]);
    }
    const F scale = F(update_.numbers[kFirstProduct + newest] / squares);
    for (F& x : q) x *= scale;
    for (int64_t age = pairs - 1; age >= 0; --age) {
      const int64_t k = at(age);
      const double part = DotSlot(ChangeSlot(k), q) / update_.numbers[kFirstProduct + k];
      AddSlot(parts_[age] - part, StepSlot(k), q);
    }
  }

  // Takes a step along the direction into the pairs.
  void Remember(double length) {
    const F step = F(length);
    double product = 0;
    for (size_t n = 0; n < gradient_.size(); ++n) {
      product += static_cast<double>(gradient_[n] - previous_[n]) * (step * direction_[n]);
    }
    if (!(product > kLeastProduct)) return;
    const int64_t k = Count(kNextPair);
    ForAll([&](const ParameterView<F>& p, int64_t i, size_t n) {
      p.slots[StepSlot(k)][i] = step * direction_[n];
      p.slots[ChangeSlot(k)][i] = gradient_[n] - previous_[n];
    });
    update_.numbers[kFirstProduct + k] = product;
    update_.numbers[kNextPair] = static_cast<double>((k + 1) % history_);
    update_.numbers[kPairs] = std::min(update_.numbers[kPairs] + 1, static_cast<double>(history_));
  }

  absl::StatusOr<Place> Search(double loss, double slope, double first, int64_t* evaluations) {
    WolfeRules rules;
    rules.sufficient_decrease = config_.sufficient_decrease();
    rules.curvature = config_.curvature();
    rules.least_width = config_.tolerance_change() / Largest(direction_);
    rules.most_trials = config_.max_line_search();
    const auto evaluate = [&](double t) -> absl::StatusOr<Place> {
      MoveTo(t);
      ++*evaluations;
      Place place;
      place.at = t;
      place.gradient = rooms_.Borrow();
      const absl::StatusOr<double> there = update_.loss();
      if (!there.ok() && !IsNonFinite(there.status())) return there.status();
      if (!there.ok() || !std::isfinite(*there)) {
        place.loss = std::numeric_limits<double>::infinity();
        for (F& x : place.gradient.numbers()) x = 0;
        return place;
      }
      place.loss = *there;
      Copy(&ParameterView<F>::gradients, place.gradient.numbers());
      place.slope = Dot(place.gradient.numbers(), direction_);
      return place;
    };
    Place start;
    start.loss = loss;
    start.slope = slope;
    start.gradient = rooms_.Borrow();
    absl::c_copy(gradient_, start.gradient.numbers().begin());
    return WolfeSearch(rules, start, first, evaluate);
  }

  const Config& config_;
  const WholeUpdate<F>& update_;
  const int64_t history_;
  const double rate_;
  Numbers gradient_, weights_, direction_, previous_;
  // For the gradients at the places that a search knows: its start, both ends of the bracket and the
  // trial.
  Rooms<F, 4> rooms_;
  double* parts_ = nullptr;  // By age of a pair.
};

struct Lbfgs {
  using Config = optimizer::Lbfgs;
  static constexpr Reach kReach = Reach::kLoss;

  static std::vector<SlotSpec> Slots(const Config& c) {
    std::vector<SlotSpec> slots;
    for (int64_t k = 0; k < c.history(); ++k) {
      slots.push_back({absl::StrCat("step_", k)});
      slots.push_back({absl::StrCat("change_", k)});
    }
    if (c.line_search() == Config::FIXED) {
      slots.push_back({"direction"});
      slots.push_back({"previous_gradient"});
    }
    return slots;
  }
  static std::vector<NumberSpec> Memory(const Config& c) {
    std::vector<NumberSpec> numbers = {{"iterations"}, {"pairs"}, {"next_pair"}, {"open_step"}};
    for (int64_t k = 0; k < c.history(); ++k) numbers.push_back({absl::StrCat("product_", k)});
    return numbers;
  }

  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.line_search() == Config::STRONG_WOLFE && c.sufficient_decrease() >= c.curvature()) {
      diagnostics->Error("conflict", path.Child("sufficient_decrease"),
                         absl::StrCat("sufficient_decrease ", c.sufficient_decrease(),
                                      " is not below curvature ", c.curvature()),
                         "there may be no step with both");
    }
  }

  template <class F>
  static absl::Status Update(const Config& c, const WholeUpdate<F>& update) {
    if (update.parameters[0].step->rate <= 0) return absl::OkStatus();
    // They are read from files and are positions.
    const double pairs = update.numbers[kPairs], next = update.numbers[kNextPair];
    if (!(pairs >= 0 && pairs <= c.history() && next >= 0 && next < c.history())) {
      return absl::InvalidArgumentError(absl::StrCat("lbfgs: ", pairs, " pairs, the next of them ",
                                                     next, ", do not fit a history of ",
                                                     c.history()));
    }
    return Descent<F>(c, update).Run();
  }
};

GRADUS_REGISTER_WHOLE("gradus.OptimizerConfig.lbfgs", Lbfgs);

}  // namespace
}  // namespace gradus
