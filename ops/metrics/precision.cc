// true positives / (true positives + false positives), of all examples together.
//
//   metric { precision { prediction: "output" label: "malignant" } }
//   metric { precision { prediction: "logits" label: "digit" average: MACRO } }

#include "ops/metrics/positives.h"

namespace gradus {
namespace {

struct Score {
  static double Of(double tp, double fp, double) { return PartOf(tp, tp + fp); }
};

class Precision final : public TypedLayer<metric::Precision> {
  void Build(const metric::Precision& config, LayerScope* scope) const override {
    BuildPositives(config, scope, Score(), SelectionOf(config));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.precision", Precision);

}  // namespace
}  // namespace gradus
