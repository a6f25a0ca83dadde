// RMSprop: the gradient divided by the root of its recent mean square; with momentum and centering
// as variants.
//
//   v <- rho v + (1 - rho) g^2
//   d = v + epsilon,  centered: a <- rho a + (1 - rho) g,  d = v - a^2 + epsilon
//   w <- w - rate g / sqrt(d)                                        without momentum
//   b <- momentum b + rate g / sqrt(d),  w <- w - b                  with momentum
//
// Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, arXiv:1308.0850.
// NOTE: epsilon is inside the root and the rate inside the momentum, as in Keras; PyTorch has both
// outside.
//
//   optimizer { rmsprop { rho: 0.9 momentum: 0.5 } learning_rate { constant: 0.001 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

template <class F>
struct RmspropNumbers {
  F rate, rho, one_minus_rho, momentum, epsilon;
};

// What the variants share: config, numbers and the two averages.
struct RmspropBase {
  using Config = optimizer::Rmsprop;
  template <class F>
  using Numbers = RmspropNumbers<F>;

  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return {F(step.rate), F(c.rho()), F(1 - c.rho()), F(c.momentum()), F(c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static F Scaled(const Numbers<F>& n, F g, F& v) {
    v = n.rho * v + n.one_minus_rho * (g * g);
    return n.rate * g / std::sqrt(v + n.epsilon);
  }
  template <class F>
  GRADUS_INLINE static F ScaledCentered(const Numbers<F>& n, F g, F& v, F& a) {
    v = n.rho * v + n.one_minus_rho * (g * g);
    a = n.rho * a + n.one_minus_rho * g;
    return n.rate * g / std::sqrt(v - a * a + n.epsilon);
  }
};

struct Rmsprop : RmspropBase {
  static bool Serves(const Config& c) { return c.momentum() == 0 && !c.centered(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"velocity"}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v) {
    w -= Scaled(n, g, v);
  }
};

struct RmspropMomentum : RmspropBase {
  static bool Serves(const Config& c) { return !c.centered(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"velocity"}, {"momentum"}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v, F& b) {
    b = n.momentum * b + Scaled(n, g, v);
    w -= b;
  }
};

struct RmspropCentered : RmspropBase {
  static bool Serves(const Config& c) { return c.momentum() == 0; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"velocity"}, {"average_gradient"}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v, F& a) {
    w -= ScaledCentered(n, g, v, a);
  }
};

struct RmspropCenteredMomentum : RmspropBase {
  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) {
    return {{"velocity"}, {"average_gradient"}, {"momentum"}};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& v, F& a, F& b) {
    b = n.momentum * b + ScaledCentered(n, g, v, a);
    w -= b;
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.rmsprop", Rmsprop, RmspropMomentum,
                            RmspropCentered, RmspropCenteredMomentum);

}  // namespace
}  // namespace gradus
