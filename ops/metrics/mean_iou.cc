// The mean over classes of tp / (tp + fp + fn), of all examples together; the largest prediction names the class, and classes that are
// neither a label nor a prediction do not count: keras.metrics.MeanIoU, OneHotMeanIoU.
//
//   metric { mean_iou { prediction: "logits" label: "digit" } }

#include "ops/metrics/union.h"

namespace gradus {
namespace {

class MeanIou final : public TypedLayer<metric::MeanIou> {
  void Build(const metric::MeanIou& config, LayerScope* scope) const override {
    const Value rows = RowsOfClasses(config.prediction(), config.label(), scope);
    if (!rows.valid()) return;
    const Shape& shape = scope->spec(scope->Reference("prediction", config.prediction())).shape;
    scope->SetOutput(rows);
    scope->SetSummary(std::make_shared<const ClassesSummary<IntersectionOverUnion>>(
        shape.dim(1).k, metric::MACRO, IntersectionOverUnion()));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.mean_iou", MeanIou);

}  // namespace
}  // namespace gradus
