// Adagrad: each element's rate falls with the squares of its gradients.
//
//   a <- a + g^2,  w <- w - r g / sqrt(a + epsilon),  r = rate / (1 + (t - 1) rate_decay)
//   epsilon_inside_root: false: g / (sqrt(a) + epsilon)
//
// Duchi, Hazan & Singer 2011, JMLR 12.
// NOTE: epsilon is inside the root and a starts at 0.1, as in Keras and optax; PyTorch and Caffe
// have it outside and start at 0, and only PyTorch has the decay.
//
//   optimizer { adagrad { initial_accumulator_value: 0.1 } learning_rate { constant: 0.01 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Adagrad {
  using Config = optimizer::Adagrad;
  // One of the two epsilons is 0, which changes no bit.
  template <class F>
  struct Numbers {
    F rate, inside, outside;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config& c) {
    return {{"accumulator", c.initial_accumulator_value()}};
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    const double rate = step.rate / (1 + static_cast<double>(step.t - 1) * c.rate_decay());
    return {F(rate), F(c.epsilon_inside_root() ? c.epsilon() : 0),
            F(c.epsilon_inside_root() ? 0 : c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& a) {
    a += g * g;
    w -= n.rate * g / (std::sqrt(a + n.inside) + n.outside);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adagrad", Adagrad);

}  // namespace
}  // namespace gradus
