// minimum, maximum, pow, select, cumsum: special numbers, gradients where a derivative jumps or
// does not exist, refusals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/op.pb.h"
#include "tests/testing/reference_executor.h"
#include "tests/testing/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;
using testing::IsNan;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The gradients of the sum of the op's result with respect to its inputs, vectors of the same
// length, evaluated in double.
std::vector<std::vector<double>> Gradients(const google::protobuf::Message& config,
                                           const std::vector<std::vector<double>>& inputs) {
  Graph graph;
  ReferenceLeaves leaves;
  std::vector<Value> values;
  const auto n = static_cast<int64_t>(inputs[0].size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    values.push_back(*graph.AddInput(absl::StrCat("x", i), {DType::kFloat32, Shape::Fixed({n})}));
    leaves[values.back()] = {{n}, inputs[i]};
  }
  const Value y = *graph.AddNode(config, values, "y");
  const Value ones = *graph.AddInput("ones", {DType::kFloat32, Shape::Fixed({n})});
  leaves[ones] = {{n}, std::vector<double>(inputs[0].size(), 1)};
  const auto gradients = AddGradients(&graph, {y}, {ones}, values);
  EXPECT_TRUE(gradients.ok()) << gradients.status();
  std::vector<std::vector<double>> result;
  for (Value gradient : gradients->of) {
    result.push_back(gradient.valid() ? (*EvaluateReference(graph, leaves, 1, {gradient}))[0].values
                                      : std::vector<double>());
  }
  return result;
}

template <class ConfigType>
class Pairwise : public testing::Test {};
using PairwiseOps = testing::Types<op::Minimum, op::Maximum, op::Pow>;
TYPED_TEST_SUITE(Pairwise, PairwiseOps);

TYPED_TEST(Pairwise, BroadcastsLikeNumPyAndRefusesWhatDoesNotFit) {
  const auto floats = [](const Shape& shape) { return TensorSpec{DType::kFloat32, shape}; };
  TensorSpec out;
  ASSERT_TRUE(
      InferOp(TypeParam(), {floats(Shape::Batched({3, 1})), floats(Shape::Fixed({4}))}, &out).ok());
  EXPECT_EQ(out, floats(Shape::Batched({3, 4})));
  EXPECT_EQ(
      InferOp(TypeParam(), {floats(Shape::Batched({3})), floats(Shape::Fixed({4}))}).message(),
      "shapes [batch, 3] and [4] do not broadcast");
}

TEST(Extremum, NaNOfEitherSideIsKept) {
  const std::vector<RefTensor> pairs = {{{4}, {kNaN, 1, kNaN, 2}}, {{4}, {1, kNaN, kNaN, 3}}};
  EXPECT_THAT(RunOp("loop", op::Minimum(), pairs), ElementsAre(IsNan(), IsNan(), IsNan(), 2));
  EXPECT_THAT(RunOp("loop", op::Maximum(), pairs), ElementsAre(IsNan(), IsNan(), IsNan(), 3));
}

TEST(Extremum, EqualsShareTheGradientInHalves) {
  const auto minimum = Gradients(op::Minimum(), {{1, 2, 3}, {2, 2, 2}});
  EXPECT_THAT(minimum[0], ElementsAre(1, 0.5, 0));
  EXPECT_THAT(minimum[1], ElementsAre(0, 0.5, 1));
  const auto maximum = Gradients(op::Maximum(), {{1, 2, 3}, {2, 2, 2}});
  EXPECT_THAT(maximum[0], ElementsAre(0, 0.5, 1));
  EXPECT_THAT(maximum[1], ElementsAre(1, 0.5, 0));
}

TEST(Pow, FollowsTheCLibraryAtItsSpecialNumbers) {
  EXPECT_THAT(
      RunOp("loop", op::Pow(),
            {{{8}, {0, 0, 0, -2, -2, 4, kInfinity, kNaN}}, {{8}, {0, 2, -1, 3, 0.5, 0.5, -1, 0}}}),
      ElementsAre(1, 0, kInfinity, -8, IsNan(), 2, 0, 1));
}

TEST(Pow, GradientAtABaseOfZeroIsTheLimit) {
  const auto gradients = Gradients(op::Pow(), {{0, 0, 0, 0}, {2, 1, 0.5, 0}});
  // 2 a, 1, a^-1/2 / 2, 0.
  EXPECT_THAT(gradients[0], ElementsAre(0, 1, kInfinity, 0));
  EXPECT_THAT(gradients[1], ElementsAre(0, 0, 0, 0));
}

TEST(Pow, GradientAtANegativeBaseIsThatOfTheBaseAlone) {
  const auto gradients = Gradients(op::Pow(), {{-2, -2}, {3, 2}});
  EXPECT_THAT(gradients[0], ElementsAre(12, -4));
  EXPECT_THAT(gradients[1], ElementsAre(0, 0));
}

TEST(Select, TakesTheFirstWhereTheConditionIsNotZero) {
  EXPECT_THAT(RunOp("loop", op::Select(),
                    {{{5}, {0, 1, -0.0, -3, kNaN}}, {{5}, {1, 2, 3, 4, 5}}, {{1}, {9}}}),
              ElementsAre(9, 2, 9, 4, 5));
}

TEST(Select, NeverMixesInWhatIsNotTaken) {
  EXPECT_THAT(RunOp("loop", op::Select(), {{{2}, {1, 0}}, {{2}, {1, kNaN}}, {{2}, {kInfinity, 2}}}),
              ElementsAre(1, 2));
}

TEST(Select, SendsTheGradientToWhatWasTakenAndNoneToTheCondition) {
  const auto gradients = Gradients(op::Select(), {{1, 0}, {5, 6}, {7, 8}});
  EXPECT_TRUE(gradients[0].empty());
  EXPECT_THAT(gradients[1], ElementsAre(1, 0));
  EXPECT_THAT(gradients[2], ElementsAre(0, 1));
}

TEST(Select, BroadcastsAllThreeAndRefusesWhatDoesNotFit) {
  const auto floats = [](const Shape& shape) { return TensorSpec{DType::kFloat32, shape}; };
  TensorSpec out;
  ASSERT_TRUE(InferOp(op::Select(),
                      {floats(Shape::Batched({1})), floats(Shape::Fixed({4})), floats(Shape())},
                      &out)
                  .ok());
  EXPECT_EQ(out, floats(Shape::Batched({4})));
  EXPECT_EQ(
      InferOp(op::Select(), {floats(Shape::Fixed({3})), floats(Shape::Fixed({4})), floats(Shape())})
          .message(),
      "shapes [3] and [4] do not broadcast");
  EXPECT_EQ(
      InferOp(op::Select(), {{DType::kInt32, Shape()}, floats(Shape()), floats(Shape())}).message(),
      "input 0 is INT32, not FLOAT32");
}

op::Cumsum Sums(bool exclusive, bool reverse) {
  op::Cumsum config;
  config.set_exclusive(exclusive);
  config.set_reverse(reverse);
  return config;
}

TEST(Cumsum, HasFourWays) {
  const RefTensor x{{4}, {1, 2, 4, 8}};
  EXPECT_THAT(RunOp("loop", Sums(false, false), {x}), ElementsAre(1, 3, 7, 15));
  EXPECT_THAT(RunOp("loop", Sums(true, false), {x}), ElementsAre(0, 1, 3, 7));
  EXPECT_THAT(RunOp("loop", Sums(false, true), {x}), ElementsAre(15, 14, 12, 8));
  EXPECT_THAT(RunOp("loop", Sums(true, true), {x}), ElementsAre(14, 12, 8, 0));
}

TEST(Cumsum, RefusesTheBatchAndAxesThatAreNot) {
  op::Cumsum config;
  config.set_axis(0);
  EXPECT_EQ(InferOp(config, {{DType::kFloat32, Shape::Batched({3})}}).message(),
            "axis 0 of [batch, 3] is the batch");
  config.set_axis(2);
  EXPECT_EQ(InferOp(config, {{DType::kFloat32, Shape::Batched({3})}}).message(),
            "axis 2 is outside [-2, 2)");
}

}  // namespace
}  // namespace gradus
