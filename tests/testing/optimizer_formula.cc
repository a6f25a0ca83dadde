// A rule beside its mathematics: the same shapes, rates and gradients for both.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/base/random.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

// The loss of a rule that asks for one: flat-bottomed valleys of different steepness.
double Valley(absl::Span<const double> weights, absl::Span<double> gradients) {
  double loss = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double steepness = 0.5 + 1.5 * i / weights.size(), target = std::sin(1.0 + i);
    const double far = weights[i] - target, cube = 0.1 * far * far * far;
    gradients[i] = steepness * far + cube;
    loss += 0.5 * steepness * far * far + 0.25 * cube * far;
  }
  return loss;
}

// Of up to four dimensions of 1 to 5 each.
std::vector<ShapedParameter> RandomParameters(uint64_t stream) {
  RandomSequence random(19, stream);
  std::vector<ShapedParameter> parameters;
  for (const char* const name : {"a", "b", "c", "d"}) {
    ShapedParameter parameter = {name, std::vector<int64_t>(random.Below(5))};
    for (int64_t& dim : parameter.dims) dim = 1 + static_cast<int64_t>(random.Below(5));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

UpdateHistory MakeHistory(const ParsedOptimizer& parsed, double rate,
                          const std::vector<ShapedParameter>& parameters) {
  constexpr int kUpdates = 50;
  UpdateHistory history;
  history.parameters = parameters;
  const int64_t count = CountElements(history.parameters);
  // Numbers that float has too.
  const std::vector<float> weights = DrawNumbers<float>(0, count);
  history.weights.assign(weights.begin(), weights.end());
  if (parsed.rule->reach() == Reach::kLoss) history.loss = Valley;
  for (int64_t t = 1; t <= kUpdates; ++t) {
    history.rates.push_back(t == 20 ? 0 : rate * (1 + 0.5 * std::sin(static_cast<double>(t))));
    if (history.loss) continue;
    std::vector<float> gradients = DrawNumbers<float>(t, count);
    for (int64_t i = 0; i < count; ++i) {
      if ((i + t) % 7 == 0) gradients[i] = 0;
    }
    history.gradients.emplace_back(gradients.begin(), gradients.end());
  }
  return history;
}

template <class F>
std::string Compare(const std::vector<F>& weights, const std::vector<double>& formula,
                    double tolerance, const std::string& what) {
  if (formula.size() != weights.size()) return "the formula gives another number of weights";
  for (size_t i = 0; i < weights.size(); ++i) {
    const double off = static_cast<double>(weights[i]) - formula[i];
    if (std::abs(off) <= tolerance) continue;  // Not for a NaN.
    return absl::StrCat(what, ", element ", i, ": the rule gives ", weights[i], ", the formula ",
                        formula[i], ", which is off by ", off, " where ", tolerance, " is allowed");
  }
  return "";
}

// Compares after every update, or after the last one alone.
template <class F>
std::string CheckFormulaIn(const ParsedOptimizer& parsed, const UpdateHistory& history,
                           const OptimizerFormula& formula, double tolerance, bool every_update) {
  const std::string type = std::is_same<F, float>::value ? "float" : "double";
  UnderUpdate<F> state(parsed, std::vector<F>(history.weights.begin(), history.weights.end()),
                       history.parameters);
  std::vector<double> there(state.weights.size());
  const auto loss = [&](absl::Span<const F> weights, absl::Span<F> gradients) {
    const std::vector<double> here(weights.begin(), weights.end());
    const double value = history.loss(here, absl::MakeSpan(there));
    std::transform(there.begin(), there.end(), gradients.begin(),
                   [](double g) { return static_cast<F>(g); });
    return value;
  };
  if (history.loss) state.loss = loss;
  if (!state.status.ok()) return std::string(state.status.message());
  UpdateHistory so_far = history;
  so_far.rates.clear();
  so_far.gradients.clear();
  double scale = 1;
  for (int64_t t = 1; t <= history.updates(); ++t) {
    std::vector<F> gradients(state.weights.size());
    if (history.loss) {
      loss(state.weights, absl::MakeSpan(gradients));
    } else {
      gradients.assign(history.gradients[t - 1].begin(), history.gradients[t - 1].end());
      so_far.gradients.push_back(history.gradients[t - 1]);
    }
    so_far.rates.push_back(history.rate(t));
    state.Update(history.rate(t), t, gradients);
    if (!state.status.ok()) return absl::StrCat(type, ": ", state.status.message());
    if (!every_update && t < history.updates()) continue;
    const std::vector<double> trained = formula.trained(*parsed.message, so_far);
    for (const double w : trained) scale = std::max(scale, std::abs(w));
    std::string wrong =
        Compare(state.weights, trained, tolerance * scale, absl::StrCat(type, ", update ", t));
    if (!wrong.empty()) return wrong;
    if (!formula.evaluated) continue;
    wrong = Compare(state.EvaluationWeights(), formula.evaluated(*parsed.message, so_far),
                    tolerance * scale, absl::StrCat(type, ", to evaluate after update ", t));
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

std::string CheckFormula(const ParsedOptimizer& parsed, const OptimizerExample& example,
                         const OptimizerFormula& formula) {
  if (parsed.rule->HasEvaluationWeights(*parsed.message) && !formula.evaluated) {
    return "the rule has weights to evaluate, and brings no formula of them";
  }
  for (uint64_t stream = 0; stream < 4; ++stream) {
    const UpdateHistory history = MakeHistory(
        parsed, example.rate, stream == 0 ? SomeParameters() : RandomParameters(stream));
    std::string wrong =
        CheckFormulaIn<double>(parsed, history, formula, example.tolerance, stream == 0);
    if (wrong.empty()) {
      wrong = CheckFormulaIn<float>(parsed, history, formula, example.float_tolerance, stream == 0);
    }
    if (wrong.empty()) continue;
    return stream == 0 ? wrong : absl::StrCat("random shapes ", stream, ": ", wrong);
  }
  return "";
}

}  // namespace gradus
