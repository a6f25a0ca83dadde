// Adadelta: the gradient divided by its recent size and multiplied by the recent size of the
// updates, so that an update has the unit of the weight.
//
//   a <- rho a + (1 - rho) g^2
//   d = g sqrt(x + epsilon) / sqrt(a + epsilon)
//   x <- rho x + (1 - rho) d^2,  w <- w - rate d
//
// Zeiler 2012, arXiv:1212.5701.
// NOTE: All libraries agree on the formula and differ in the rate: Keras has 0.001, PyTorch 1,
// which is the paper's. Caffe calls rho its momentum. The first updates are about sqrt(epsilon), so
// epsilon decides how fast it starts.
//
//   optimizer { adadelta { rho: 0.95 } learning_rate { constant: 1 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

struct Adadelta {
  using Config = optimizer::Adadelta;
  template <class F>
  struct Numbers {
    F rate, rho, one_minus_rho, epsilon;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) {
    return {{"accumulated_gradient"}, {"accumulated_update"}};
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return {F(step.rate), F(c.rho()), F(1 - c.rho()), F(c.epsilon())};
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& a, F& x) {
    a = n.rho * a + n.one_minus_rho * (g * g);
    const F d = g * std::sqrt(x + n.epsilon) / std::sqrt(a + n.epsilon);
    x = n.rho * x + n.one_minus_rho * (d * d);
    w -= n.rate * d;
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adadelta", Adadelta);

}  // namespace
}  // namespace gradus
