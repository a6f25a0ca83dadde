// sqrt(mean of (p - y)^2) over all numbers of all examples: the root of the whole mean, not the mean of batches' roots.
//
//   metric { name: "rmse" root_mean_squared_error { prediction: "price" label: "paid" } }

#include <cmath>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"
#include "ops/metrics/pair_mean.h"

namespace gradus {
namespace {

struct Term {
  static constexpr char kName[] = "squares";
  static double Of(double p, double y) { return (p - y) * (p - y); }
  static double Finish(double mean) { return std::sqrt(mean); }
};

class RootMeanSquaredError final : public TypedLayer<metric::RootMeanSquaredError> {
  void Build(const metric::RootMeanSquaredError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair =
        ReadPairForDifferences(config.prediction(), config.label(), scope);
    scope->SetOutput(RowsOfPair(pair, scope->emit()));
    scope->SetSummary(std::make_shared<const PairMean<Term>>());
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.root_mean_squared_error", RootMeanSquaredError);

}  // namespace
}  // namespace gradus
