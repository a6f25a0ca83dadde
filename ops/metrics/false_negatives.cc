// How many predictions not above the threshold have a label above 1/2, of all examples together.
//
//   metric { false_negatives { prediction: "output" label: "malignant" } }

#include "ops/metrics/counts.h"

namespace gradus {
namespace {

class FalseNegatives final : public TypedLayer<metric::FalseNegatives> {
  void Build(const metric::FalseNegatives& config, LayerScope* scope) const override {
    BuildCount(config, /*predicted=*/false, /*positive=*/true, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.false_negatives", FalseNegatives);

}  // namespace
}  // namespace gradus
