// How many predictions not above the threshold have a label not above 1/2, of all examples together.
//
//   metric { true_negatives { prediction: "output" label: "malignant" } }

#include "ops/metrics/counts.h"

namespace gradus {
namespace {

class TrueNegatives final : public TypedLayer<metric::TrueNegatives> {
  void Build(const metric::TrueNegatives& config, LayerScope* scope) const override {
    BuildCount(config, /*predicted=*/false, /*positive=*/false, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.true_negatives", TrueNegatives);

}  // namespace
}  // namespace gradus
