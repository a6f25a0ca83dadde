// How many predictions above the threshold have a label not above 1/2, of all examples together.
//
//   metric { false_positives { prediction: "output" label: "malignant" } }

#include "ops/metrics/counts.h"

namespace gradus {
namespace {

class FalsePositives final : public TypedLayer<metric::FalsePositives> {
  void Build(const metric::FalsePositives& config, LayerScope* scope) const override {
    BuildCount(config, /*predicted=*/true, /*positive=*/false, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.false_positives", FalsePositives);

}  // namespace
}  // namespace gradus
