// true positives / (true positives + false negatives), of all examples together.
//
//   metric { recall { prediction: "output" label: "malignant" threshold: 0.3 } }
//   metric { recall { prediction: "logits" label: "digit" average: MACRO } }

#include "ops/metrics/positives.h"

namespace gradus {
namespace {

struct Score {
  static double Of(double tp, double, double fn) { return PartOf(tp, tp + fn); }
};

class Recall final : public TypedLayer<metric::Recall> {
  void Build(const metric::Recall& config, LayerScope* scope) const override {
    BuildPositives(config, scope, Score(), SelectionOf(config));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.recall", Recall);

}  // namespace
}  // namespace gradus
