// (1 + beta^2) tp / ((1 + beta^2) tp + fp + beta^2 fn), of all examples together: recall counts beta times as much as precision.
//
//   metric { name: "f2" fbeta_score { prediction: "output" label: "malignant" beta: 2 } }

#include "ops/metrics/positives.h"

namespace gradus {
namespace {

struct Score {
  double square = 1;  // Of beta.
  double Of(double tp, double fp, double fn) const {
    return PartOf((1 + square) * tp, (1 + square) * tp + fp + square * fn);
  }
};

class FbetaScore final : public TypedLayer<metric::FbetaScore> {
  void Build(const metric::FbetaScore& config, LayerScope* scope) const override {
    BuildPositives(config, scope, Score{config.beta() * config.beta()});
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.fbeta_score", FbetaScore);

}  // namespace
}  // namespace gradus
