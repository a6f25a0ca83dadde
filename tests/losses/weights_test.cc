// Weights of examples and classes in losses: Keras' sample_weight and class_weight, with the mean over the number of examples.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/losses/loss_case.h"

namespace gradus {
namespace {

constexpr char kNames[] = "prediction: \"l\" label: \"y\"";

// As Make, with an input "w".
Case Weighted(const std::string& loss, const std::string& label, const std::vector<int64_t>& dims,
              const Numbers& p, const Numbers& y, const Numbers& w) {
  Case given = Make(loss, absl::StrCat(label, " } input { name: \"w\""), dims, p, y);
  given.leaves[given.model.graph.inputs()[2]] = {{dims[0]}, w};
  return given;
}

const Numbers kWeights = {0.5, 2, 0, 1.25};

TEST(WeightsTest, EachExamplesLossIsMultipliedByItsWeight) {
  const Numbers p = {1, 2, 3, 4, 5, 6, 7, 8}, y = {1.5, 1, 3, 5, 0, 0, 9, 8};
  const std::string loss = absl::StrCat("mean_squared_error { ", kNames, " }");
  const Numbers plain = Evaluate(Make(loss, "shape: 2", {4, 2}, p, y));
  const Case given = Weighted("example_weight: \"w\" " + loss, "shape: 2", {4, 2}, p, y, kWeights);
  Numbers expected;
  for (int i = 0; i < 4; ++i) expected.push_back(kWeights[i] * plain[i]);
  ExpectNear(Evaluate(given), expected);
  EXPECT_EQ(GradientError(given), "");
}

TEST(WeightsTest, ClassNumbersLookTheirWeightUp) {
  const Numbers p = {1, 0, -1, 2, 2, 0, 0, 1, 3, 1, 1, 1}, y = {0, 2, 1, 2};
  const std::string loss =
      absl::StrCat("sparse_categorical_crossentropy { ", kNames, " from_logits: true }");
  const Numbers plain = Evaluate(Make(loss, "type: INT32", {4, 3}, p, y));
  const Case given =
      Make("class_weight { value: [0.5, 4, 3] } " + loss, "type: INT32", {4, 3}, p, y);
  ExpectNear(Evaluate(given), {0.5 * plain[0], 3 * plain[1], 4 * plain[2], 3 * plain[3]});
  EXPECT_EQ(GradientError(given), "");
}

TEST(WeightsTest, OneHotLabelsAndYesOrNoDoToo) {
  const std::string loss =
      absl::StrCat("categorical_crossentropy { ", kNames, " from_logits: true }");
  const Numbers p = {1, 0, 2, 2, 0, 1}, one_hot = {1, 0, 0, 1, 0, 1};
  const Numbers plain = Evaluate(Make(loss, "shape: 2", {3, 2}, p, one_hot));
  ExpectNear(
      Evaluate(Make("class_weight { value: [2, 8] } " + loss, "shape: 2", {3, 2}, p, one_hot)),
      {2 * plain[0], 8 * plain[1], 8 * plain[2]});

  const std::string yes = absl::StrCat("binary_crossentropy { ", kNames, " from_logits: true }");
  for (const std::string label : {"shape: 1", ""}) {
    const Numbers of_yes = Evaluate(Make(yes, label, {3, 1}, {1, -1, 0}, {1, 0, 1}));
    ExpectNear(Evaluate(Make("class_weight { value: [2, 8] } " + yes, label, {3, 1}, {1, -1, 0},
                             {1, 0, 1})),
               {8 * of_yes[0], 2 * of_yes[1], 8 * of_yes[2]});
  }
  // Labels -1 and 1, of hinge.
  const std::string hinge = absl::StrCat("hinge { ", kNames, " }");
  const Numbers of_hinge = Evaluate(Make(hinge, "shape: 1", {2, 1}, {0.5, 0.25}, {1, -1}));
  ExpectNear(Evaluate(Make("class_weight { value: [2, 8] } " + hinge, "shape: 1", {2, 1},
                           {0.5, 0.25}, {1, -1})),
             {8 * of_hinge[0], 2 * of_hinge[1]});
}

TEST(WeightsTest, BothKindsMultiply) {
  const std::string loss =
      absl::StrCat("sparse_categorical_crossentropy { ", kNames, " from_logits: true }");
  const Numbers p = {1, 0, 2, 2, 0, 1, 0, 0}, y = {0, 1, 1, 0};
  const Numbers plain = Evaluate(Make(loss, "type: INT32", {4, 2}, p, y));
  const Case given = Weighted("example_weight: \"w\" class_weight { value: [2, 8] } " + loss,
                              "type: INT32", {4, 2}, p, y, kWeights);
  Numbers expected;
  for (int i = 0; i < 4; ++i) expected.push_back(kWeights[i] * (y[i] > 0 ? 8 : 2) * plain[i]);
  ExpectNear(Evaluate(given), expected);
  EXPECT_EQ(GradientError(given), "");
}

std::string Errors(const std::string& loss, const std::string& label, int width) {
  return BuildModel(absl::StrCat("input { name: \"p\" shape: ", width, " } input { name: \"y\" ",
                                 label,
                                 " } layer { name: \"l\" input: \"p\" activation { "
                                 "function: LINEAR } } loss { ",
                                 loss, " }"))
      .errors;
}

TEST(WeightsTest, WhatHasNoClassesHasNoClassWeights) {
  const std::string squares = absl::StrCat("mean_squared_error { ", kNames, " }");
  const std::string sparse = absl::StrCat("sparse_categorical_crossentropy { ", kNames, " }");
  const std::string binary = absl::StrCat("binary_crossentropy { ", kNames, " }");
  const auto expect = [](const std::string& errors, const std::string& message) {
    EXPECT_TRUE(absl::StrContains(errors, message)) << errors;
  };
  expect(Errors("class_weight { value: [1, 2] } " + squares, "shape: 1", 1),
         "loss \"mean_squared_error\": class_weight needs a label that names one class for each "
         "example: a class number, 0 or 1, or one-hot; \"y\" is FLOAT32 [batch, 1] for "
         "mean_squared_error");
  expect(Errors("class_weight { value: [1, 2] } " + binary, "shape: 3", 3),
         "class_weight needs a label that names one class");
  expect(Errors("class_weight { value: [1, 2] } " + sparse, "type: INT32", 3),
         "loss \"sparse_categorical_crossentropy\": class_weight has 2 values, and there are 3 "
         "classes");
  expect(Errors("class_weight { } " + sparse, "type: INT32", 3),
         "class_weight has neither value nor balanced");
  expect(Errors("class_weight { balanced: true value: 1 } " + sparse, "type: INT32", 3),
         "class_weight has value and balanced; it takes one of them");
  expect(Errors("class_weight { balanced: true } " + sparse, "type: INT32", 3),
         "class_weight is balanced by the classes of training examples, and there are none");
  expect(Errors("example_weight: \"y\" " + sparse, "type: INT32", 3),
         "example_weight \"y\" is INT32 [batch], not one FLOAT32 number per example");
}

}  // namespace
}  // namespace gradus
