// NAdam: Adam with Nesterov's momentum, and a momentum that grows to beta1.
//
//   m_t = beta1 (1 - momentum_reduction 0.96^(momentum_decay t)),  p <- p m_t
//   m <- m + (1 - beta1) (g - m),  v <- v + (1 - beta2) (g^2 - v)
//   n = m_(t+1) m / (1 - p m_(t+1)) + (1 - m_t) g / (1 - p)
//   w <- w - rate n / (sqrt(v / (1 - beta2^t)) + epsilon)
//
// Dozat 2016, "Incorporating Nesterov Momentum into Adam", ICLR workshop.
// NOTE: Three algorithms have this name. Keras' has momentum_decay 1 and is the default; PyTorch's
// has 0.004; optax' has a constant momentum, which is momentum_reduction 0. m_(t+1) is made with
// the beta1 of this update, when beta1 follows a schedule.
//
//   optimizer { nadam { momentum_decay: 0.004 } learning_rate { constant: 0.002 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

double MomentumAt(const optimizer::Nadam& c, int64_t t) {
  const double reduction =
      c.momentum_reduction() * std::pow(0.96, c.momentum_decay() * static_cast<double>(t));
  return c.beta1() * (1 - reduction);
}

struct Nadam {
  using Config = optimizer::Nadam;
  // All corrections are in the parts and in epsilon.
  template <class F>
  struct Numbers {
    F one_minus_beta1, one_minus_beta2, momentum_part, gradient_part, epsilon;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"velocity"}}; }
  static std::vector<NumberSpec> Memory(const Config&) { return {{"momentum_product", 1}}; }
  static void Begin(const Config& c, const UpdateStep& step, absl::Span<double> memory) {
    memory[0] *= MomentumAt(c, step.t);
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double now = MomentumAt(c, step.t), next = MomentumAt(c, step.t + 1);
    const double product = step.numbers[0];
    const double root_start = std::sqrt(1 - std::pow(c.beta2(), static_cast<double>(step.t)));
    return {F(1 - c.beta1()), F(1 - c.beta2()),
            F(step.rate * root_start * next / (1 - product * next)),
            F(step.rate * root_start * (1 - now) / (1 - product)), F(root_start * c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v) {
    m += n.one_minus_beta1 * (g - m);
    v += n.one_minus_beta2 * (g * g - v);
    w -= (n.momentum_part * m + n.gradient_part * g) / (std::sqrt(v) + n.epsilon);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.nadam", Nadam);

}  // namespace
}  // namespace gradus
