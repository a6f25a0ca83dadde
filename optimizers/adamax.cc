// Adamax: Adam with the largest recent gradient in the place of the mean square.
//
//   m <- m + (1 - beta1) (g - m)
//   u <- max(beta2 u, |g|)
//   w <- w - rate / (1 - beta1^t) m / (u + epsilon)
//   epsilon_inside_maximum: u <- max(beta2 u, |g| + epsilon), and m / u in the last line
//
// Kingma & Ba 2015, arXiv:1412.6980, section 7.1.
// NOTE: The paper has no epsilon. It is added after the maximum, as in Keras; PyTorch and optax
// have it inside.
//
//   optimizer { adamax { beta2: 0.99 } learning_rate { constant: 0.001 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Adamax {
  using Config = optimizer::Adamax;
  // One of the two epsilons is 0, which changes no bit.
  template <class F>
  struct Numbers {
    F rate, one_minus_beta1, beta2, inside, outside;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"norm"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double start = 1 - std::pow(c.beta1(), static_cast<double>(step.t));
    return {F(step.rate / start), F(1 - c.beta1()), F(c.beta2()),
            F(c.epsilon_inside_maximum() ? c.epsilon() : 0),
            F(c.epsilon_inside_maximum() ? 0 : c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& u) {
    m += n.one_minus_beta1 * (g - m);
    const F size = std::abs(g) + n.inside, kept = n.beta2 * u;
    u = size > kept ? size : kept;
    w -= n.rate * m / (u + n.outside);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adamax", Adamax);

}  // namespace
}  // namespace gradus
