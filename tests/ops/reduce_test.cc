// Reductions beyond the obligations: the batch, errors, sums over nothing, NaN and ties.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "gradus/autodiff/add_gradients.h"
#include "tests/ops/run_op.h"
#include "tests/testing/reference_executor.h"

namespace gradus {
namespace {

using testing::Each;
using testing::ElementsAre;

template <class ConfigType>
ConfigType Over(std::vector<int> axes, bool keep_dims = false) {
  ConfigType config;
  for (int axis : axes) config.add_axis(axis);
  config.set_keep_dims(keep_dims);
  return config;
}

TEST(ReduceSum, AddsColumnsByHandInEveryKernel) {
  const Tensor x = Tensor::Of<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  std::vector<std::string> kernels;
  for (const OpRun& run : RunOp(Over<op::ReduceSum>({0}), {x})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(9, 12)) << run.kernel;
    kernels.push_back(run.kernel);
  }
  EXPECT_THAT(kernels, ElementsAre("columns ", "loop ", "onednn "));
}

TEST(ReduceSum, OfNothingIsZero) {
  for (const OpRun& run : RunOp(Over<op::ReduceSum>({0}), {Tensor::Of<float>({0, 3}, {})})) {
    EXPECT_THAT(Floats(run.outputs[0]), Each(0.0f));
  }
}

TEST(ReduceMean, OfNothingIsNotANumber) {
  for (const OpRun& run : RunOp(Over<op::ReduceMean>({}), {Tensor::Of<float>({0}, {})})) {
    EXPECT_TRUE(std::isnan(Floats(run.outputs[0])[0]));
  }
}

TEST(ReduceMax, KeepsNotANumberWhereverItStands) {
  for (int64_t n : {1, 3, 16, 17, 64}) {
    for (int64_t place : {int64_t{0}, n / 2, n - 1}) {
      std::vector<float> x(n, 1.0f);
      x[place] = NAN;
      for (const OpRun& run : RunOp(op::ReduceMax(), {Tensor::Of<float>({n}, x)})) {
        if (run.kernel == "loop ") {
          EXPECT_TRUE(std::isnan(Floats(run.outputs[0])[0])) << n << " " << place;
        }
      }
    }
  }
}

TEST(ReduceMax, GivesTiesEqualParts) {
  Graph graph;
  const Value x = *graph.AddInput("x", FloatSpec(Shape::Fixed({4})));
  const Value y = *graph.AddNode(op::ReduceMax(), {x});
  const Value seed = *graph.AddInput("seed", FloatSpec(Shape()));
  const Value dx = AddGradients(&graph, {y}, {seed}, {x})->of[0];
  const auto values =
      EvaluateReference(graph, {{x, {{4}, {2, 5, 5, 1}}}, {seed, {{}, {3}}}}, 1, {dx});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT((*values)[0].values, ElementsAre(0, 1.5, 1.5, 0));
}

template <class ConfigType>
BatchUse Use(const ConfigType& config, const Shape& shape) {
  const std::vector<TensorSpec> inputs = {FloatSpec(shape)};
  return OpOf(config).batch_use(config, inputs);
}

TEST(Reductions, SayWhatTheyDoWithTheBatch) {
  const Shape shape = Shape::Batched({5});
  EXPECT_EQ(Use(Over<op::ReduceSum>({0}), shape), BatchUse::kReduces);
  EXPECT_EQ(Use(Over<op::ReduceSum>({}), shape), BatchUse::kReduces);
  EXPECT_EQ(Use(Over<op::ReduceSum>({-1}), shape), BatchUse::kRows);
  EXPECT_EQ(Use(Over<op::ReduceMean>({0}), shape), BatchUse::kMixes);
  EXPECT_EQ(Use(Over<op::ReduceMean>({1}), shape), BatchUse::kRows);
  EXPECT_EQ(Use(Over<op::ReduceMax>({-2}), shape), BatchUse::kMixes);
  EXPECT_EQ(Use(Over<op::ReduceMax>({1}), shape), BatchUse::kRows);
  EXPECT_EQ(Use(Over<op::ReduceMax>({}), Shape::Fixed({4})), BatchUse::kRows);
}

TEST(Reductions, KeepOrDropTheirAxes) {
  const std::vector<TensorSpec> x = {FloatSpec(Shape::Batched({2, 3}))};
  EXPECT_EQ(InferredShape(Over<op::ReduceSum>({1}), x), "FLOAT32 [batch, 3]");
  EXPECT_EQ(InferredShape(Over<op::ReduceSum>({1}, true), x), "FLOAT32 [batch, 1, 3]");
  EXPECT_EQ(InferredShape(Over<op::ReduceSum>({}), x), "FLOAT32 []");
  EXPECT_EQ(InferredShape(Over<op::ReduceSum>({0, -1}), x), "FLOAT32 [2]");
}

TEST(Reductions, RefuseAxesThatAreNotThere) {
  const std::vector<TensorSpec> x = {FloatSpec(Shape::Batched({5}))};
  EXPECT_EQ(InferError(Over<op::ReduceSum>({2}), x), "axis 2 is outside [-2, 2)");
  EXPECT_EQ(InferError(Over<op::ReduceMean>({1, -1}), x), "axis 1 is named twice");
  EXPECT_EQ(InferError(Over<op::ReduceMax>({0}), {IndexSpec(Shape::Batched({5}))}),
            "input 0 is INT32, not FLOAT32");
}

}  // namespace
}  // namespace gradus
