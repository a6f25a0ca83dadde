// What moves numbers about, beyond the obligations: shapes with the batch, and errors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

template <class ConfigType>
ConfigType To(std::vector<Dim> dims) {
  ConfigType config;
  for (const Dim& dim : dims) {
    op::Dim* out = config.add_shape();
    out->set_k(dim.k);
    out->set_batch(dim.batch);
  }
  return config;
}

BatchUse UseOf(const google::protobuf::Message& config, const Shape& shape) {
  const std::vector<TensorSpec> inputs = {FloatSpec(shape)};
  return OpOf(config).batch_use(config, inputs);
}

const Dim kBatch{1, true};

TEST(Reshape, KeepsRowsOnlyWhileTheBatchStandsEquallyFarOut) {
  EXPECT_EQ(UseOf(To<op::Reshape>({kBatch, {6, false}}), Shape::Batched({2, 3})), BatchUse::kRows);
  EXPECT_EQ(UseOf(To<op::Reshape>({{6, true}}), Shape::Batched({6})), BatchUse::kRows);
  EXPECT_EQ(UseOf(To<op::Reshape>({{6, false}, kBatch}), Shape::Batched({6})), BatchUse::kMixes);
}

TEST(Reshape, IsAViewAndNamesBothShapesWhenTheyDiffer) {
  EXPECT_TRUE(OpOf(op::Reshape()).IsView(op::Reshape()));
  const std::vector<TensorSpec> x = {FloatSpec(Shape::Batched({2, 3}))};
  EXPECT_EQ(InferredShape(To<op::Reshape>({{6, true}}), x), "FLOAT32 [6*batch]");
  EXPECT_EQ(InferError(To<op::Reshape>({kBatch, {5, false}}), x),
            "[batch, 2, 3] and [batch, 5] have different numbers of elements");
  EXPECT_EQ(InferError(To<op::Reshape>({{6, false}}), x),
            "[batch, 2, 3] and [6] have different numbers of elements");
  EXPECT_EQ(InferError(To<op::Reshape>({kBatch, {-6, false}}), x), "a shape has the extent -6");
  EXPECT_EQ(InferError(To<op::Reshape>({kBatch, {6, true}}), x),
            "shape [batch, 6*batch] has two batch axes");
}

TEST(Broadcast, NamesBothShapesWhenTheyDoNotFit) {
  EXPECT_EQ(InferError(To<op::Broadcast>({{3, false}}), {FloatSpec(Shape::Fixed({2}))}),
            "[2] does not broadcast to [3]");
  EXPECT_EQ(InferError(To<op::Broadcast>({{1, false}}), {FloatSpec(Shape::Fixed({3}))}),
            "[3] does not broadcast to [1]");
  EXPECT_EQ(InferredShape(To<op::Broadcast>({kBatch, {3, false}}), {FloatSpec(Shape::Fixed({3}))}),
            "FLOAT32 [batch, 3]");
}

TEST(Transpose, SwapsByHandAndRefusesWhatIsNoPermutation) {
  op::Transpose config;
  config.add_permutation(1);
  config.add_permutation(0);
  for (const OpRun& run : RunOp(config, {Tensor::Of<float>({2, 3}, {1, 2, 3, 4, 5, 6})})) {
    EXPECT_THAT(Floats(run.outputs[0]), testing::ElementsAre(1, 4, 2, 5, 3, 6)) << run.kernel;
  }
  EXPECT_EQ(InferredShape(config, {FloatSpec(Shape::Batched({5}))}), "FLOAT32 [5, batch]");
  EXPECT_EQ(InferError(config, {FloatSpec(Shape::Fixed({2, 3, 4}))}),
            "permutation of [2, 3, 4] does not name each axis once");
  config.set_permutation(0, 0);
  EXPECT_EQ(InferError(config, {FloatSpec(Shape::Fixed({2, 3}))}),
            "permutation of [2, 3] does not name each axis once");
}

TEST(Concat, JoinsByHandAndRefusesTheBatch) {
  op::Concat config;
  config.set_axis(1);
  const Tensor a = Tensor::Of<float>({2, 1}, {1, 4}), b = Tensor::Of<float>({2, 2}, {2, 3, 5, 6});
  std::vector<std::string> kernels;
  for (const OpRun& run : RunOp(config, {a, b})) {
    EXPECT_THAT(Floats(run.outputs[0]), testing::ElementsAre(1, 2, 3, 4, 5, 6)) << run.kernel;
    kernels.push_back(run.kernel);
  }
  EXPECT_THAT(kernels, testing::ElementsAre("loop ", "onednn "));
  const TensorSpec x = FloatSpec(Shape::Batched({2, 3}));
  EXPECT_EQ(InferError(config, {x, FloatSpec(Shape::Batched({2, 4}))}),
            "shapes [batch, 2, 3] and [batch, 2, 4] do not join along axis 1");
  EXPECT_EQ(InferError(config, {x, FloatSpec(Shape::Batched({6}))}),
            "shapes [batch, 2, 3] and [batch, 6] do not join along axis 1");
  EXPECT_EQ(InferError(config, {}), "takes one input or more, not 0");
  config.set_axis(0);
  EXPECT_EQ(InferError(config, {x, x}), "axis 0 of [batch, 2, 3] is the batch");
}

TEST(Slice, StaysWithinTheAxis) {
  op::Slice config;
  const std::vector<TensorSpec> x = {FloatSpec(Shape::Batched({5}))};
  const auto error = [&](int axis, int64_t begin, int64_t end) {
    config.set_axis(axis);
    config.set_begin(begin);
    config.set_end(end);
    return InferError(config, x);
  };
  EXPECT_EQ(error(1, 1, 5), "");
  EXPECT_EQ(error(1, 1, 6), "part [1, 6) is not within axis 1 of [batch, 5]");
  EXPECT_EQ(error(-1, -1, 3), "part [-1, 3) is not within axis 1 of [batch, 5]");
  EXPECT_EQ(error(1, 3, 2), "part [3, 2) is not within axis 1 of [batch, 5]");
  EXPECT_EQ(error(0, 0, 1), "axis 0 of [batch, 5] is the batch");
  EXPECT_EQ(error(2, 0, 1), "axis 2 is outside [-2, 2)");
}

TEST(Pad, RefusesLengthsThatDoNotHoldTheInput) {
  op::Pad config;
  const std::vector<TensorSpec> x = {FloatSpec(Shape::Batched({5}))};
  const auto error = [&](int64_t begin, int64_t length) {
    config.set_axis(1);
    config.set_begin(begin);
    config.set_length(length);
    return InferError(config, x);
  };
  EXPECT_EQ(error(2, 7), "");
  EXPECT_EQ(error(3, 7), "axis 1 of [batch, 5] does not fit at 3 into length 7");
  EXPECT_EQ(error(0, 4), "axis 1 of [batch, 5] does not fit at 0 into length 4");
  EXPECT_EQ(error(-1, 7), "axis 1 of [batch, 5] does not fit at -1 into length 7");
  EXPECT_EQ(error(INT64_MAX, INT64_MAX),
            "axis 1 of [batch, 5] does not fit at 9223372036854775807 into length 9223372036854775807");
}

}  // namespace
}  // namespace gradus
