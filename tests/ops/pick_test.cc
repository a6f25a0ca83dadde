// Gather, scatter_add, argmax and one_hot beyond the obligations: indices out of range, ties, the batch, errors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;

op::Gather Pick(int batch_dims) {
  op::Gather config;
  config.set_batch_dims(batch_dims);
  return config;
}

TEST(Gather, PicksOneClassPerRow) {
  const Tensor x = Tensor::Of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  for (const OpRun& run : RunOp(Pick(1), {x, Tensor::Of<int32_t>({2}, {2, 0})})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(3, 4)) << run.kernel;
  }
}

TEST(Gather, OutsideTheTableIsAnErrorThatNamesTheIndexAndTheLength) {
  const Tensor table = Tensor::Of<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  for (int32_t wrong : {3, -1, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
    for (const OpRun& run : RunOp(Pick(0), {table, Tensor::Of<int32_t>({2, 2}, {0, 1, wrong, 2})})) {
      EXPECT_EQ(run.status.code(), absl::StatusCode::kOutOfRange) << run.kernel;
      EXPECT_EQ(std::string(run.status.message()),
                absl::StrCat("index ", wrong, " is outside [0, 3)"));
    }
  }
}

TEST(Gather, FromAnEmptyTableIsAnError) {
  for (const OpRun& run : RunOp(Pick(0), {Tensor::Of<float>({0}, {}), Tensor::Of<int32_t>({1}, {0})})) {
    EXPECT_EQ(run.status.message(), "index 0 is outside [0, 0)");
  }
}

TEST(ScatterAdd, AddsWhatWasPickedTwiceAndChecksTheRange) {
  op::ScatterAdd config;
  config.mutable_length()->set_k(3);
  const Tensor dy = Tensor::Of<float>({3}, {1, 10, 100});
  for (const OpRun& run : RunOp(config, {dy, Tensor::Of<int32_t>({3}, {2, 0, 2})})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(10, 0, 101)) << run.kernel;
  }
  for (const OpRun& run : RunOp(config, {dy, Tensor::Of<int32_t>({3}, {2, 3, 2})})) {
    EXPECT_EQ(run.status.message(), "index 3 is outside [0, 3)");
  }
}

TEST(Gather, AndItsGradientSayWhatTheyDoWithTheBatch) {
  const auto use = [](const google::protobuf::Message& config, const Shape& a, const Shape& index) {
    const std::vector<TensorSpec> inputs = {FloatSpec(a), IndexSpec(index)};
    return OpOf(config).batch_use(config, inputs);
  };
  EXPECT_EQ(use(Pick(0), Shape::Fixed({5, 3}), Shape::Batched({})), BatchUse::kRows);
  EXPECT_EQ(use(Pick(0), Shape::Batched({3}), Shape::Fixed({2})), BatchUse::kMixes);
  EXPECT_EQ(use(Pick(1), Shape::Batched({3}), Shape::Batched({})), BatchUse::kRows);
  op::ScatterAdd scatter;
  scatter.mutable_length()->set_k(5);
  EXPECT_EQ(use(scatter, Shape::Batched({3}), Shape::Batched({})), BatchUse::kReduces);
  scatter.set_batch_dims(1);
  EXPECT_EQ(use(scatter, Shape::Batched({}), Shape::Batched({})), BatchUse::kRows);
}

TEST(Gather, RefusesShapesThatDoNotFit) {
  const auto error = [](int batch_dims, const Shape& x, const Shape& index) {
    return InferError(Pick(batch_dims), {FloatSpec(x), IndexSpec(index)});
  };
  EXPECT_EQ(error(0, Shape(), Shape::Fixed({2})), "[] has no axis 0 to pick from");
  EXPECT_EQ(error(1, Shape::Batched({}), Shape::Batched({})), "[batch] has no axis 1 to pick from");
  EXPECT_EQ(error(1, Shape::Batched({3}), Shape::Fixed({3})),
            "axis 0 of [batch, 3] and of the index [3] differ");
  EXPECT_EQ(error(2, Shape::Batched({3}), Shape::Batched({})), "batch_dims 2 is not 0 or 1");
  EXPECT_EQ(InferError(Pick(0), {FloatSpec(Shape::Fixed({3})), FloatSpec(Shape::Fixed({3}))}),
            "input 1 is FLOAT32, not INT32");
}

TEST(ScatterAdd, RefusesShapesThatDoNotFit) {
  op::ScatterAdd config;
  config.mutable_length()->set_k(3);
  EXPECT_EQ(InferError(config, {FloatSpec(Shape::Fixed({2})), IndexSpec(Shape::Fixed({3}))}),
            "[2] does not begin with the axes of the index [3]");
  config.mutable_length()->set_k(-1);
  EXPECT_EQ(InferError(config, {FloatSpec(Shape::Fixed({3})), IndexSpec(Shape::Fixed({3}))}),
            "length -1 is negative");
}

TEST(Argmax, TakesTheFirstOfEqualsAndSeesNotANumber) {
  const Tensor x = Tensor::Of<float>({3, 3}, {1, 2, 2, 5, NAN, 7, -3, -3, -4});
  for (const OpRun& run : RunOp(op::Argmax(), {x})) {
    const auto y = run.outputs[0].data<int32_t>();
    EXPECT_THAT(std::vector<int32_t>(y.begin(), y.end()), ElementsAre(1, 1, 0));
  }
}

TEST(Argmax, RefusesAnEmptyAxis) {
  EXPECT_EQ(InferError(op::Argmax(), {FloatSpec(Shape::Batched({0}))}),
            "the last axis of [batch, 0] is empty");
  EXPECT_EQ(InferError(op::Argmax(), {FloatSpec(Shape())}), "a scalar has no last axis");
}

op::OneHot OfDepth(int64_t depth) {
  op::OneHot config;
  config.set_depth(depth);
  return config;
}

TEST(OneHot, OutsideTheDepthIsAnErrorThatNamesTheNumberAndTheDepth) {
  for (int32_t wrong :
       {3, -1, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
    for (const OpRun& run : RunOp(OfDepth(3), {Tensor::Of<int32_t>({3}, {0, wrong, 2})})) {
      EXPECT_EQ(run.status.code(), absl::StatusCode::kOutOfRange) << run.kernel;
      EXPECT_EQ(std::string(run.status.message()),
                absl::StrCat("index ", wrong, " is outside [0, 3)"));
    }
  }
}

TEST(OneHot, AddsAnAxisAndNeedsADepth) {
  EXPECT_EQ(InferredShape(OfDepth(4), {IndexSpec(Shape::Batched({2}))}), "FLOAT32 [batch, 2, 4]");
  EXPECT_EQ(InferredShape(OfDepth(4), {IndexSpec(Shape())}), "FLOAT32 [4]");
  EXPECT_EQ(InferError(OfDepth(0), {IndexSpec(Shape())}), "depth 0 is not positive");
  EXPECT_EQ(InferError(OfDepth(4), {FloatSpec(Shape())}), "input 0 is FLOAT32, not INT32");
}

TEST(OneHot, LetsNoGradientThrough) { EXPECT_FALSE(OpOf(OfDepth(2)).differentiable()); }

}  // namespace
}  // namespace gradus
