// Averaged gradient descent: a rate that falls by itself, a decay, and the average of the weights
// after the first t0 updates.
//
//   e = rate / (1 + lambd rate (t - 1))^alpha
//   w <- w - lambd e w,  w <- w - e g
//   averaged: x <- x + (w - x) / max(1, t - 1 - t0), which is evaluated and saved in the place of w
//   falling POWER_OF_COUNT: e = rate / (1 + lambd rate (t - 1)^alpha)
//
// Polyak & Juditsky 1992, SIAM J. Control Optim. 30; the rate: Bottou 2010, COMPSTAT.
// NOTE: As in PyTorch, where the average must be copied by hand and POWER_OF_COUNT was the formula
// of its `foreach` form in 2023. Under a schedule PyTorch takes e from the rate of the update
// before; here it is from the rate of this one.
//
//   optimizer { asgd { averaged: true t0: 1000 } learning_rate { constant: 0.01 } }

#include <algorithm>
#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

template <class F>
struct AsgdNumbers {
  F eta, lambd_eta, part;
};

struct AsgdBase {
  using Config = optimizer::Asgd;
  template <class F>
  using Numbers = AsgdNumbers<F>;

  static double Eta(const Config& c, double rate, double updates_before) {
    if (updates_before <= 0) return rate;
    const double growth = c.lambd() * rate;
    return c.falling() == Config::POWER_OF_SUM
               ? rate / std::pow(1 + growth * updates_before, c.alpha())
               : rate / (1 + growth * std::pow(updates_before, c.alpha()));
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double updates_before = static_cast<double>(step.t - 1);
    const double eta = Eta(c, step.rate, updates_before);
    return {F(eta), F(c.lambd() * eta), F(1 / std::max(1.0, updates_before - c.t0()))};
  }
  template <class F>
  GRADUS_INLINE static void Move(const Numbers<F>& n, F g, F& w) {
    w -= n.lambd_eta * w;
    w -= n.eta * g;
  }
};

struct Asgd : AsgdBase {
  static bool Serves(const Config& c) { return !c.averaged(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    Move(n, g, w);
  }
};

struct AsgdAveraged : AsgdBase {
  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) {
    return {{"averaged_weights", 0, SlotSpec::kElements, true}};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& x) {
    Move(n, g, w);
    x = n.part == 1 ? w : x + n.part * (w - x);
  }
  template <class F>
  static F Evaluate(const Numbers<F>&, F, F x) {
    return x;
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.asgd", Asgd, AsgdAveraged);

}  // namespace
}  // namespace gradus
