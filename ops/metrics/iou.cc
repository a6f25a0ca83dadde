// tp / (tp + fp + fn), of all examples together: of yes or no, place by place (keras.metrics.BinaryIoU of class 1), or the mean over some
// classes (keras.metrics.IoU, OneHotIoU).
//
//   metric { iou { prediction: "mask" label: "organ" } }
//   metric { iou { prediction: "logits" label: "digit" target_class_ids: [3, 8] } }

#include <algorithm>
#include <utility>

#include "ops/metrics/union.h"

namespace gradus {
namespace {

// The mean over some classes of what all have; classes that are neither a label nor a prediction do not count.
class SomeClasses final : public MetricSummary {
 public:
  SomeClasses(int64_t classes, std::vector<int64_t> targets)
      : all_(classes, metric::MACRO, IntersectionOverUnion()), targets_(std::move(targets)) {}

  std::vector<std::string> SumNames() const override { return all_.SumNames(); }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    all_.Add(row, weight, sums);
  }
  double Finish(const MetricTotals& totals) const override {
    std::vector<double> sums;
    for (int64_t k : targets_) {
      const auto* of_class = totals.sums.data() + 3 * k;
      sums.insert(sums.end(), of_class, of_class + 3);
    }
    MetricTotals some = totals;
    some.sums = sums;
    return all_.Finish(some);
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const ClassesSummary<IntersectionOverUnion> all_;
  const std::vector<int64_t> targets_;
};

class Iou final : public TypedLayer<metric::Iou> {
  void Build(const metric::Iou& config, LayerScope* scope) const override {
    if (config.target_class_ids().empty()) {
      const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
      scope->SetOutput(RowsOfPair(pair, scope->emit()));
      scope->SetSummary(std::make_shared<const YesOrNoSummary<IntersectionOverUnion>>(
          static_cast<float>(config.threshold()), IntersectionOverUnion()));
      return;
    }
    if (config.has_threshold()) {
      scope->Error("conflict", "threshold",
                   "threshold is of yes or no; of classes the largest prediction names the class");
    }
    const Value rows = RowsOfClasses(config.prediction(), config.label(), scope);
    if (!rows.valid()) return;
    const int64_t classes =
        scope->spec(scope->Reference("prediction", config.prediction())).shape.dim(1).k;
    std::vector<int64_t> targets(config.target_class_ids().begin(),
                                 config.target_class_ids().end());
    std::sort(targets.begin(), targets.end());
    const bool twice = std::adjacent_find(targets.begin(), targets.end()) != targets.end();
    if (targets.back() >= classes || twice) {
      scope->Error("out-of-range", "target_class_ids",
                   twice ? std::string("target_class_ids names a class twice")
                         : absl::StrCat("target_class_ids ", targets.back(),
                                        " is not below the number of classes, ", classes));
      return;
    }
    scope->SetOutput(rows);
    scope->SetSummary(std::make_shared<const SomeClasses>(classes, std::move(targets)));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.iou", Iou);

}  // namespace
}  // namespace gradus
