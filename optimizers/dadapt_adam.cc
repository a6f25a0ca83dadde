// D-Adaptation of Adam: the rate from a lower bound of the distance to the solution, which grows as
// the gradients show it.
//
//   q = d rate, times sqrt(1 - beta2^t) / (1 - beta1^t) with bias_correction;  b = sqrt(beta2)
//   num <- b num + (1 - b) sum q g s / (sqrt(v) + epsilon), with v and s of the update before
//   m <- beta1 m + (1 - beta1) q g,  v <- beta2 v + (1 - beta2) g^2,  s <- b s + (1 - b) q g
//   d <- max(d, min(num / ((1 - b) sum |s|), growth_rate d))
//   w <- w - decay q w,  w <- w - m / (sqrt(v) + epsilon)
//
// Sums are over all parameters. Defazio & Mishchenko 2023, arXiv:2301.07733.
// NOTE: The numbers are those of the authors' code, but for its layer_scale; its decay is coupled
// unless decouple=True, which is `decay` here. optax' dadapt_adamw has bias_correction. Parameters
// with rates of their own enter the sums with them. While all gradients have been 0 nothing moves.
//
//   optimizer { dadapt_adam { decay: 0.01 } }

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/whole.h"
#include "optimizers/found_rate.h"

namespace gradus {
namespace {

struct DadaptAdam {
  using Config = optimizer::DadaptAdam;
  static constexpr Reach kReach = Reach::kAll;

  static std::vector<SlotSpec> Slots(const Config&) {
    return {{"momentum"}, {"velocity"}, {"sum"}};
  }
  static std::vector<NumberSpec> Memory(const Config& c) {
    return {{"d", c.d0()}, {"numerator", 0}};
  }

  // Takes m, v and s one update on, and adds the parameter's part to both sums.
  template <class F>
  static void Follow(const ParameterView<F>& p, double d, double* product, double* size) {
    const Config& c = ConfigOf<Config>(p);
    const double q = FoundRate<Config>(p, d), b = std::sqrt(c.beta2());
    const F beta1 = F(c.beta1()), beta2 = F(c.beta2()), kept = F(b), epsilon = F(c.epsilon());
    const F to_m = F(q * (1 - c.beta1())), to_v = F(1 - c.beta2()), to_s = F(q * (1 - b));
    F *const m = p.slots[0], *const v = p.slots[1], *const s = p.slots[2];
    double own = 0, sum = 0;
    ForElements(p, [&](int64_t i) {
      const F g = p.gradients[i];
      own += static_cast<double>(g) * static_cast<double>(s[i] / (std::sqrt(v[i]) + epsilon));
      m[i] = beta1 * m[i] + to_m * g;
      v[i] = beta2 * v[i] + to_v * g * g;
      s[i] = kept * s[i] + to_s * g;
      sum += std::fabs(static_cast<double>(s[i]));
    });
    *product += q * own;
    *size += sum;
  }

  template <class F>
  static absl::Status Update(const Config& c, const WholeUpdate<F>& update) {
    double &d = update.numbers[0], &numerator = update.numbers[1];
    const double before = d, b = std::sqrt(c.beta2());
    const double growth =
        c.has_growth_rate() ? c.growth_rate() : std::numeric_limits<double>::infinity();
    double product = 0, size = 0, rate = 0;
    for (const ParameterView<F>& p : update.parameters) {
      Follow(p, before, &product, &size);
      rate = std::max(rate, p.step->rate);
    }
    numerator = b * numerator + (1 - b) * product;
    if (size == 0) return absl::OkStatus();
    if (rate > 0) d = std::max(d, std::min(numerator / ((1 - b) * size), d * growth));
    for (const ParameterView<F>& p : update.parameters) {
      const F decay = F(ConfigOf<Config>(p).decay() * FoundRate<Config>(p, before)), epsilon = F(ConfigOf<Config>(p).epsilon());
      const F *m = p.slots[0], *v = p.slots[1];
      F* const w = p.weights;
      ForElements(p, [&](int64_t i) {
        w[i] -= decay * w[i];
        w[i] -= m[i] / (std::sqrt(v[i]) + epsilon);
      });
    }
    return absl::OkStatus();
  }
};

GRADUS_REGISTER_WHOLE("gradus.OptimizerConfig.dadapt_adam", DadaptAdam);

}  // namespace
}  // namespace gradus
