// From the `data` part of a configuration to batches: splits, preprocessing from the training rows,
// raw rows for a trained model. What is refused is in open_data_errors_test.cc.

#include "gradus/data/open_data.h"

#include <cmath>
#include <memory>
#include <vector>

#include "gradus/base/random.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

DataSplits Open(const std::string& text, const std::vector<FieldSpec>& inputs,
                const std::string& directory, const MemoryDatasets& memory = {}) {
  Diagnostics diagnostics;
  DataSplits splits = OpenData(ParseData(text), inputs, directory, memory, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  return splits;
}

const std::vector<FieldSpec> kTutorial = {{"features", DType::kFloat32, {30}},
                                          {"label", DType::kFloat32, {1}}};
constexpr char kTutorialTrain[] =
    "train { csv { path: 'breast_cancer.csv' field { input: 'label' column: 'benign' }"
    " field { input: 'features' except: 'benign' standardise: true } } }";

TEST(OpenDataTest, TutorialFeaturesAreStandardisedOverTheTrainingRowsOnly) {
  const DataSplits splits =
      Open(std::string(kTutorialTrain) + "validation { fraction: 0.2 tail: true }", kTutorial,
           "examples/data");
  ASSERT_NE(splits.train, nullptr);
  ASSERT_NE(splits.validation, nullptr);
  EXPECT_EQ(splits.test, nullptr);
  EXPECT_EQ(splits.train->size(), 455);  // Keras: floor(569 * (1 - 0.2)).
  EXPECT_EQ(splits.validation->size(), 114);

  const std::vector<float> train = ValuesOf<float>(*splits.train),
                           held = ValuesOf<float>(*splits.validation);
  const InputTransform& learned = *splits.preprocessing.Find("features");
  for (int c = 0; c < 30; ++c) {
    double sum = 0, squares = 0, held_sum = 0;
    for (int r = 0; r < 455; ++r) sum += train[r * 30 + c];
    for (int r = 0; r < 455; ++r) squares += train[r * 30 + c] * train[r * 30 + c];
    for (int r = 0; r < 114; ++r) held_sum += held[r * 30 + c];
    EXPECT_NEAR(sum / 455, 0, 1e-6);  // Each value was rounded to float: at most 12 * 2^-24.
    EXPECT_NEAR(squares / 455, 1, 1e-5);
    EXPECT_GT(std::abs(held_sum / 114), 1e-4);  // Not standardised by its own rows.
  }
  EXPECT_EQ(learned.columns.size(), 30u);
  EXPECT_EQ(splits.preprocessing.Find("label")->columns, std::vector<std::string>{"benign"});
  EXPECT_EQ(train[0], static_cast<float>((17.99 - learned.mean[0]) / learned.deviation[0]));
  EXPECT_EQ(ValuesOf<float>(*splits.train, 1)[0], 0);
}

TEST(OpenDataTest, HeldOutRowsAreTheLastOnesRoundedAsKerasDoes) {
  std::string text = "x\n";
  for (int i = 0; i < 10; ++i) text += std::to_string(i) + "\n";
  const std::string path = WriteTestFile("ten.csv", text);
  for (const double fraction : {0.1, 0.25, 0.3, 0.5, 0.7, 0.8}) {
    const DataSplits splits =
        Open("train { csv { path: '" + path + "' field { input: 'x' column: 'x' } } }" +
                 " validation { fraction: " + std::to_string(fraction) + " tail: true }",
             {{"x", DType::kFloat32, {}}}, "");
    const int64_t kept = static_cast<int64_t>(std::floor(10 * (1.0 - fraction)));
    ASSERT_NE(splits.train, nullptr);
    EXPECT_EQ(splits.train->size(), kept) << fraction;  // 1 for 0.8: 1 - 0.8 is below 0.2.
    EXPECT_EQ(ValuesOf<float>(*splits.validation).front(), kept);
    EXPECT_EQ(ValuesOf<float>(*splits.validation).back(), 9);
  }
}

TEST(OpenDataTest, FashionMnistStaysBytesAndBecomesFloats) {
  const std::string pixels = "\x01\x02\x03\x04\xff\xfe\xfd\xfc\x80\x81\x82\x83";
  WriteTestFile("images.idx.gz", Gzip(Idx(0x08, {3, 2, 2}, pixels)));
  WriteTestFile("labels.idx", Idx(0x08, {3}, absl::string_view("\x09\x00\x05", 3)));
  const DataSplits splits = Open(
      "train { idx { field { input: 'image' path: 'images.idx.gz' divide_by: 255 }"
      " field { input: 'label' path: 'labels.idx' } } }",
      {{"image", DType::kFloat32, {4}}, {"label", DType::kInt32, {}}}, TestFolder());
  const std::vector<float> image = ValuesOf<float>(*splits.train);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(image[i], static_cast<float>(static_cast<uint8_t>(pixels[i]) / 255.0));
  }
  EXPECT_EQ(ValuesOf<float>(*splits.train, 1), (std::vector<float>{9, 0, 5}));
  EXPECT_TRUE(splits.preprocessing.Find("image")->columns.empty());
}

TEST(OpenDataTest, ValidationAndTestTakeFieldsAndNumbersFromTraining) {
  WriteTestFile("train.csv", "a,b,y\n1,10,0\n3,30,1\n");
  WriteTestFile("test.csv", "y,b,a\n1,50,2\n");  // The columns in another order.
  const DataSplits splits = Open(
      "train { csv { path: 'train.csv' field { input: 'x' except: 'y' standardise: true }"
      " field { input: 'y' column: 'y' } } }"
      "validation { source { csv { path: 'test.csv' field { input: 'x' column: ['a', 'b'] } } } }"
      "test { csv { path: 'test.csv' } }",
      {{"x", DType::kFloat32, {2}}, {"y", DType::kInt32, {}}}, TestFolder());
  EXPECT_EQ(ValuesOf<float>(*splits.train), (std::vector<float>{-1, -1, 1, 1}));
  EXPECT_EQ(ValuesOf<float>(*splits.test), (std::vector<float>{0, 3}));
  EXPECT_EQ(ValuesOf<float>(*splits.test, 1), (std::vector<float>{1}));
  EXPECT_EQ(ValuesOf<float>(*splits.validation), ValuesOf<float>(*splits.test));
}

// Bytes from a callback go through the batch's own memory: rows longer than a chunk, held-out rows,
// both kinds of inputs.
TEST(OpenDataTest, CallbacksAndTensorsGiveTheSame) {
  constexpr int64_t kRows = 11, kPixels = 1300;
  RandomSequence random(5, 0);
  std::vector<uint8_t> pixels(kRows * kPixels), labels(kRows);
  std::vector<float> real(kRows);
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random.Below(256));
  for (uint8_t& label : labels) label = static_cast<uint8_t>(random.Below(10));
  for (float& x : real) x = static_cast<float>(random.Normal());
  MemoryDatasets memory;
  memory["tensors"] = *MakeMemoryDataset({{"image", Tensor::Of<uint8_t>({kRows, kPixels}, pixels)},
                                          {"label", Tensor::Of<uint8_t>({kRows}, labels)},
                                          {"real", Tensor::Of<float>({kRows}, real)}});
  memory["callback"] =
      *MakeCallbackDataset({{"image", DType::kUint8, {kPixels}},
                            {"label", DType::kUint8, {}},
                            {"real", DType::kFloat32, {}}},
                           kRows, [&](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
                             for (size_t i = 0; i < rows.size(); ++i) {
                               std::copy_n(&pixels[rows[i] * kPixels], kPixels,
                                           static_cast<uint8_t*>(to[0]) + i * kPixels);
                               static_cast<uint8_t*>(to[1])[i] = labels[rows[i]];
                               static_cast<float*>(to[2])[i] = real[rows[i]];
                             }
                             return absl::OkStatus();
                           });
  for (const std::string values : {"", "divide_by: 255", "divide_by: 0.3", "standardise: true"}) {
    std::vector<std::vector<float>> seen[2];
    for (const int k : {0, 1}) {
      const DataSplits splits =
          Open("train { memory { name: '" + std::string(k == 0 ? "tensors" : "callback") +
                   "' field { input: 'image' " + values + " } field { input: 'real' " + values +
                   " } } } validation { fraction: 0.3 tail: true }",
               {{"real", DType::kFloat32, {1}},
                {"label", DType::kInt32, {}},
                {"image", DType::kFloat32, {13, 100}}},
               "", memory);
      for (const auto& dataset : {splits.train, splits.validation}) {
        ASSERT_NE(dataset, nullptr);
        EXPECT_EQ(dataset->in_memory(), k == 0);
        for (int field = 0; field < 3; ++field) seen[k].push_back(ValuesOf<float>(*dataset, field));
      }
    }
    EXPECT_EQ(seen[0], seen[1]) << values;
    EXPECT_EQ(seen[0][1], (std::vector<float>{labels.begin(), labels.begin() + 7})) << values;
  }
}

TEST(OpenDataTest, NonFiniteValuesAreSeenAsRowsAreRead) {
  MemoryDatasets memory;
  memory["m"] = *MakeMemoryDataset({{"x", Tensor::Of<float>({3, 2}, {1, 2, 3, 4, 5, INFINITY})}});
  memory["c"] = *MakeCallbackDataset(
      {{"x", DType::kFloat32, {2}}}, 3,
      [](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
        for (size_t i = 0; i < 2 * rows.size(); ++i) {
          static_cast<float*>(to[0])[i] = rows[i / 2] == 2 && i % 2 == 1 ? -NAN : 1.0f;
        }
        return absl::OkStatus();
      });
  WriteTestFile("huge.csv", "x,z\n1,2\n3,1e39\n");
  WriteTestFile("f.idx", Idx(0x0d, {1, 2}, BigEndian(0x7f800000) + BigEndian(0)));
  const auto message = [&memory](const std::string& train, std::vector<int64_t> rows) {
    const DataSplits splits =
        Open("train { " + train + " }", {{"x", DType::kFloat32, {2}}}, TestFolder(), memory);
    std::vector<float> x(2 * rows.size());
    return WithoutFolder(splits.train->Read(rows, {x.data()}).message());
  };
  EXPECT_EQ(message("memory { name: 'm' }", {0, 1}), "");
  EXPECT_EQ(message("memory { name: 'm' }", {1, 2, 0}), "row 2: input \"x\": element 1 is inf");
  EXPECT_EQ(message("memory { name: 'c' }", {0, 2}), "row 2: input \"x\": element 1 is nan");
  EXPECT_EQ(message("csv { path: 'huge.csv' field { input: 'x' column: ['x', 'z'] } }", {1}),
            "huge.csv:3: input \"x\": column \"z\" is inf");
  EXPECT_EQ(message("idx { field { input: 'x' path: 'f.idx' } }", {0}),
            "f.idx: row 0: input \"x\": element 0 is inf");
  EXPECT_EQ(message("memory { name: 'm' }", {3}), "row 3 is not in a dataset of 3");
}

TEST(OpenDataTest, TrainedModelTakesRawRowsByTheColumnsSavedWithIt) {
  const std::string raw = WriteTestFile("raw.csv", "id,b,a\n7,50,2\n8,20,2\n");
  const Preprocessing preprocessing(
      {{"x", {"a", "b"}, 1, {2, 20}, {1, 10}}, {"y", {"y"}, 1, {}, {}}});
  const std::vector<FieldSpec> x = {{"x", DType::kFloat32, {2}}};
  const auto dataset = OpenCsvForModel(raw, x, preprocessing);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(ValuesOf<float>(**dataset), (std::vector<float>{0, 3, 0, 0}));

  const auto message = [&](const std::string& path, const FieldSpec& input) {
    return WithoutFolder(OpenCsvForModel(path, {input}, preprocessing).status().message());
  };
  EXPECT_EQ(message(raw, {"z", DType::kFloat32, {1}}),
            "input \"z\" was not fed from a CSV file in training: no columns are known for it");
  EXPECT_EQ(message(raw, {"x", DType::kFloat32, {3}}),
            "input \"x\" has 3 elements, and 2 columns are saved for it");
  EXPECT_EQ(message(WriteTestFile("other.csv", "c,b\n1,2\n"), x[0]),
            "other.csv:1:1: no column \"a\"; the model was trained on it");
  EXPECT_EQ(message(WriteTestFile("word.csv", "a,b\n1,two\n"), x[0]),
            "word.csv:2:3: column \"b\": \"two\" is not a number");
}

TEST(OpenDataTest, SourceForATrainedModelGoesThroughWhatWasLearned) {
  WriteTestFile("eval.csv", "y,b,a\n1,50,2\n");
  const Preprocessing preprocessing(
      {{"x", {"a", "b"}, 1, {2, 20}, {1, 10}}, {"y", {"y"}, 1, {}, {}}});
  SourceConfig source;
  source.mutable_csv()->set_path("eval.csv");
  Diagnostics diagnostics;
  const auto dataset =
      OpenSource(source, ConfigPath().Child("data").Child("test"),
                 {FieldSpec{"x", DType::kFloat32, {2}}, FieldSpec{"y", DType::kFloat32, {}}},
                 TestFolder(), {}, preprocessing, &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  EXPECT_EQ(ValuesOf<float>(*dataset), (std::vector<float>{0, 3}));
  EXPECT_EQ(ValuesOf<float>(*dataset, 1), (std::vector<float>{1}));
}

TEST(OpenDataTest, SplitsForATrainedModelGoThroughWhatWasLearnedFromOtherRows) {
  const std::string text =
      "train { csv { path: 'grown.csv' field { input: 'x' column: ['a', 'b'] standardise: true }"
      "  field { input: 'y' column: 'y' } } } validation { fraction: 0.5 tail: true }";
  const std::vector<FieldSpec> inputs = {{"x", DType::kFloat32, {2}}, {"y", DType::kFloat32, {}}};
  const Preprocessing preprocessing(
      {{"x", {"a", "b"}, 1, {2, 20}, {1, 10}}, {"y", {"y"}, 1, {}, {}}});
  WriteTestFile("grown.csv", "y,b,a\n1,50,2\n0,20,3\n1,10,4\n0,0,5\n");
  Diagnostics diagnostics;
  const DataSplits splits =
      OpenDataForModel(ParseData(text), inputs, TestFolder(), {}, preprocessing, &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  EXPECT_EQ(ValuesOf<float>(*splits.train), (std::vector<float>{0, 3, 1, 0}));
  EXPECT_EQ(ValuesOf<float>(*splits.validation), (std::vector<float>{2, -1, 3, -2}));
  EXPECT_EQ(splits.preprocessing.Find("x")->mean, (std::vector<double>{2, 20}));
  // Learned from these rows it would be another.
  EXPECT_EQ(Open(text, inputs, TestFolder()).preprocessing.Find("x")->mean,
            (std::vector<double>{2.5, 35}));

  const std::string divided =
      "train { csv { path: 'grown.csv' field { input: 'x' "
      "column: ['a', 'b'] divide_by: 2 } } }";
  OpenDataForModel(ParseData(divided), inputs, TestFolder(), {}, preprocessing, &diagnostics);
  EXPECT_EQ(Findings(diagnostics),
            (std::vector<std::string>{
                "data.train.csv.field[0].divide_by: divide_by 2 is not the 1 of training"}));
  Diagnostics none;
  const DataSplits held =
      OpenDataForModel(ParseData("validation { source { csv { path: 'grown.csv' } } }"), inputs,
                       TestFolder(), {}, preprocessing, &none);
  ASSERT_TRUE(none.ok()) << none.ToStatus();
  EXPECT_EQ(held.train, nullptr);
  EXPECT_EQ(held.validation->size(), 4);
}

}  // namespace
}  // namespace gradus
