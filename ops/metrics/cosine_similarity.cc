// The cosine of the angle between prediction and label along the last axis, the mean over all vectors of all examples; 0 where one of them is
// 0. The loss of this name has the other sign.
//
//   metric { cosine_similarity { prediction: "direction" label: "wind" } }

#include <cmath>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

class Summary final : public MetricSummary {
 public:
  explicit Summary(int64_t length) : length_(static_cast<size_t>(length)) {}

  std::vector<std::string> SumNames() const override { return {""}; }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    double sum = 0;
    for (size_t first = 0; first < n; first += length_) {
      double dot = 0, p_square = 0, y_square = 0;
      for (size_t i = first; i < first + length_; ++i) {
        const double p = row[i], y = row[n + i];
        dot += p * y;
        p_square += p * p;
        y_square += y * y;
      }
      const double lengths = std::sqrt(p_square) * std::sqrt(y_square);
      sum += lengths != 0 ? dot / lengths : 0;
    }
    sums[0] += weight * (sum * static_cast<double>(length_) / static_cast<double>(n));
  }
  double Finish(const MetricTotals& totals) const override {
    return totals.sums[0] / totals.weight;
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const size_t length_;
};

class CosineSimilarity final : public TypedLayer<metric::CosineSimilarity> {
  void Build(const metric::CosineSimilarity& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    const Shape shape = scope->spec(pair.prediction).shape;
    scope->SetOutput(RowsOfPair(pair, scope->emit()));
    scope->SetSummary(
        std::make_shared<const Summary>(shape.rank() > 1 ? shape.dim(shape.rank() - 1).k : 1));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.cosine_similarity", CosineSimilarity);

}  // namespace
}  // namespace gradus
