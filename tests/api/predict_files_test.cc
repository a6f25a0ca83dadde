// From a table to a model, and from the model to a table of predictions.

#include "gradus/api/predict_files.h"

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gradus/api/evaluate.h"
#include "gradus/api/new_model.h"
#include "gradus/api/predictor.h"
#include "gradus/api/trainer.h"
#include "tests/api/table_testing.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

// A model of a table as `gradus new model` writes it, trained for so many epochs; the folder it is saved in.
std::string Trained(const std::string& csv, const std::string& target, int epochs) {
  NewModelOptions options;
  options.csv = csv;
  options.target = target;
  options.out = csv + ".pbtxt";
  const auto model = MakeNewModel(options);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return "";
  EXPECT_TRUE(WriteFile(options.out, model->text).ok());
  const std::vector<std::string> settings = {absl::StrCat("run.epochs=", epochs), "run.threads=1"};
  const auto trainer = Trainer::FromFile(options.out, settings);
  EXPECT_TRUE(trainer.ok()) << trainer.status() << model->text;
  if (!trainer.ok()) return "";
  const absl::StatusOr<LoopEnd> end = (*trainer)->Train();
  EXPECT_TRUE(end.ok()) << end.status();
  const std::string folder = csv + ".saved";
  EXPECT_TRUE(RemoveTree(folder).ok());
  EXPECT_TRUE((*trainer)->SaveModel(folder).ok());
  return folder;
}

std::vector<std::vector<std::string>> Rows(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  for (const absl::string_view line :
       absl::StrSplit(*ReadFile(path, 1 << 24), '\n', absl::SkipEmpty())) {
    rows.push_back(absl::StrSplit(line, ','));
  }
  return rows;
}

PredictOptions Predicting(const std::string& model, const std::string& input) {
  PredictOptions options;
  options.model = model;
  options.input = input;
  options.output = testing::TempDir() + "/predictions.csv";
  return options;
}

double Number(const std::string& text) {
  double number = -1e300;
  EXPECT_TRUE(absl::SimpleAtod(text, &number)) << text;
  return number;
}

class Flowers : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new std::string(Trained(WriteTable("p_flowers.csv", FlowersTable(300)), "kind", 60));
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string* folder_;
};
std::string* Flowers::folder_ = nullptr;

TEST_F(Flowers, PredictsNamesAndProbabilitiesWithoutATarget) {
  // Other columns, in another order, with commas, without the target.
  const std::string csv =
      WriteTable("new_flowers.csv",
                 "who,petal width,petal length\n\"x, 1\",0.3,1.8\nNA,2.1,5.9\n\"y\",1.2,3.7\n"
                 ",2.1,5.9\n");
  PredictOptions options = Predicting(*folder_, csv);
  options.id_column = "who";
  const auto report = PredictFiles(options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 4);
  const std::string text = *ReadFile(options.output, 1 << 20);
  EXPECT_TRUE(
      absl::StartsWith(text, "who,kind,p(setosa),p(versicolor),p(virginica)\n\"x, 1\",setosa,0."))
      << text;
  // Whose name is NA is called that; nobody's name is nobody's.
  EXPECT_TRUE(absl::StrContains(text, "\nNA,virginica,")) << text;
  EXPECT_TRUE(absl::StrContains(text, "\n,virginica,")) << text;
  const std::vector<std::string> last = Rows(options.output)[3];
  ASSERT_EQ(last.size(), 5u);
  EXPECT_EQ(last[1], "versicolor");
  // Three floats between 0 and 1, each rounded once.
  EXPECT_NEAR(Number(last[2]) + Number(last[3]) + Number(last[4]), 1, 3 * 6e-8);
}

TEST_F(Flowers, RawOutputsAreWhatTheNetworkGives) {
  const std::string csv = WriteTable("one_flower.csv", "petal length,petal width\n1.8,0.3\n");
  PredictOptions options = Predicting(*folder_, csv);
  ASSERT_TRUE(PredictFiles(options).ok());
  const std::vector<std::string> read = Rows(options.output)[1];
  options.raw = true;
  ASSERT_TRUE(PredictFiles(options).ok());
  const auto rows = Rows(options.output);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"output[0]", "output[1]", "output[2]"}));
  double sum = 0;
  for (const std::string& logit : rows[1]) sum += std::exp(Number(logit));
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(Number(read[k + 1]), std::exp(Number(rows[1][k])) / sum, 1e-7);
  }
}

TEST_F(Flowers, AnArrayHasTheProbabilities) {
  const std::string csv =
      WriteTable("two_flowers.csv", "petal length,petal width\n1.8,0.3\n5.9,2.1\n");
  PredictOptions options = Predicting(*folder_, csv);
  ASSERT_TRUE(PredictFiles(options).ok());
  const auto rows = Rows(options.output);
  options.output = testing::TempDir() + "/predictions.npy";
  ASSERT_TRUE(PredictFiles(options).ok());
  const std::string bytes = *ReadFile(options.output, 1 << 20);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_TRUE(
      absl::StrContains(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
  // The header is padded to 64 bytes, six floats follow.
  ASSERT_EQ(bytes.size(), 128u + 24u);
  float values[6];
  std::memcpy(values, bytes.data() + 128, sizeof(values));
  EXPECT_FLOAT_EQ(values[0], static_cast<float>(Number(rows[1][1])));
  EXPECT_FLOAT_EQ(values[5], static_cast<float>(Number(rows[2][3])));
  options.id_column = "petal length";
  EXPECT_EQ(
      PredictFiles(options).status().message(),
      options.output + ": an array has no place for the column \"petal length\"; a CSV file has");
}

TEST_F(Flowers, SaysWhatIsWrongWithTheTable) {
  const std::string csv = WriteTable("wrong.csv", "petal length;petal width\n1.8;0.3\n");
  EXPECT_EQ(PredictFiles(Predicting(*folder_, csv)).status().message(),
            csv +
                ":1:1: no column \"petal length\", \"petal width\"; the model was trained on it; "
                "the only column is \"petal length;petal width\"");
  PredictOptions options = Predicting(*folder_, csv);
  options.dialect.separator = ";";
  EXPECT_TRUE(PredictFiles(options).ok());
  options.id_column = "petal widht";
  EXPECT_EQ(PredictFiles(options).status().message(),
            csv + ":1:1: no column \"petal widht\" to pass through; did you mean \"petal width\"?");
  EXPECT_FALSE(Exists(testing::TempDir() + "/never.csv"));
}

TEST_F(Flowers, AProgramReadsThemWithThePredictor) {
  const auto predictor = Predictor::Load(*folder_);
  ASSERT_TRUE(predictor.ok()) << predictor.status();
  const auto outputs =
      (*predictor)->Predict({{"features", Tensor::Of<float>({1, 2}, {5.9f, 2.1f})}});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const auto read = (*predictor)->Interpret("output", outputs->at("output"));
  ASSERT_TRUE(read.ok()) << read.status();
  const OutputMeaning* meaning = (*predictor)->MeaningOf("output");
  ASSERT_NE(meaning, nullptr);
  EXPECT_EQ(meaning->names[static_cast<size_t>(read->chosen[0])], "virginica");
  EXPECT_EQ((*predictor)->Interpret("outptu", outputs->at("output")).status().message(),
            "the model has no output \"outptu\"");
}

// Gaps, categories that were never seen, and prices as they are.
TEST(Houses, ArePredictedInTheTargetsOwnUnits) {
  const std::string folder = Trained(WriteTable("p_houses.csv", HousesTable(600)), "price", 30);
  const std::string csv = WriteTable("new_houses.csv",
                                     "area,rooms,city,street,built,income\n100,3,Rome,street "
                                     "7,1950,2000\n,3,Paris,street 99,?,2000\n");
  PredictOptions options = Predicting(folder, csv);
  options.dialect.separator = ",";
  // A saved model does not say how missing cells are marked: the run's folder does.
  EXPECT_TRUE(absl::StrContains(PredictFiles(options).status().message(), "\"?\" is not a number"))
      << PredictFiles(options).status();
  ASSERT_TRUE(WriteFile(csv, absl::StrReplaceAll(*ReadFile(csv, 1 << 20), {{"?", ""}})).ok());
  const auto report = PredictFiles(options);
  ASSERT_TRUE(report.ok()) << report.status();
  const auto rows = Rows(options.output);
  EXPECT_EQ(rows[0], std::vector<std::string>{"price"});
  // 50 + 2 * 100 + 40 * 2 + 3 * 7 = 351; prices go from 110 to 607, and 30 epochs find their way to a third of that.
  EXPECT_NEAR(Number(rows[1][0]), 351, 160);
  EXPECT_GT(Number(rows[2][0]), 100);
}

// What training and evaluating find with its row, predicting finds so, too.
TEST(Words, OutsideOfATableOfVectorsAreFoundWithTheirRow) {
  const std::string folder = TestFile("words");
  ASSERT_TRUE(RemoveTree(folder).ok());
  ASSERT_TRUE(MakeFolders(folder).ok());
  ASSERT_TRUE(WriteFile(folder + "/t.csv", "c,d,y\n0,1,0\n5,2,1\n").ok());
  const std::string text = R"(
model {
  input { name: "x" type: INT32 shape: 2 }
  input { name: "y" shape: 1 }
  layer { name: "e" embedding { input_dim: 6 output_dim: 2 } }
  layer { name: "flat" flatten {} }
  layer { name: "out" dense { units: 1 } }
  loss { binary_crossentropy { prediction: "out" label: "y" from_logits: true } }
  metric { binary_accuracy { prediction: "out" label: "y" threshold: 0 } }
}
optimizer { sgd {} learning_rate { constant: 0 } }
data { train { csv { path: "t.csv"
  field { input: "x" column: ["c", "d"] } field { input: "y" column: "y" } } } }
)";
  ASSERT_TRUE(WriteFile(folder + "/run.pbtxt", text).ok());
  {
    const auto trainer = Trainer::FromFile(folder + "/run.pbtxt");
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    ASSERT_TRUE((*trainer)->SaveModel(folder).ok());
  }
  PredictOptions options =
      Predicting(folder, WriteTable("new_words.csv", "d,c,y\n0,1,0\n\n5,0,7\n7,1,1\n"));
  EXPECT_EQ(PredictFiles(options).status().message(),
            options.input +
                ":5: input \"x\": column \"d\": 7 is not in 0 to 5: layer \"e\" has input_dim 6");
  options.input = WriteTable("new_words.csv", "d,c,y\n0,1,0\n5,0,7\n");
  EXPECT_TRUE(PredictFiles(options).ok()) << PredictFiles(options).status();
  // Of a metric without a name its kind is told.
  ASSERT_TRUE(WriteFile(folder + "/t.csv", "c,d,y\n0,1,0\n5,2,7\n").ok());
  const std::string other = absl::StrReplaceAll(
      text, {{"binary_crossentropy", "mean_squared_error"}, {" from_logits: true", ""}});
  ASSERT_TRUE(WriteFile(folder + "/run.pbtxt", other).ok());
  const auto trainer = Trainer::FromFile(folder + "/run.pbtxt");
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const std::string message((*trainer)->Train().status().message());
  EXPECT_TRUE(
      absl::StrContains(message, "metric \"binary_accuracy\" takes it for no (0) or yes (1)"))
      << message;
}

// A model of two inputs from files of their own: an IDX array of 2 x 2 bytes and a column of a table. It adds up what it is given.
class TwoInputs : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = TestFile("two_inputs");
    ASSERT_TRUE(RemoveTree(folder_).ok());
    ASSERT_TRUE(MakeFolders(folder_).ok());
    Write("image.idx", Idx(8, {3, 2, 2}, std::string({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})));
    Write("t.csv", "age;y\n1;11\n2;28\n3;45\n");
    Write("run.pbtxt", R"(
model {
  input { name: "age" }
  input { name: "image" shape: 2 shape: 2 }
  input { name: "y" shape: 1 }
  layer { name: "flat" input: "image" flatten {} }
  layer { name: "row" input: "age" reshape { target_shape: 1 } }
  layer { name: "all" input: "flat" input: "row" concat {} }
  layer { name: "out" input: "all" dense { units: 1 kernel_initializer { constant: 1 } } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
}
optimizer { sgd {} learning_rate { constant: 0 } }
data {
  train { side_by_side {
    source { idx { field { input: "image" path: "image.idx" divide_by: 2 } } }
    source { csv { path: "t.csv" separator: ";" field { input: "age" column: "age" } field { input: "y" column: "y" } } }
  } }
}
)");
    const auto trainer = Trainer::FromFile(folder_ + "/run.pbtxt");
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    ASSERT_TRUE((*trainer)->SaveModel(folder_).ok());
    // The run's folder is moved, and what it was trained on is gone.
    ASSERT_TRUE(RemoveTree(folder_ + "-moved").ok());
    ASSERT_TRUE(Rename(folder_, folder_ + "-moved").ok());
    folder_ += "-moved";
    ASSERT_TRUE(RemoveTree(folder_ + "/image.idx").ok());
    ASSERT_TRUE(RemoveTree(folder_ + "/t.csv").ok());
  }
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = absl::StrCat(folder_, "/", name);
    EXPECT_TRUE(WriteFile(path, bytes).ok());
    return path;
  }
  std::string folder_;
};

TEST_F(TwoInputs, AreGivenByName) {
  PredictOptions options = Predicting(folder_, "");
  options.inputs = {
      {"image", Write("new.idx", Idx(8, {2, 2, 2}, std::string({2, 2, 2, 2, 4, 4, 4, 4})))},
      {"age", Write("ages.csv", "who;age\nann;10\nbob;20\n")}};
  options.id_column = "who";
  const auto report = PredictFiles(options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(*ReadFile(options.output, 1 << 20), "who,y\nann,14\nbob,28\n");
  ASSERT_EQ(report->inputs.size(), 1u);
  EXPECT_EQ(report->inputs[0],
            absl::StrCat("image  ", folder_, "/new.idx: UINT8 [2, 2], divided by 2"));
  options.id_column = "";
  options.batch_size = 1;
  ASSERT_TRUE(PredictFiles(options).ok());
  EXPECT_EQ(*ReadFile(options.output, 1 << 20), "y\n14\n28\n");
}

TEST_F(TwoInputs, AreEvaluatedWithTheLabel) {
  EvaluateOptions options;
  options.inputs = {
      {"image", Write("new.idx", Idx(8, {2, 2, 2}, std::string({2, 2, 2, 2, 4, 4, 4, 4})))}};
  options.data = Write("ages.csv", "y;age\n15;10\n31;20\n");
  const auto report = EvaluateModel(folder_, options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->examples, 2);
  EXPECT_EQ(report->loss, (1.0 + 9.0) / 2);
  EXPECT_EQ(report->examples_from, absl::StrCat(folder_, "/new.idx, ", options.data));
}

TEST_F(TwoInputs, ArraysHaveNumbersOfRows) {
  PredictOptions options = Predicting(folder_, "");
  options.inputs = {
      {"image", Write("new.idx", Idx(8, {2, 2, 2}, std::string({2, 2, 2, 2, 4, 4, 4, 4})))},
      {"age", Write("age.idx", Idx(8, {2}, std::string({10, 20})))}};
  ASSERT_TRUE(PredictFiles(options).ok());
  EXPECT_EQ(*ReadFile(options.output, 1 << 20), "row,y\n0,14\n1,28\n");
  options.id_column = "who";
  EXPECT_EQ(
      PredictFiles(options).status().message(),
      "no table is given that could have the column \"who\"; examples are called by the row they "
      "come from");
  options.id_column = "";
  options.output = folder_ + "/nowhere/p.csv";
  EXPECT_EQ(PredictFiles(options).status().message(),
            "cannot write " + options.output + ": No such file or directory");
  options.output = folder_;
  EXPECT_EQ(PredictFiles(options).status().message(),
            "cannot write " + folder_ + ": it is a folder");
}

}  // namespace
}  // namespace gradus
