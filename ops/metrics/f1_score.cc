// 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall, of all examples together.
//
//   metric { name: "f1" f1_score { prediction: "output" label: "malignant" } }
//   metric { name: "f1" f1_score { prediction: "logits" label: "digit" average: MACRO } }

#include "ops/metrics/positives.h"

namespace gradus {
namespace {

struct Score {
  static double Of(double tp, double fp, double fn) { return PartOf(2 * tp, 2 * tp + fp + fn); }
};

class F1Score final : public TypedLayer<metric::F1Score> {
  void Build(const metric::F1Score& config, LayerScope* scope) const override {
    BuildPositives<Score>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.f1_score", F1Score);

}  // namespace
}  // namespace gradus
