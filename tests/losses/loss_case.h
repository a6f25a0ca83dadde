// One loss on numbers: evaluated in double with the reference loops, its gradient compared with
// central differences.

#ifndef GRADUS_TESTS_LOSSES_LOSS_CASE_H_
#define GRADUS_TESTS_LOSSES_LOSS_CASE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/gradient_checker.h"
#include "tests/testing/model_text.h"
#include "tests/testing/reference_executor.h"

namespace gradus {

using Numbers = std::vector<double>;

// One loss on the inputs "p" (prediction) and "y" (label), both straight from the data.
struct Case {
  ModelGraph model;
  ReferenceLeaves leaves;
  int64_t rows = 0;
  Value prediction;
};

inline Case Make(absl::string_view loss, absl::string_view label, const std::vector<int64_t>& dims,
                 const Numbers& p, const Numbers& y) {
  std::string shape;
  for (size_t i = 1; i < dims.size(); ++i) absl::StrAppend(&shape, " shape: ", dims[i]);
  BuiltModel built = BuildModel(absl::StrCat(
      "input { name: \"p\"", shape, " } input { name: \"y\" ", label, " }",
      "layer { name: \"l\" input: \"p\" activation { function: LINEAR } }", "loss { ", loss, " }"));
  EXPECT_EQ(built.errors, "");
  Case out;
  out.model = std::move(built.model);
  out.rows = dims[0];
  const std::vector<Value>& inputs = out.model.graph.inputs();
  out.prediction = inputs[0];
  out.leaves[inputs[0]] = {dims, p};
  out.leaves[inputs[1]] = {out.model.graph.spec(inputs[1]).shape.At(out.rows), y};
  for (const ModelScalar& number : out.model.hyperparameters) {
    out.leaves[out.model.graph.FindLeaf(Leaf::kScalar, number.name)] = {{}, {number.value}};
  }
  return out;
}

inline Numbers Evaluate(const Case& given) {
  auto result =
      EvaluateReference(given.model.graph, given.leaves, given.rows, {given.model.losses[0].value});
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_EQ((*result)[0].dims, std::vector<int64_t>{given.rows});
  return (*result)[0].values;
}

// "" or where the gradient differs from central differences.
inline std::string GradientError(const Case& given) {
  return CheckGradients(given.model.graph, {given.model.losses[0].value}, given.leaves, given.rows,
                        {given.prediction}, {});
}

// A few roundings in double, of numbers up to 20. Constants of the graph (1, the clip bounds in the
// op) are exact or double.
constexpr double kTolerance = 1e-12;

inline void ExpectNear(const Numbers& actual, const Numbers& expected,
                       double tolerance = kTolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_LOSSES_LOSS_CASE_H_
