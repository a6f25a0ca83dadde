// Adagrad: each element's rate falls with the squares of its gradients.
//
//   a <- a + g^2,  w <- w - rate g / sqrt(a + epsilon)
//
// Duchi, Hazan & Singer 2011, JMLR 12.
// NOTE: epsilon is inside the root and a starts at 0.1, as in Keras and optax; PyTorch has it
// outside and starts at 0.
//
//   optimizer { adagrad { initial_accumulator_value: 0.1 } learning_rate { constant: 0.01 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Adagrad {
  using Config = optimizer::Adagrad;
  template <class F>
  struct Numbers {
    F rate, epsilon;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config& c) {
    return {{"accumulator", c.initial_accumulator_value()}};
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return {F(step.rate), F(c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& a) {
    a += g * g;
    w -= n.rate * g / std::sqrt(a + n.epsilon);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adagrad", Adagrad);

}  // namespace
}  // namespace gradus
