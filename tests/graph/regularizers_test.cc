// Regularisers as a loss of the model: its number and gradient by plain sums, parameters that are shared, texts that are refused.

#include "gradus/graph/regularizers.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/testing/gradient_checker.h"
#include "tests/testing/model_text.h"
#include "tests/testing/reference_executor.h"

namespace gradus {
namespace {

constexpr char kInputs[] = "input { name: \"x\" shape: 3 } input { name: \"y\" shape: 2 }\n";
constexpr char kLoss[] = "\nloss { mean_squared_error { prediction: \"b\" label: \"y\" } }";

BuiltModel Build(const std::string& layers, Mode mode = Mode::kTraining) {
  return BuildModel(absl::StrCat(kInputs, layers, kLoss), mode);
}

TEST(RegularizersTest, AddTheSameToEachExampleAndHaveItsDerivative) {
  for (const Mode mode : {Mode::kTraining, Mode::kInference}) {
    const BuiltModel built = Build(
        "layer { name: \"a\" dense { units: 3 } regularizer { l1: 0.5 l2: 0.25 } }\n"
        "layer { name: \"b\" dense { units: 2 } regularizer { parameter: \"bias\" l2: 2 } }",
        mode);
    ASSERT_EQ(built.errors, "");
    ASSERT_EQ(built.model.losses.size(), 2u);
    const ModelLoss& loss = built.model.losses[1];
    EXPECT_EQ(loss.name, "regularizers");
    EXPECT_EQ(loss.weight, "regularizers/weight");
    const Graph& graph = built.model.graph;
    ReferenceLeaves leaves;
    double expected = 0, phase = 0;
    for (Value parameter : graph.parameters()) {
      RefTensor w{graph.spec(parameter).shape.At(1), {}};
      int64_t count = 1;
      for (int64_t d : w.dims) count *= d;
      for (int64_t i = 0; i < count; ++i) {
        w.values.push_back(std::sin(1.3 * static_cast<double>(i) + ++phase) + (i % 2 ? 1.2 : -1.2));
        const double v = w.values.back();
        if (graph.node(parameter).name == "a/kernel") expected += 0.5 * std::abs(v) + 0.25 * v * v;
        if (graph.node(parameter).name == "b/bias") expected += 2 * v * v;
      }
      leaves[parameter] = w;
    }
    const auto value = EvaluateReference(graph, leaves, 4, {loss.value});
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_EQ((*value)[0].dims, (std::vector<int64_t>{4}));
    for (double v : (*value)[0].values) EXPECT_NEAR(v, expected, 1e-12);
    const Value kernel = graph.FindLeaf(Leaf::kParameter, "a/kernel");
    const Value bias = graph.FindLeaf(Leaf::kParameter, "b/bias");
    EXPECT_EQ(CheckGradients(graph, {loss.value}, leaves, 4, {kernel, bias}, {}), "");
  }
}

TEST(RegularizersTest, CountASharedParameterOnce) {
  const std::string shared =
      "layer { name: \"a\" input: \"x\" dense { units: 2 } regularizer { l2: 1 } }\n"
      "layer { name: \"c\" input: \"x\" weights: \"a\" dense { units: 2 } regularizer { l2: ";
  const std::string end = " } }\nlayer { name: \"b\" input: [\"a\", \"c\"] add {} }";
  const BuiltModel once = Build(shared + "1" + end);
  EXPECT_EQ(once.errors, "");
  int squares = 0;
  for (int i = 0; i < once.model.graph.size(); ++i) {
    squares += once.model.graph.node(i).name.find("regularizers/square") != std::string::npos;
  }
  EXPECT_EQ(squares, 1);
  EXPECT_NE(
      Build(shared + "2" + end)
          .errors.find(
              "layer \"c\": it shares \"kernel\" with layer \"a\", whose regularizer has other "
              "numbers"),
      std::string::npos);
}

TEST(RegularizersTest, AreLeftOutWhereThereIsNothingToAddTo) {
  const std::string layers = "layer { name: \"b\" dense { units: 2 } regularizer { l2: 1 } }";
  EXPECT_TRUE(BuildModel(absl::StrCat(kInputs, layers)).model.losses.empty());
  EXPECT_TRUE(BuildModel(absl::StrCat(kInputs, layers, kLoss), Mode::kInference, Parts::kPrediction)
                  .model.losses.empty());
}

TEST(RegularizersTest, SayWhatIsWrong) {
  const auto errors = [](const char* more, const char* kind = "dense { units: 2 }") {
    return Build(absl::StrCat("layer { name: \"b\" ", kind, " ", more, " }")).errors;
  };
  EXPECT_EQ(errors("regularizer { parameter: \"kernal\" l2: 1 }"),
            "m:2:63: layer \"b\": it has no parameter \"kernal\"; it has kernel, bias "
            "[layer[b].regularizer[0].parameter]");
  EXPECT_NE(errors("regularizer { l2: 1 }", "activation { function: RELU }")
                .find("m:2:49: layer \"b\": it has no parameter \"kernel\"; it has none at all "
                      "[layer[b].regularizer[0]]"),
            std::string::npos);
  EXPECT_NE(errors("regularizer {}").find("the regularizer of \"kernel\" has neither l1 nor l2"),
            std::string::npos);
  EXPECT_NE(errors("regularizer { l2: 1 } regularizer { l1: 1 }")
                .find("\"kernel\" has a regularizer above; l1 and l2 stand in one"),
            std::string::npos);
  EXPECT_NE(errors("regularizer { l2: -1 }").find("l2 -1 must be at least 0"), std::string::npos);
  EXPECT_NE(
      BuildModel(absl::StrCat(kInputs,
                              "layer { name: \"b\" dense { units: 2 } regularizer { l2: 1 } } "
                              "loss { name: \"regularizers\" mean_squared_error { prediction: "
                              "\"b\" label: \"y\" } }"))
          .errors.find("the name \"regularizers\" is that of what regularizers add"),
      std::string::npos);
}

}  // namespace
}  // namespace gradus
