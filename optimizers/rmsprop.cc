// RMSprop: the gradient divided by the root of its recent mean square; with momentum and centering
// as variants.
//
//   v <- rho v + (1 - rho) g^2,  d = v
//   centered: a <- rho a + (1 - rho) g,  d = max(v - a^2, 0)
//   bias_correction: v / (1 - rho^t) and a / (1 - rho^t) in the places of v and a in d
//   u = g / sqrt(d + epsilon),  epsilon_inside_root: false: u = g / (sqrt(d) + epsilon)
//   w <- w - rate u                                             without momentum
//   RATE_INSIDE:   b <- momentum b + rate u
//                  w <- w - b,  Nesterov: w <- w - (momentum b + rate u)
//   RATE_OUTSIDE:  b <- momentum b + u
//                  w <- w - rate b,  Nesterov: w <- w - rate (momentum b + u)
//
// Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, arXiv:1308.0850.
// NOTE: epsilon is inside the root and the rate inside the momentum, as in Keras; PyTorch has both
// outside, Caffe the epsilon; optax has Nesterov's form and the correction. The variance is at
// least 0: by rounding, v - a^2 of gradients that hardly change falls below it, further than
// epsilon, and its root would be no number (as it becomes in the libraries).
//
//   optimizer { rmsprop { rho: 0.9 momentum: 0.5 } learning_rate { constant: 0.001 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

// One of the two epsilons is 0, one of the two rates 1, and what is not corrected is multiplied by
// 1, which changes no bit.
template <class F>
struct RmspropNumbers {
  F rho, one_minus_rho, correction, inside, outside, momentum, rate_inside, rate_outside;
};

// What the variants share: config, numbers and the two averages.
struct RmspropBase {
  using Config = optimizer::Rmsprop;
  template <class F>
  using Numbers = RmspropNumbers<F>;

  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double correction =
        c.bias_correction() ? 1 / (1 - std::pow(c.rho(), static_cast<double>(step.t))) : 1;
    const bool rate_outside = c.velocity() == optimizer::RATE_OUTSIDE;
    return {F(c.rho()),
            F(1 - c.rho()),
            F(correction),
            F(c.epsilon_inside_root() ? c.epsilon() : 0),
            F(c.epsilon_inside_root() ? 0 : c.epsilon()),
            F(c.momentum()),
            F(rate_outside ? 1 : step.rate),
            F(rate_outside ? step.rate : 1)};
  }
  template <class F>
  GRADUS_INLINE static F Scaled(const Numbers<F>& n, F g, F& v) {
    v = n.rho * v + n.one_minus_rho * (g * g);
    return n.rate_inside * g / (std::sqrt(n.correction * v + n.inside) + n.outside);
  }
  template <class F>
  GRADUS_INLINE static F ScaledCentered(const Numbers<F>& n, F g, F& v, F& a) {
    v = n.rho * v + n.one_minus_rho * (g * g);
    a = n.rho * a + n.one_minus_rho * g;
    const F mean = n.correction * a;
    const F variance = n.correction * v - mean * mean;
    const F d = variance < 0 ? F(0) : variance;  // A NaN stays one.
    return n.rate_inside * g / (std::sqrt(d + n.inside) + n.outside);
  }
  template <bool nesterov, class F>
  GRADUS_INLINE static void Move(const Numbers<F>& n, F scaled, F& w, F& b) {
    b = n.momentum * b + scaled;
    w -= n.rate_outside * (nesterov ? n.momentum * b + scaled : b);
  }
  static SlotSpec Velocity(const Config& c) { return {"velocity", c.initial_accumulator_value()}; }
};

struct Rmsprop : RmspropBase {
  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.nesterov() && c.momentum() == 0) {
      diagnostics->Error("conflict", path.Child("nesterov"),
                         "rmsprop: nesterov is set, but momentum is 0", "write momentum: 0.9");
    }
  }
  static bool Serves(const Config& c) { return c.momentum() == 0 && !c.centered(); }
  static std::vector<SlotSpec> Slots(const Config& c) { return {Velocity(c)}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
    w -= n.rate_outside * Scaled(n, g, v);
  }
};

template <bool nesterov>
struct RmspropMomentum : RmspropBase {
  static bool Serves(const Config& c) {
    return c.momentum() != 0 && !c.centered() && c.nesterov() == nesterov;
  }
  static std::vector<SlotSpec> Slots(const Config& c) { return {Velocity(c), {"momentum"}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v, F& b) {
    Move<nesterov>(n, Scaled(n, g, v), w, b);
  }
};

struct RmspropCentered : RmspropBase {
  static bool Serves(const Config& c) { return c.momentum() == 0 && c.centered(); }
  static std::vector<SlotSpec> Slots(const Config& c) {
    return {Velocity(c), {"average_gradient"}};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v, F& a) {
    w -= n.rate_outside * ScaledCentered(n, g, v, a);
  }
};

template <bool nesterov>
struct RmspropCenteredMomentum : RmspropBase {
  static bool Serves(const Config& c) {
    return c.momentum() != 0 && c.centered() && c.nesterov() == nesterov;
  }
  static std::vector<SlotSpec> Slots(const Config& c) {
    return {Velocity(c), {"average_gradient"}, {"momentum"}};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v, F& a, F& b) {
    Move<nesterov>(n, ScaledCentered(n, g, v, a), w, b);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.rmsprop", Rmsprop, RmspropMomentum<false>,
                            RmspropMomentum<true>, RmspropCentered, RmspropCenteredMomentum<false>,
                            RmspropCenteredMomentum<true>);

}  // namespace
}  // namespace gradus
