// Matrix products beyond the obligations: shapes, what they do with the batch, padding, and the pitfalls of oneDNN 2.6.3.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;
using testing::Each;

op::Matmul Swapped(bool a, bool b) {
  op::Matmul config;
  config.set_transpose_a(a);
  config.set_transpose_b(b);
  return config;
}

TEST(Matmul, MultipliesByHand) {
  const Tensor a = Tensor::Of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor b = Tensor::Of<float>({3, 2}, {7, 8, 9, 10, 11, 12});
  for (const OpRun& run : RunOp(op::Matmul(), {a, b})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(58, 64, 139, 154)) << run.kernel;
  }
}

TEST(Matmul, SwapsWhatTheConfigSays) {
  const Tensor a = Tensor::Of<float>({3, 2}, {1, 4, 2, 5, 3, 6});
  const Tensor b = Tensor::Of<float>({2, 3}, {7, 9, 11, 8, 10, 12});
  for (const OpRun& run : RunOp(Swapped(true, true), {a, b})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(58, 64, 139, 154)) << run.kernel;
  }
}

TEST(Matmul, HasBothOneDnnPrimitivesBesideOurOwnLoop) {
  const Tensor a = Tensor::Of<float>({1, 2}, {1, 2});
  const Tensor b = Tensor::Of<float>({2, 1}, {3, 4});
  std::vector<std::string> kernels;
  for (const OpRun& run : RunOp(op::Matmul(), {a, b})) kernels.push_back(run.kernel);
  EXPECT_THAT(kernels, ElementsAre("onednn matmul", "onednn inner_product", "vector "));
}

TEST(Matmul, OfAnEmptySumIsZeroAndNeverReachesOneDnn) {
  const std::vector<OpRun> runs =
      RunOp(op::Matmul(), {Tensor::Of<float>({2, 0}, {}), Tensor::Of<float>({0, 3}, {})});
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].kernel, "vector ");
  EXPECT_THAT(Floats(runs[0].outputs[0]), Each(0.0f));
}

TEST(Matmul, PassesNotANumberOn) {
  const Tensor a = Tensor::Of<float>({1, 2}, {NAN, 0});
  const Tensor b = Tensor::Of<float>({2, 1}, {0, 1});
  for (const OpRun& run : RunOp(op::Matmul(), {a, b})) {
    EXPECT_TRUE(std::isnan(Floats(run.outputs[0])[0])) << run.kernel;
  }
}

TEST(Matmul, TreatsTheBatchAsRowsUnlessItIsSummedOver) {
  const auto use = [](const op::Matmul& config, const Shape& a, const Shape& b) {
    const std::vector<TensorSpec> inputs = {FloatSpec(a), FloatSpec(b)};
    return OpOf(config).batch_use(config, inputs);
  };
  const Shape x = Shape::Batched({4}), w = Shape::Fixed({4, 5}), dy = Shape::Batched({5});
  EXPECT_EQ(use(Swapped(false, false), x, w), BatchUse::kRows);
  EXPECT_EQ(use(Swapped(true, false), x, dy), BatchUse::kReduces);
  EXPECT_EQ(use(Swapped(false, true), dy, w), BatchUse::kRows);
  EXPECT_EQ(use(Swapped(false, false), Shape::Batched({2, 4}), Shape::Batched({4, 3})), BatchUse::kRows);
}

TEST(Matmul, NamesTheShapesThatDoNotFit) {
  const auto error = [](const op::Matmul& config, const Shape& a, const Shape& b) {
    return InferError(config, {FloatSpec(a), FloatSpec(b)});
  };
  EXPECT_EQ(error(op::Matmul(), Shape::Batched({3}), Shape::Fixed({4, 2})),
            "inner lengths differ: [batch, 3] x [4, 2]");
  EXPECT_EQ(error(Swapped(true, false), Shape::Batched({3}), Shape::Fixed({4, 2})),
            "inner lengths differ: [batch, 3] transposed x [4, 2]");
  EXPECT_EQ(error(Swapped(false, true), Shape::Fixed({2, 3}), Shape::Fixed({3, 2})),
            "inner lengths differ: [2, 3] x [3, 2] transposed");
  EXPECT_EQ(error(op::Matmul(), Shape::Fixed({3}), Shape::Fixed({3, 2})), "factor [3] is not a matrix");
  EXPECT_EQ(error(op::Matmul(), Shape::Fixed({2, 4, 3}), Shape::Fixed({5, 3, 2})),
            "leading axes of [2, 4, 3] and [5, 3, 2] do not broadcast");
  EXPECT_EQ(InferError(op::Matmul(), {FloatSpec(Shape::Fixed({1, 1}))}), "takes 2 inputs, not 1");
  EXPECT_EQ(InferError(op::Matmul(), {FloatSpec(Shape::Fixed({1, 1})), IndexSpec(Shape::Fixed({1, 1}))}),
            "input 1 is INT32, not FLOAT32");
}

TEST(Matmul, CountsTwoFlopsForEachProduct) {
  const std::vector<TensorSpec> in = {FloatSpec(Shape::Batched({30})), FloatSpec(Shape::Fixed({30, 10}))};
  const std::vector<TensorSpec> out = {FloatSpec(Shape::Batched({10}))};
  EXPECT_EQ(OpOf(op::Matmul()).Flops(op::Matmul(), in, out, 32), 2.0 * 32 * 30 * 10);
}

TEST(FusedDense, AddsTheBiasAndAppliesTheActivation) {
  op::FusedDense config;
  config.set_activation(op::FusedDense::RELU);
  const Tensor x = Tensor::Of<float>({2, 2}, {1, 2, -1, 1});
  const Tensor kernel = Tensor::Of<float>({2, 2}, {1, 0, 0, -1});
  const Tensor bias = Tensor::Of<float>({2}, {0.5, 1});
  for (const OpRun& run : RunOp(config, {x, kernel, bias})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(1.5, 0, 0, 0)) << run.kernel;
  }
}

TEST(FusedDense, OfAnEmptySumIsTheActivationOfTheBias) {
  op::FusedDense config;
  config.set_activation(op::FusedDense::SIGMOID);
  const std::vector<OpRun> runs =
      RunOp(config, {Tensor::Of<float>({2, 0}, {}), Tensor::Of<float>({0, 1}, {}), Tensor::Of<float>({1}, {0})});
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_THAT(Floats(runs[0].outputs[0]), ElementsAre(0.5, 0.5));
}

TEST(FusedDense, NamesTheShapesThatDoNotFit) {
  const op::FusedDense config;
  const TensorSpec x = FloatSpec(Shape::Batched({3})), kernel = FloatSpec(Shape::Fixed({3, 2}));
  EXPECT_EQ(InferError(config, {x, kernel}), "takes 3 inputs, not 2");
  EXPECT_EQ(InferError(config, {x, FloatSpec(Shape::Fixed({4, 2})), FloatSpec(Shape::Fixed({2}))}),
            "x [batch, 3] and kernel [4, 2] are not [m, k] and [k, n]");
  EXPECT_EQ(InferError(config, {x, kernel, FloatSpec(Shape::Fixed({3}))}),
            "bias [3] does not fit the kernel [3, 2]");
}

}  // namespace
}  // namespace gradus
