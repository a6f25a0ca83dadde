// What losses and metrics have come to over the examples so far, and the numbers that it makes. Numbers are made of sums here and nowhere
// else, so a batch, an epoch, a split and an epoch that was resumed half-way have theirs by the same rule.

#ifndef GRADUS_TRAIN_METRIC_SUMS_H_
#define GRADUS_TRAIN_METRIC_SUMS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/graph/build_graph.h"

namespace gradus {

struct MetricSums {
  double loss = 0;              // The weighted sum of losses, summed over examples.
  std::vector<double> metrics;  // All sums of all metrics, in the order of SumNames.
  int64_t examples = 0;
  // By metric: the rows of those that keep them (graph/metric_summary.h).
  std::vector<std::vector<float>> rows = {};

  void Add(const MetricSums& other);
  void Clear();  // Keeps its memory.
  // No sums of metrics, as opposed to sums of no examples: an update was given up half-way.
  void ForgetMetrics();
};

// The names of MetricSums::metrics: "accuracy", "f1_score/true_positives".
std::vector<std::string> SumNames(absl::Span<const ModelMetric> metrics);

// The sums of a batch, from values by example: first the losses, then the metrics' rows. Allocates
// nothing once `sums` has been through it, but for rows that are kept.
void SumValues(absl::Span<const std::vector<float>> values, absl::Span<const double> loss_weights,
               absl::Span<const ModelMetric> metrics, int64_t rows, MetricSums* sums);

// Whether sums are those of such metrics: what a file says may be another model's.
absl::Status CheckSums(const MetricSums& sums, absl::Span<const ModelMetric> metrics);

// The numbers. NaN of no examples.
double MeanLoss(const MetricSums& sums);
// The loss, then every metric, NaN for one that is only a table; the loss alone when the metrics were forgotten.
void FinishSums(const MetricSums& sums, absl::Span<const ModelMetric> metrics,
                std::vector<double>* numbers);
// The same with names, without the metrics that are only tables. Allocates nothing once the results have been through it.
void FinishSums(const MetricSums& sums, absl::Span<const ModelMetric> metrics, double* loss,
                std::vector<std::pair<std::string, double>>* numbers);

// The counts that a metric shows beside its number or in its place.
struct NamedTable {
  std::string name;  // The metric's.
  MetricTable table;
};
std::vector<NamedTable> FinishTables(const MetricSums& sums, absl::Span<const ModelMetric> metrics);

}  // namespace gradus

#endif  // GRADUS_TRAIN_METRIC_SUMS_H_
