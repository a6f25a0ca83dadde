// Central differences against gradient graphs.

#include "tests/testing/gradient_checker.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/random.h"

namespace gradus {
namespace {

// One comparison: the analytic gradient's projection on a direction against the difference
// quotient.
class Checker {
 public:
  Checker(const Graph& graph, const std::vector<Value>& y, const ReferenceLeaves& leaves,
          int64_t rows, const GradientCheckOptions& options)
      : graph_(graph),
        y_(y),
        leaves_(leaves),
        rows_(rows),
        options_(options),
        random_(options.seed, StreamOf("gradient check")) {}

  std::string Check(const std::vector<Value>& wrt) {
    const std::string error = Differentiate(wrt);
    if (!error.empty()) return error;
    for (size_t i = 0; i < wrt.size(); ++i) {
      const std::string difference = CheckLeaf(wrt[i], analytic_[i].values);
      if (!difference.empty()) return difference;
    }
    return "";
  }

 private:
  // Fills seeds_ and analytic_.
  std::string Differentiate(const std::vector<Value>& wrt) {
    Graph graph = graph_;
    ReferenceLeaves leaves = leaves_;
    std::vector<Value> seeds;
    for (size_t k = 0; k < y_.size(); ++k) {
      const TensorSpec& spec = graph.spec(y_[k]);
      const absl::StatusOr<Value> seed = graph.AddInput(absl::StrCat("seed ", k), spec);
      if (!seed.ok()) return seed.status().ToString();
      RefTensor values{spec.shape.At(rows_), {}};
      int64_t elements = 1;
      for (int64_t d : values.dims) elements *= d;
      for (int64_t i = 0; i < elements; ++i) values.values.push_back(2 * random_.Uniform() - 1);
      seeds_.push_back(values.values);
      leaves[*seed] = std::move(values);
      seeds.push_back(*seed);
    }
    const absl::StatusOr<Gradients> gradients = AddGradients(&graph, y_, seeds, wrt);
    if (!gradients.ok()) return gradients.status().ToString();
    std::vector<Value> fetches;
    for (size_t i = 0; i < wrt.size(); ++i) {
      const Value gradient = gradients->of[i];
      if (!gradient.valid()) continue;
      if (graph.spec(gradient).shape != graph.spec(wrt[i]).shape) {
        return absl::StrCat("the gradient of ", graph.node(wrt[i]).name, " is ",
                            graph.spec(gradient).ToString());
      }
      fetches.push_back(gradient);
    }
    absl::StatusOr<std::vector<RefTensor>> values =
        EvaluateReference(graph, leaves, rows_, fetches);
    if (!values.ok()) return values.status().ToString();
    size_t next = 0;
    for (size_t i = 0; i < wrt.size(); ++i) {
      // No gradient means zero.
      RefTensor zero{leaves_.at(wrt[i]).dims,
                     std::vector<double>(leaves_.at(wrt[i]).values.size(), 0.0)};
      analytic_.push_back(gradients->of[i].valid() ? (*values)[next++] : std::move(zero));
    }
    return "";
  }

  std::string CheckLeaf(Value leaf, const std::vector<double>& analytic) {
    const size_t n = analytic.size();
    const std::string& name = graph_.node(leaf).name;
    if (static_cast<int64_t>(n) > options_.max_elements) {
      std::vector<double> direction(n);
      for (double& d : direction) d = random_.Uniform() < 0.5 ? -1 : 1;
      return Compare(leaf, direction, analytic, absl::StrCat(name, " along a direction"));
    }
    for (size_t i = 0; i < n; ++i) {
      std::vector<double> direction(n, 0.0);
      direction[i] = 1;
      const std::string difference =
          Compare(leaf, direction, analytic, absl::StrCat(name, " element ", i));
      if (!difference.empty()) return difference;
    }
    return "";
  }

  std::string Compare(Value leaf, const std::vector<double>& direction,
                      const std::vector<double>& analytic, const std::string& what) {
    std::vector<RefTensor> above, below;
    for (const double sign : {1.0, -1.0}) {
      ReferenceLeaves moved = leaves_;
      std::vector<double>& values = moved[leaf].values;
      for (size_t i = 0; i < values.size(); ++i) values[i] += sign * options_.step * direction[i];
      absl::StatusOr<std::vector<RefTensor>> y = EvaluateReference(graph_, moved, rows_, y_);
      if (!y.ok()) return y.status().ToString();
      (sign > 0 ? above : below) = *std::move(y);
    }
    // Differences first: their sum loses nothing to the size of y.
    double numeric = 0;
    for (size_t k = 0; k < y_.size(); ++k) {
      for (size_t i = 0; i < seeds_[k].size(); ++i) {
        numeric += seeds_[k][i] * (above[k].values[i] - below[k].values[i]);
      }
    }
    numeric /= 2 * options_.step;
    double projected = 0;
    double moved_elements = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      projected += analytic[i] * direction[i];
      moved_elements += std::abs(direction[i]);
    }
    const double allowed =
        options_.absolute * std::sqrt(moved_elements) + options_.relative * std::abs(numeric);
    if (std::abs(numeric - projected) <= allowed) return "";
    return absl::StrCat("gradient with respect to ", what, ": rule ", projected,
                        ", central difference ", numeric, ", allowed difference ", allowed);
  }

  const Graph& graph_;
  const std::vector<Value>& y_;
  const ReferenceLeaves& leaves_;
  const int64_t rows_;
  const GradientCheckOptions& options_;
  RandomSequence random_;
  std::vector<std::vector<double>> seeds_;
  std::vector<RefTensor> analytic_;
};

}  // namespace

std::string CheckGradients(const Graph& graph, const std::vector<Value>& y,
                           const ReferenceLeaves& leaves, int64_t rows,
                           const std::vector<Value>& wrt, const GradientCheckOptions& options) {
  return Checker(graph, y, leaves, rows, options).Check(wrt);
}

}  // namespace gradus
