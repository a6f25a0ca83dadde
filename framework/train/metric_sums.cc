// Adding up, and what comes of it.

#include "gradus/train/metric_sums.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

// Sums that a metric's summary knows: all but that of its weights, which is the last.
size_t OwnSums(const ModelMetric& metric) {
  return static_cast<size_t>(metric.sums) - (metric.weighted && metric.sums > 0 ? 1 : 0);
}

// Calls visit(i, totals) for each metric. False when there are no sums of these metrics.
template <class Visit>
bool ForEachMetric(const MetricSums& sums, absl::Span<const ModelMetric> metrics, Visit visit) {
  size_t needed = 0;
  for (const ModelMetric& metric : metrics) needed += static_cast<size_t>(metric.sums);
  if (needed != sums.metrics.size()) return false;
  size_t first = 0;
  for (size_t i = 0; i < metrics.size(); ++i) {
    const size_t count = static_cast<size_t>(metrics[i].sums);
    MetricTotals totals;
    const bool weighted = metrics[i].weighted;
    totals.sums = absl::MakeConstSpan(sums.metrics).subspan(first, OwnSums(metrics[i]));
    totals.examples = sums.examples;
    totals.weight = weighted ? 0 : static_cast<double>(sums.examples);
    if (count > 0 && weighted) totals.weight = sums.metrics[first + count - 1];
    if (count == 0 && i < sums.rows.size()) {
      totals.rows = sums.rows[i];
      totals.rows_end_with_weight = weighted;
      const size_t width = static_cast<size_t>(metrics[i].width);
      for (size_t end = width; weighted && end <= totals.rows.size(); end += width) {
        totals.weight += totals.rows[end - 1];
      }
    }
    visit(i, totals);
    first += count;
  }
  return true;
}

}  // namespace

void MetricSums::Add(const MetricSums& other) {
  loss += other.loss;
  metrics.resize(std::max(metrics.size(), other.metrics.size()));
  for (size_t i = 0; i < other.metrics.size(); ++i) metrics[i] += other.metrics[i];
  rows.resize(std::max(rows.size(), other.rows.size()));
  for (size_t i = 0; i < other.rows.size(); ++i) {
    rows[i].insert(rows[i].end(), other.rows[i].begin(), other.rows[i].end());
  }
  examples += other.examples;
}

void MetricSums::Clear() {
  loss = 0;
  metrics.assign(metrics.size(), 0);
  for (std::vector<float>& kept : rows) kept.clear();
  examples = 0;
}

void MetricSums::ForgetMetrics() {
  metrics.clear();
  for (std::vector<float>& kept : rows) kept.clear();
}

std::vector<std::string> SumNames(absl::Span<const ModelMetric> metrics) {
  std::vector<std::string> names;
  for (const ModelMetric& metric : metrics) {
    for (const std::string& sum : metric.summary->SumNames()) {
      names.push_back(sum.empty() ? metric.name : absl::StrCat(metric.name, "/", sum));
    }
    if (metric.weighted && metric.sums > 0) {
      names.push_back(absl::StrCat(metric.name, "/example_weights"));
    }
  }
  return names;
}

void SumValues(absl::Span<const std::vector<float>> values, absl::Span<const double> loss_weights,
               absl::Span<const ModelMetric> metrics, int64_t rows, MetricSums* sums) {
  sums->examples = rows;
  sums->loss = 0;
  for (size_t i = 0; i < loss_weights.size(); ++i) {
    double sum = 0;
    for (int64_t row = 0; row < rows; ++row) sum += values[i][row];
    sums->loss += loss_weights[i] * sum;
  }
  size_t needed = 0;
  for (const ModelMetric& metric : metrics) needed += static_cast<size_t>(metric.sums);
  sums->metrics.assign(needed, 0);
  sums->rows.resize(metrics.size());
  size_t first = 0;
  for (size_t i = 0; i < metrics.size(); ++i) {
    const size_t width = static_cast<size_t>(metrics[i].width);
    const size_t count = static_cast<size_t>(metrics[i].sums);
    const absl::Span<const float> all = absl::MakeConstSpan(values[loss_weights.size() + i])
                                            .subspan(0, static_cast<size_t>(rows) * width);
    if (count == 0) {
      sums->rows[i].assign(all.begin(), all.end());
      continue;
    }
    const size_t own = width - (metrics[i].weighted ? 1 : 0);
    const absl::Span<double> into =
        absl::MakeSpan(sums->metrics).subspan(first, OwnSums(metrics[i]));
    for (size_t row = 0; row < all.size(); row += width) {
      const double weight = metrics[i].weighted ? all[row + own] : 1;
      metrics[i].summary->Add(all.subspan(row, own), weight, into);
      if (metrics[i].weighted) sums->metrics[first + count - 1] += weight;
    }
    first += count;
  }
}

absl::Status CheckSums(const MetricSums& sums, absl::Span<const ModelMetric> metrics) {
  if (sums.examples == 0) return absl::OkStatus();
  const size_t needed = SumNames(metrics).size();
  if (sums.metrics.size() != needed) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", sums.metrics.size(),
                                                   " sums of metrics, the model's have ", needed));
  }
  for (size_t i = 0; i < std::max(metrics.size(), sums.rows.size()); ++i) {
    const size_t there = i < sums.rows.size() ? sums.rows[i].size() : 0;
    const bool kept = i < metrics.size() && metrics[i].sums == 0;
    // Divided, because a file's number of examples may be anything up to 2^53.
    const size_t width = kept ? static_cast<size_t>(metrics[i].width) : 1;
    const size_t due = kept ? static_cast<size_t>(sums.examples) : 0;
    if (there % width == 0 && there / width == due) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("metric ", i < metrics.size() ? metrics[i].name : absl::StrCat("number ", i),
                     " has ", there, " numbers of the epoch so far and should have ", width,
                     " of each of ", due, " examples"));
  }
  return absl::OkStatus();
}

double MeanLoss(const MetricSums& sums) { return sums.loss / static_cast<double>(sums.examples); }

void FinishSums(const MetricSums& sums, absl::Span<const ModelMetric> metrics,
                std::vector<double>* numbers) {
  numbers->clear();
  numbers->push_back(MeanLoss(sums));
  ForEachMetric(sums, metrics, [&](size_t i, const MetricTotals& totals) {
    numbers->push_back(metrics[i].summary->Finish(totals));
  });
}

void FinishSums(const MetricSums& sums, absl::Span<const ModelMetric> metrics, double* loss,
                std::vector<std::pair<std::string, double>>* numbers) {
  *loss = MeanLoss(sums);
  size_t count = 0;
  ForEachMetric(sums, metrics, [&](size_t i, const MetricTotals& totals) {
    if (metrics[i].summary->goal() == Goal::kTable) return;
    if (count == numbers->size()) numbers->emplace_back();
    (*numbers)[count].first = metrics[i].name;
    (*numbers)[count++].second = metrics[i].summary->Finish(totals);
  });
  numbers->resize(count);
}

std::vector<NamedTable> FinishTables(const MetricSums& sums,
                                     absl::Span<const ModelMetric> metrics) {
  std::vector<NamedTable> tables;
  ForEachMetric(sums, metrics, [&](size_t i, const MetricTotals& totals) {
    MetricTable table = metrics[i].summary->Table(totals);
    if (table.columns > 0) tables.push_back({metrics[i].name, std::move(table)});
  });
  return tables;
}

}  // namespace gradus
