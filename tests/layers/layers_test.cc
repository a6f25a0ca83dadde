// What each layer writes into the graph.

#include "gtest/gtest.h"
#include "absl/strings/str_cat.h"
#include "gradus/graph/print.h"
#include "tests/testing/model_text.h"

namespace gradus {
namespace {

// The graph of one layer on "x" [batch, 2, 3].
std::string Print(absl::string_view layer, Mode mode = Mode::kTraining,
                  absl::string_view input = "shape: [2, 3]") {
  const BuiltModel built = BuildModel(
      absl::StrCat("input { name: \"x\" ", input, " }\nlayer { name: \"l\" ", layer, " }"), mode);
  if (!built.errors.empty()) return built.errors;
  return PrintText(built.model.graph);
}

TEST(DenseTest, JoinsTheAxesBeforeTheLast) {
  EXPECT_EQ(Print("dense { units: 4 activation: TANH }"),
            "%0 x = input : FLOAT32 [batch, 2, 3]\n"
            "%1 l/kernel = parameter : FLOAT32 [3, 4]\n"
            "%2 l/reshape = Reshape {shape: [2*batch, 3]} (%0) : FLOAT32 [2*batch, 3]\n"
            "%3 l/matmul = Matmul (%2, %1) : FLOAT32 [2*batch, 4]\n"
            "%4 l/bias = parameter : FLOAT32 [4]\n"
            "%5 l/add = Add (%3, %4) : FLOAT32 [2*batch, 4]\n"
            "%6 l/tanh = Tanh (%5) : FLOAT32 [2*batch, 4]\n"
            "%7 l/reshape_1 = Reshape {shape: [batch, 2, 4]} (%6) : FLOAT32 [batch, 2, 4]\n");
}

TEST(DenseTest, LeavesTheBiasOutWhenToldTo) {
  EXPECT_EQ(Print("dense { units: 4 use_bias: false }", Mode::kTraining, "shape: 3"),
            "%0 x = input : FLOAT32 [batch, 3]\n"
            "%1 l/kernel = parameter : FLOAT32 [3, 4]\n"
            "%2 l/matmul = Matmul (%0, %1) : FLOAT32 [batch, 4]\n");
}

TEST(DenseTest, StartsAsInKerasUnlessToldOtherwise) {
  const Graph plain =
      BuildModel("input { name: \"x\" shape: 3 } layer { name: \"l\" dense { units: 4 } }")
          .model.graph;
  EXPECT_EQ(plain.parameter(0).initializer.ShortDebugString(), "scaled: GLOROT_UNIFORM");
  EXPECT_EQ(plain.parameter(1).initializer.ShortDebugString(), "constant: 0");
  const Graph told =
      BuildModel("input { name: \"x\" shape: 3 } layer { name: \"l\" dense { units: 4 "
                 "kernel_initializer { scaled: HE_NORMAL } bias_initializer { constant: 0.5 } } }")
          .model.graph;
  EXPECT_EQ(told.parameter(0).initializer.ShortDebugString(), "scaled: HE_NORMAL");
  EXPECT_EQ(told.parameter(1).initializer.ShortDebugString(), "constant: 0.5");
}

TEST(ActivationTest, EveryFunctionIsOneNodeAndLinearNone) {
  for (const char* function :
       {"RELU", "ELU", "SIGMOID", "TANH", "GELU", "SOFTPLUS", "SOFTMAX"}) {
    const BuiltModel built =
        BuildModel(absl::StrCat("input { name: \"x\" shape: 3 } layer { name: \"l\" activation { "
                                "function: ", function, " } }"));
    EXPECT_EQ(built.errors, "");
    EXPECT_EQ(built.model.graph.size(), 2) << function;
  }
  EXPECT_EQ(Print("activation { function: LINEAR }"), "%0 x = input : FLOAT32 [batch, 2, 3]\n");
}

TEST(DropoutTest, ReadsRateSeedStepAndRowOffsetAsScalars) {
  const std::string text = Print("dropout { rate: 0.25 }", Mode::kTraining, "shape: 3");
  EXPECT_NE(text.find("%1 l/rate = scalar : FLOAT32 []\n"
                      "%2 seed = scalar : INT64 []\n"
                      "%3 step = scalar : INT64 []\n"
                      "%4 row_offset = scalar : INT64 []\n"
                      "%5 l/dropout = Dropout {node: "),
            std::string::npos) << text;
  EXPECT_NE(text.find("} (%0, %1, %2, %3, %4) : FLOAT32 [batch, 3], FLOAT32 [batch, 3]\n"),
            std::string::npos) << text;
}

TEST(DropoutTest, ItsRateIsAHyperparameterAndNotPartOfTheNode) {
  const auto model = [](absl::string_view rate) {
    return BuildModel(absl::StrCat("input { name: \"x\" shape: 3 } layer { name: \"l\" dropout { ",
                                   "rate: ", rate, " } }")).model;
  };
  const ModelGraph quarter = model("0.25");
  ASSERT_EQ(quarter.hyperparameters.size(), 1u);
  EXPECT_EQ(quarter.hyperparameters[0].name, "l/rate");
  EXPECT_EQ(quarter.hyperparameters[0].value, 0.25);
  EXPECT_EQ(quarter.hyperparameters[0].path.ToString(), "layer[l].dropout.rate");
  EXPECT_EQ(PrintText(model("0.25").graph), PrintText(model("0.5").graph));
}

TEST(DropoutTest, PassesThroughInInference) {
  EXPECT_EQ(Print("dropout { rate: 0.25 }", Mode::kInference),
            "%0 x = input : FLOAT32 [batch, 2, 3]\n");
}

TEST(DropoutTest, LayersOfOtherNamesDrawOtherNumbers) {
  const Graph graph = BuildModel("input { name: \"x\" shape: 3 } layer { name: \"a\" dropout { "
                                 "rate: 0.5 } } layer { name: \"b\" dropout { rate: 0.5 } }")
                          .model.graph;
  const auto stream = [&](int node) {
    return static_cast<const op::Dropout&>(*graph.node(node).config).node();
  };
  ASSERT_EQ(graph.node(5).name, "a/dropout");
  ASSERT_EQ(graph.node(7).name, "b/dropout");
  EXPECT_NE(stream(5), stream(7));
  EXPECT_GE(stream(5), 0);
}

TEST(FlattenTest, JoinsAllButTheBatch) {
  EXPECT_EQ(Print("flatten {}"),
            "%0 x = input : FLOAT32 [batch, 2, 3]\n"
            "%1 l/reshape = Reshape {shape: [batch, 6]} (%0) : FLOAT32 [batch, 6]\n");
  EXPECT_EQ(Print("flatten {}", Mode::kTraining, ""),
            "%0 x = input : FLOAT32 [batch]\n"
            "%1 l/reshape = Reshape {shape: [batch, 1]} (%0) : FLOAT32 [batch, 1]\n");
  EXPECT_EQ(Print("flatten {}", Mode::kTraining, "shape: 6"), "%0 x = input : FLOAT32 [batch, 6]\n");
}

TEST(ConcatTest, CountsTheAxisFromTheEnd) {
  EXPECT_EQ(Print("input: [\"x\", \"x\"] concat {}"),
            "%0 x = input : FLOAT32 [batch, 2, 3]\n"
            "%1 l/concat = Concat {axis: 2} (%0, %0) : FLOAT32 [batch, 2, 6]\n");
  EXPECT_EQ(Print("input: [\"x\", \"x\", \"x\"] concat { axis: 1 }"),
            "%0 x = input : FLOAT32 [batch, 2, 3]\n"
            "%1 l/concat = Concat {axis: 1} (%0, %0, %0) : FLOAT32 [batch, 6, 3]\n");
}

TEST(AddTest, AddsFromLeftToRight) {
  EXPECT_EQ(Print("input: [\"x\", \"x\", \"x\"] add {}"),
            "%0 x = input : FLOAT32 [batch, 2, 3]\n"
            "%1 l/add = Add (%0, %0) : FLOAT32 [batch, 2, 3]\n"
            "%2 l/add_1 = Add (%1, %0) : FLOAT32 [batch, 2, 3]\n");
}

TEST(BatchNormTest, CarriesItsAveragesWhileTraining) {
  EXPECT_EQ(Print("batch_norm {}", Mode::kTraining, "shape: 3"),
            "%0 x = input : FLOAT32 [batch, 3]\n"
            "%1 l/gamma = parameter : FLOAT32 [3]\n"
            "%2 l/beta = parameter : FLOAT32 [3]\n"
            "%3 l/moving_mean = state : FLOAT32 [3]\n"
            "%4 l/moving_variance = state : FLOAT32 [3]\n"
            "%5 l/batch_norm = BatchNorm {epsilon: 0.001, momentum: 0.99} (%0, %1, %2, %3, %4) : "
            "FLOAT32 [batch, 3], FLOAT32 [3], FLOAT32 [3], FLOAT32 [3], FLOAT32 [3]\n"
            "next %3 = %5:3\n"
            "next %4 = %5:4\n");
}

TEST(BatchNormTest, UsesItsAveragesInInference) {
  EXPECT_EQ(Print("batch_norm { epsilon: 0.01 }", Mode::kInference, "shape: 3"),
            "%0 x = input : FLOAT32 [batch, 3]\n"
            "%1 l/gamma = parameter : FLOAT32 [3]\n"
            "%2 l/beta = parameter : FLOAT32 [3]\n"
            "%3 l/moving_mean = state : FLOAT32 [3]\n"
            "%4 l/moving_variance = state : FLOAT32 [3]\n"
            "%5 0.01 = constant : FLOAT32 []\n"
            "%6 l/add = Add (%4, %5) : FLOAT32 [3]\n"
            "%7 l/sqrt = Sqrt (%6) : FLOAT32 [3]\n"
            "%8 l/scale = Div (%1, %7) : FLOAT32 [3]\n"
            "%9 l/mul = Mul (%3, %8) : FLOAT32 [3]\n"
            "%10 l/shift = Sub (%2, %9) : FLOAT32 [3]\n"
            "%11 l/mul_1 = Mul (%0, %8) : FLOAT32 [batch, 3]\n"
            "%12 l/add_1 = Add (%11, %10) : FLOAT32 [batch, 3]\n");
}

TEST(BatchNormTest, SharesWeightsButNotAverages) {
  const BuiltModel built = BuildModel(
      "input { name: \"x\" shape: 3 } layer { name: \"a\" batch_norm {} } "
      "layer { name: \"b\" weights: \"a\" batch_norm {} }");
  EXPECT_EQ(built.errors, "");
  EXPECT_EQ(built.model.graph.parameters().size(), 2u);
  EXPECT_EQ(built.model.graph.states().size(), 4u);
}

}  // namespace
}  // namespace gradus
