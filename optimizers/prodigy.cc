// Prodigy: Adam that finds its rate from how far the weights have gone and which way gradients
// point.
//
//   q = d rate, times sqrt(1 - beta2^t) / (1 - beta1^t) with bias_correction
//   num <- beta3 num + sum (d / d0) q g (w0 - w),  m <- beta1 m + (1 - beta1) d g
//   v <- beta2 v + (1 - beta2) d^2 g^2,  s <- beta3 s + (d / d0) q g  (safeguard_warmup: d for q)
//   dhat = d_coefficient num / sum |s|
//     d <- max(d, dhat) while it is d0;  d_max <- max(d_max, dhat),  d' = min(d_max, growth_rate d)
//     only_grows: d' = max(d, min(dhat, growth_rate d))
//   w <- w - decay q w,  w <- w - q m / (sqrt(v) + d' epsilon)
//
// Sums are over all parameters, w0 are the weights at the first update. Mishchenko & Defazio 2024,
// arXiv:2306.06101.
// NOTE: The numbers are those of the authors' code, but for slice_p. optax has bias_correction and
// only_grows. Parameters with rates of their own enter the sums with them, where the authors refuse
// all but equal rates; with rate 0 a parameter takes no part. While all gradients have been 0
// nothing moves. Decay that acts on the gradient (the authors' decouple=False) is the optimizer's
// business.
//
//   optimizer { prodigy { bias_correction: true } }

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/whole.h"
#include "optimizers/found_rate.h"

namespace gradus {
namespace {

struct Prodigy {
  using Config = optimizer::Prodigy;
  static constexpr Reach kReach = Reach::kAll;

  static std::vector<SlotSpec> Slots(const Config&) {
    SlotSpec first{"initial_weights"};
    first.from_weights = true;
    return {{"momentum"}, {"velocity"}, {"sum"}, first};
  }
  static std::vector<NumberSpec> Memory(const Config& c) {
    return {{"d", c.d0()}, {"d_max", c.d0()}, {"numerator", 0}};
  }

  // Takes m, v and s one update on, and adds the parameter's part to both sums.
  template <class F>
  static void Follow(const ParameterView<F>& p, double d, double beta3, double* numerator,
                     double* denominator) {
    const Config& c = ConfigOf<Config>(p);
    const double q = FoundRate<Config>(p, d), scale = d / c.d0();
    const F beta1 = F(c.beta1()), beta2 = F(c.beta2()), kept = F(beta3);
    const F to_m = F(d * (1 - c.beta1())), to_v = F(d * d * (1 - c.beta2()));
    const F to_s = F(scale * (c.safeguard_warmup() ? d : q));
    const F* w = p.weights;
    F *const m = p.slots[0], *const v = p.slots[1], *const s = p.slots[2], *const w0 = p.slots[3];
    double product = 0, size = 0;
    ForElements(p, [&](int64_t i) {
      const F g = p.gradients[i];
      product += static_cast<double>(g) * static_cast<double>(w0[i] - w[i]);
      m[i] = beta1 * m[i] + to_m * g;
      v[i] = beta2 * v[i] + to_v * g * g;
      s[i] = kept * s[i] + to_s * g;
      size += std::fabs(static_cast<double>(s[i]));
    });
    *numerator += scale * q * product;
    *denominator += size;
  }

  static void Estimate(const Config& c, double estimate, double* d, double* d_max) {
    const double growth =
        c.has_growth_rate() ? c.growth_rate() : std::numeric_limits<double>::infinity();
    if (c.only_grows()) {
      *d = std::max(*d, std::min(estimate, *d * growth));
      *d_max = *d;
      return;
    }
    if (*d == c.d0()) *d = std::max(*d, estimate);
    *d_max = std::max(*d_max, estimate);
    *d = std::min(*d_max, *d * growth);
  }

  template <class F>
  static absl::Status Update(const Config& c, const WholeUpdate<F>& update) {
    double &d = update.numbers[0], &d_max = update.numbers[1];
    const double before = d, beta3 = c.has_beta3() ? c.beta3() : std::sqrt(c.beta2());
    double numerator = beta3 * update.numbers[2], denominator = 0;
    for (const ParameterView<F>& p : update.parameters) {
      if (p.step->rate > 0) Follow(p, before, beta3, &numerator, &denominator);
    }
    if (denominator == 0) return absl::OkStatus();
    update.numbers[2] = numerator;
    Estimate(c, c.d_coefficient() * numerator / denominator, &d, &d_max);
    for (const ParameterView<F>& p : update.parameters) {
      if (p.step->rate <= 0) continue;
      const double q = FoundRate<Config>(p, before);
      const F step = F(q), decay = F(ConfigOf<Config>(p).decay() * q), epsilon = F(d * ConfigOf<Config>(p).epsilon());
      const F *m = p.slots[0], *v = p.slots[1];
      F* const w = p.weights;
      ForElements(p, [&](int64_t i) {
        w[i] -= decay * w[i];
        w[i] -= step * m[i] / (std::sqrt(v[i]) + epsilon);
      });
    }
    return absl::OkStatus();
  }
};

GRADUS_REGISTER_WHOLE("gradus.OptimizerConfig.prodigy", Prodigy);

}  // namespace
}  // namespace gradus
