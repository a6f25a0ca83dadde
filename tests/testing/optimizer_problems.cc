// The problems, and how a rule is tried on them.

#include "tests/testing/optimizer_problems.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/random.h"

namespace gradus {
namespace {

std::vector<double> Normals(uint64_t stream, int count) {
  RandomSequence random(5, stream);
  std::vector<double> numbers(count);
  for (double& x : numbers) x = random.Normal();
  return numbers;
}

// sum of c (w - target)^2 / 2 with curvatures from 0.5 to 2.
OptimizerProblem MakeQuadratic() {
  constexpr int kCount = 16;
  OptimizerProblem problem;
  problem.name = "a quadratic";
  problem.parameters = {{"kernel", {3, 4}}, {"bias", {3}}, {"scale", {}}};
  problem.start = DrawNumbers<double>(1, kCount);
  const std::vector<double> targets = DrawNumbers<double>(2, kCount);
  problem.loss = [targets](absl::Span<const double> weights, absl::Span<double> gradients) {
    double loss = 0;
    for (int i = 0; i < kCount; ++i) {
      const double curvature = 0.5 + 1.5 * i / (kCount - 1), far = weights[i] - targets[i];
      gradients[i] = curvature * far;
      loss += 0.5 * curvature * far * far;
    }
    return loss;
  };
  problem.updates = 2000;
  problem.limit = 1e-3;
  return problem;
}

// (w - target)' H (w - target) / 2, where H has eigenvalues from 1 to 100 and, as eigenvectors, the
// axes mirrored in a random plane. All directions together start with about the same distance, so
// the flattest has some 0.4% of the loss: the limit is for those who get on in it too.
OptimizerProblem MakeIllConditioned() {
  constexpr int kCount = 10;
  OptimizerProblem problem;
  problem.name = "an ill-conditioned quadratic";
  problem.rate = &ProblemRates::ill_conditioned;
  problem.parameters = {{"kernel", {2, 3}}, {"bias", {4}}};
  problem.start.assign(kCount, 1);
  std::vector<double> normal = Normals(1, kCount);
  double square = 0;
  for (const double x : normal) square += x * x;
  for (double& x : normal) x /= std::sqrt(square);
  const std::vector<double> targets = Normals(2, kCount);
  problem.loss = [normal, targets](absl::Span<const double> weights, absl::Span<double> gradients) {
    // H = M D M with the mirror M x = x - 2 n <n, x>.
    double along = 0;
    for (int i = 0; i < kCount; ++i) along += normal[i] * (weights[i] - targets[i]);
    double loss = 0, scaled_along = 0;
    for (int i = 0; i < kCount; ++i) {
      const double mirrored = weights[i] - targets[i] - 2 * normal[i] * along;
      const double eigenvalue = std::pow(100, i / (kCount - 1.0));
      loss += 0.5 * eigenvalue * mirrored * mirrored;
      gradients[i] = eigenvalue * mirrored;
      scaled_along += normal[i] * gradients[i];
    }
    for (int i = 0; i < kCount; ++i) gradients[i] -= 2 * normal[i] * scaled_along;
    return loss;
  };
  problem.updates = 3000;
  problem.limit = 1e-4;
  return problem;
}

// (1 - x)^2 + 100 (y - x^2)^2 from (-1.2, 1), where it is 24.2. H. H. Rosenbrock 1960. The valley
// is reached at about 4; the limit is near its end.
OptimizerProblem MakeRosenbrock() {
  OptimizerProblem problem;
  problem.name = "Rosenbrock's function";
  problem.rate = &ProblemRates::rosenbrock;
  problem.parameters = {{"point", {2}}};
  problem.start = {-1.2, 1};
  problem.loss = [](absl::Span<const double> w, absl::Span<double> g) {
    const double a = 1 - w[0], b = w[1] - w[0] * w[0];
    g[0] = -2 * a - 400 * w[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  problem.updates = 10000;
  problem.limit = 2e-3;
  return problem;
}

// The mean of log(1 + exp(-y (x w + b))) over 100 examples of five features. One label in ten is
// turned round, so that the least loss has finite weights.
OptimizerProblem MakeLogistic() {
  constexpr int kExamples = 100, kFeatures = 5;
  OptimizerProblem problem;
  problem.name = "logistic regression";
  problem.rate = &ProblemRates::logistic;
  problem.parameters = {{"kernel", {kFeatures, 1}}, {"bias", {1}}};
  problem.start = Normals(3, kFeatures + 1);
  const std::vector<double> x = Normals(4, kExamples * kFeatures),
                            truth = Normals(5, kFeatures + 1);
  std::vector<double> y(kExamples);
  for (int e = 0; e < kExamples; ++e) {
    double score = truth[kFeatures];
    for (int f = 0; f < kFeatures; ++f) score += x[e * kFeatures + f] * truth[f];
    y[e] = (score > 0 ? 1 : -1) * (e % 10 == 0 ? -1 : 1);
  }
  problem.loss = [x, y](absl::Span<const double> w, absl::Span<double> g) {
    double loss = 0;
    for (double& value : g) value = 0;
    for (int e = 0; e < kExamples; ++e) {
      double score = w[kFeatures];
      for (int f = 0; f < kFeatures; ++f) score += x[e * kFeatures + f] * w[f];
      const double margin = y[e] * score;
      loss += margin > 0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
      const double slope = -y[e] / (1 + std::exp(margin)) / kExamples;
      for (int f = 0; f < kFeatures; ++f) g[f] += slope * x[e * kFeatures + f];
      g[kFeatures] += slope;
    }
    return loss / kExamples;
  };
  // The curvature is below 1, so that plain descent with rate 1 goes down every time.
  std::vector<double> w = problem.start, g(kFeatures + 1);
  for (int t = 0; t < 5000; ++t) {
    problem.loss(w, absl::MakeSpan(g));
    for (int i = 0; i <= kFeatures; ++i) w[i] -= g[i];
  }
  problem.least = problem.loss(w, absl::MakeSpan(g));
  problem.updates = 1500;
  problem.limit = 1e-3;
  return problem;
}

// What is left of the loss above the least, as a part of what it was.
double Rest(const ParsedOptimizer& parsed, const OptimizerProblem& problem, double rate) {
  UnderUpdate<double> state(parsed, problem.start, problem.parameters);
  state.loss = problem.loss;
  std::vector<double> gradients(problem.start.size());
  const double before = problem.loss(state.weights, absl::MakeSpan(gradients));
  for (int t = 1; t <= problem.updates; ++t) {
    problem.loss(state.weights, absl::MakeSpan(gradients));
    const double progress = static_cast<double>(t - 1) / problem.updates;
    const UpdateWatch watch = state.Update(rate * (1 - progress), t, gradients);
    if (!watch.gradients_finite || !watch.weights_finite || !state.status.ok()) return HUGE_VAL;
  }
  const double after = problem.loss(state.EvaluationWeights(), absl::MakeSpan(gradients));
  return (after - problem.least) / (before - problem.least);
}

}  // namespace

const OptimizerProblem& QuadraticProblem() {
  static const OptimizerProblem* const problem = new OptimizerProblem(MakeQuadratic());
  return *problem;
}
const OptimizerProblem& IllConditionedProblem() {
  static const OptimizerProblem* const problem = new OptimizerProblem(MakeIllConditioned());
  return *problem;
}
const OptimizerProblem& RosenbrockProblem() {
  static const OptimizerProblem* const problem = new OptimizerProblem(MakeRosenbrock());
  return *problem;
}
const OptimizerProblem& LogisticProblem() {
  static const OptimizerProblem* const problem = new OptimizerProblem(MakeLogistic());
  return *problem;
}

std::string CheckConverges(const ParsedOptimizer& parsed, const OptimizerExample& example,
                           const OptimizerProblem& problem) {
  std::vector<double> rates = {example.rate};
  if (problem.rate != nullptr) {
    const double given = example.rates.*problem.rate;
    if (given != 0) {
      rates = {given};
    } else {
      for (const double factor : {0.3, 3.0, 0.1, 10.0, 0.03, 0.01}) {
        rates.push_back(example.rate * factor);
      }
    }
  }
  std::vector<std::string> tried;
  for (const double rate : rates) {
    const double rest = Rest(parsed, problem, rate);
    if (rest <= problem.limit) return "";
    tried.push_back(absl::StrCat(rest, " with rate ", rate));
  }
  return absl::StrCat(problem.name, ": of the loss ", absl::StrJoin(tried, ", "),
                      " is left, where ", problem.limit, " may be");
}

}  // namespace gradus
