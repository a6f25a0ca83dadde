// leaky_relu, silu, mish, hard_swish, gelu_tanh: values, tails, limits, refusals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "tests/testing/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class ConfigType>
class GatedActivation : public testing::Test {};
using GatedActivations =
    testing::Types<op::LeakyRelu, op::Silu, op::Mish, op::HardSwish, op::GeluTanh>;
TYPED_TEST_SUITE(GatedActivation, GatedActivations);

TYPED_TEST(GatedActivation, LoopKeepsNaNInEveryPlaceOfAVector) {
  for (int at = 0; at < 19; ++at) {
    RefTensor x{{19}, std::vector<double>(19, 0.5)};
    x.values[at] = kNaN;
    const std::vector<float> y = RunOp("loop", TypeParam(), {x});
    for (int i = 0; i < 19; ++i) EXPECT_EQ(std::isnan(y[i]), i == at) << i;
  }
}

TYPED_TEST(GatedActivation, KeepsTheShapeAndRefusesIntegers) {
  TensorSpec out;
  const TensorSpec x{DType::kFloat32, Shape::Batched({3})};
  ASSERT_TRUE(InferOp(TypeParam(), {x}, &out).ok());
  EXPECT_EQ(out, x);
  EXPECT_EQ(InferOp(TypeParam(), {{DType::kInt32, Shape()}}).message(),
            "input 0 is INT32, not FLOAT32");
}

TEST(GatedActivations, ReachTheirLimits) {
  const RefTensor x{{4}, {-kInfinity, -1e30, 1e30, kInfinity}};
  const RefTensor ones{{4}, {1, 1, 1, 1}};
  EXPECT_THAT(RunOp("loop", op::Silu(), {x}), ElementsAre(0, 0, 1e30f, kInfinity));
  EXPECT_THAT(RunOp("loop", op::Mish(), {x}), ElementsAre(0, 0, 1e30f, kInfinity));
  EXPECT_THAT(RunOp("loop", op::HardSwish(), {x}), ElementsAre(0, 0, 1e30f, kInfinity));
  EXPECT_THAT(RunOp("loop", op::GeluTanh(), {x}), ElementsAre(0, 0, 1e30f, kInfinity));
  EXPECT_THAT(RunOp("loop", op::SiluGrad(), {ones, x}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(RunOp("loop", op::MishGrad(), {ones, x}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(RunOp("loop", op::HardSwishGrad(), {ones, x}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(RunOp("loop", op::GeluTanhGrad(), {ones, x}), ElementsAre(0, 0, 1, 1));
}

TEST(GatedActivations, KeepTheDigitsOfTheirTails) {
  // x e^x, where 1 + e^x is 1 in float; the rounding of the exponent costs 80 units in the last
  // place.
  for (const double x : {-20.0, -40.0, -80.0}) {
    EXPECT_NEAR(RunOp("loop", op::Silu(), {{{1}, {x}}})[0] / (x * std::exp(x)), 1, 1e-5) << x;
    EXPECT_NEAR(RunOp("loop", op::Mish(), {{{1}, {x}}})[0] / (x * std::exp(x)), 1, 1e-5) << x;
  }
  const double x = -6, u = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
  EXPECT_NEAR(RunOp("loop", op::GeluTanh(), {{{1}, {x}}})[0] / (x / (1 + std::exp(-2 * u))), 1,
              1e-5);
}

TEST(Mish, HasNoForwardKernelThatLosesItsTail) {
  // oneDNN's gives 0 for mish(-16.64) = -9.9e-7 (ops/mish.cc).
  EXPECT_EQ(Registry<KernelFactory>::Get().Find("gradus.op.Mish/onednn"), nullptr);
  EXPECT_NE(Registry<KernelFactory>::Get().Find("gradus.op.MishGrad/onednn"), nullptr);
}

TEST(HardSwish, GradientIsZeroAndOneAtItsCorners) {
  const RefTensor x{{5}, {-3, -2.999, 0, 2.999, 3}};
  const RefTensor ones{{5}, {1, 1, 1, 1, 1}};
  for (const char* factory : {"loop", "onednn"}) {
    const std::vector<float> dx = RunOp(factory, op::HardSwishGrad(), {ones, x});
    EXPECT_EQ(dx[0], 0) << factory;
    EXPECT_NEAR(dx[1], -0.5, 1e-3) << factory;
    EXPECT_NEAR(dx[2], 0.5, 1e-6) << factory;
    EXPECT_NEAR(dx[3], 1.5, 1e-3) << factory;
    EXPECT_EQ(dx[4], 1) << factory;
  }
}

TEST(LeakyRelu, GradientTakesTheLowerSideAtZero) {
  op::LeakyReluGrad config;
  config.set_negative_slope(0.5);
  for (const char* factory : {"loop", "onednn"}) {
    EXPECT_THAT(RunOp(factory, config, {{{4}, {5, 6, 7, 8}}, {{4}, {0, 2, -0.0, -1}}}),
                ElementsAre(2.5, 6, 3.5, 4));
  }
}

TEST(LeakyRelu, RefusesANegativeSlope) {
  op::LeakyRelu config;
  config.set_negative_slope(-1);
  EXPECT_EQ(InferOp(config, {{DType::kFloat32, Shape()}}).message(),
            "negative_slope -1 is not at least 0");
  config.set_negative_slope(kNaN);
  EXPECT_EQ(InferOp(config, {{DType::kFloat32, Shape()}}).message(),
            "negative_slope nan is not at least 0");
}

}  // namespace
}  // namespace gradus
