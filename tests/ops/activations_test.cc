// relu, elu, sigmoid, tanh, gelu, softplus: values, limits, NaN, refusals.

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

template <class ConfigType>
class Activation : public testing::Test {};
using Activations =
    testing::Types<op::Relu, op::Elu, op::Sigmoid, op::Tanh, op::Gelu, op::Softplus>;
TYPED_TEST_SUITE(Activation, Activations);

TYPED_TEST(Activation, LoopKeepsNaNInEveryPlaceOfAVector) {
  for (int at = 0; at < 19; ++at) {
    RefTensor x{{19}, std::vector<double>(19, 0.5)};
    x.values[at] = kNaN;
    const std::vector<float> y = RunOp("loop", TypeParam(), {x});
    for (int i = 0; i < 19; ++i) EXPECT_EQ(std::isnan(y[i]), i == at) << i;
  }
}

TYPED_TEST(Activation, KeepsTheShapeAndRefusesIntegers) {
  TensorSpec out;
  const TensorSpec x{DType::kFloat32, Shape::Batched({3})};
  ASSERT_TRUE(InferOp(TypeParam(), {x}, &out).ok());
  EXPECT_EQ(out, x);
  EXPECT_EQ(InferOp(TypeParam(), {{DType::kInt32, Shape()}}).message(),
            "input 0 is INT32, not FLOAT32");
  EXPECT_EQ(InferOp(TypeParam(), {x, x}).message(), "takes 1 input, not 2");
}

TEST(Relu, GradientIsZeroAtZero) {
  for (const char* factory : {"loop", "onednn"}) {
    EXPECT_THAT(RunOp(factory, op::ReluGrad(), {{{3}, {5, 6, 7}}, {{3}, {0, 2, 0}}}),
                ElementsAre(0, 6, 0));
  }
}

TEST(Relu, GradientRefusesOtherShapes) {
  EXPECT_EQ(InferOp(op::ReluGrad(),
                    {{DType::kFloat32, Shape::Batched({3})}, {DType::kFloat32, Shape::Fixed({3})}})
                .message(),
            "shapes [batch, 3] and [3] differ");
}

TEST(Elu, TendsToMinusAlpha) {
  op::Elu config;
  config.set_alpha(0.25);
  EXPECT_THAT(RunOp("loop", config, {{{3}, {-kInfinity, -100, 3}}}), ElementsAre(-0.25, -0.25, 3));
}

TEST(Elu, RefusesANegativeAlpha) {
  op::Elu config;
  config.set_alpha(-1);
  EXPECT_EQ(InferOp(config, {{DType::kFloat32, Shape()}}).message(), "alpha -1 is not at least 0");
  config.set_alpha(kNaN);
  EXPECT_EQ(InferOp(config, {{DType::kFloat32, Shape()}}).message(), "alpha nan is not at least 0");
}

TEST(Elu, LoopIsExactNearZeroWhereADifferenceIsNot) {
  EXPECT_EQ(RunOp("loop", op::Elu(), {{{1}, {-1e-5f}}})[0], static_cast<float>(std::expm1(-1e-5f)));
}

TEST(Limits, AreReachedAndNotOverrun) {
  const RefTensor x{{4}, {-kInfinity, -1e30, 1e30, kInfinity}};
  EXPECT_THAT(RunOp("loop", op::Sigmoid(), {x}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(RunOp("loop", op::Tanh(), {x}), ElementsAre(-1, -1, 1, 1));
  EXPECT_THAT(RunOp("loop", op::Gelu(), {x}), ElementsAre(0, 0, 1e30f, kInfinity));
  EXPECT_THAT(RunOp("loop", op::Softplus(), {x}), ElementsAre(0, 0, 1e30f, kInfinity));
  const RefTensor ones{{4}, {1, 1, 1, 1}};
  EXPECT_THAT(RunOp("loop", op::GeluGrad(), {ones, x}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(RunOp("loop", op::SoftplusGrad(), {ones, x}), ElementsAre(0, 0, 1, 1));
}

TEST(Sigmoid, KeepsItsTail) {
  // e^-80, where 1 / (1 + e^80) still has all its digits.
  const float y = RunOp("loop", op::Sigmoid(), {{{1}, {-80}}})[0];
  EXPECT_NEAR(y / std::exp(-80.0), 1, 1e-6);
}

TEST(KernelChoice, GradientsThatReadTheOutputAreFasterInOurLoop) {
  EXPECT_EQ(CheapestFactory(op::ReluGrad(), {{1024, 1024}, {1024, 1024}}, {1024, 1024}), "loop");
  EXPECT_EQ(CheapestFactory(op::Relu(), {{1024, 1024}}, {1024, 1024}), "onednn");
  EXPECT_EQ(CheapestFactory(op::Tanh(), {{32, 10}}, {32, 10}), "loop");
  EXPECT_EQ(CheapestFactory(op::Tanh(), {{256, 256}}, {256, 256}), "onednn");
}

}  // namespace
}  // namespace gradus
