// How many predictions above the threshold have a label above 1/2, of all examples together.
//
//   metric { true_positives { prediction: "output" label: "malignant" } }

#include "ops/metrics/counts.h"

namespace gradus {
namespace {

class TruePositives final : public TypedLayer<metric::TruePositives> {
  void Build(const metric::TruePositives& config, LayerScope* scope) const override {
    BuildCount(config, /*predicted=*/true, /*positive=*/true, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.true_positives", TruePositives);

}  // namespace
}  // namespace gradus
