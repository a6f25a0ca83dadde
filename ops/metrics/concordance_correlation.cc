// 2 cov(p, y) / (var(p) + var(y) + (mean(p) - mean(y))^2) over all examples, for each of the n numbers, then their mean: 1 only where every
// prediction is its label (Lin 1989, doi:10.2307/2532051). NaN where both are the same constant. NOTE:
// keras.metrics.ConcordanceCorrelation takes the n numbers of one example for a sample.
//
//   metric { concordance_correlation { prediction: "price" label: "paid" } }

#include "ops/metrics/moments.h"

namespace gradus {
namespace {

struct Concordance {
  static double Of(const Moments& m) {
    const double apart = m.p_mean - m.y_mean;
    return 2 * m.covariance / (m.p_variance + m.y_variance + apart * apart);
  }
};

class ConcordanceCorrelation final : public TypedLayer<metric::ConcordanceCorrelation> {
  void Build(const metric::ConcordanceCorrelation& config, LayerScope* scope) const override {
    BuildCorrelation<Concordance>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.concordance_correlation", ConcordanceCorrelation);

}  // namespace
}  // namespace gradus
