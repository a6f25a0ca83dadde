// What a rule is to bring down: a quadratic, an ill-conditioned one whose axes are not those of the
// weights, Rosenbrock's valley, and logistic regression.

#ifndef GRADUS_TESTS_TESTING_OPTIMIZER_PROBLEMS_H_
#define GRADUS_TESTS_TESTING_OPTIMIZER_PROBLEMS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {

struct OptimizerProblem {
  std::string name;
  double ProblemRates::*rate = nullptr;  // Null: OptimizerExample::rate.
  std::vector<ShapedParameter> parameters;
  std::vector<double> start;
  // The loss, and its gradient. Allocates nothing.
  std::function<double(absl::Span<const double> weights, absl::Span<double> gradients)> loss;
  double least = 0;
  int updates = 0;
  double limit = 0;  // What may be left of the loss above the least.
};

const OptimizerProblem& QuadraticProblem();
const OptimizerProblem& IllConditionedProblem();
const OptimizerProblem& RosenbrockProblem();
const OptimizerProblem& LogisticProblem();

// "" or what was not reached.
std::string CheckConverges(const ParsedOptimizer& parsed, const OptimizerExample& example,
                           const OptimizerProblem& problem);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OPTIMIZER_PROBLEMS_H_
