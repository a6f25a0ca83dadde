// Graphs: leaves, nodes, names, printed forms.

#include "gradus/graph/graph.h"

#include <utility>

#include "gtest/gtest.h"
#include "gradus/graph/emitter.h"
#include "gradus/graph/print.h"
#include "gradus/model.pb.h"
#include "gradus/op.pb.h"

namespace gradus {
namespace {

const TensorSpec kRows4{DType::kFloat32, Shape::Batched({4})};

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

TEST(GraphTest, PrintsOneNodeALine) {
  Graph graph;
  const Value x = *graph.AddInput("x", kRows4);
  const Value w = *graph.AddParameter({"fc/kernel", Shape::Fixed({2, 4}), {}});
  const Value average = *graph.AddState({"average", Shape::Fixed({2}), 0});
  op::Matmul product;
  product.set_transpose_b(true);
  const Value y = *graph.AddNode(product, {x, w}, "fc/matmul");
  op::ReduceMean mean;
  mean.add_axis(0);
  const Value next = *graph.AddNode(mean, {y});
  ASSERT_TRUE(graph.SetNext(average, next).ok());
  ASSERT_TRUE(graph.AddScalar("rate").ok());
  EXPECT_EQ(PrintText(graph),
            "%0 x = input : FLOAT32 [batch, 4]\n"
            "%1 fc/kernel = parameter : FLOAT32 [2, 4]\n"
            "%2 average = state : FLOAT32 [2]\n"
            "%3 fc/matmul = Matmul {transpose_b: true} (%0, %1) : FLOAT32 [batch, 2]\n"
            "%4 reduce_mean = ReduceMean {axis: [0]} (%3) : FLOAT32 [2]\n"
            "%5 rate = scalar : FLOAT32 []\n"
            "next %2 = %4\n");
}

TEST(GraphTest, DotBoxesLayersAndColoursLeaves) {
  Graph graph;
  const Value x = *graph.AddInput("x", kRows4);
  const Value w = *graph.AddParameter({"fc/kernel", Shape::Fixed({4, 2}), {}});
  ASSERT_TRUE(graph.AddNode(op::Matmul(), {x, w}, "fc/matmul").ok());
  const std::string head =
      "digraph gradus {\n"
      "  rankdir=TB;\n"
      "  node [shape=box, style=\"rounded,filled\", color=\"#707070\", fontname=\"Helvetica\", "
      "fontsize=10];\n"
      "  edge [color=\"#707070\", fontname=\"Helvetica\", fontsize=8, arrowsize=0.6];\n";
  EXPECT_EQ(PrintDot(graph),
            head +
                "  n0 [label=\"x\\nFLOAT32 [batch, 4]\", fillcolor=\"#cfe8cf\", shape=ellipse];\n"
                "  subgraph cluster_0 {\n"
                "    label=\"fc\";\n"
                "    style=\"rounded\";\n"
                "    color=\"#b0b0b0\";\n"
                "    fontname=\"Helvetica-Bold\";\n"
                "    fontsize=11;\n"
                "    n1 [label=\"kernel\\nFLOAT32 [4, 2]\", fillcolor=\"#cfdff5\", shape=ellipse];\n"
                "    n2 [label=\"Matmul\\nFLOAT32 [batch, 2]\", fillcolor=\"#ffffff\"];\n"
                "  }\n"
                "  n0 -> n2;\n"
                "  n1 -> n2;\n"
                "}\n");
}

TEST(GraphTest, NumbersNamesThatExist) {
  Graph graph;
  const Value x = *graph.AddInput("x", kRows4);
  EXPECT_EQ(graph.node(*graph.AddNode(op::Relu(), {x})).name, "relu");
  EXPECT_EQ(graph.node(*graph.AddNode(op::Relu(), {x}, "relu_1")).name, "relu_1");
  EXPECT_EQ(graph.node(*graph.AddNode(op::Relu(), {x})).name, "relu_2");
  EXPECT_EQ(graph.node(*graph.AddNode(op::ReduceSum(), {x})).name, "reduce_sum");
}

TEST(GraphTest, SharesParametersOfOneNameAndShape) {
  Graph graph;
  const Value first = *graph.AddParameter({"w", Shape::Fixed({2}), {}});
  EXPECT_EQ(*graph.AddParameter({"w", Shape::Fixed({2}), {}}), first);
  EXPECT_EQ(graph.parameters().size(), 1u);
  EXPECT_EQ(MessageOf(graph.AddParameter({"w", Shape::Fixed({3}), {}}).status()),
            "parameter \"w\" has the shape [2] and cannot have [3] here");
  ParameterSpec other{"w", Shape::Fixed({2}), {}};
  other.initializer.set_constant(1);
  EXPECT_EQ(MessageOf(graph.AddParameter(other).status()),
            "parameter \"w\" starts with {} and cannot start with {constant: 1} here");
}

TEST(GraphTest, RefusesLeavesThatExistOrDependOnTheBatch) {
  Graph graph;
  ASSERT_TRUE(graph.AddInput("x", kRows4).ok());
  ASSERT_TRUE(graph.AddParameter({"w", Shape::Fixed({2}), {}}).ok());
  ASSERT_TRUE(graph.AddState({"s", Shape::Fixed({2}), 0}).ok());
  ASSERT_TRUE(graph.AddConstant("c", Tensor::Of<float>({}, {1})).ok());
  ASSERT_TRUE(graph.AddScalar("rate").ok());
  EXPECT_EQ(MessageOf(graph.AddInput("x", kRows4).status()), "input \"x\" exists already");
  EXPECT_EQ(MessageOf(graph.AddState({"w", Shape(), 0}).status()), "parameter \"w\" exists already");
  EXPECT_EQ(MessageOf(graph.AddState({"s", Shape(), 0}).status()), "state \"s\" exists already");
  EXPECT_EQ(MessageOf(graph.AddParameter({"s", Shape(), {}}).status()), "state \"s\" exists already");
  EXPECT_EQ(MessageOf(graph.AddConstant("c", Tensor::Of<float>({}, {1})).status()),
            "constant \"c\" exists already");
  EXPECT_EQ(MessageOf(graph.AddScalar("rate", DType::kInt64).status()),
            "scalar \"rate\" is FLOAT32, not INT64");
  EXPECT_EQ(MessageOf(graph.AddParameter({"p", Shape::Batched({2}), {}}).status()),
            "parameter \"p\" has the shape [batch, 2], which depends on the batch");
  EXPECT_EQ(MessageOf(graph.AddParameter({"p", Shape::Fixed({1 << 30, 1 << 30}), {}}).status()),
            "parameter \"p\": a tensor of shape [1073741824, 1073741824] has more than 2^48 "
            "elements");
}

TEST(GraphTest, ErrorsOfNodesNameOpInputsAndRule) {
  Graph graph;
  const Value x = *graph.AddInput("x", kRows4);
  const Value w = *graph.AddParameter({"w", Shape::Fixed({3, 2}), {}});
  EXPECT_EQ(MessageOf(graph.AddNode(op::Matmul(), {x, w}).status()),
            "op Matmul (FLOAT32 [batch, 4], FLOAT32 [3, 2]): inner lengths differ: [batch, 4] x "
            "[3, 2]");
  EXPECT_EQ(MessageOf(graph.AddNode(op::Relu(), {Value{99, 0}}).status()),
            "op Relu: input 0 is not a value of this graph");
  EXPECT_EQ(MessageOf(graph.AddNode(op::Relu(), {Value{0, 1}}).status()),
            "op Relu: input 0 is not a value of this graph");
  EXPECT_EQ(MessageOf(graph.AddNode(ModelConfig(), {x}).status()),
            "no operation is registered for gradus.ModelConfig");
  EXPECT_EQ(graph.size(), 2);
}

TEST(GraphTest, NextOfAStateHasItsShapeAndIsGivenOnce) {
  Graph graph;
  const Value s = *graph.AddState({"s", Shape::Fixed({2}), 0});
  const Value w = *graph.AddParameter({"w", Shape::Fixed({3}), {}});
  EXPECT_EQ(MessageOf(graph.SetNext(w, w)), "SetNext needs a state");
  EXPECT_EQ(MessageOf(graph.SetNext(s, w)),
            "the next value of state \"s\" is FLOAT32 [3], the state FLOAT32 [2]");
  EXPECT_TRUE(graph.SetNext(s, s).ok());
  EXPECT_EQ(MessageOf(graph.SetNext(s, s)), "state \"s\" has a next value already");
}

TEST(EmitterTest, KeepsTheFirstErrorAndStaysQuietAfterIt) {
  Graph graph;
  const Value x = *graph.AddInput("x", kRows4);
  const Value w = *graph.AddParameter({"w", Shape::Fixed({3, 2}), {}});
  Emitter emit(&graph, "fc/", ConfigPath());
  const Value bad = emit(op::Matmul(), {x, w});
  EXPECT_FALSE(bad.valid());
  EXPECT_FALSE(emit(op::Relu(), {x}).valid());
  EXPECT_EQ(MessageOf(emit.status()),
            "op Matmul (FLOAT32 [batch, 4], FLOAT32 [3, 2]): inner lengths differ: [batch, 4] x "
            "[3, 2]");
}

TEST(EmitterTest, SharesEqualConstantsUnderTheirDigits) {
  Graph graph;
  Emitter emit(&graph, "fc/", ConfigPath());
  EXPECT_EQ(emit.Constant(0.1f), emit.Constant(0.1f));
  emit.Constant(1);
  emit.Constant(16777215);
  EXPECT_EQ(PrintText(graph),
            "%0 0.1 = constant : FLOAT32 []\n"
            "%1 1 = constant : FLOAT32 []\n"
            "%2 16777215 = constant : FLOAT32 []\n");
}

TEST(EmitterTest, SumToUndoesBroadcast) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({3, 4})});
  Emitter emit(&graph, "", ConfigPath());
  EXPECT_EQ(emit.SumTo(x, graph.spec(x).shape), x);
  emit.SumTo(x, Shape::Fixed({4}));
  emit.SumTo(x, Shape::Fixed({3, 1}));
  emit.SumTo(x, Shape());
  EXPECT_EQ(PrintText(graph),
            "%0 x = input : FLOAT32 [batch, 3, 4]\n"
            "%1 reduce_sum = ReduceSum {axis: [0, 1]} (%0) : FLOAT32 [4]\n"
            "%2 reduce_sum_1 = ReduceSum {axis: [0, 2]} (%0) : FLOAT32 [3]\n"
            "%3 reshape = Reshape {shape: [3, 1]} (%2) : FLOAT32 [3, 1]\n"
            "%4 reduce_sum_2 = ReduceSum {axis: [0, 1, 2]} (%0) : FLOAT32 []\n");
}

}  // namespace
}  // namespace gradus
