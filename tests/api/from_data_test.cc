// What a run takes from its training examples: widths, weights of classes, units of the target, a sample to validate; that all of it is
// written down where the run is saved, and means the same to whoever goes on from there.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/evaluate.h"
#include "gradus/api/predictor.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/summary.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

constexpr int kRows = 60;

// Columns a, b, price (log-normal in shape), kind (0, 1 or 2; 2 is rare), w.
std::string Table() {
  std::string text = "a,b,price,kind,w\n";
  for (int i = 0; i < kRows; ++i) {
    const double a = std::sin(i), b = std::cos(3.0 * i);
    absl::StrAppend(&text, a, ",", b, ",", 100 * std::exp(a - b / 2), ",", i % 10 == 9 ? 2 : i % 2,
                    ",", i % 4, "\n");
  }
  return text;
}

class FromDataTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(testing::TempDir(), "/from_data_",
                           testing::UnitTest::GetInstance()->current_test_info()->name());
    RemoveTree(folder_).IgnoreError();
    ASSERT_TRUE(MakeFolders(folder_).ok());
    ASSERT_TRUE(WriteFile(folder_ + "/table.csv", Table()).ok());
  }
  void TearDown() override { RemoveTree(folder_).IgnoreError(); }

  absl::StatusOr<std::unique_ptr<Trainer>> Make(const std::string& text,
                                                const TrainerOptions& options = {}) {
    absl::StatusOr<RunFile> file = RunFile::Parse(text, "run.pbtxt", {}, folder_);
    if (!file.ok()) return file.status();
    return Trainer::Create(*std::move(file), options);
  }

  // A regression on "price", which is fed as `price` says.
  std::string Regression(const std::string& price, const std::string& more = "") const {
    return absl::StrCat(R"(
model {
  input { name: "x" }
  input { name: "y" }
  layer { name: "out" input: "x" dense { units: 1 } }
  loss { mean_absolute_error { prediction: "out" label: "y" } }
  metric { name: "mae" mean_absolute_error { prediction: "out" label: "y" } }
  metric { name: "r2" r2_score { prediction: "out" label: "y" } }
}
data {
  train { csv { path: "table.csv"
    field { input: "x" column: ["a", "b"] standardise: true }
    field { input: "y" )",
                        price, R"( } } }
  validation { fraction: 0.25 }
  test { csv { path: "table.csv" } }
}
optimizer { adam {} learning_rate { constant: 0.1 } }
run { epochs: 3 )",
                        more, " }");
  }
  // Of `kind`, with a loss that is weighted as `weights` says.
  std::string Classification(const std::string& weights, const std::string& more = "") const {
    return absl::StrCat(
        R"(
model {
  input { name: "x" }
  input { name: "y" type: INT32 }
  )",
        more, R"(
  layer { name: "out" input: "x" dense { units: 3 } }
  loss { name: "loss_of_kind" )",
        weights,
        R"( sparse_categorical_crossentropy { prediction: "out" label: "y" from_logits: true } }
}
data {
  train { csv { path: "table.csv"
    field { input: "x" column: ["a", "b"] }
    field { input: "y" column: "kind" } )",
        more.empty() ? "" : "field { input: \"w\" column: \"w\" }", R"( } }
  validation { fraction: 0.2 seed: 4 }
}
optimizer { sgd {} learning_rate { constant: 0.1 } }
run { epochs: 2 })");
  }

  std::string folder_;
};

double MetricOf(const MetricLine& line, const std::string& name) {
  for (const auto& metric : line.metrics) {
    if (metric.first == name) return metric.second;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST_F(FromDataTest, WidthsAreWrittenDownAndNeedNoDataAfterwards) {
  TrainerOptions options;
  options.checkpoint_folder = folder_ + "/checkpoints";
  auto trainer = Make(Regression("column: 'price'"), options);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const ModelConfig& model = (*trainer)->config().model();
  ASSERT_EQ(model.input(0).shape_size(), 1);
  EXPECT_EQ(model.input(0).shape(0), 2);
  EXPECT_EQ(model.input(1).shape_size(), 0);  // One number.
  ASSERT_TRUE((*trainer)->Train().ok());
  ASSERT_TRUE((*trainer)->SaveModel(folder_ + "/saved").ok());
  const auto state = (*trainer)->SaveState(options.checkpoint_folder);
  ASSERT_TRUE(state.ok()) << state.status();
  const auto resumed = Trainer::Resume(*state);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ((*resumed)->config().model().input(0).shape(0), 2);

  ASSERT_TRUE(RemoveTree(folder_ + "/table.csv").ok());
  const auto predictor = Predictor::Load(folder_ + "/saved");
  ASSERT_TRUE(predictor.ok()) << predictor.status();
  EXPECT_EQ((*predictor)->inputs()[0].dims, std::vector<int64_t>{2});
  TrainerOptions without;
  without.open_data = false;
  const auto numbers = Trainer::Resume(*state, without);
  EXPECT_TRUE(numbers.ok()) << numbers.status();
}

TEST_F(FromDataTest, CheckAndGraphSeeThem) {
  const auto file = [&](const std::string& text) {
    auto read = RunFile::Parse(text, "run.pbtxt", {}, folder_);
    EXPECT_TRUE(read.ok()) << read.status();
    return *std::move(read);
  };
  const auto summary = Summarize(file(Regression("column: 'price'")));
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->layers[0].parameters, 3);
  EXPECT_EQ(summary->examples, "45 training, 15 validation, 60 test examples");
  const auto graphs = DumpGraphs(file(Regression("column: 'price'")), true, GraphFormat::kText);
  ASSERT_TRUE(graphs.ok()) << graphs.status();
  EXPECT_TRUE(absl::StrContains((*graphs)[0].text, "[batch, 2]")) << (*graphs)[0].text;

  // Without its data the width of "x" is unknown, that of the label can only be one number.
  ASSERT_TRUE(RemoveTree(folder_ + "/table.csv").ok());
  const auto unknown = DumpGraphs(file(Regression("column: 'price'")), true, GraphFormat::kText);
  EXPECT_TRUE(absl::StrContains(unknown.status().message(), "table.csv")) << unknown.status();
  const std::string with_shape = absl::StrReplaceAll(
      Regression("column: 'price'"), {{"{ name: \"x\" }", "{ name: \"x\" shape: 2 }"}});
  const auto known = DumpGraphs(file(with_shape), true, GraphFormat::kText);
  EXPECT_TRUE(known.ok()) << known.status();
}

TEST_F(FromDataTest, WhatStandsOnUnknownWidthsIsNotReported) {
  ASSERT_TRUE(RemoveTree(folder_ + "/table.csv").ok());
  const auto trainer =
      Make(Regression("column: 'price'", "early_stopping { monitor: \"validation/mae\" }"));
  EXPECT_TRUE(absl::StrContains(trainer.status().message(), "table.csv"));
  EXPECT_FALSE(absl::StrContains(trainer.status().message(), "produces")) << trainer.status();
  EXPECT_FALSE(absl::StrContains(trainer.status().message(), "shape")) << trainer.status();
}

TEST_F(FromDataTest, BalancedWeightsAreCountedOverTheTrainingExamples) {
  const auto trainer = Make(Classification("class_weight { balanced: true }"));
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  // 30, 24 and 6 examples, of which 6, 5 and 1 are held out.
  EXPECT_EQ(SplitInWords((*trainer)->data()),
            "48 training, 12 validation examples\nclasses of y (training/validation)  0: 24/6  "
            "1: 19/5  2: 5/1");
  const ClassWeights& weights = (*trainer)->config().model().loss(0).class_weight();
  EXPECT_FALSE(weights.has_balanced());
  ASSERT_EQ(weights.value_size(), 3);
  EXPECT_EQ(weights.value(0), 48.0 / (3 * 24));
  EXPECT_EQ(weights.value(1), 48.0 / (3 * 19));
  EXPECT_EQ(weights.value(2), 48.0 / (3 * 5));
  // Said in numbers it is the same run.
  const auto given =
      Make(Classification("class_weight { value: [0.6666666666666666, 0.8421052631578947, 3.2] }"));
  ASSERT_TRUE(given.ok()) << given.status();
  ASSERT_TRUE((*trainer)->Train().ok());
  ASSERT_TRUE((*given)->Train().ok());
  const auto one = (*trainer)->Parameter("out/kernel"), other = (*given)->Parameter("out/kernel");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(one->data<float>()[i], other->data<float>()[i]);
}

TEST_F(FromDataTest, AClassWithoutExamplesHasNoBalancedWeight) {
  std::string text = "a,b,price,kind,w\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&text, i, ",0,1,", i % 2 * 2, ",1\n");
  ASSERT_TRUE(WriteFile(folder_ + "/table.csv", text).ok());
  const auto trainer = Make(Classification("class_weight { balanced: true }"));
  EXPECT_TRUE(
      absl::StrContains(trainer.status().message(),
                        "class_weight is balanced by input \"y\": no training example has class 1 "
                        "[model.loss[loss_of_kind].class_weight.balanced]"))
      << trainer.status();
}

TEST_F(FromDataTest, TrainingAndValidationLossesAreWeightedAlike) {
  const std::string weight = "input { name: \"w\" }";
  const auto trainer = Make(Classification("example_weight: \"w\"", weight));
  const auto plain = Make(Classification("", weight));
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE(plain.ok()) << plain.status();
  // Example by example: the weighted losses over their number.
  for (const bool train : {true, false}) {
    const std::shared_ptr<const Dataset> all =
        train ? (*plain)->data().train : (*plain)->data().validation;
    double sum = 0;
    for (int64_t row = 0; row < all->size(); ++row) {
      std::vector<float> x(2), w(1);
      std::vector<int32_t> y(1);
      void* const buffers[] = {x.data(), y.data(), w.data()};
      ASSERT_TRUE(all->Read({row}, buffers).ok());
      const auto kernel = (*plain)->Parameter("out/kernel"), bias = (*plain)->Parameter("out/bias");
      double z[3], total = 0;
      for (int k = 0; k < 3; ++k) {
        z[k] = bias->data<float>()[k] + x[0] * kernel->data<float>()[k] +
               x[1] * kernel->data<float>()[3 + k];
        total += std::exp(z[k]);
      }
      sum += w[0] * (std::log(total) - z[y[0]]);
    }
    const auto line = (*trainer)->Evaluate(
        train ? (*trainer)->data().train : (*trainer)->data().validation, "split");
    ASSERT_TRUE(line.ok()) << line.status();
    // Some ten roundings of floats of size 1 an example.
    EXPECT_NEAR(line->loss, sum / static_cast<double>(all->size()), 2e-6);
  }
  Tensor x = Tensor::Of<float>({2, 2}, {1, 2, 3, 4}), y = Tensor::Of<int32_t>({2}, {0, 1});
  const auto step =
      (*trainer)->Step({{"x", x}, {"y", y}, {"w", Tensor::Of<float>({2}, {1, -0.5})}});
  EXPECT_EQ(step.status().message(), "input \"w\": the weight -0.5 at element 1 is negative");
}

// The table says 2 for no and 4 for yes; what is asked is a probability of yes, which is compared with 0 and 1.
TEST_F(FromDataTest, AnAnswerThatWasScaledToYesAndNoIsToldAsItWasMade) {
  std::string answers = "a,answer\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&answers, i - 9.5, ",", i < 10 ? 2 : 4, "\n");
  ASSERT_TRUE(WriteFile(folder_ + "/answers.csv", answers).ok());
  const auto trainer = Make(R"(
model {
  input { name: "x" shape: 1 }
  input { name: "y" }
  layer { name: "yes" input: "x" dense { units: 1 activation: SIGMOID } }
  loss { binary_crossentropy { prediction: "yes" label: "y" } }
  metric { name: "accuracy" binary_accuracy { prediction: "yes" label: "y" } }
  metric { name: "mae" mean_absolute_error { prediction: "yes" label: "y" } }
}
data {
  train { csv { path: "answers.csv" field { input: "x" column: "a" }
                                    field { input: "y" columns { name: "answer" min_max: true } } } }
}
optimizer { sgd {} learning_rate { constant: 0.1 } }
run { epochs: 1 }
)");
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE((*trainer)->SetParameter("yes/kernel", Tensor::Of<float>({1, 1}, {1})).ok());
  ASSERT_TRUE((*trainer)->SetParameter("yes/bias", Tensor::Of<float>({1}, {0})).ok());
  const auto line = (*trainer)->Evaluate((*trainer)->data().train, "train");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(MetricOf(*line, "accuracy"), 1);
  double error = 0;
  for (int i = 10; i < 20; ++i) error += 1 / (1 + std::exp(i - 9.5)) / 10;
  EXPECT_NEAR(MetricOf(*line, "mae"), error, 1e-6);  // Some rounding errors of floats below 1.
}

TEST_F(FromDataTest, AClassWithoutAnOutputIsFoundBeforeAnythingIsTrained) {
  const auto trainer = Make(absl::StrReplaceAll(Classification(""), {{"units: 3", "units: 2"}}));
  ASSERT_FALSE(trainer.ok());
  EXPECT_TRUE(absl::StrContains(
      trainer.status().message(),
      "prediction \"out\" has 2 numbers, and label \"y\" has 3 classes in the training examples; "
      "give the layer 3 units"))
      << trainer.status();
  EXPECT_TRUE(Make(absl::StrReplaceAll(Classification(""), {{"units: 3", "units: 4"}})).ok());
}

// Differences of 128 are the least that float32 has between numbers of 1.7e9: told in them, the labels of this line would be rounded to it
// and their spread would be lost in the sum of their squares.
TEST_F(FromDataTest, SmallErrorsOfLargeTargetsAreNotLost) {
  std::string text = "a,b,price\n";
  for (int i = 0; i < 340; ++i) {
    absl::StrAppend(&text, i % 17, ",", i % 2, ",", 1700000000 + 10 * (i % 17), "\n");
  }
  ASSERT_TRUE(WriteFile(folder_ + "/table.csv", text).ok());
  for (const std::string treatment : {"standardise: true", "min_max: true"}) {
    const auto trainer = Make(absl::StrReplaceAll(
        Regression("columns { name: 'price' " + treatment + " }"), {{"epochs: 3", "epochs: 30"}}));
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    ASSERT_TRUE((*trainer)->Train().ok());
    const auto units = (*trainer)->data().preprocessing.Units((*trainer)->data().inputs[1]);
    const auto line = (*trainer)->Evaluate((*trainer)->data().test, "test");
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_NEAR(MetricOf(*line, "mae"), line->loss * units[0].scale, 1e-5 * units[0].scale);
    // The labels' deviation is 49: an error of 10 everywhere leaves 1 - 100 / 2400.
    EXPECT_LT(MetricOf(*line, "mae"), 10);
    EXPECT_GT(MetricOf(*line, "r2"), 0.95);
  }
}

TEST_F(FromDataTest, AStandardisedTargetIsReportedInItsOwnUnits) {
  for (const std::string treatment : {"standardise: true", "min_max: true"}) {
    TrainerOptions options;
    options.checkpoint_folder = folder_ + "/checkpoints";
    const auto trainer = Make(Regression("columns { name: 'price' " + treatment + " }"), options);
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    ASSERT_TRUE((*trainer)->Train().ok());
    const auto units = (*trainer)->data().preprocessing.Units((*trainer)->data().inputs[1]);
    ASSERT_EQ(units.size(), 1u);
    EXPECT_GT(units[0].scale, 10);
    const auto line = (*trainer)->Evaluate((*trainer)->data().test, "test");
    ASSERT_TRUE(line.ok()) << line.status();
    // The loss is what is trained on; |p - y| of a line's numbers is its slope times as much.
    EXPECT_NEAR(MetricOf(*line, "mae"), line->loss * units[0].scale, 1e-5 * units[0].scale);
    // Whoever goes on from what was saved says the same.
    const auto state = (*trainer)->SaveState(options.checkpoint_folder);
    ASSERT_TRUE(state.ok()) << state.status();
    const auto resumed = Trainer::Resume(*state);
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    const auto again = (*resumed)->Evaluate((*resumed)->data().test, "test");
    EXPECT_EQ(MetricOf(*again, "mae"), MetricOf(*line, "mae"));
    ASSERT_TRUE((*trainer)->SaveModel(folder_ + "/saved").ok());
    EvaluateOptions evaluate;
    evaluate.csv = folder_ + "/table.csv";
    const auto report = EvaluateModel(folder_ + "/saved", evaluate);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_NEAR(report->metrics[0].second, MetricOf(*line, "mae"), 1e-4);
    ASSERT_TRUE(RemoveTree(options.checkpoint_folder).ok());
  }
}

TEST_F(FromDataTest, ALogarithmIsTurnedBackToo) {
  const auto trainer = Make(Regression("columns { name: 'price' log: true standardise: true }"));
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE((*trainer)->Train().ok());
  const auto line = (*trainer)->Evaluate((*trainer)->data().test, "test");
  ASSERT_TRUE(line.ok()) << line.status();
  const auto units = (*trainer)->data().preprocessing.Units((*trainer)->data().inputs[1]);
  ASSERT_EQ(units.size(), 1u);
  const auto kernel = (*trainer)->Parameter("out/kernel"), bias = (*trainer)->Parameter("out/bias");
  double sum = 0;
  for (int64_t row = 0; row < kRows; ++row) {
    float x[2], y[1];
    void* const buffers[] = {x, y};
    ASSERT_TRUE((*trainer)->data().test->Read({row}, buffers).ok());
    const double p =
        bias->data<float>()[0] + x[0] * kernel->data<float>()[0] + x[1] * kernel->data<float>()[1];
    sum += std::abs(units[0].Invert(p) - units[0].Invert(y[0]));
  }
  // Prices of some hundreds in floats.
  EXPECT_NEAR(MetricOf(*line, "mae"), sum / kRows, 1e-3);
}

TEST_F(FromDataTest, AResumedRunHasTheSameSample) {
  TrainerOptions options;
  options.checkpoint_folder = folder_ + "/checkpoints";
  const auto trainer = Make(Classification(""), options);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  EXPECT_TRUE((*trainer)->config().data().validation().has_tail());
  const auto state = (*trainer)->SaveState(options.checkpoint_folder);
  ASSERT_TRUE(state.ok()) << state.status();
  const auto first_held = [](const Trainer& of) {
    float x[2];
    int32_t y[1];
    void* const buffers[] = {x, y};
    EXPECT_TRUE(of.data().validation->Read({0}, buffers).ok());
    return of.data().validation->Where(0, 0);
  };
  const auto resumed = Trainer::Resume(*state);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(first_held(**resumed), first_held(**trainer));

  // A state that was saved when there were no samples held out the last rows.
  const std::string path = *state + "/run.pbtxt";
  auto text = ReadFile(path, 1 << 20);
  ASSERT_TRUE(text.ok());
  ASSERT_TRUE(absl::StrContains(*text, "tail: false"));
  ASSERT_TRUE(
      WriteFile(path, absl::StrReplaceAll(*text, {{"tail: false", ""}, {"seed: 4", ""}})).ok());
  const auto older = Trainer::Resume(*state);
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_TRUE((*older)->config().data().validation().tail());
  EXPECT_TRUE(absl::EndsWith(first_held(**older), "table.csv:50")) << first_held(**older);
}

TEST_F(FromDataTest, ManyClassesAreAbbreviated) {
  DataSplits data;
  for (int k = 0; k < 300; ++k) {
    data.classes.classes.push_back({k, 100 + k, 25, 0});
    data.classes.names.push_back(absl::StrCat(k));
  }
  data.classes.input = "y";
  EXPECT_EQ(SplitInWords(data), "");
  const auto trainer = Make(Classification(""));
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  data.train = (*trainer)->data().train;
  EXPECT_EQ(SplitInWords(data),
            "48 training examples\nclasses of y (training/validation)  0: 100/25  1: 101/25  "
            "2: 102/25  3: 103/25  4: 104/25  5: 105/25  6: 106/25  7: 107/25  ...  299: 399/25  "
            "(300 classes)");
}

TEST_F(FromDataTest, ClassesAreCountedInThePartsThatThereAre) {
  const auto line = [this](const std::string& text) {
    const auto trainer = Make(text);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return trainer.ok() ? SplitInWords((*trainer)->data()) : "";
  };
  const std::string text = Classification("");
  const std::string validation = "validation { fraction: 0.2 seed: 4 }";
  ASSERT_TRUE(absl::StrContains(text, validation));
  // 30, 24 and 6 examples.
  EXPECT_EQ(
      line(absl::StrReplaceAll(text, {{validation, "test_fraction: 0.5"}})),
      "30 training, 30 test examples\nclasses of y (training/test)  0: 15/15  1: 12/12  2: 3/3");
  EXPECT_EQ(line(absl::StrReplaceAll(text, {{validation, validation + " test_fraction: 0.5"}})),
            "24 training, 6 validation, 30 test examples\n"
            "classes of y (training/validation/test)  0: 12/3/15  1: 10/2/12  2: 2/1/3");
  // Texts are in the order of the classes, whatever stands first in the file.
  std::string table = "a,b,price,kind,w\n";
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&table, i, ",0,1,", i % 4 == 0 ? "wet" : i % 4 == 1 ? "dry" : "new", ",1\n");
  }
  ASSERT_TRUE(WriteFile(folder_ + "/table.csv", table).ok());
  EXPECT_EQ(line(absl::StrReplaceAll(
                text, {{validation, "test_fraction: 0.2"},
                       {"column: \"kind\"", "columns { name: \"kind\" categories {} }"}})),
            "16 training, 4 test examples\nclasses of y (training/test)  dry: 4/1  new: 8/2  "
            "wet: 4/1");
}

}  // namespace
}  // namespace gradus
