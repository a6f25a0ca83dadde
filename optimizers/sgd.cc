// Gradient descent, with momentum and Nesterov's momentum as variants.
//
//   w <- w - rate g                                             without momentum
//   RATE_INSIDE:   v <- momentum v - rate (1 - dampening) g
//                  w <- w + v,  Nesterov: w <- w + momentum v - rate g
//   RATE_OUTSIDE:  v <- momentum v + (1 - dampening) g
//                  w <- w - rate v,  Nesterov: w <- w - rate (momentum v + g)
//
// Polyak 1964; Nesterov 1983; Sutskever, Martens, Dahl & Hinton 2013, ICML. The correction of the
// momentum: Goyal et al. 2017, arXiv:1706.02677.
// NOTE: The rate is inside the velocity, as in Keras and Caffe; PyTorch and optax have it outside.
// The two differ when the rate changes: inside, old velocity keeps the rate it was made with,
// unless momentum_correction takes it over. Only PyTorch has a dampening; it does not dampen the
// first gradient, and neither does this rule unless dampen_first says so.
//
//   optimizer { sgd { momentum: 0.9 nesterov: true } learning_rate { constant: 0.01 } }

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

// The rate of the last update, and what its change makes of the velocity: the correction's memory.
enum { kLastRate, kCorrection };

// v <- kept v + gradient_part g,  w <- w + velocity_part v, with the rate in one of the two parts.
// What is kept is the momentum, corrected when the rate has changed; Nesterov's look ahead is not.
template <class F>
struct SgdNumbers {
  F kept, momentum, gradient_part, velocity_part;
};

// What the variants share.
struct SgdBase {
  using Config = optimizer::Sgd;
  template <class F>
  using Numbers = SgdNumbers<F>;

  static std::vector<NumberSpec> Memory(const Config& c) {
    if (!c.momentum_correction()) return {};
    return {{"rate", 0}, {"correction", 1}};
  }
  // Velocity that was made at rate 0 is 0, whatever it is multiplied by.
  static void Begin(const Config& c, const UpdateStep& step, absl::Span<double> memory) {
    if (!c.momentum_correction()) return;
    memory[kCorrection] = memory[kLastRate] > 0 ? step.rate / memory[kLastRate] : 1;
    memory[kLastRate] = step.rate;
  }

  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double dampened = step.t == 1 && !c.dampen_first() ? 1 : 1 - c.dampening();
    if (c.velocity() == optimizer::RATE_OUTSIDE) {
      return {F(c.momentum()), F(c.momentum()), F(dampened), F(-step.rate)};
    }
    const double correction = c.momentum_correction() ? step.numbers[kCorrection] : 1;
    return {F(c.momentum() * correction), F(c.momentum()), F(-step.rate * dampened), F(1)};
  }
};

struct Sgd : SgdBase {
  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    const auto refuse = [&](const char* field, const char* what, const char* help) {
      diagnostics->Error("conflict", path.Child(field), what, help);
    };
    if (c.momentum() == 0) {
      if (c.nesterov()) {
        refuse("nesterov", "sgd: nesterov is set, but momentum is 0", "write momentum: 0.9");
      }
      if (c.dampening() != 0) {
        refuse("dampening", "sgd: dampening is set, but momentum is 0", "write momentum: 0.9");
      }
      if (c.momentum_correction()) {
        refuse("momentum_correction", "sgd: momentum_correction is set, but momentum is 0",
               "write momentum: 0.9");
      }
    }
    if (c.nesterov() && c.dampening() != 0) {
      refuse("dampening", "sgd: dampening is set, but nesterov has none", "write one of the two");
    }
    if (c.momentum_correction() && c.velocity() == optimizer::RATE_OUTSIDE) {
      refuse("momentum_correction",
             "sgd: momentum_correction is set, but the rate is outside the "
             "velocity",
             "leave it out: the weights move as if it were corrected");
    }
  }
  static bool Serves(const Config& c) { return c.momentum() == 0; }
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static Numbers<F> Prepare(const Config&, const UpdateStep& step) {
    return {F(0), F(0), F(-step.rate), F(1)};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w += n.gradient_part * g;
  }
};

struct Momentum : SgdBase {
  static bool Serves(const Config& c) { return !c.nesterov(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
    v = n.kept * v + n.gradient_part * g;
    w += n.velocity_part * v;
  }
};

struct Nesterov : SgdBase {
  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
    v = n.kept * v + n.gradient_part * g;
    w += n.velocity_part * (n.momentum * v + n.gradient_part * g);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.sgd", Sgd, Momentum, Nesterov);

}  // namespace
}  // namespace gradus
