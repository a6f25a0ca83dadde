// Adam, with AMSGrad as a variant.
//
//   m <- m + (1 - beta1) (g - m)
//   v <- v + (1 - beta2) (g^2 - v)
//   w <- w - a m / (sqrt(v) + epsilon),  a = rate sqrt(1 - beta2^t) / (1 - beta1^t)
//   amsgrad: h <- max(h, v), and h in the place of v in the last line
//
// Kingma & Ba 2015, arXiv:1412.6980; Reddi, Kale & Kumar 2018, arXiv:1904.09237.
// NOTE: As in Keras, epsilon is the paper's "epsilon hat" (it is not bias-corrected) and AMSGrad
// keeps the maximum of the uncorrected v. Powers of beta are computed in double, where Keras takes
// float32.
//
//   optimizer { adam { beta1: 0.9 beta2: 0.999 } learning_rate { constant: 0.001 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace {

template <class F>
struct AdamNumbers {
  F rate, one_minus_beta1, one_minus_beta2, epsilon;

  static AdamNumbers From(const optimizer::Adam& c, double rate, int64_t t) {
    const double corrected = rate * std::sqrt(1 - std::pow(c.beta2(), static_cast<double>(t))) /
                             (1 - std::pow(c.beta1(), static_cast<double>(t)));
    return {F(corrected), F(1 - c.beta1()), F(1 - c.beta2()), F(c.epsilon())};
  }
};

struct Adam {
  using Config = optimizer::Adam;
  template <class F>
  using Numbers = AdamNumbers<F>;

  static bool Serves(const Config& c) { return !c.amsgrad(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"velocity"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return Numbers<F>::From(c, step.rate, step.t);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v) {
    m += n.one_minus_beta1 * (g - m);
    v += n.one_minus_beta2 * (g * g - v);
    w -= n.rate * m / (std::sqrt(v) + n.epsilon);
  }
};

struct Amsgrad {
  using Config = optimizer::Adam;
  template <class F>
  using Numbers = AdamNumbers<F>;

  static bool Serves(const Config& c) { return c.amsgrad(); }
  static std::vector<SlotSpec> Slots(const Config&) {
    return {{"momentum"}, {"velocity"}, {"velocity_hat"}};
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return Numbers<F>::From(c, step.rate, step.t);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v, F& h) {
    m += n.one_minus_beta1 * (g - m);
    v += n.one_minus_beta2 * (g * g - v);
    h = v > h ? v : h;
    w -= n.rate * m / (std::sqrt(h) + n.epsilon);
  }
};

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adam", Adam, Amsgrad);

}  // namespace
}  // namespace gradus
