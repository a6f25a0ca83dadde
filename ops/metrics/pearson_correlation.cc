// cov(p, y) / (sd(p) sd(y)) over all examples, for each of the n numbers, then their mean: scipy.stats.pearsonr. NaN where one of them is
// constant. NOTE: keras.metrics.PearsonCorrelation takes the n numbers of one example for a sample.
//
//   metric { pearson_correlation { prediction: "price" label: "paid" } }

#include <cmath>
#include <limits>

#include "ops/metrics/moments.h"

namespace gradus {
namespace {

struct Pearson {
  static double Of(const Moments& m) {
    if (!(m.p_variance > 0 && m.y_variance > 0)) return std::numeric_limits<double>::quiet_NaN();
    return m.covariance / std::sqrt(m.p_variance * m.y_variance);
  }
};

class PearsonCorrelation final : public TypedLayer<metric::PearsonCorrelation> {
  void Build(const metric::PearsonCorrelation& config, LayerScope* scope) const override {
    BuildCorrelation<Pearson>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.pearson_correlation", PearsonCorrelation);

}  // namespace
}  // namespace gradus
