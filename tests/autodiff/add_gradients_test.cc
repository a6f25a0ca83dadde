// Gradients as printed nodes, their shapes, and what has none.

#include "gradus/autodiff/add_gradients.h"

#include "google/protobuf/empty.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "gradus/graph/op.h"
#include "gradus/graph/print.h"
#include "gradus/op.pb.h"

namespace gradus {
namespace {

const TensorSpec kRows{DType::kFloat32, Shape::Batched({})};

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

// Passes its input through and forgets its gradient rule.
class NoRule final : public TypedOp<google::protobuf::Empty> {
  absl::Status Infer(const google::protobuf::Empty&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(NoRule, google::protobuf::Empty);

// Passes its input through and gives a gradient of another shape.
class WrongShape final : public TypedOp<google::protobuf::BoolValue> {
  absl::Status Infer(const google::protobuf::BoolValue&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const google::protobuf::BoolValue&,
                             GradientScope* scope) const override {
    scope->SetInputGradient(0, scope->emit().Constant(1));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(WrongShape, google::protobuf::BoolValue);

class AddGradientsTest : public testing::Test {
 protected:
  Value Node(const google::protobuf::Message& config, std::initializer_list<Value> inputs,
             absl::string_view name = "") {
    return *graph_.AddNode(config, absl::Span<const Value>(inputs.begin(), inputs.size()), name,
                           *ConfigPath::Parse("model.layer[a]"));
  }
  // What was printed after the nodes that are there now.
  std::string PrintedAfter(int nodes) const {
    std::string text = PrintText(graph_);
    const size_t at = text.find(absl::StrCat("%", nodes, " "));
    return at == std::string::npos ? "" : text.substr(at);
  }
  absl::StatusOr<Gradients> Differentiate(Value y, absl::Span<const Value> wrt) {
    seed_ = *graph_.AddInput(absl::StrCat("seed_", graph_.size()), graph_.spec(y));
    return AddGradients(&graph_, {y}, {seed_}, wrt);
  }

  Graph graph_;
  Value x_ = *graph_.AddInput("x", kRows);
  Value seed_;
};

TEST_F(AddGradientsTest, WritesTheGradientsOfADenseLayer) {
  const Value x = *graph_.AddInput("features", {DType::kFloat32, Shape::Batched({3})});
  const Value kernel = *graph_.AddParameter({"fc/kernel", Shape::Fixed({3, 2}), {}});
  const Value bias = *graph_.AddParameter({"fc/bias", Shape::Fixed({2}), {}});
  const Value product = Node(op::Matmul(), {x, kernel}, "fc/matmul");
  const Value y = Node(op::Tanh(), {Node(op::Add(), {product, bias}, "fc/add")}, "fc/tanh");
  const Gradients gradients = *Differentiate(y, graph_.parameters());
  EXPECT_EQ(PrintedAfter(7),
            "%7 seed_7 = input : FLOAT32 [batch, 2]\n"
            "%8 gradient/fc/tanh/tanh_grad = TanhGrad (%7, %6) : FLOAT32 [batch, 2]\n"
            "%9 gradient/fc/add/reduce_sum = ReduceSum {axis: [0]} (%8) : FLOAT32 [2]\n"
            "%10 gradient/fc/matmul/matmul = Matmul {transpose_a: true} (%1, %8) : FLOAT32 [3, 2]\n");
  EXPECT_EQ(gradients.of, (std::vector<Value>{{10, 0}, {9, 0}}));
  EXPECT_EQ(graph_.node(10).origin.ToString(), "model.layer[a]");
}

TEST_F(AddGradientsTest, SumsFanOutInTheOrderOfTheConsumers) {
  const Value a = Node(op::Square(), {x_});
  const Value first = Node(op::Exp(), {a});
  const Value second = Node(op::Tanh(), {a});
  const Value y = Node(op::Add(), {first, second});
  ASSERT_TRUE(Differentiate(y, {x_}).ok());
  EXPECT_EQ(PrintedAfter(6),
            "%6 gradient/tanh/tanh_grad = TanhGrad (%5, %3) : FLOAT32 [batch]\n"
            "%7 gradient/exp/mul = Mul (%5, %2) : FLOAT32 [batch]\n"
            "%8 gradient/square/sum = Add (%7, %6) : FLOAT32 [batch]\n"
            "%9 gradient/square/add = Add (%0, %0) : FLOAT32 [batch]\n"
            "%10 gradient/square/mul = Mul (%8, %9) : FLOAT32 [batch]\n");
}

TEST_F(AddGradientsTest, FollowsOnlyWhatLeadsFromWrtToY) {
  const Value w = *graph_.AddParameter({"w", Shape(), {}});
  const Value unrelated = *graph_.AddParameter({"unrelated", Shape(), {}});
  const Value constant_part = Node(op::Exp(), {x_});
  const Value y = Node(op::Mul(), {constant_part, w});
  Node(op::Square(), {y}, "behind_y");
  const Gradients gradients = *Differentiate(y, {w, unrelated});
  EXPECT_TRUE(gradients.of[0].valid());
  EXPECT_FALSE(gradients.of[1].valid());
  const std::string text = PrintText(graph_);
  EXPECT_EQ(text.find("gradient/exp"), std::string::npos) << text;
  EXPECT_EQ(text.find("gradient/behind_y"), std::string::npos) << text;
}

TEST_F(AddGradientsTest, GivesTheSeedForYItself) {
  const Value y = Node(op::Square(), {x_});
  EXPECT_EQ(Differentiate(y, {y})->of[0], seed_);
}

TEST_F(AddGradientsTest, GoesThroughAnIntermediateThatIsWantedToo) {
  const Value middle = Node(op::Square(), {x_});
  const Value y = Node(op::Exp(), {middle});
  const Gradients gradients = *Differentiate(y, {x_, middle});
  EXPECT_TRUE(gradients.of[0].valid());
  EXPECT_TRUE(gradients.of[1].valid());
  EXPECT_NE(gradients.of[0], gradients.of[1]);
}

TEST_F(AddGradientsTest, AddsWhatSeveralYGive) {
  const Value a = Node(op::Square(), {x_});
  const Value b = Node(op::Exp(), {x_});
  const Value s = *graph_.AddInput("s", kRows);
  const Gradients gradients = *AddGradients(&graph_, {a, b, a}, {s, s, s}, {x_});
  EXPECT_TRUE(gradients.of[0].valid());
  EXPECT_NE(PrintText(graph_).find("gradient/square/sum = Add (%3, %3)"), std::string::npos)
      << PrintText(graph_);
}

TEST_F(AddGradientsTest, DropsGradientsAtOpsThatHaveNone) {
  const Value stopped = Node(op::StopGradient(), {x_});
  const Value compared = Node(op::Greater(), {x_, stopped});
  const Value y = Node(op::Mul(), {compared, stopped});
  EXPECT_FALSE(Differentiate(y, {x_})->of[0].valid());
}

TEST_F(AddGradientsTest, NamesTheNodeWithoutARule) {
  const Value y = Node(google::protobuf::Empty(), {x_}, "odd");
  const auto gradients = Differentiate(y, {x_});
  EXPECT_EQ(gradients.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(MessageOf(gradients.status()),
            "gradient of op Empty, node \"odd\", from model.layer[a]: the operation has no gradient "
            "rule");
}

TEST_F(AddGradientsTest, NeedsNoRuleOffThePath) {
  const Value w = *graph_.AddParameter({"w", Shape(), {}});
  const Value y = Node(op::Mul(), {Node(google::protobuf::Empty(), {x_}), w});
  EXPECT_TRUE(Differentiate(y, {w}).ok());
}

TEST_F(AddGradientsTest, RefusesAGradientOfAnotherShape) {
  const Value y = Node(google::protobuf::BoolValue(), {x_}, "odd");
  EXPECT_EQ(MessageOf(Differentiate(y, {x_}).status()),
            "gradient of op BoolValue, node \"odd\", from model.layer[a]: the gradient of input 0 is "
            "FLOAT32 [], the input FLOAT32 [batch]");
}

TEST_F(AddGradientsTest, RefusesSeedsAndWrtThatDoNotFit) {
  const Value y = Node(op::Square(), {x_});
  const Value label = *graph_.AddInput("label", {DType::kInt32, Shape::Batched({})});
  const Value scalar = *graph_.AddScalar("scale");
  EXPECT_EQ(MessageOf(AddGradients(&graph_, {y}, {}, {x_}).status()),
            "there are 1 values to differentiate and 0 seeds");
  EXPECT_EQ(MessageOf(AddGradients(&graph_, {y}, {scalar}, {x_}).status()),
            "seed[0] is FLOAT32 [], y[0] (\"square\") is FLOAT32 [batch]");
  EXPECT_EQ(MessageOf(AddGradients(&graph_, {y}, {x_}, {label}).status()),
            "wrt[0] (\"label\") is INT32, not FLOAT32");
  EXPECT_EQ(MessageOf(AddGradients(&graph_, {Value()}, {x_}, {x_}).status()),
            "y[0] is not a value of the graph");
}

TEST_F(AddGradientsTest, DifferentiatesGradientsAgain) {
  const Value y = Node(op::Tanh(), {x_}, "y");
  const Value first = Differentiate(y, {x_})->of[0];
  const absl::StatusOr<Gradients> second = Differentiate(first, {x_});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->of[0].valid());
  EXPECT_EQ(graph_.spec(second->of[0]), kRows);
}

}  // namespace
}  // namespace gradus
