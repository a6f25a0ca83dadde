// LAMB: Adam's direction, with the length of a step taken from the parameter's own.
//
//   m <- m + (1 - beta1) (g - m),  v <- v + (1 - beta2) (g^2 - v)
//   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + decay w
//   w <- w - rate ratio u,  ratio = min(|w| / |u|, max_ratio), or 1 when a norm is 0
//
// You et al. 2020, arXiv:1904.00962, with the identity for the paper's phi; norms are of the whole
// parameter.
// NOTE: The numbers are Keras'; optax has epsilon 1e-6. Keras has decay outside the ratio
// (`weight_decay` of the optimizer), the paper, optax and timm inside (`decay`). timm also clips
// the global norm of gradients to 1 by itself, which here is the optimizer's business, and without
// decay has ratio 1, which is adam; its trust_clip is max_ratio 1.
//
//   optimizer { lamb { decay: 0.01 } learning_rate { constant: 0.001 } }

#include <algorithm>
#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"

namespace gradus {
namespace {

struct Lamb {
  using Config = optimizer::Lamb;

  static std::vector<SlotSpec> Slots(const Config &) { return {{"momentum"}, {"velocity"}}; }

  template <class F>
  static void Update(const Config &c, const ParameterView<F> &p) {
    const double t = static_cast<double>(p.step->t);
    const F one_minus_beta1 = F(1 - c.beta1()), one_minus_beta2 = F(1 - c.beta2());
    const F correction1 = F(1 / (1 - std::pow(c.beta1(), t)));
    const F correction2 = F(1 / (1 - std::pow(c.beta2(), t)));
    const F epsilon = F(c.epsilon()), decay = F(c.decay());
    F *const w = p.weights, *const m = p.slots[0], *const v = p.slots[1];
    const auto direction = [&](int64_t i) {
      return m[i] * correction1 / (std::sqrt(v[i] * correction2) + epsilon) + decay * w[i];
    };
    double squares = 0;
    ForElements(p, [&](int64_t i) {
      const F g = p.gradients[i];
      m[i] += one_minus_beta1 * (g - m[i]);
      v[i] += one_minus_beta2 * (g * g - v[i]);
      const double u = static_cast<double>(direction(i));
      squares += u * u;
    });
    const double weight_norm = Norm(p, w), norm = std::sqrt(squares);
    double ratio = weight_norm > 0 && norm > 0 ? weight_norm / norm : 1;
    if (c.has_max_ratio()) ratio = std::min(ratio, c.max_ratio());
    const F step = F(p.step->rate * ratio);
    ForElements(p, [&](int64_t i) { w[i] -= step * direction(i); });
  }
};

GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.lamb", Lamb);

}  // namespace
}  // namespace gradus
