// AdaBelief: Adam that divides by how far gradients are from their average instead of by their
// size, and so takes long steps where gradients are as expected.
//
//   m <- m + (1 - beta1) (g - m)
//   s <- s + (1 - beta2) ((g - m)^2 - s) + epsilon_in_average
//   w <- w - rate m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + epsilon)
//   deviation_from_old_average: g - m with m as it was before the first line
//
// Zhuang et al. 2020, arXiv:2010.07468.
// NOTE: The default is the paper's rule with the epsilons of optax, whose numbers it gives. optax
// before 2024 took the deviation from the old average. The paper's package for PyTorch also
// rectifies (as RAdam does) unless told otherwise; Keras has no AdaBelief.
//
//   optimizer { adabelief { beta2: 0.99 } learning_rate { constant: 0.001 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

template <bool from_old_average>
struct Adabelief {
  using Config = optimizer::Adabelief;
  template <class F>
  struct Numbers {
    F rate, one_minus_beta1, one_minus_beta2, root_correction, epsilon, epsilon_in_average;
  };

  static bool Serves(const Config& c) { return c.deviation_from_old_average() == from_old_average; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"deviation"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double t = static_cast<double>(step.t);
    return {
        F(step.rate / (1 - std::pow(c.beta1(), t))),  F(1 - c.beta1()), F(1 - c.beta2()),
        F(1 / std::sqrt(1 - std::pow(c.beta2(), t))), F(c.epsilon()),   F(c.epsilon_in_average())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& s) {
    const F old_deviation = g - m;
    m += n.one_minus_beta1 * old_deviation;
    const F deviation = from_old_average ? old_deviation : g - m;
    s += n.one_minus_beta2 * (deviation * deviation - s) + n.epsilon_in_average;
    w -= n.rate * m / (std::sqrt(s) * n.root_correction + n.epsilon);
  }
};

using FromNewAverage = Adabelief<false>;
using FromOldAverage = Adabelief<true>;

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adabelief", FromNewAverage, FromOldAverage);

}  // namespace
}  // namespace gradus
