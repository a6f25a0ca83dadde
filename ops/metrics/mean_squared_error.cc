// (p - y)^2, mean over all numbers of all examples.
//
//   metric { mean_squared_error { prediction: "price" label: "paid" } }

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"
#include "ops/metrics/pair_mean.h"

namespace gradus {
namespace {

struct Term {
  static constexpr char kName[] = "";
  static double Of(double p, double y) { return (p - y) * (p - y); }
  static double Finish(double mean) { return mean; }
};

class MeanSquaredError final : public TypedLayer<metric::MeanSquaredError> {
  void Build(const metric::MeanSquaredError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair =
        ReadPairForDifferences(config.prediction(), config.label(), scope);
    scope->SetOutput(RowsOfPair(pair, scope->emit()));
    scope->SetSummary(std::make_shared<const PairMean<Term>>());
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.mean_squared_error", MeanSquaredError);

}  // namespace
}  // namespace gradus
