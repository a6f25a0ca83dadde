// The coefficient of determination, for each of the n numbers of an example, then the mean over them:
//
//   1 - sum (p - y)^2 / (sum y^2 - (sum y)^2 / examples)          sklearn.metrics.r2_score, with its sample_weight
//
//   metric { name: "r2" r2_score { prediction: "price" label: "paid" } }

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

class Summary final : public MetricSummary {
 public:
  explicit Summary(int64_t n) : n_(n) {}

  std::vector<std::string> SumNames() const override {
    if (n_ == 1) return {"labels", "squares", "errors"};
    std::vector<std::string> names;
    for (int64_t i = 0; i < n_; ++i) {
      for (const char* sum : {"labels_", "squares_", "errors_"}) {
        names.push_back(absl::StrCat(sum, i));
      }
    }
    return names;
  }

  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    for (size_t i = 0; i < n; ++i) {
      const double p = row[i], y = row[n + i];
      sums[3 * i] += weight * y;
      sums[3 * i + 1] += weight * (y * y);  // The square is exact: 48 bits.
      sums[3 * i + 2] += weight * ((p - y) * (p - y));
    }
  }

  double Finish(const MetricTotals& totals) const override {
    // Of one example nothing can be said.
    if (totals.examples < 2) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    for (size_t i = 0; i < totals.sums.size(); i += 3) {
      const double squares = totals.sums[i + 1], errors = totals.sums[i + 2];
      const double spread = squares - totals.sums[i] * totals.sums[i] / totals.weight;
      // What adding so many numbers may have rounded away; below it the labels are the same.
      const double rounding =
          static_cast<double>(totals.examples) * std::numeric_limits<double>::epsilon() * squares;
      if (spread <= rounding) {
        sum += errors == 0 ? 1 : 0;
      } else {
        sum += 1 - errors / spread;
      }
    }
    return sum * 3 / static_cast<double>(totals.sums.size());
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const int64_t n_;
};

class R2Score final : public TypedLayer<metric::R2Score> {
  void Build(const metric::R2Score& config, LayerScope* scope) const override {
    const PredictionAndLabel pair =
        ReadPairForDifferences(config.prediction(), config.label(), scope);
    const Value rows = RowsOfPair(pair, scope->emit());
    if (!rows.valid()) return;
    scope->SetOutput(rows);
    scope->SetSummary(std::make_shared<const Summary>(scope->spec(rows).shape.dim(1).k / 2));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.r2_score", R2Score);

}  // namespace
}  // namespace gradus
