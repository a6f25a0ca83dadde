// Adam and AdamW, whose decay is not the rule's, as they stand in proto/optimizer_rule.proto, a
// number at a time.

#include <algorithm>
#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

template <class Config>
std::vector<double> Adam(const Config& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    double m = 0, v = 0, largest = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i);
      m = c.beta1() * m + (1 - c.beta1()) * g;
      v = c.beta2() * v + (1 - c.beta2()) * g * g;
      const double start1 = 1 - std::pow(c.beta1(), static_cast<double>(t));
      const double start2 = 1 - std::pow(c.beta2(), static_cast<double>(t));
      double square = v / start2;
      if (c.amsgrad()) {
        largest = std::max(largest, c.amsgrad_corrected() ? v / start2 : v);
        square = c.amsgrad_corrected() ? largest : largest / start2;
      }
      double epsilon = c.epsilon(), epsilon_root = c.epsilon_root();
      if (!c.epsilon_after_correction()) {
        epsilon /= std::sqrt(start2);
        epsilon_root /= start2;
      }
      weights[i] -= h.rate(t) * (m / start1) / (std::sqrt(square + epsilon_root) + epsilon);
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adam", Adam<optimizer::Adam>);
GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adamw", Adam<optimizer::Adamw>);

}  // namespace
}  // namespace gradus
