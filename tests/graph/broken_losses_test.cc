// Models that are wrong, with all that the user is told about them, word for word.

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/model_text.h"

namespace gradus {
namespace {

struct Broken {
  const char* name;
  const char* text;
  const char* errors;
};

constexpr Broken kOutputsAndLosses[] = {
    {"UnknownOutput",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
output: "oat")",
     "m:4:9: output \"oat\": no layer is called so; did you mean \"out\"? [output[0]]"},
    {"InputAsOutput",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
output: "x")",
     "m:4:9: output \"x\": it is an input, not a layer [output[0]]"},
    {"OutputTwice",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
output: ["out", "out"])",
     "m:4:17: output \"out\": it is named twice [output[1]]"},
    {"UnknownNamesInALoss",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { mean_squared_error { prediction: "uot" label: "z" } })",
     "m:4:41: loss \"mean_squared_error\": no layer or input is called \"uot\"; did you "
     "mean \"out\"? [loss[0].mean_squared_error.prediction]\n"
     "m:4:54: loss \"mean_squared_error\": no layer or input is called \"z\" "
     "[loss[0].mean_squared_error.label]"},
    {"MissingLabel",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { mean_squared_error { prediction: "out" } })",
     "m:4:8: mean_squared_error: label is missing [loss[0].mean_squared_error.label]"},
    {"LossWithoutKind",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { name: "l" })",
     "m:4:1: loss \"l\": kind is missing; set one of binary_crossentropy, "
     "categorical_crossentropy, sparse_categorical_crossentropy, mean_squared_error, "
     "mean_absolute_error, mean_squared_logarithmic_error, mean_absolute_percentage_error, "
     "huber, log_cosh, hinge, squared_hinge, categorical_hinge, ... [loss[l]]"},
    {"NegativeLossWeight",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { weight: -1 mean_squared_error { prediction: "out" label: "y" } })",
     "m:4:16: loss[0]: weight -1 must be at least 0 [loss[0].weight]"},
    {"TwoLossesOfOneKind",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { mean_squared_error { prediction: "out" label: "y" } }
loss { mean_squared_error { prediction: "out" label: "y" } })",
     "m:5:1: loss \"mean_squared_error\": the name is taken by a loss above; give it a "
     "`name` [loss[1]]"},
    {"TwoLossesOfOneName",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { name: "l" mean_squared_error { prediction: "out" label: "y" } }
loss { name: "l" mean_absolute_error { prediction: "out" label: "y" } })",
     "m:5:14: loss \"l\": the name is taken by a loss above [loss[l].name]"},
    {"LossNameWithSlash",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
loss { name: "a/b" mean_squared_error { prediction: "out" label: "y" } })",
     "m:4:14: loss \"a/b\": a name has only letters, digits, _, - and . [loss[a/b].name]"},
    {"LabelOfOtherShape",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 3 } }
loss { mean_squared_error { prediction: "out" label: "y" } })",
     "m:4:54: loss \"mean_squared_error\": label \"y\" has the shape [batch, 1], "
     "prediction \"out\" [batch, 3] [loss[0].mean_squared_error.label]"},
    {"IntegerLabelOfARegression",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
input { name: "k" type: INT32 }
layer { name: "out" dense { units: 1 } }
loss { mean_squared_error { prediction: "out" label: "k" } })",
     "m:5:54: loss \"mean_squared_error\": label \"k\" is INT32 [batch], not FLOAT32 "
     "[loss[0].mean_squared_error.label]"},
    {"FloatClassNumbers",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 3 } }
loss { sparse_categorical_crossentropy { prediction: "out" label: "y" } })",
     "m:4:67: loss \"sparse_categorical_crossentropy\": label \"y\" is FLOAT32 [batch, "
     "1]; class numbers are INT32 (input { type: INT32 }) "
     "[loss[0].sparse_categorical_crossentropy.label]"},
    {"SeveralClassNumbersPerExample",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
input { name: "k" shape: 2 type: INT32 }
layer { name: "out" dense { units: 3 } }
loss { sparse_categorical_crossentropy { prediction: "out" label: "k" } })",
     "m:5:67: loss \"sparse_categorical_crossentropy\": label \"k\" has the shape "
     "[batch, 2], not one class number per example, [batch] "
     "[loss[0].sparse_categorical_crossentropy.label]"},
    {"OneClass",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
input { name: "k" type: INT32 }
layer { name: "out" dense { units: 1 } }
loss { sparse_categorical_crossentropy { prediction: "out" label: "k" } })",
     "m:5:54: loss \"sparse_categorical_crossentropy\": prediction has the shape [batch, "
     "1], fewer than 2 classes; for yes or no there are binary_crossentropy and "
     "binary_accuracy [loss[0].sparse_categorical_crossentropy.prediction]"},
    {"ClassesInImages",
     R"(input { name: "x" shape: [2, 3] }
input { name: "k" type: INT32 }
layer { name: "out" dense { units: 4 } }
metric { sparse_categorical_accuracy { prediction: "out" label: "k" } })",
     "m:4:52: metric \"sparse_categorical_accuracy\": prediction \"out\" has the shape "
     "[batch, 2, 4], not [batch, classes] "
     "[metric[0].sparse_categorical_accuracy.prediction]"},
    {"TwoMetricsOfOneKind",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
metric { binary_accuracy { prediction: "out" label: "y" } }
metric { binary_accuracy { prediction: "out" label: "y" } })",
     "m:5:1: metric \"binary_accuracy\": the name is taken by a metric above; give it a "
     "`name` [metric[1]]"},
    {"MetricNamedAsAColumn",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "out" dense { units: 1 } }
metric { name: "loss" binary_accuracy { prediction: "out" label: "y" } })",
     "m:4:16: metric \"loss\": the name is taken by a column of the log "
     "[metric[loss].name]"},
    {"OneMistakeEachIsReportedOnce",
     R"(input { name: "x" shape: 3 }
input { name: "y" shape: 1 }
layer { name: "a" dense { units: 0 } }
layer { name: "b" dense { units: 2 } }
layer { name: "c" input: "z" dense { units: 2 } }
layer { name: "d" input: ["b", "c"] add {} }
layer { name: "e" input: ["x", "y"] add {} }
loss { mean_squared_error { prediction: "d" label: "y" } }
loss { binary_crossentropy { prediction: "e" label: "yy" } }
metric { sparse_categorical_accuracy { prediction: "x" label: "y" } }
output: "f")",
     "m:3:34: layer \"a\": units 0 must be at least 1 [layer[a].dense.units]\n"
     "m:5:26: layer \"c\": no layer or input is called \"z\" [layer[c].input[0]]\n"
     "m:7:32: layer \"e\": input 1 is [batch, 1], input 0 [batch, 3]; they must have the "
     "same shape [layer[e].input[1]]\n"
     "m:9:53: loss \"binary_crossentropy\": no layer or input is called \"yy\"; did you "
     "mean \"y\"? [loss[1].binary_crossentropy.label]\n"
     "m:10:63: metric \"sparse_categorical_accuracy\": label \"y\" is FLOAT32 [batch, "
     "1]; class numbers are INT32 (input { type: INT32 }) "
     "[metric[0].sparse_categorical_accuracy.label]\n"
     "m:11:9: output \"f\": no layer is called so [output[0]]"},
};

class BrokenModelTest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenModelTest, SaysExactly) {
  EXPECT_EQ(BuildModel(GetParam().text, Mode::kTraining).errors, GetParam().errors);
}

TEST_P(BrokenModelTest, SaysTheSameInInferenceMode) {
  EXPECT_EQ(BuildModel(GetParam().text, Mode::kInference).errors, GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(OutputsAndLosses, BrokenModelTest, testing::ValuesIn(kOutputsAndLosses),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace gradus
