// Batch normalisation beyond the obligations: Keras' formula by hand, the batch, errors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

using testing::FloatNear;
using testing::Pointwise;

op::BatchNorm Config(double epsilon, double momentum) {
  op::BatchNorm config;
  config.set_epsilon(epsilon);
  config.set_momentum(momentum);
  return config;
}

Tensor Row(std::vector<float> values) {
  return Tensor::Of<float>({static_cast<int64_t>(values.size())}, values);
}

TEST(BatchNorm, GivesTheBiasedVarianceAndKerasMovingAverages) {
  // Columns 1, 3, 5 and 0, 0, 6: means 3 and 2, variances 8/3 and 8.
  const Tensor x = Tensor::Of<float>({3, 2}, {1, 0, 3, 0, 5, 6});
  const std::vector<OpRun> runs =
      RunOp(Config(0.001, 0.9), {x, Row({1, 2}), Row({0, 1}), Row({10, 0}), Row({1, 1})});
  const float r0 = 1 / std::sqrt(8.0f / 3 + 0.001f), r1 = 1 / std::sqrt(8.001f);
  for (const OpRun& run : runs) {
    SCOPED_TRACE(run.kernel);
    EXPECT_THAT(Floats(run.outputs[0]),
                Pointwise(FloatNear(1e-6), {-2 * r0, -4 * r1 + 1, 0.0f, -4 * r1 + 1, 2 * r0, 8 * r1 + 1}));
    EXPECT_THAT(Floats(run.outputs[1]), Pointwise(FloatNear(1e-6), {3.0f, 2.0f}));
    EXPECT_THAT(Floats(run.outputs[2]), Pointwise(FloatNear(1e-6), {r0, r1}));
    EXPECT_THAT(Floats(run.outputs[3]), Pointwise(FloatNear(1e-6), {9.3f, 0.2f}));
    EXPECT_THAT(Floats(run.outputs[4]), Pointwise(FloatNear(1e-6), {0.9f + 0.8f / 3, 1.7f}));
  }
}

TEST(BatchNorm, NeedsRows) {
  const std::vector<OpRun> runs = RunOp(
      Config(0.001, 0.9), {Tensor::Of<float>({0, 1}, {}), Row({1}), Row({0}), Row({0}), Row({1})});
  for (const OpRun& run : runs) {
    EXPECT_EQ(run.status.message(), "\"node\": no rows, no statistics");
  }
}

TEST(BatchNorm, MixesTheBatch) {
  const TensorSpec c = FloatSpec(Shape::Fixed({3}));
  const std::vector<TensorSpec> inputs = {FloatSpec(Shape::Batched({3})), c, c, c, c};
  EXPECT_EQ(OpOf(op::BatchNorm()).batch_use(Config(0, 0), inputs), BatchUse::kMixes);
}

TEST(BatchNorm, RefusesWhatDoesNotFit) {
  const TensorSpec x = FloatSpec(Shape::Batched({3})), c = FloatSpec(Shape::Fixed({3}));
  const op::BatchNorm good = Config(0.001, 0.99);
  EXPECT_EQ(InferError(good, {x, c, c, c, c}), "");
  EXPECT_EQ(InferError(good, {x, c, c, c}), "takes 5 inputs, not 4");
  EXPECT_EQ(InferError(good, {x, c, FloatSpec(Shape::Fixed({4})), c, c}), "input 2 [4] is not [3]");
  EXPECT_EQ(InferError(good, {c, c, c, c, c}), "[3] has no axis besides the channels");
  EXPECT_EQ(InferError(good, {FloatSpec(Shape({Dim{3, false}, Dim{1, true}})), c, c, c, c}),
            "the channels of [3, batch] are the batch");
  EXPECT_EQ(InferError(Config(-1, 0.9), {x, c, c, c, c}), "epsilon -1 is negative");
  EXPECT_EQ(InferError(Config(0.001, 1.5), {x, c, c, c, c}), "momentum 1.5 is outside [0, 1]");
  EXPECT_EQ(InferError(op::BatchNormGrad(), {FloatSpec(Shape::Batched({2, 3})), x, c, c, c}),
            "shapes [batch, 2, 3] and [batch, 3] differ");
}

}  // namespace
}  // namespace gradus
