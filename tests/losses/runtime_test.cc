// Every loss as the runtime computes it, in one piece and in blocks of rows: values and gradients stand beside those of the reference
// loops.

#include <cmath>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/isa.h"
#include "gtest/gtest.h"
#include "tests/losses/loss_case.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

constexpr int64_t kRows = 7, kClasses = 5;

// What predictions and labels a loss is for.
enum class Kind {
  kReal,
  kPositive,
  kSigns,
  kProbabilities,
  kDistributions,
  kLogitsOfClasses,
  kLogits,
  kClassNumbers
};

struct RunCase {
  const char* name;
  const char* more;
  Kind kind;
};

std::vector<RunCase> Cases() {
  return {
      {"binary_crossentropy", "", Kind::kProbabilities},
      {"binary_crossentropy", " from_logits: true label_smoothing: 0.1", Kind::kLogits},
      {"categorical_crossentropy", "", Kind::kDistributions},
      {"categorical_crossentropy", " from_logits: true", Kind::kLogitsOfClasses},
      {"sparse_categorical_crossentropy", " from_logits: true", Kind::kClassNumbers},
      {"mean_squared_error", "", Kind::kReal},
      {"mean_absolute_error", "", Kind::kReal},
      {"mean_squared_logarithmic_error", "", Kind::kPositive},
      {"mean_absolute_percentage_error", "", Kind::kPositive},
      {"huber", " delta: 0.5", Kind::kReal},
      {"log_cosh", "", Kind::kReal},
      {"hinge", "", Kind::kSigns},
      {"squared_hinge", "", Kind::kSigns},
      {"categorical_hinge", "", Kind::kLogitsOfClasses},
      {"kl_divergence", "", Kind::kDistributions},
      {"poisson", "", Kind::kPositive},
      {"cosine_similarity", "", Kind::kReal},
      {"binary_focal_crossentropy", " apply_class_balancing: true", Kind::kProbabilities},
      {"binary_focal_crossentropy", " from_logits: true gamma: 1.5", Kind::kLogits},
      {"categorical_focal_crossentropy", " gamma: 0.5", Kind::kDistributions},
      {"categorical_focal_crossentropy", " from_logits: true label_smoothing: 0.1",
       Kind::kLogitsOfClasses},
      {"dice", "", Kind::kProbabilities},
      {"tversky", " alpha: 0.3 beta: 0.7", Kind::kProbabilities},
      {"categorical_generalized_crossentropy", " q: 0.7", Kind::kDistributions},
  };
}

Case MakeRun(const RunCase& c) {
  Numbers p, y;
  for (int64_t i = 0; i < kRows * kClasses; ++i) {
    const double a = std::sin(1.7 * static_cast<double>(i) + 0.3);
    const double b = std::cos(2.3 * static_cast<double>(i) + 0.1);
    const bool first = i % kClasses == i / kClasses % kClasses;
    switch (c.kind) {
      case Kind::kReal:
        p.push_back(a);
        y.push_back(b);
        break;
      case Kind::kPositive:
        p.push_back(1.5 + a);
        y.push_back(1.6 + b);
        break;
      case Kind::kSigns:
        p.push_back(2 * a);
        y.push_back(b > 0 ? 1 : -1);
        break;
      case Kind::kProbabilities:
        p.push_back(0.5 + 0.4 * a);
        y.push_back(b > 0 ? 1 : 0);
        break;
      case Kind::kDistributions:
        p.push_back(0.5 + 0.4 * a);
        y.push_back(first ? 0.8 : 0.05);
        break;
      case Kind::kLogitsOfClasses:
        p.push_back(2 * a);
        y.push_back(first ? 1 : 0);
        break;
      case Kind::kLogits:
        p.push_back(3 * a);
        y.push_back(b > 0 ? 1 : 0);
        break;
      case Kind::kClassNumbers:
        p.push_back(2 * a);
        if (i % kClasses == 0) y.push_back(static_cast<double>(i / kClasses % kClasses));
        break;
    }
  }
  return Make(absl::StrCat(c.name, " { prediction: \"l\" label: \"y\"", c.more, " }"),
              c.kind == Kind::kClassNumbers ? "type: INT32" : "shape: 5", {kRows, kClasses}, p, y);
}

TEST(LossesInTheRuntimeTest, AgreeWithTheReferenceWholeAndInBlocks) {
  for (const RunCase& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.name, c.more));
    Case given = MakeRun(c);
    Graph& graph = given.model.graph;
    const Value loss = given.model.losses[0].value;
    const Value seed = *graph.AddInput("seed of the gradient", graph.spec(loss));
    given.leaves[seed] = {{kRows}, Numbers(kRows, 1.0 / kRows)};
    const auto gradients = AddGradients(&graph, {loss}, {seed}, {given.prediction});
    ASSERT_TRUE(gradients.ok()) << gradients.status();
    Fetches fetches;
    fetches.values = {loss, gradients->of[0]};
    const auto expected = EvaluateReference(graph, given.leaves, kRows, fetches.values);
    ASSERT_TRUE(expected.ok()) << expected.status();
    for (const int64_t block_rows : {0, 3, 1}) {
      SCOPED_TRACE(block_rows);
      ExecutorOptions options;
      options.block_rows = block_rows;
      const auto run = TestRun::Create(graph, fetches, options, CurrentIsa());
      ASSERT_TRUE(run.ok()) << run.status();
      EXPECT_TRUE((*run)->executor().splits()) << (*run)->executor().why_not_split();
      const absl::Status status = (*run)->Run(given.leaves, kRows);
      ASSERT_TRUE(status.ok()) << status;
      // Some tens of operations in float, each right to a few units in the last place.
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(Differences((*run)->value(i), (*expected)[i], 1e-6, 1e-5), "") << i;
      }
    }
  }
}

TEST(LossesInTheRuntimeTest, AllRegisteredOnesAreAmongTheCases) {
  for (const std::string& key : Registry<Layer>::Get().Keys()) {
    const std::string prefix = "gradus.LossConfig.";
    if (key.compare(0, prefix.size(), prefix) != 0) continue;
    bool found = false;
    for (const RunCase& c : Cases()) found |= key.substr(prefix.size()) == c.name;
    EXPECT_TRUE(found) << key << " is not run";
  }
}

}  // namespace
}  // namespace gradus
