// An update rule: the sign of a momentum, so that every weight moves by the rate.
//
//   w <- w - rate sign(beta1 m + (1 - beta1) g)
//   m <- beta2 m + (1 - beta2) g
//
// Chen et al. 2023, arXiv:2302.06675.
//
//   optimizer { [acme.lion] { beta1: 0.95 } learning_rate { constant: 0.0003 } weight_decay: 0.1 }
//
// Step is the arithmetic of one weight. The loop around it, clipping, weight decay, averages, threads,
// saving and resuming are the framework's; gradus/train/elementwise.h tells what else a rule may have.
// Rules that see whole parameters, or all of them, are written for gradus/train/by_parameter.h and
// gradus/train/whole.h.

#include "acme/lion.pb.h"
#include "gradus/base/plugin.h"
#include "gradus/train/elementwise.h"

// What is read before anything of this library runs. Once in a library.
GRADUS_PLUGIN("lion.descriptor_set");

namespace acme {
namespace {

struct LionRule {
  using Config = ::acme::Lion;
  template <class F>
  struct Numbers {
    F rate, beta1, one_minus_beta1, beta2, one_minus_beta2;
  };

  static bool Serves(const Config&) { return true; }
  static std::vector<gradus::SlotSpec> Slots(const Config&) { return {{"momentum"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const gradus::UpdateStep& step) {
    return {F(step.rate), F(c.beta1()), F(1 - c.beta1()), F(c.beta2()), F(1 - c.beta2())};
  }
  // g: the gradient; w: the weight; m: the slot. No branches, so that it is vectorised.
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m) {
    const F direction = n.beta1 * m + n.one_minus_beta1 * g;
    w -= n.rate * (F(direction > 0) - F(direction < 0));
    m = n.beta2 * m + n.one_minus_beta2 * g;
  }
};

GRADUS_REGISTER_ELEMENTWISE("acme.lion", LionRule);

}  // namespace
}  // namespace acme
