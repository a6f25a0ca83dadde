// LARS: gradient descent with momentum, where a parameter's steps are a part of its own length.
//
//   u = g + decay w,  ratio = trust |w| / (divisor + epsilon), or 1 when |w| or the divisor is 0
//     NORM_OF_SUM: divisor = |u|;  SUM_OF_NORMS: divisor = |g| + decay |w|
//   RATE_INSIDE:   v <- momentum v - rate ratio u,  w <- w + v
//     nesterov: w <- w + momentum v - rate ratio u
//   RATE_OUTSIDE:  v <- momentum v + ratio u,  w <- w - rate v
//     nesterov: w <- w - rate (momentum v + ratio u)
//
// You, Gitman & Ginsburg 2017, arXiv:1708.03888. The paper has the sum of norms and the rate
// inside.
// NOTE: As it stands this is optax' rule. timm has the sum of norms, the rate outside, momentum 0
// and, without decay, ratio 1, which is sgd. Neither Keras nor PyTorch has one.
//
//   optimizer { lars { decay: 0.0005 } learning_rate { constant: 2 } }

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"

namespace gradus {
namespace {

struct Lars {
  using Config = optimizer::Lars;

  static std::vector<SlotSpec> Slots(const Config& c) {
    if (c.momentum() == 0) return {};
    return {{"momentum"}};
  }

  static void Check(const Config& c, const ConfigPath& path, Diagnostics* diagnostics) {
    if (c.nesterov() && c.momentum() == 0) {
      diagnostics->Error("conflict", path.Child("nesterov"), "nesterov needs a momentum");
    }
  }

  static double Divisor(const Config& c, double gradient, double weight, double sum) {
    return c.divisor() == Config::SUM_OF_NORMS ? gradient + c.decay() * weight : sum;
  }

  template <class F>
  static void Update(const Config& c, const ParameterView<F>& p) {
    F* const w = p.weights;
    const F decay = F(c.decay());
    const auto direction = [&](int64_t i) { return p.gradients[i] + decay * w[i]; };
    double squares = 0;
    ForElements(p, [&](int64_t i) {
      const double u = static_cast<double>(direction(i));
      squares += u * u;
    });
    const double weight_norm = Norm(p, w);
    const double divisor = Divisor(c, Norm(p, p.gradients), weight_norm, std::sqrt(squares));
    const double ratio =
        weight_norm > 0 && divisor > 0 ? c.trust() * weight_norm / (divisor + c.epsilon()) : 1;
    const bool inside = c.velocity() == optimizer::RATE_INSIDE;
    const F rate = F(p.step->rate), momentum = F(c.momentum());
    const F part = inside ? F(p.step->rate * ratio) : F(ratio);
    const F then = inside ? F(1) : rate;
    if (p.slots.empty()) {
      ForElements(p, [&](int64_t i) { w[i] -= then * (part * direction(i)); });
      return;
    }
    // One sign for both forms: v is what is taken off.
    F* const v = p.slots[0];
    const bool nesterov = c.nesterov();
    ForElements(p, [&](int64_t i) {
      const F u = part * direction(i);
      v[i] = momentum * v[i] + u;
      w[i] -= then * (nesterov ? momentum * v[i] + u : v[i]);
    });
  }
};

GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.lars", Lars);

}  // namespace
}  // namespace gradus
