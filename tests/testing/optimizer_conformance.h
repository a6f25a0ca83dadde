// What every update rule owes, whoever wrote it and wherever. A rule brings examples and its
// formula; one test of the program includes tests/testing/optimizer_conformance_suite.h and names
// the rules. A rule that brings nothing fails.
//
//   GRADUS_OPTIMIZER_EXAMPLES("gradus.OptimizerConfig.lion",
//                             ({{{"lion {}", 0.01, {0.9, -2.1, 0.4}}},
//                               {{"lion { beta1: 1 }", "text:1:15: ... [lion.beta1]"}}}));
//
// The formula is the mathematics as it stands on paper, in double, one number at a time:
//
//   std::vector<double> Lion(const optimizer::Lion& c, const UpdateHistory& h) {
//     std::vector<double> weights = h.weights;
//     for (size_t i = 0; i < weights.size(); ++i) {
//       double m = 0;
//       for (int64_t t = 1; t <= h.updates(); ++t) {
//         const double g = h.gradient(t, i);
//         weights[i] -= h.rate(t) * Sign(c.beta1() * m + (1 - c.beta1()) * g);
//         m = c.beta2() * m + (1 - c.beta2()) * g;
//       }
//     }
//     return weights;
//   }
//   GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.lion", Lion);
//
// A rule whose weights to evaluate are not those that it trains gives a second function of the same
// kind for them.

#ifndef GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_H_
#define GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/train/optimizer.h"
#include "tests/testing/checkpointed_run.h"
#include "tests/testing/refused_text.h"
#include "tests/testing/under_update.h"

namespace gradus {

// A rate by problem (tests/testing/optimizer_problems.h). Where one is 0, the example's rate or one
// that is up to 10 times as large or 100 times as small must do.
struct ProblemRates {
  double ill_conditioned = 0, rosenbrock = 0, logistic = 0;
};

struct OptimizerExample {
  std::string text;  // Of an OptimizerConfig.
  double rate;       // With this rate, falling to 0, it converges on a quadratic.
  // The weights after the three updates of GoldenUpdates, to 10 digits, by an independent
  // implementation or by hand.
  std::vector<double> golden = {};
  // The shape of the golden updates' parameter, and their rate.
  std::vector<int64_t> golden_dims = {3};
  double golden_rate = 0.1;
  ProblemRates rates = {};

  // How far the rule may be from its formula after 50 updates, for numbers of size 1. A rule adds
  // some ten numbers an update: 50 * 10 * 2^-53 = 6e-14, and 50 * 10 * 2^-24 = 3e-5. One with
  // differences of almost equal numbers, or roots of such, says what it needs.
  double tolerance = 1e-12;
  double float_tolerance = 3e-5;

  // Why it is otherwise than for most rules, where it is.
  std::string moves_at_rate_zero = "";
  // By name of the problem (tests/testing/optimizer_problems.h), why the limit is not reached.
  std::map<std::string, std::string> unreached = {};

  // The example with one of these: OptimizerExample{"lion {}", 0.01}.WithRates({0, 0.003, 0}).
  OptimizerExample WithRates(const ProblemRates& given) const {
    return Changed(&OptimizerExample::rates, given);
  }
  OptimizerExample WithTolerance(double given) const {
    return Changed(&OptimizerExample::tolerance, given);
  }
  OptimizerExample WithFloatTolerance(double given) const {
    return Changed(&OptimizerExample::float_tolerance, given);
  }
  OptimizerExample Moves(const std::string& why) const {
    return Changed(&OptimizerExample::moves_at_rate_zero, why);
  }
  OptimizerExample DoesNotReach(const std::string& problem, const std::string& why) const {
    OptimizerExample example = *this;
    example.unreached[problem] = why;
    return example;
  }
  template <class Value>
  OptimizerExample Changed(Value OptimizerExample::*field, const Value& value) const {
    OptimizerExample example = *this;
    example.*field = value;
    return example;
  }
};

struct OptimizerExamples {
  std::vector<OptimizerExample> good;
  std::vector<RefusedText> refused;
};

#define GRADUS_OPTIMIZER_EXAMPLES(key, examples)                           \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                \
      (::gradus::Registry<::gradus::OptimizerExamples>::Get().Add(         \
           key, std::make_unique<::gradus::OptimizerExamples>(             \
                    ::gradus::OptimizerExamples GRADUS_UNWRAP_ examples)), \
       true)
#define GRADUS_UNWRAP_(...) __VA_ARGS__

// What a formula is given. Numbers of all parameters stand one after the other, row by row.
struct UpdateHistory {
  std::vector<ShapedParameter> parameters;
  std::vector<double> weights;                 // Before the first update.
  std::vector<double> rates;                   // By update; one of them is 0.
  std::vector<std::vector<double>> gradients;  // By update; empty for rules that reach kLoss.
  // For those: the loss at these weights, and its gradient.
  std::function<double(absl::Span<const double> weights, absl::Span<double> gradients)> loss;

  // Updates are counted from 1.
  int64_t updates() const { return static_cast<int64_t>(rates.size()); }
  double rate(int64_t t) const { return rates[t - 1]; }
  double gradient(int64_t t, size_t i) const { return gradients[t - 1][i]; }
};

// The weights after all updates of the history.
struct OptimizerFormula {
  using Function =
      std::function<std::vector<double>(const google::protobuf::Message&, const UpdateHistory&)>;
  Function trained, evaluated;  // The second may be empty.
};

namespace internal {

template <class Config>
using PlainFormula = std::vector<double> (*)(const Config&, const UpdateHistory&);

template <class Config>
OptimizerFormula::Function WrapFormula(PlainFormula<Config> formula) {
  return [formula](const google::protobuf::Message& config, const UpdateHistory& history) {
    return formula(static_cast<const Config&>(config), history);
  };
}
template <class Config>
OptimizerFormula MakeFormula(PlainFormula<Config> trained) {
  return {WrapFormula(trained), nullptr};
}
template <class Config>
OptimizerFormula MakeFormula(PlainFormula<Config> trained, PlainFormula<Config> evaluated) {
  return {WrapFormula(trained), WrapFormula(evaluated)};
}

}  // namespace internal

// (key, function) or (key, function, function of the weights to evaluate).
#define GRADUS_OPTIMIZER_FORMULA(key, ...)                          \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =         \
      (::gradus::Registry<::gradus::OptimizerFormula>::Get().Add(   \
           key, std::make_unique<::gradus::OptimizerFormula>(       \
                    ::gradus::internal::MakeFormula(__VA_ARGS__))), \
       true)

// The weights after three updates of (1, -2, 0.5) with the gradients (0.1, -0.2, 0.3), (-0.05, 0.4,
// 0), (0.2, 0.1, -0.6). Other `dims` than {3} make them a matrix of three elements, or the first
// row of one of 2 x 3, {2, 3}: then the second row is (0.3, 0.7, -1.1) with (0.4, 0.05, -0.1),
// (0.2, -0.3, 0.1), (0.3, 0, 0.5).
std::vector<double> GoldenUpdates(const ParsedOptimizer& parsed, absl::Span<const double> rates,
                                  const std::vector<int64_t>& dims = {3});

// Each is "" or says what is wrong. What drives the rule is what trains: LooseOptimizer and its Updater,
// and where a state is saved and loaded, a Trainer and its checkpoints.

// Slots and numbers are saved by name.
std::string CheckNames(const ParsedOptimizer& parsed);
std::string CheckGolden(const ParsedOptimizer& parsed, const OptimizerExample& example);
// In float and double, over vectors, scalars, matrices, blocks and random shapes, 50 updates with
// changing rates.
std::string CheckFormula(const ParsedOptimizer& parsed, const OptimizerExample& example,
                         const OptimizerFormula& formula);
// A small model that is trained, saved, loaded and trained on has the same checkpoint, to the bit, as
// one that was trained without a stop; and a state that was copied goes on as the one it is of.
std::string CheckResumesExactly(const ParsedOptimizer& parsed);
// Threads and geometries give the same bits, and so does the order of parameters, except that it is
// the order of the sums of a rule that sees all of them.
std::string CheckOrderDoesNotMatter(const ParsedOptimizer& parsed);
std::string CheckSeesWhatIsNotFinite(const ParsedOptimizer& parsed);
std::string CheckRateZero(const ParsedOptimizer& parsed, const OptimizerExample& example);
// No parameters, parameters without elements, scalars, single rows and columns; gradients of 0.
std::string CheckDegenerateParameters(const ParsedOptimizer& parsed);
std::string CheckRefuses(const RefusedText& refused);

// A number for all bits of weights and slots, float and double, after 20 updates.
uint64_t Digest(const ParsedOptimizer& parsed);

// Numbers around 0 of sizes from 1e-6 to 1.
template <class F>
std::vector<F> DrawNumbers(uint64_t stream, int64_t count);
// Of an example's updates: a matrix, a vector, a scalar and a block of three dimensions.
std::vector<ShapedParameter> SomeParameters();
int64_t CountElements(absl::Span<const ShapedParameter> parameters);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_H_
