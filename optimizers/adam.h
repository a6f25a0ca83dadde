// Adam's arithmetic, for the rules that differ from it only in what stands around it (adam.cc,
// adamw.cc). The formula stands in adam.cc.
//
//   GRADUS_REGISTER_ELEMENTWISE("...", PlainAdam<optimizer::Adam>, Amsgrad<optimizer::Adam>);

#ifndef GRADUS_OPTIMIZERS_ADAM_H_
#define GRADUS_OPTIMIZERS_ADAM_H_

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/elementwise.h"

namespace gradus {
namespace internal {

// w <- w - rate m / (sqrt(v + epsilon_root) + epsilon), where the correction of v is part of the
// rate and the epsilons are on the scale of v; or amsgrad keeps `correction` v, and they are on its
// scale.
template <class F>
struct AdamNumbers {
  F rate, one_minus_beta1, one_minus_beta2, correction, epsilon_root, epsilon;

  template <class Config>
  static AdamNumbers From(const Config& c, const UpdateStep& step) {
    const double t = static_cast<double>(step.t);
    const double start = 1 - std::pow(c.beta2(), t);
    double correction = 1, epsilon_root = c.epsilon_root(), epsilon = c.epsilon();
    double rate = step.rate;
    if (c.amsgrad_corrected()) {
      correction = 1 / start;
      if (!c.epsilon_after_correction()) epsilon_root /= start, epsilon /= std::sqrt(start);
    } else {
      rate *= std::sqrt(start);
      if (c.epsilon_after_correction()) epsilon_root *= start, epsilon *= std::sqrt(start);
    }
    rate /= 1 - std::pow(c.beta1(), t);
    return {F(rate),       F(1 - c.beta1()), F(1 - c.beta2()),
            F(correction), F(epsilon_root),  F(epsilon)};
  }
};

template <class C>
struct PlainAdam {
  using Config = C;
  template <class F>
  using Numbers = AdamNumbers<F>;

  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.amsgrad_corrected() && !c.amsgrad()) {
      diagnostics->Error("conflict", path.Child("amsgrad_corrected"),
                         absl::StrCat(path.segments().back().field,
                                      ": amsgrad_corrected is set, but amsgrad is not"),
                         "write amsgrad: true");
    }
  }
  static bool Serves(const Config& c) { return !c.amsgrad(); }
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"velocity"}}; }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return Numbers<F>::From(c, step);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v) {
    m += n.one_minus_beta1 * (g - m);
    v += n.one_minus_beta2 * (g * g - v);
    w -= n.rate * m / (std::sqrt(v + n.epsilon_root) + n.epsilon);
  }
};

template <class C>
struct Amsgrad {
  using Config = C;
  template <class F>
  using Numbers = AdamNumbers<F>;

  static bool Serves(const Config& c) { return c.amsgrad(); }
  static std::vector<SlotSpec> Slots(const Config&) {
    return {{"momentum"}, {"velocity"}, {"velocity_hat"}};
  }
  template <class F>
  static Numbers<F> Prepare(const Config& c, const UpdateStep& step) {
    return Numbers<F>::From(c, step);
  }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m, F& v, F& h) {
    m += n.one_minus_beta1 * (g - m);
    v += n.one_minus_beta2 * (g * g - v);
    const F size = n.correction * v;
    h = size > h ? size : h;
    w -= n.rate * m / (std::sqrt(h + n.epsilon_root) + n.epsilon);
  }
};

}  // namespace internal
}  // namespace gradus

#endif  // GRADUS_OPTIMIZERS_ADAM_H_
