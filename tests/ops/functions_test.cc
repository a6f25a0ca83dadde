// neg, exp, log, sqrt, square, abs, clip, cast, stop_gradient: values, limits, NaN, refusals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradus/op.pb.h"
#include "tests/testing/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TensorSpec Float(const Shape& shape) { return {DType::kFloat32, shape}; }

template <class ConfigType>
class Function : public testing::Test {};
using Functions = testing::Types<op::Neg, op::Exp, op::Log, op::Sqrt, op::Square, op::Abs>;
TYPED_TEST_SUITE(Function, Functions);

TYPED_TEST(Function, LoopKeepsNaNInEveryPlaceOfAVector) {
  for (int at = 0; at < 19; ++at) {
    RefTensor x{{19}, std::vector<double>(19, 0.5)};
    x.values[at] = kNaN;
    const std::vector<float> y = RunOp("loop", TypeParam(), {x});
    for (int i = 0; i < 19; ++i) EXPECT_EQ(std::isnan(y[i]), i == at) << i;
  }
}

TYPED_TEST(Function, RefusesIntegers) {
  EXPECT_EQ(InferOp(TypeParam(), {{DType::kInt32, Shape()}}).message(),
            "input 0 is INT32, not FLOAT32");
}

TEST(Exp, OverflowsToInfinityAndUnderflowsThroughSubnormals) {
  const std::vector<float> y =
      RunOp("loop", op::Exp(), {{{5}, {-kInfinity, -100, 88.72, 88.73, kInfinity}}});
  EXPECT_EQ(y[0], 0);
  EXPECT_NEAR(y[1], std::exp(-100.0), 1e-45);
  EXPECT_TRUE(std::isfinite(y[2]));
  EXPECT_EQ(y[3], kInfinity);
  EXPECT_EQ(y[4], kInfinity);
}

TEST(Log, IsMinusInfinityAtZeroAndNaNBelow) {
  const std::vector<float> y = RunOp("loop", op::Log(), {{{4}, {0, -0.0, -1, kInfinity}}});
  EXPECT_EQ(y[0], -kInfinity);
  EXPECT_EQ(y[1], -kInfinity);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[3], kInfinity);
}

TEST(Sqrt, IsNaNBelowZero) { EXPECT_TRUE(std::isnan(RunOp("loop", op::Sqrt(), {{{1}, {-1}}})[0])); }

TEST(Abs, GradientIsZeroAtZero) {
  for (const char* factory : {"loop", "onednn"}) {
    EXPECT_THAT(RunOp(factory, op::AbsGrad(), {{{4}, {5, 6, 7, 8}}, {{4}, {-1, 0, -0.0, 2}}}),
                ElementsAre(-5, 0, 0, 8));
  }
}

op::Clip Between(double min, double max) {
  op::Clip config;
  config.set_min(min);
  config.set_max(max);
  return config;
}

TEST(Clip, KeepsNaNInTheLoop) {
  const std::vector<float> y = RunOp("loop", Between(0, 1), {{{4}, {kNaN, -1, 0.5, 2}}});
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], 0.5);
  EXPECT_EQ(y[3], 1);
}

TEST(Clip, DerivativeIsOneOnTheBounds) {
  op::ClipGrad config;
  config.set_min(0);
  config.set_max(1);
  EXPECT_THAT(RunOp("loop", config, {{{4}, {5, 6, 7, 8}}, {{4}, {0, 1, -0.001, 1.001}}}),
              ElementsAre(5, 6, 0, 0));
}

TEST(Clip, RefusesBoundsThatMakeNoSense) {
  EXPECT_EQ(InferOp(op::Clip(), {Float(Shape())}).message(), "has neither min nor max");
  EXPECT_EQ(InferOp(Between(1, 0), {Float(Shape())}).message(), "min 1 is not at most max 0");
  EXPECT_EQ(InferOp(Between(kNaN, 0), {Float(Shape())}).message(), "min nan is not at most max 0");
  EXPECT_TRUE(InferOp(Between(1, 1), {Float(Shape())}).ok());
}

TEST(Cast, ChangesTheTypeAndRefusesItsOwn) {
  op::Cast to_int32;
  to_int32.set_to_int32(true);
  TensorSpec out;
  ASSERT_TRUE(InferOp(to_int32, {Float(Shape::Batched({2}))}, &out).ok());
  EXPECT_EQ(out, (TensorSpec{DType::kInt32, Shape::Batched({2})}));
  EXPECT_EQ(InferOp(op::Cast(), {Float(Shape())}).message(), "input 0 is FLOAT32, not INT32");
  EXPECT_EQ(InferOp(to_int32, {{DType::kInt32, Shape()}}).message(),
            "input 0 is INT32, not FLOAT32");
}

TEST(StopGradient, TakesAnyTypeAndIsAView) {
  TensorSpec out;
  const TensorSpec labels{DType::kInt64, Shape::Batched({})};
  ASSERT_TRUE(InferOp(op::StopGradient(), {labels}, &out).ok());
  EXPECT_EQ(out, labels);
  const Op* op = Registry<Op>::Get().Find(op::StopGradient::descriptor()->full_name());
  EXPECT_TRUE(op->IsView(op::StopGradient()));
  EXPECT_FALSE(op->differentiable());
}

}  // namespace
}  // namespace gradus
