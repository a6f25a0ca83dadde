// Models from text: graphs as printed text, and all findings at once.

#include "gradus/graph/build_graph.h"

#include "gtest/gtest.h"
#include "gradus/graph/print.h"
#include "tests/testing/model_text.h"

namespace gradus {
namespace {

constexpr char kTutorial[] = R"(
  input { name: "x" shape: 3 }
  input { name: "y" shape: 1 }
  layer { name: "hidden" dense { units: 2 activation: RELU } }
  layer { name: "output" dense { units: 1 activation: SIGMOID } }
  loss { weight: 0.5 mean_squared_error { prediction: "output" label: "y" } }
  metric { name: "error" mean_absolute_error { prediction: "output" label: "y" } }
)";

TEST(BuildGraphTest, ReadsTheLayerAboveWhenNoInputIsNamed) {
  const BuiltModel built = BuildModel(kTutorial);
  EXPECT_EQ(built.errors, "");
  EXPECT_EQ(built.warnings, "");
  EXPECT_EQ(PrintText(built.model.graph),
            "%0 x = input : FLOAT32 [batch, 3]\n"
            "%1 y = input : FLOAT32 [batch, 1]\n"
            "%2 hidden/kernel = parameter : FLOAT32 [3, 2]\n"
            "%3 hidden/matmul = Matmul (%0, %2) : FLOAT32 [batch, 2]\n"
            "%4 hidden/bias = parameter : FLOAT32 [2]\n"
            "%5 hidden/add = Add (%3, %4) : FLOAT32 [batch, 2]\n"
            "%6 hidden/relu = Relu (%5) : FLOAT32 [batch, 2]\n"
            "%7 output/kernel = parameter : FLOAT32 [2, 1]\n"
            "%8 output/matmul = Matmul (%6, %7) : FLOAT32 [batch, 1]\n"
            "%9 output/bias = parameter : FLOAT32 [1]\n"
            "%10 output/add = Add (%8, %9) : FLOAT32 [batch, 1]\n"
            "%11 output/sigmoid = Sigmoid (%10) : FLOAT32 [batch, 1]\n"
            "%12 loss/mean_squared_error/sub = Sub (%11, %1) : FLOAT32 [batch, 1]\n"
            "%13 loss/mean_squared_error/square = Square (%12) : FLOAT32 [batch, 1]\n"
            "%14 loss/mean_squared_error/reshape = Reshape {shape: [batch]} (%13) : FLOAT32 "
            "[batch]\n"
            "%15 mean_squared_error/weight = scalar : FLOAT32 []\n"
            "%16 metric/error/sub = Sub (%11, %1) : FLOAT32 [batch, 1]\n"
            "%17 metric/error/abs = Abs (%16) : FLOAT32 [batch, 1]\n"
            "%18 metric/error/reshape = Reshape {shape: [batch]} (%17) : FLOAT32 [batch]\n");
}

TEST(BuildGraphTest, ListsOutputsLossesMetricsLayersAndHyperparameters) {
  const ModelGraph model = BuildModel(kTutorial).model;
  ASSERT_EQ(model.outputs.size(), 1u);
  EXPECT_EQ(model.outputs[0].name, "output");
  EXPECT_EQ(model.outputs[0].value, (Value{11, 0}));
  ASSERT_EQ(model.losses.size(), 1u);
  EXPECT_EQ(model.losses[0].name, "mean_squared_error");
  EXPECT_EQ(model.losses[0].weight, "mean_squared_error/weight");
  ASSERT_EQ(model.metrics.size(), 1u);
  EXPECT_EQ(model.metrics[0].name, "error");
  ASSERT_EQ(model.layers.size(), 2u);
  EXPECT_EQ(model.layers[0].name, "hidden");
  EXPECT_EQ(model.layers[0].kind, "dense");
  EXPECT_EQ(model.layers[0].parameters.size(), 2u);
  ASSERT_EQ(model.hyperparameters.size(), 1u);
  EXPECT_EQ(model.hyperparameters[0].name, "mean_squared_error/weight");
  EXPECT_EQ(model.hyperparameters[0].value, 0.5);
  EXPECT_EQ(model.hyperparameters[0].path.ToString(), "loss[0].weight");
}

TEST(BuildGraphTest, NodesRememberWhereTheyComeFrom) {
  const ModelGraph model = BuildModel(kTutorial).model;
  EXPECT_EQ(model.graph.node(3).origin.ToString(), "layer[hidden].dense");
  EXPECT_EQ(model.graph.node(13).origin.ToString(), "loss[0].mean_squared_error");
}

TEST(BuildGraphTest, PredictionNeedsNoLabels) {
  const BuiltModel built = BuildModel(kTutorial, Mode::kInference, Parts::kPrediction);
  EXPECT_EQ(built.errors, "");
  EXPECT_EQ(built.warnings, "");
  EXPECT_EQ(built.model.graph.inputs().size(), 1u);
  EXPECT_EQ(built.model.graph.size(), 11);
  EXPECT_TRUE(built.model.losses.empty());
  EXPECT_TRUE(built.model.metrics.empty());
}

TEST(BuildGraphTest, PredictionLeavesOutLayersThatOnlyLossesRead) {
  const BuiltModel built = BuildModel(R"(
    input { name: "x" shape: 3 }
    input { name: "y" shape: [3, 1] }
    layer { name: "out" dense { units: 3 } }
    layer { name: "flat_y" input: "y" flatten {} }
    output: "out"
    loss { mean_squared_error { prediction: "out" label: "flat_y" } }
  )", Mode::kInference, Parts::kPrediction);
  EXPECT_EQ(built.errors, "");
  ASSERT_EQ(built.model.graph.inputs().size(), 1u);
  EXPECT_EQ(built.model.graph.node(built.model.graph.inputs()[0]).name, "x");
}

TEST(BuildGraphTest, SharesWeightsByName) {
  const BuiltModel built = BuildModel(R"(
    input { name: "a" shape: 3 }
    input { name: "b" shape: 3 }
    layer { name: "left" input: "a" weights: "tower" dense { units: 2 } }
    layer { name: "right" input: "b" weights: "tower" dense { units: 2 } }
    layer { name: "sum" input: ["left", "right"] add {} }
  )");
  EXPECT_EQ(built.errors, "");
  EXPECT_EQ(PrintText(built.model.graph),
            "%0 a = input : FLOAT32 [batch, 3]\n"
            "%1 b = input : FLOAT32 [batch, 3]\n"
            "%2 tower/kernel = parameter : FLOAT32 [3, 2]\n"
            "%3 left/matmul = Matmul (%0, %2) : FLOAT32 [batch, 2]\n"
            "%4 tower/bias = parameter : FLOAT32 [2]\n"
            "%5 left/add = Add (%3, %4) : FLOAT32 [batch, 2]\n"
            "%6 right/matmul = Matmul (%1, %2) : FLOAT32 [batch, 2]\n"
            "%7 right/add = Add (%6, %4) : FLOAT32 [batch, 2]\n"
            "%8 sum/add = Add (%5, %7) : FLOAT32 [batch, 2]\n");
}

TEST(BuildGraphTest, WeightsOfAnotherLayerAreSharedByItsName) {
  const BuiltModel built = BuildModel(R"(
    input { name: "x" shape: 2 }
    layer { name: "first" dense { units: 2 } }
    layer { name: "second" weights: "first" dense { units: 2 } }
  )");
  EXPECT_EQ(built.errors, "");
  EXPECT_EQ(built.model.graph.parameters().size(), 2u);
}

TEST(BuildGraphTest, GivesSeveralOutputsInTheOrderOfTheText) {
  const ModelGraph model = BuildModel(R"(
    input { name: "x" shape: 2 }
    layer { name: "a" dense { units: 1 } }
    layer { name: "b" input: "x" dense { units: 2 } }
    output: ["b", "a"]
  )").model;
  ASSERT_EQ(model.outputs.size(), 2u);
  EXPECT_EQ(model.outputs[0].name, "b");
  EXPECT_EQ(model.outputs[1].name, "a");
}

TEST(BuildGraphTest, WarnsOfWhatNothingDependsOn) {
  const BuiltModel built = BuildModel(R"(
input { name: "x" shape: 2 }
input { name: "spare" shape: 2 }
layer { name: "lonely" dense { units: 1 } }
layer { name: "out" input: "x" dense { units: 1 } }
)");
  EXPECT_EQ(built.errors, "");
  EXPECT_EQ(built.warnings,
            "m:3:1: input \"spare\": no output, loss or metric depends on it [input[spare]]\n"
            "m:4:1: layer \"lonely\": no output, loss or metric depends on it [layer[lonely]]");
}

TEST(BuildGraphTest, ALossAndAMetricMayHaveOneName) {
  EXPECT_EQ(BuildModel(R"(
    input { name: "x" shape: 1 }
    input { name: "y" shape: 1 }
    layer { name: "out" dense { units: 1 } }
    loss { mean_absolute_error { prediction: "out" label: "y" } }
    metric { mean_absolute_error { prediction: "out" label: "y" } }
  )").errors, "");
}

}  // namespace
}  // namespace gradus
