// How often which class was predicted for which label: a table with a line for each label and a column for each prediction,
// sklearn.metrics.confusion_matrix. The part on its diagonal is what the accuracies are; nothing shows it again.
//
//   metric { confusion_matrix { prediction: "logits" label: "digit" } }
//   metric { confusion_matrix { prediction: "output" label: "malignant" threshold: 0.3 } }

#include <limits>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

// More make no table that anybody reads, and more sums than a checkpoint should name.
constexpr int64_t kMostClasses = 256;

// Of rows of a predicted and a true class; or of a score and a label 0 or 1, which a threshold makes classes.
class Summary final : public MetricSummary {
 public:
  explicit Summary(int64_t classes) : classes_(static_cast<size_t>(classes)) {}
  explicit Summary(float threshold) : classes_(2), scores_(true), threshold_(threshold) {}

  std::vector<std::string> SumNames() const override {
    std::vector<std::string> names;
    for (size_t label = 0; label < classes_; ++label) {
      for (size_t k = 0; k < classes_; ++k) names.push_back(absl::StrCat(label, "_as_", k));
    }
    return names;
  }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t predicted = scores_ ? row[0] > threshold_ : static_cast<size_t>(row[0]);
    const size_t label = scores_ ? row[1] > 0.5f : static_cast<size_t>(row[1]);
    sums[label * classes_ + predicted] += weight;
  }
  double Finish(const MetricTotals&) const override {
    return std::numeric_limits<double>::quiet_NaN();
  }
  MetricTable Table(const MetricTotals& totals) const override {
    return {static_cast<int64_t>(classes_), {totals.sums.begin(), totals.sums.end()}};
  }
  Goal goal() const override { return Goal::kTable; }

 private:
  const size_t classes_;
  const bool scores_ = false;
  const float threshold_ = 0;
};

class ConfusionMatrix final : public TypedLayer<metric::ConfusionMatrix> {
  void Build(const metric::ConfusionMatrix& config, LayerScope* scope) const override {
    const Value prediction = scope->Reference("prediction", config.prediction());
    if (!prediction.valid()) {
      scope->Reference("label", config.label());
      return;
    }
    const Shape shape = scope->spec(prediction).shape;
    if (shape == Shape::Batched({}) || shape == Shape::Batched({1})) {
      const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
      scope->SetOutput(RowsOfPair(pair, scope->emit()));
      scope->SetSummary(std::make_shared<const Summary>(static_cast<float>(config.threshold())));
      return;
    }
    const Value rows = RowsOfClasses(config.prediction(), config.label(), scope);
    if (!rows.valid()) return;
    const int64_t classes = shape.dim(1).k;
    if (config.has_threshold()) {
      scope->Error("conflict", "threshold",
                   absl::StrCat("threshold is of yes or no; of ", classes,
                                " classes the largest prediction names the class"));
      return;
    }
    if (classes > kMostClasses) {
      scope->Error("out-of-range", "prediction",
                   absl::StrCat("prediction ", Quoted(config.prediction()), " has ", classes,
                                " classes, a confusion matrix at most ", kMostClasses));
      return;
    }
    scope->SetOutput(rows);
    scope->SetSummary(std::make_shared<const Summary>(classes));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.confusion_matrix", ConfusionMatrix);

}  // namespace
}  // namespace gradus
