// What a metric's number is made of, so that it is exact over any examples: a batch, an epoch, a split.
//
//   rows  <- the metric's nodes, [batch, width]: what an example brings, usually prediction and label
//   sums  <- sums + Add(row, weight), in double, for every example; or the rows themselves are kept
//   value <- Finish(sums)
//
// The mean of a batch's precisions is not an epoch's precision; its sums are. Sums are also all that a checkpoint must hold in the middle
// of an epoch, each by its name. Adding is done here and not in the graph because a float's square, or a count above 2^24, is only exact in
// double.
//
//   class RootMeanSquaredError final : public MetricSummary {
//     std::vector<std::string> SumNames() const override { return {"squares"}; }
//     void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override { sums[0] += weight * ...; }
//     double Finish(const MetricTotals& t) const override { return std::sqrt(t.sums[0] / t.weight); }
//     Goal goal() const override { return Goal::kLess; }
//   };
//   scope->SetOutput(rows);
//   scope->SetSummary(std::make_shared<const RootMeanSquaredError>());
//
// A metric that sets none gives one number per example, and its value is their mean; which way that gets better nobody knows, so one that
// does sets a MeanSummary. An example of weight w (MetricConfig.example_weight)
// counts as w examples; the framework puts the weight behind the row's numbers and takes it off again.

#ifndef GRADUS_GRAPH_METRIC_SUMMARY_H_
#define GRADUS_GRAPH_METRIC_SUMMARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace gradus {

// Of all examples that were added.
struct MetricTotals {
  absl::Span<const double> sums;  // As SumNames counts them.
  absl::Span<const float> rows;   // One after another, of a metric that keeps them.
  bool rows_end_with_weight = false;  // Where examples have weights: each of `rows` has one more number.
  int64_t examples = 0;
  double weight = 0;  // The sum of their weights: what a mean is divided by. As many as examples where they have none.
};

// Counts that are shown beside the number, or in its place: `columns` numbers a line.
struct MetricTable {
  int64_t columns = 0;  // 0: there is none.
  std::vector<double> values;
};

// Which way a metric's number gets better. Whoever watches it (early stopping, the best checkpoint, a plateau) or picks the best of it goes by
// this, whatever the metric is called.
enum class Goal {
  kUnsaid,  // Nobody knows; who watches it says `direction`.
  kLess,
  kMore,
  kTable,  // There is no number to show or watch: its table is all, and nobody asks for Finish but to have it.
};

// Immutable; made with the metric's configuration when the graph is built.
class MetricSummary {
 public:
  virtual ~MetricSummary() = default;

  // One for each sum, unique: "true_positives"; letters, digits and _ only. "" is the only sum of a metric that needs no other name. None:
  // the rows are kept, in memory and in checkpoints, because the number is not one of any sums.
  virtual std::vector<std::string> SumNames() const = 0;
  // Adds an example that counts as `weight` of them, 1 mostly. Called for every one, so it allocates nothing.
  virtual void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const = 0;
  // The number, at any time; NaN where there is none (of no examples, of one class). A pure function.
  virtual double Finish(const MetricTotals& totals) const = 0;
  virtual Goal goal() const = 0;
  virtual MetricTable Table(const MetricTotals&) const { return {}; }
};

// The mean of one number per example.
class MeanSummary final : public MetricSummary {
 public:
  explicit MeanSummary(Goal goal) : goal_(goal) {}

  std::vector<std::string> SumNames() const override { return {""}; }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    sums[0] += weight * row[0];
  }
  double Finish(const MetricTotals& totals) const override { return totals.sums[0] / totals.weight; }
  Goal goal() const override { return goal_; }

 private:
  const Goal goal_;
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_METRIC_SUMMARY_H_
