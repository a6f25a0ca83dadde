// What gradus optimizer computes, against closed forms and hand-made tables.

#include "gradus/api/optimizer_trace.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

OptimizerTraceOptions Options() {
  OptimizerTraceOptions options;
  options.parameters = {1, -2, 0.5};
  options.gradients = {{0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
  return options;
}

TEST(OptimizerTraceTest, FollowsTheScheduleAndWhatStandsAroundTheRule) {
  const auto trace = TraceOptimizer(
      "sgd {} learning_rate { linear { initial_learning_rate: 1 end_learning_rate: 0 steps: 4 } }"
      " weight_decay: 0.5",
      "text", Options());
  ASSERT_TRUE(trace.ok()) << trace.status();
  double w = 1;
  const double rates[] = {1, 0.75, 0.5}, gradients[] = {0.1, -0.05, 0.2};
  for (int i = 0; i < 3; ++i) {
    w = w - w * 0.5 * rates[i] - rates[i] * gradients[i];
    EXPECT_DOUBLE_EQ(trace->rows[i][0], w);
  }
}

TEST(OptimizerTraceTest, IsComparedColumnByColumnAndStepByStep) {
  const auto trace = TraceOptimizer("sgd {} learning_rate { constant: 1 }", "text", Options());
  ASSERT_TRUE(trace.ok()) << trace.status();
  const auto same = CompareTrace(*trace, ToTsv(*trace), "expected");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->largest, 0);
  EXPECT_EQ(same->steps, 3);
  const auto off = CompareTrace(*trace, "step\tp1\n1\t-1.8\n3\t-2.5\n", "expected");
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_NEAR(off->largest, 0.2, 1e-12);
  EXPECT_EQ(off->step, 3);
  EXPECT_EQ(off->column, "p1");
  EXPECT_EQ(off->steps, 2);
  const auto nan = CompareTrace(*trace, "step\tp1\n1\tnan\n3\t9\n", "expected");
  ASSERT_TRUE(nan.ok());
  EXPECT_TRUE(std::isnan(nan->largest));
}

TEST(OptimizerTraceTest, RefusesTablesThatDoNotFit) {
  const auto trace = TraceOptimizer("sgd {} learning_rate { constant: 1 }", "text", Options());
  ASSERT_TRUE(trace.ok());
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"", "f is empty"},
      {"step\tq\n", "f:1: there is no column \"q\"; the columns are step, p0, p1, p2"},
      {"p0\n1\n", "f:1: the first column is not \"step\" but \"p0\"; the columns are step, p0, p1, p2"},
      {"step\tp0\n4\t1\n", "f:2: step \"4\" is not one of 1 to 3"},
      {"step\tp0\n1\n", "f:2: 1 fields, the header has 2"},
      {"step\tp0\n1\tx\n", "f:2: \"x\" is not a number"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(std::string(CompareTrace(*trace, c.text, "f").status().message()), c.message);
  }
  EXPECT_EQ(std::string(ParseNumberRows("1,2\n3,,4\n", "g").status().message()),
            "g:2:3: \"\" is not a number");
}

}  // namespace
}  // namespace gradus
