// RAdam: Adam that takes plain steps of momentum until enough squares have been averaged to divide
// by them, and then rectifies its steps by how far the average can be trusted.
//
//   m <- m + (1 - beta1) (g - m),  v <- v + (1 - beta2) (g^2 - v),  c = 1 - beta2^t
//   rho_inf = 2 / (1 - beta2) - 1,  rho = rho_inf - 2 t beta2^t / c
//   rho > threshold: w <- w - rate m / (1 - beta1^t) k sqrt(c) / (sqrt(v) + epsilon),
//                    k = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
//   otherwise:       w <- w - rate m / (1 - beta1^t)
//   epsilon_after_correction: epsilon sqrt(c) in the place of epsilon
//
// Liu et al. 2020, arXiv:1908.03265.
// NOTE: Keras has no RAdam. As in PyTorch the threshold is 5 (the paper's is 4) and epsilon is not
// bias-corrected; optax corrects it, and divides from the threshold itself on (rho >= 5), which is
// the same for every beta2 that has no rho of exactly 5.
//
//   optimizer { radam { beta2: 0.99 } learning_rate { constant: 0.001 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Radam {
  using Config = optimizer::Radam;
  // The divisor is root_part sqrt(v) + epsilon, or 0 sqrt(v) + 1: without a branch.
  template <class F>
  struct Numbers {
    F rate, one_minus_beta1, one_minus_beta2, root_part, epsilon;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"velocity"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double t = static_cast<double>(step.t);
    const double power = std::pow(c.beta2(), t), start = 1 - power;
    const double most = 2 / (1 - c.beta2()) - 1, seen = most - 2 * t * power / start;
    const double rate = step.rate / (1 - std::pow(c.beta1(), t));
    if (!(seen > c.threshold())) return {F(rate), F(1 - c.beta1()), F(1 - c.beta2()), F(0), F(1)};
    const double rectified =
        rate * std::sqrt(start * (seen - 4) * (seen - 2) * most / ((most - 4) * (most - 2) * seen));
    const double epsilon = c.epsilon() * (c.epsilon_after_correction() ? std::sqrt(start) : 1);
    return {F(rectified), F(1 - c.beta1()), F(1 - c.beta2()), F(1), F(epsilon)};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v) {
    m += n.one_minus_beta1 * (g - m);
    v += n.one_minus_beta2 * (g * g - v);
    w -= n.rate * m / (n.root_part * std::sqrt(v) + n.epsilon);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.radam", Radam);

}  // namespace
}  // namespace gradus
