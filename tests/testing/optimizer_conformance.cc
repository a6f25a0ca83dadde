// The checks of an update rule.

#include "tests/testing/optimizer_conformance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/random.h"

namespace gradus {
namespace {

constexpr int64_t kElements = 1003;  // Whole vectors of every instruction set, and a rest.
constexpr double kRate = 0.01;

template <class F>
bool SameBits(const std::vector<F>& a, const std::vector<F>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(F)) == 0);
}
template <class F>
bool SameBits(const UnderUpdate<F>& a, const UnderUpdate<F>& b) {
  if (!SameBits(a.weights, b.weights) || a.slots.size() != b.slots.size()) return false;
  for (size_t i = 0; i < a.slots.size(); ++i) {
    if (!SameBits(a.slots[i], b.slots[i])) return false;
  }
  return SameBits(a.numbers, b.numbers);
}

bool ByElements(const ParsedOptimizer& parsed) { return parsed.rule->reach() == Reach::kElements; }

// What the rule is tried on: one long vector where that is all it sees.
std::vector<ShapedParameter> ParametersFor(const ParsedOptimizer& parsed) {
  if (!ByElements(parsed)) return SomeParameters();
  return {{"weights", {kElements}}};
}

template <class F>
std::unique_ptr<UnderUpdate<F>> Start(const ParsedOptimizer& parsed,
                                      const std::vector<ShapedParameter>& parameters) {
  return std::make_unique<UnderUpdate<F>>(parsed, DrawNumbers<F>(0, CountElements(parameters)),
                                          parameters);
}

template <class F>
void Go(UnderUpdate<F>* state, int64_t first, int64_t last, absl::Span<const int64_t> cuts = {}) {
  for (int64_t t = first; t <= last; ++t) {
    state->Update(kRate / t, t, DrawNumbers<F>(t, state->weights.size()), cuts);
  }
}

template <class F>
std::string CheckCuts(const ParsedOptimizer& parsed) {
  const std::vector<std::vector<int64_t>> all_cuts = {
      {1}, {16}, {1002}, {3, 3, 7, 500}, {100, 200, 300, 400, 500, 600, 700, 800, 900, 1000}};
  const auto whole = Start<F>(parsed, ParametersFor(parsed));
  Go(whole.get(), 1, 5);
  for (const std::vector<int64_t>& cuts : all_cuts) {
    for (const bool in_threads : {false, true}) {
      const auto in_parts = Start<F>(parsed, ParametersFor(parsed));
      in_parts->in_threads = in_threads;
      Go<F>(in_parts.get(), 1, 5, cuts);
      if (SameBits(*whole, *in_parts)) continue;
      return absl::StrCat("cut at ", absl::StrJoin(cuts, ", "), in_threads ? ", in threads" : "",
                          ": other bits than in one range");
    }
  }
  return "";
}

template <class F>
std::string CheckViews(const ParsedOptimizer& parsed) {
  const auto usual = Start<F>(parsed, ParametersFor(parsed));
  Go(usual.get(), 1, 5);
  if (!usual->status.ok()) return std::string(usual->status.message());
  const bool one_by_one = parsed.rule->reach() == Reach::kParameter;
  for (const int64_t padding : {int64_t{3}, int64_t{0}}) {
    for (const bool backwards : {false, true}) {
      for (const bool in_threads : {false, true}) {
        if (in_threads && !one_by_one) continue;
        const auto other = Start<F>(parsed, ParametersFor(parsed));
        other->padding = padding;
        other->backwards = backwards;
        other->in_threads = in_threads;
        Go(other.get(), 1, 5);
        if (!backwards || one_by_one) {
          if (SameBits(*usual, *other)) continue;
          return absl::StrCat("other bits with a pitch ", padding, " beyond the columns",
                              backwards ? ", backwards" : "", in_threads ? ", in threads" : "");
        }
        // Sums of some ten numbers in another order, five times over; what a rule makes of them may
        // be a small difference of large ones.
        const double tolerance = 1e5 * std::numeric_limits<F>::epsilon();
        for (size_t i = 0; std::is_same<F, double>::value && i < usual->weights.size(); ++i) {
          const double w = usual->weights[i], off = other->weights[i] - w;
          if (std::abs(off) <= tolerance * std::max(1.0, std::abs(w))) continue;
          return absl::StrCat("parameters in another order change a weight of ", w, " by ", off);
        }
      }
    }
  }
  return "";
}

template <class F>
std::string CheckWatch(const ParsedOptimizer& parsed) {
  const F infinity = std::numeric_limits<F>::infinity();
  UnderUpdate<F> fine(parsed, DrawNumbers<F>(0, kElements));
  const UpdateWatch quiet = fine.Update(kRate, 1, DrawNumbers<F>(1, kElements));
  if (!quiet.gradients_finite || !quiet.weights_finite) return "an alarm for finite numbers";
  for (const F bad : {infinity, -infinity, std::numeric_limits<F>::quiet_NaN()}) {
    for (const int64_t at : {int64_t{0}, int64_t{517}, kElements - 1}) {
      UnderUpdate<F> gradient(parsed, DrawNumbers<F>(0, kElements));
      std::vector<F> gradients = DrawNumbers<F>(1, kElements);
      gradients[at] = bad;
      if (gradient.Update(kRate, 1, gradients).gradients_finite) {
        return absl::StrCat("gradient ", bad, " at ", at, " was not seen");
      }
      std::vector<F> weights = DrawNumbers<F>(0, kElements);
      weights[at] = bad;
      UnderUpdate<F> weight(parsed, weights);
      const UpdateWatch watch = weight.Update(kRate, 1, DrawNumbers<F>(1, kElements));
      if (watch.weights_finite && weight.status.ok()) {
        return absl::StrCat("weight ", bad, " at ", at, " was not seen");
      }
      if (!watch.gradients_finite) return "a weight that is not finite was taken for a gradient";
    }
  }
  return "";
}

template <class F>
std::string CheckResumes(const ParsedOptimizer& parsed) {
  const std::vector<ShapedParameter> parameters = ParametersFor(parsed);
  constexpr int64_t kUpdates = 12;
  const auto through = Start<F>(parsed, parameters);
  Go(through.get(), 1, kUpdates);
  for (int64_t stop = 0; stop <= kUpdates; ++stop) {
    const auto first = Start<F>(parsed, parameters);
    Go(first.get(), 1, stop);
    const std::string saved = first->Save(stop);
    // What is not saved is lost here, and what a rule keeps to itself is that of another run.
    Go(Start<F>(parsed, parameters).get(), 1, kUpdates + 1);
    UnderUpdate<F> resumed(parsed, std::vector<F>(first->weights.size()), parameters);
    const auto done = resumed.Load(saved);
    if (!done.ok()) return std::string(done.status().message());
    Go(&resumed, *done + 1, kUpdates);
    if (!SameBits(*through, resumed)) return absl::StrCat("other bits after a stop at ", stop);
  }
  return "";
}

template <class F>
std::string CheckDegenerate(const ParsedOptimizer& parsed) {
  const auto nothing = Start<F>(parsed, {});
  Go(nothing.get(), 1, 3);
  if (!nothing->status.ok()) return absl::StrCat("no parameters: ", nothing->status.message());
  const auto no_elements = Start<F>(parsed, {{"empty", {0}}});
  const UpdateWatch watch = no_elements->Update(kRate, 1, {});
  if (!watch.gradients_finite || !watch.weights_finite) return "an alarm about no elements";

  const std::vector<ShapedParameter> full = {{"scalar", {}},     {"one", {1}},
                                             {"single", {1, 1}}, {"row", {1, 5}},
                                             {"column", {5, 1}}, {"block", {2, 1, 3}}};
  std::vector<ShapedParameter> mixed = {{"empty", {0}}};
  for (const ShapedParameter& parameter : full) mixed.push_back(parameter);
  mixed.push_back({"no_rows", {0, 3}});
  mixed.push_back({"no_columns", {3, 0}});
  const auto without = Start<F>(parsed, full), with = Start<F>(parsed, mixed);
  Go(without.get(), 1, 3);
  Go(with.get(), 1, 3);
  if (!with->status.ok()) return absl::StrCat("small parameters: ", with->status.message());
  if (!SameBits(with->weights, without->weights)) {
    return "parameters without elements change what becomes of the others";
  }
  for (const F w : with->weights) {
    if (!std::isfinite(w)) return "small parameters: a weight is not finite";
  }

  // Directions are quotients, and here all of them are 0 / 0.
  const auto flat = Start<F>(parsed, SomeParameters());
  flat->loss = [](absl::Span<const F>, absl::Span<F> gradients) {
    std::fill(gradients.begin(), gradients.end(), F(0));
    return 1;
  };
  const std::vector<F> zeros(flat->weights.size());
  for (int64_t t = 1; t <= 3; ++t) {
    if (!flat->Update(kRate, t, zeros).weights_finite)
      return "gradients of 0 give what is no number";
  }
  if (!flat->status.ok()) return absl::StrCat("gradients of 0: ", flat->status.message());
  return "";
}

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

UpdateHistory MakeHistory(const ParsedOptimizer& parsed, double rate) {
  constexpr int kUpdates = 50;
  UpdateHistory history;
  history.parameters = SomeParameters();
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

template <class F>
std::string CheckFormulaIn(const ParsedOptimizer& parsed, const UpdateHistory& history,
                           const OptimizerFormula& formula, double tolerance) {
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

void Mix(const void* bytes, size_t size, uint64_t* digest) {
  *digest =
      *digest * 0x100000001b3 ^ StreamOf(absl::string_view(static_cast<const char*>(bytes), size));
}

template <class F>
void MixUpdates(const ParsedOptimizer& parsed, uint64_t* digest) {
  const auto state = Start<F>(parsed, ParametersFor(parsed));
  Go(state.get(), 1, 20);
  Mix(state->weights.data(), state->weights.size() * sizeof(F), digest);
  for (const std::vector<F>& slot : state->slots) Mix(slot.data(), slot.size() * sizeof(F), digest);
}

}  // namespace

template <class F>
std::vector<F> DrawNumbers(uint64_t stream, int64_t count) {
  RandomSequence random(7, stream);
  std::vector<F> numbers(count);
  for (F& x : numbers) x = static_cast<F>(random.Normal() * std::pow(10, -6 * random.Uniform()));
  return numbers;
}
template std::vector<float> DrawNumbers<float>(uint64_t, int64_t);
template std::vector<double> DrawNumbers<double>(uint64_t, int64_t);

std::vector<ShapedParameter> SomeParameters() {
  return {{"wide", {3, 7}}, {"bias", {5}}, {"scale", {}}, {"tall", {6, 2}}, {"block", {2, 3, 2}}};
}

int64_t CountElements(absl::Span<const ShapedParameter> parameters) {
  int64_t count = 0;
  for (const ShapedParameter& parameter : parameters) count += parameter.elements();
  return count;
}

std::vector<double> GoldenUpdates(const ParsedOptimizer& parsed, absl::Span<const double> rates,
                                  const std::vector<int64_t>& dims) {
  std::vector<double> weights = {1, -2, 0.5};
  std::vector<std::vector<double>> gradients = {
      {0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
  if (dims == std::vector<int64_t>{2, 3}) {
    const std::vector<std::vector<double>> second = {
        {0.4, 0.05, -0.1}, {0.2, -0.3, 0.1}, {0.3, 0, 0.5}};
    weights.insert(weights.end(), {0.3, 0.7, -1.1});
    for (int t = 0; t < 3; ++t) {
      gradients[t].insert(gradients[t].end(), second[t].begin(), second[t].end());
    }
  }
  UnderUpdate<double> state(parsed, weights, {{"weights", dims}});
  for (int64_t t = 1; t <= 3; ++t) state.Update(rates[t - 1], t, gradients[t - 1]);
  return state.weights;
}

std::string CheckFormula(const ParsedOptimizer& parsed, const OptimizerExample& example,
                         const OptimizerFormula& formula) {
  if (parsed.rule->HasEvaluationWeights(*parsed.message) && !formula.evaluated) {
    return "the rule has weights to evaluate, and brings no formula of them";
  }
  const UpdateHistory history = MakeHistory(parsed, example.rate);
  const std::string wrong = CheckFormulaIn<double>(parsed, history, formula, example.tolerance);
  if (!wrong.empty()) return wrong;
  return CheckFormulaIn<float>(parsed, history, formula, example.float_tolerance);
}

std::string CheckResumesExactly(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckResumes<float>(parsed), CheckResumes<double>(parsed));
}

std::string CheckOrderDoesNotMatter(const ParsedOptimizer& parsed) {
  if (ByElements(parsed)) return absl::StrCat(CheckCuts<float>(parsed), CheckCuts<double>(parsed));
  return absl::StrCat(CheckViews<float>(parsed), CheckViews<double>(parsed));
}

std::string CheckSeesWhatIsNotFinite(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckWatch<float>(parsed), CheckWatch<double>(parsed));
}

std::string CheckRateZero(const ParsedOptimizer& parsed, const OptimizerExample& example) {
  const auto state = Start<float>(parsed, ParametersFor(parsed));
  const std::vector<float> before = state->weights;
  for (int64_t t = 1; t <= 3; ++t) {
    state->Update(0, t, DrawNumbers<float>(t, static_cast<int64_t>(before.size())));
  }
  const bool moved = !SameBits(state->weights, before);
  if (moved && example.moves_at_rate_zero.empty()) return "rate 0 moved a weight";
  if (!moved && !example.moves_at_rate_zero.empty()) {
    return absl::StrCat("rate 0 moves nothing, where it should: ", example.moves_at_rate_zero);
  }
  return "";
}

std::string CheckDegenerateParameters(const ParsedOptimizer& parsed) {
  return absl::StrCat(CheckDegenerate<float>(parsed), CheckDegenerate<double>(parsed));
}

uint64_t Digest(const ParsedOptimizer& parsed) {
  uint64_t digest = 0;
  MixUpdates<float>(parsed, &digest);
  MixUpdates<double>(parsed, &digest);
  return digest;
}

}  // namespace gradus
