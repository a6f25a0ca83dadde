// D-Adaptation of gradient descent: the rate from a lower bound of the distance to the solution,
// which grows as the gradients show it.
//
//   q = d rate / g0, with g0 the norm of the first gradient that is not 0, over all parameters
//   num <- num + sum q g s, with s of the update before,  s <- s + q g
//   d <- max(d, min(2 num / |s|, growth_rate d))
//   w <- momentum w + (1 - momentum) (w0 - s)
//
// w0 are the weights at the first update. Defazio & Mishchenko 2023, arXiv:2301.07733.
// NOTE: The numbers are those of the authors' code, which divides by 0 when the first gradient is
// 0; here g0 waits for one that is not, and nothing moves until then. Parameters with rates of
// their own enter the sums with them. Weights are made anew from w0: decay apart from the gradient
// lasts only as far as momentum keeps it.
//
//   optimizer { dadapt_sgd { momentum: 0.9 } }

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/whole.h"

namespace gradus {
namespace {

struct DadaptSgd {
  using Config = optimizer::DadaptSgd;
  static constexpr Reach kReach = Reach::kAll;

  static std::vector<SlotSpec> Slots(const Config&) {
    SlotSpec first{"initial_weights"};
    first.from_weights = true;
    return {{"sum"}, first};
  }
  static std::vector<NumberSpec> Memory(const Config& c) {
    return {{"d", c.d0()}, {"numerator", 0}, {"first_norm", 0}};
  }

  template <class F>
  static absl::Status Update(const Config& c, const WholeUpdate<F>& update) {
    double &d = update.numbers[0], &numerator = update.numbers[1], &norm = update.numbers[2];
    if (norm == 0) {
      double squares = 0;
      for (const ParameterView<F>& p : update.parameters) squares += SumOfSquares(p, p.gradients);
      norm = std::sqrt(squares);
      if (norm == 0) return absl::OkStatus();
    }
    double squares = 0;
    for (const ParameterView<F>& p : update.parameters) {
      const double q = d * p.step->rate / norm;
      const F part = F(q);
      F* const s = p.slots[0];
      double product = 0;
      ForElements(p, [&](int64_t i) {
        const F g = p.gradients[i];
        product += static_cast<double>(g) * static_cast<double>(s[i]);
        s[i] += part * g;
      });
      numerator += q * product;
      squares += SumOfSquares(p, s);
    }
    if (squares > 0) {
      const double growth =
          c.has_growth_rate() ? c.growth_rate() : std::numeric_limits<double>::infinity();
      d = std::max(d, std::min(2 * numerator / std::sqrt(squares), d * growth));
    }
    for (const ParameterView<F>& p : update.parameters) {
      const F part = F(1 - static_cast<const Config&>(*p.step->config).momentum());
      const F *s = p.slots[0], *w0 = p.slots[1];
      F* const w = p.weights;
      // Exactly w where w is w0 - s already.
      ForElements(p, [&](int64_t i) { w[i] += part * (w0[i] - s[i] - w[i]); });
    }
    return absl::OkStatus();
  }
};

GRADUS_REGISTER_WHOLE("gradus.OptimizerConfig.dadapt_sgd", DadaptSgd);

}  // namespace
}  // namespace gradus
