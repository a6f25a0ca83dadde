// Softmax and log_softmax beyond the obligations: extremes, sums, errors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

TEST(Softmax, OfNumbersFarFromZeroNeitherOverflowsNorVanishes) {
  const Tensor x = Tensor::Of<float>({3, 3}, {1e4, 1e4, 1e4, -1e30f, -1e30f, -1e30f, 3e38f, 0, -3e38f});
  for (const OpRun& run : RunOp(op::Softmax(), {x})) {
    const std::vector<float> y = Floats(run.outputs[0]);
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(y[i], 1.0 / 3, 1e-6) << run.kernel;
    EXPECT_EQ(y[6], 1) << run.kernel;
    EXPECT_EQ(y[7], 0) << run.kernel;
    EXPECT_EQ(y[8], 0) << run.kernel;
  }
}

TEST(LogSoftmax, KeepsDigitsWhereSoftmaxWouldBeZero) {
  const Tensor x = Tensor::Of<float>({1, 2}, {0, 200});
  for (const OpRun& run : RunOp(op::LogSoftmax(), {x})) {
    const std::vector<float> y = Floats(run.outputs[0]);
    EXPECT_EQ(y[0], -200) << run.kernel;
    EXPECT_NEAR(y[1], 0, 2e-6) << run.kernel;  // oneDNN's logarithm of 1 is 1.4e-6.
  }
}

TEST(Softmax, MakesANotANumberSeenInItsRowOnly) {
  const Tensor x = Tensor::Of<float>({2, 3}, {0, NAN, 1, 0, 1, 2});
  for (const OpRun& run : RunOp(op::Softmax(), {x})) {
    if (run.kernel != "loop ") continue;  // oneDNN's exp maps NaN to infinity.
    const std::vector<float> y = Floats(run.outputs[0]);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(y[i]));
    for (int i = 3; i < 6; ++i) EXPECT_TRUE(std::isfinite(y[i]));
  }
}

TEST(Softmax, OfTheBatchAxisMixesRows) {
  const op::Softmax config;
  std::vector<TensorSpec> x = {FloatSpec(Shape::Batched({}))};
  EXPECT_EQ(OpOf(config).batch_use(config, x), BatchUse::kMixes);
  x = {FloatSpec(Shape::Batched({3}))};
  EXPECT_EQ(OpOf(config).batch_use(config, x), BatchUse::kRows);
}

TEST(Softmax, RefusesScalarsAndShapesThatDiffer) {
  EXPECT_EQ(InferError(op::Softmax(), {FloatSpec(Shape())}), "a scalar has no last axis");
  EXPECT_EQ(InferError(op::LogSoftmax(), {IndexSpec(Shape::Fixed({2}))}), "input 0 is INT32, not FLOAT32");
  EXPECT_EQ(InferError(op::SoftmaxGrad(), {FloatSpec(Shape::Fixed({2})), FloatSpec(Shape::Fixed({3}))}),
            "shapes [2] and [3] differ");
  EXPECT_EQ(InferError(op::LogSoftmaxGrad(), {FloatSpec(Shape::Fixed({2}))}), "takes 2 inputs, not 1");
}

}  // namespace
}  // namespace gradus
