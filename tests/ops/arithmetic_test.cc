// add, sub, mul, div, greater, equal: shape rules, values, NaN.

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
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TensorSpec Float(const Shape& shape) { return {DType::kFloat32, shape}; }
TensorSpec Int(const Shape& shape) { return {DType::kInt32, shape}; }

template <class ConfigType>
class Arithmetic : public testing::Test {};
using ArithmeticOps = testing::Types<op::Add, op::Sub, op::Mul, op::Div>;
TYPED_TEST_SUITE(Arithmetic, ArithmeticOps);

TYPED_TEST(Arithmetic, BroadcastsLikeNumPy) {
  TensorSpec out;
  ASSERT_TRUE(
      InferOp(TypeParam(), {Float(Shape::Batched({3, 1})), Float(Shape::Fixed({4}))}, &out).ok());
  EXPECT_EQ(out, Float(Shape::Batched({3, 4})));
  ASSERT_TRUE(InferOp(TypeParam(), {Float(Shape()), Float(Shape::Batched({2}))}, &out).ok());
  EXPECT_EQ(out, Float(Shape::Batched({2})));
}

TYPED_TEST(Arithmetic, RefusesWhatDoesNotFit) {
  EXPECT_EQ(InferOp(TypeParam(), {Float(Shape::Batched({3})), Float(Shape::Fixed({4}))}).message(),
            "shapes [batch, 3] and [4] do not broadcast");
  // The batch is not a number that happens to be equal.
  EXPECT_EQ(
      InferOp(TypeParam(), {Float(Shape::Batched({3})), Float(Shape::Fixed({2, 3}))}).message(),
      "shapes [batch, 3] and [2, 3] do not broadcast");
  EXPECT_EQ(InferOp(TypeParam(), {Float(Shape::Batched({1})), Float(Shape::Batched({}))}).message(),
            "shape [batch, batch] has two batch axes");
  EXPECT_EQ(InferOp(TypeParam(), {Float(Shape())}).message(), "takes 2 inputs, not 1");
  EXPECT_EQ(InferOp(TypeParam(), {Float(Shape()), Int(Shape())}).message(),
            "input 1 is INT32, not FLOAT32");
}

TYPED_TEST(Arithmetic, KeepsNaNInEveryPlaceOfAVector) {
  for (const char* factory : {"loop", "onednn"}) {
    for (int at = 0; at < 19; ++at) {
      RefTensor a{{19}, std::vector<double>(19, 1.0)};
      const RefTensor b = a;
      a.values[at] = kNaN;
      const std::vector<float> y = RunOp(factory, TypeParam(), {a, b});
      for (int i = 0; i < 19; ++i) EXPECT_EQ(std::isnan(y[i]), i == at) << factory << " " << i;
    }
  }
}

TEST(Arithmetic, ComputesWhatItSays) {
  const RefTensor a{{2, 2}, {1, 2, 3, 4}};
  const RefTensor b{{2}, {10, -4}};
  for (const char* factory : {"loop", "onednn"}) {
    EXPECT_THAT(RunOp(factory, op::Add(), {a, b}), ElementsAre(11, -2, 13, 0));
    EXPECT_THAT(RunOp(factory, op::Sub(), {a, b}), ElementsAre(-9, 6, -7, 8));
    EXPECT_THAT(RunOp(factory, op::Mul(), {a, b}), ElementsAre(10, -8, 30, -16));
    EXPECT_THAT(RunOp(factory, op::Div(), {a, b}), ElementsAre(0.1f, -0.5f, 0.3f, -1));
  }
  EXPECT_THAT(RunOp("loop", op::Sub(), {b, a}), ElementsAre(9, -6, 7, -8));
}

TEST(Div, ByZeroFollowsTheStandard) {
  const std::vector<float> y = RunOp("loop", op::Div(), {{{3}, {1, -1, 0}}, {{}, {0}}});
  EXPECT_EQ(y[0], kInfinity);
  EXPECT_EQ(y[1], -kInfinity);
  EXPECT_TRUE(std::isnan(y[2]));
}

TEST(Comparisons, AreFalseForNaN) {
  const RefTensor a{{3}, {kNaN, 1, kNaN}};
  const RefTensor b{{3}, {0, kNaN, kNaN}};
  EXPECT_THAT(RunOp("loop", op::Greater(), {a, b}), ElementsAre(0, 0, 0));
  for (const char* factory : {"loop", "onednn"}) {
    EXPECT_THAT(RunOp(factory, op::Equal(), {a, b}), ElementsAre(0, 0, 0)) << factory;
  }
}

TEST(Comparisons, TakeTwoOfOneType) {
  const google::protobuf::Message* const configs[] = {&op::Equal::default_instance(),
                                                      &op::Greater::default_instance()};
  for (const google::protobuf::Message* config : configs) {
    TensorSpec out;
    ASSERT_TRUE(InferOp(*config, {Int(Shape::Batched({})), Int(Shape())}, &out).ok());
    EXPECT_EQ(out, Float(Shape::Batched({})));
    ASSERT_TRUE(InferOp(*config, {Float(Shape()), Float(Shape::Fixed({3}))}, &out).ok());
    EXPECT_EQ(out, Float(Shape::Fixed({3})));
    EXPECT_EQ(InferOp(*config, {Int(Shape()), Float(Shape())}).message(),
              "input 1 is FLOAT32, not INT32");
    EXPECT_EQ(InferOp(*config, {{DType::kInt64, Shape()}, {DType::kInt64, Shape()}}).message(),
              "input 0 is INT64, not FLOAT32 or INT32");
    EXPECT_FALSE(Registry<Op>::Get()
                     .Find(config->GetDescriptor()->full_name())
                     ->differentiable());
  }
}

TEST(Arithmetic, SumsAreLinearTogetherAndProductsInEach) {
  const auto find = [](const google::protobuf::Message& config) {
    return Registry<Op>::Get().Find(config.GetDescriptor()->full_name());
  };
  for (const bool subtract : {false, true}) {
    const google::protobuf::Message& config =
        subtract ? static_cast<const google::protobuf::Message&>(op::Sub::default_instance())
                 : op::Add::default_instance();
    EXPECT_TRUE(find(config)->jointly_linear(config));
    EXPECT_FALSE(find(config)->linear_in(config, 0));
    EXPECT_FALSE(find(config)->linear_in(config, 1));
  }
  EXPECT_TRUE(find(op::Mul())->linear_in(op::Mul(), 1));
  EXPECT_FALSE(find(op::Mul())->jointly_linear(op::Mul()));
  EXPECT_TRUE(find(op::Div())->linear_in(op::Div(), 0));
  EXPECT_FALSE(find(op::Div())->linear_in(op::Div(), 1));
}

TEST(KernelChoice, SmallTensorsGoToTheLoopAndLargeOnesToOneDnn) {
  EXPECT_EQ(CheapestFactory(op::Add(), {{32, 10}, {32, 10}}, {32, 10}), "loop");
  EXPECT_EQ(CheapestFactory(op::Add(), {{1024, 1024}, {1024, 1024}}, {1024, 1024}), "onednn");
  // No primitive repeats along the last axis without a plain loop of oneDNN's own.
  EXPECT_EQ(CheapestFactory(op::Mul(), {{1024, 1024}, {1024, 1}}, {1024, 1024}), "loop");
}

}  // namespace
}  // namespace gradus
