// Claims about the recurrent operations beyond what all operations owe.

#include <cmath>
#include <limits>

#include "gradus/autodiff/add_gradients.h"
#include "gtest/gtest.h"
#include "tests/ops/run_op.h"

namespace gradus {
namespace {

Tensor Numbers(const std::vector<int64_t>& dims, double phase = 0) {
  Tensor tensor = *Tensor::Create(DType::kFloat32, dims);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    tensor.mutable_data<float>()[i] =
        static_cast<float>(std::sin(1.7 * static_cast<double>(i) + phase));
  }
  return tensor;
}

Tensor Lengths(const std::vector<int32_t>& lengths) {
  Tensor tensor = *Tensor::Create(DType::kInt32, {static_cast<int64_t>(lengths.size())});
  std::copy(lengths.begin(), lengths.end(), tensor.mutable_data<int32_t>().begin());
  return tensor;
}

// Rows [begin, end).
Tensor Rows(const Tensor& from, int64_t begin, int64_t end) {
  std::vector<int64_t> dims = from.dims();
  const int64_t row = from.elements() / dims[0];
  dims[0] = end - begin;
  Tensor part = *Tensor::Create(from.dtype(), dims);
  for (int64_t i = 0; i < part.elements(); ++i) {
    part.mutable_data<float>()[i] = from.data<float>()[begin * row + i];
  }
  return part;
}

op::Gru AsPublished() {
  op::Gru gru;
  gru.set_reset_after(false);
  return gru;
}

// A forward operation with the widths of its projected steps and its kernel, in units.
struct Forward {
  std::unique_ptr<google::protobuf::Message> config;
  int64_t gates;
};
std::vector<Forward> Forwards() {
  std::vector<Forward> all;
  all.push_back({std::make_unique<op::Lstm>(), 4});
  all.push_back({std::make_unique<op::Gru>(), 3});
  all.push_back({std::make_unique<op::Gru>(AsPublished()), 3});
  all.push_back({std::make_unique<op::SimpleRnn>(), 1});
  return all;
}

TEST(RecurrenceTest, ARowHasTheSameBitsInAnyBatch) {
  constexpr int64_t kRows = 53, kSteps = 4, kUnits = 40;
  for (const Forward& forward : Forwards()) {
    const Tensor x = Numbers({kRows, kSteps, forward.gates * kUnits});
    const Tensor kernel = Numbers({kUnits, forward.gates * kUnits}, 0.4);
    const std::vector<float> whole = Floats(RunOp(*forward.config, {x, kernel})[0].outputs[0]);
    for (int64_t begin : {0, 52, 7}) {
      const std::vector<float> part =
          Floats(RunOp(*forward.config, {Rows(x, begin, begin + 1), kernel})[0].outputs[0]);
      const auto from = whole.begin() + begin * kSteps * kUnits;
      EXPECT_EQ(part, std::vector<float>(from, from + kSteps * kUnits))
          << forward.config->GetTypeName();
    }
  }
}

TEST(RecurrenceTest, ALengthOutsideOfTheStepsIsAnError) {
  for (const Forward& forward : Forwards()) {
    const Tensor x = Numbers({2, 3, forward.gates}), kernel = Numbers({1, forward.gates});
    EXPECT_TRUE(RunOp(*forward.config, {x, kernel, Lengths({0, 3})})[0].status.ok());
    EXPECT_EQ(RunOp(*forward.config, {x, kernel, Lengths({0, 4})})[0].status.message(),
              "length 4 is outside [0, 3]");
    EXPECT_EQ(RunOp(*forward.config, {x, kernel, Lengths({-1, 3})})[0].status.message(),
              "length -1 is outside [0, 3]");
  }
}

// What is not a number stays visible from its step on, and does not reach back, nor other rows.
TEST(RecurrenceTest, NaNGoesOnFromItsStep) {
  for (const Forward& forward : Forwards()) {
    Tensor x = Numbers({2, 3, 2 * forward.gates});
    const Tensor kernel = Numbers({2, 2 * forward.gates}, 0.4);
    const std::vector<float> before = Floats(RunOp(*forward.config, {x, kernel})[0].outputs[0]);
    // All of row 0, step 1.
    for (int64_t i = 0; i < 2 * forward.gates; ++i) {
      x.mutable_data<float>()[2 * forward.gates + i] = std::numeric_limits<float>::quiet_NaN();
    }
    const std::vector<float> after = Floats(RunOp(*forward.config, {x, kernel})[0].outputs[0]);
    for (int i = 0; i < 12; ++i) {
      const bool reached = i >= 2 && i < 6;
      EXPECT_EQ(std::isnan(after[i]), reached) << forward.config->GetTypeName() << " " << i;
      if (!reached) {
        EXPECT_EQ(after[i], before[i]);
      }
    }
    // A step behind the length is not read.
    const OpRun ended = RunOp(*forward.config, {x, kernel, Lengths({1, 3})})[0];
    for (float y : Floats(ended.outputs[0])) EXPECT_TRUE(std::isfinite(y));
  }
}

TEST(RecurrenceTest, SaysWhatDoesNotFit) {
  const TensorSpec kernel = FloatSpec(Shape::Fixed({5, 20}));
  const TensorSpec x = FloatSpec(Shape::Batched({3, 20}));
  EXPECT_EQ(InferredShape(op::Lstm(), {x, kernel}), "FLOAT32 [batch, 3, 5]");
  EXPECT_EQ(InferError(op::Lstm(), {x}), "1 inputs instead of 2, or 3 with lengths");
  EXPECT_EQ(InferError(op::Lstm(), {FloatSpec(Shape::Batched({3, 15})), kernel}),
            "input 0 [batch, 3, 15] is not [batch, steps, 20]");
  EXPECT_EQ(InferError(op::Lstm(), {x, FloatSpec(Shape::Fixed({5, 15}))}),
            "recurrent kernel [5, 15] is not [units, 4 units]");
  EXPECT_EQ(InferError(op::Lstm(), {x, kernel, IndexSpec(Shape::Batched({3}))}),
            "lengths [batch, 3] of sequences [batch, 3, 20]");
  EXPECT_EQ(InferError(op::LstmGrad(), {FloatSpec(Shape::Batched({3, 5})),
                                        FloatSpec(Shape::Batched({2, 5})), x, kernel}),
            "input 1 [batch, 2, 5] is not [batch, steps, 5]");
  op::Gru gru = AsPublished();
  gru.set_recurrent_bias(true);
  const TensorSpec bias = FloatSpec(Shape::Fixed({15}));
  EXPECT_EQ(
      InferError(gru, {FloatSpec(Shape::Batched({3, 15})), FloatSpec(Shape::Fixed({5, 15})), bias}),
      "a recurrent bias without reset_after");
  gru.set_reset_after(true);
  EXPECT_EQ(InferError(gru, {FloatSpec(Shape::Batched({3, 15})), FloatSpec(Shape::Fixed({5, 15})),
                             FloatSpec(Shape::Fixed({5}))}),
            "recurrent bias [5] is not [15]");
}

TEST(RecurrenceTest, SecondDerivativesAreRefusedInWords) {
  Graph graph;
  const Value x = *graph.AddInput("x", FloatSpec(Shape::Batched({3, 8})));
  const Value kernel = *graph.AddInput("kernel", FloatSpec(Shape::Fixed({2, 8})));
  const Value h = *graph.AddNode(op::Lstm(), {x, kernel}, "states");
  const Value seed = *graph.AddInput("seed", graph.spec(h));
  const auto first = AddGradients(&graph, {h}, {seed}, {x});
  ASSERT_TRUE(first.ok()) << first.status();
  const Value again = *graph.AddInput("again", graph.spec(first->of[0]));
  EXPECT_FALSE(AddGradients(&graph, {first->of[0]}, {again}, {x}).ok());
  // Gates and cells are there for the gradient alone.
  const Value gates = {h.node, 2};
  const Value gates_seed = *graph.AddInput("gates_seed", graph.spec(gates));
  const auto refused = AddGradients(&graph, {gates}, {gates_seed}, {x});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace gradus
