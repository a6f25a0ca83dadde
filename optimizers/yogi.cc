// Yogi: Adam whose average of squares moves by the size of the gradient and not by how far it is
// from it, so that it neither jumps nor forgets quickly.
//
//   m <- m + (1 - beta1) (g - m)
//   v <- v - (1 - beta2) sign(v - g^2) g^2
//   w <- w - rate m' / (sqrt(v') + epsilon)
//   bias_correction: m' = m / (1 - beta1^t), v' = v / (1 - beta2^t);  otherwise m and v themselves
//
// Zaheer et al. 2018, "Adaptive methods for nonconvex optimization", NeurIPS 31.
// NOTE: The paper does not correct m and v; optax does, and with `initial_momentum: 1e-6` this
// gives its numbers (there one number starts both averages). The correction divides what v starts
// from too. Keras and PyTorch have no Yogi.
//
//   optimizer { yogi { epsilon: 1e-3 } learning_rate { constant: 0.01 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Yogi {
  using Config = optimizer::Yogi;
  template <class F>
  struct Numbers {
    F rate, one_minus_beta1, one_minus_beta2, root_correction, epsilon;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config& c) {
    return {{"momentum", c.initial_momentum()}, {"velocity", c.initial_accumulator_value()}};
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double t = static_cast<double>(step.t);
    double rate = step.rate, root_correction = 1;
    if (c.bias_correction()) {
      rate /= 1 - std::pow(c.beta1(), t);
      root_correction = 1 / std::sqrt(1 - std::pow(c.beta2(), t));
    }
    return {F(rate), F(1 - c.beta1()), F(1 - c.beta2()), F(root_correction), F(c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v) {
    m += n.one_minus_beta1 * (g - m);
    const F square = g * g;
    v -= n.one_minus_beta2 * (F(v > square) - F(v < square)) * square;
    w -= n.rate * m / (std::sqrt(v) * n.root_correction + n.epsilon);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.yogi", Yogi);

}  // namespace
}  // namespace gradus
