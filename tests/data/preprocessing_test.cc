// What is learned, against a plain computation in long double; what is applied; what is saved.

#include "gradus/data/preprocessing.h"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "gradus/base/random.h"
#include "gradus/data/convert.h"
#include "gradus/data/csv.h"
#include "gradus/data/learn_transform.h"
#include "gradus/data/memory.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

std::shared_ptr<const Dataset> Memory(std::vector<std::pair<std::string, Tensor>> fields) {
  auto dataset = MakeMemoryDataset(std::move(fields));
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return *dataset;
}

// Mean and population deviation of each element of rows 0 .. rows - 1, the slow way.
void PlainStatistics(const std::vector<double>& values, int64_t elements, int64_t rows,
                     double divide_by, std::vector<double>* mean, std::vector<double>* deviation) {
  for (int64_t e = 0; e < elements; ++e) {
    long double sum = 0, squares = 0;
    for (int64_t r = 0; r < rows; ++r) sum += values[r * elements + e] / divide_by;
    const long double m = sum / rows;
    for (int64_t r = 0; r < rows; ++r) {
      const long double d = values[r * elements + e] / divide_by - m;
      squares += d * d;
    }
    mean->push_back(static_cast<double>(m));
    deviation->push_back(static_cast<double>(std::sqrt(squares / rows)));
  }
}

TEST(PreprocessingTest, LearnsTheBreastCancerColumns) {
  const auto file = CsvFile::Open("examples/data/breast_cancer.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  CsvSelection features;
  for (int c = 0; c < 30; ++c) features.columns.push_back(c);
  const auto table = file->Read({features});
  ASSERT_TRUE(table.ok()) << table.status();
  const Tensor& x = table->fields[0];
  for (const int64_t rows : {int64_t{569}, int64_t{455}, int64_t{1}}) {
    InputTransform transform = {"x", {}, 1, {}, {}};
    ASSERT_TRUE(LearnTransform(*Memory({{"x", x}}), 0, Rows::Range(0, rows), &transform).ok());
    std::vector<double> mean, deviation;
    PlainStatistics({x.data<double>().begin(), x.data<double>().end()}, 30, rows, 1, &mean,
                    &deviation);
    for (int c = 0; c < 30; ++c) {
      // Sums of 569 numbers in double: the relative error is below 569 * 2^-53 = 6e-14.
      EXPECT_NEAR(transform.mean[c], mean[c], 1e-13 * std::abs(mean[c]));
      const double expected = rows == 1 ? 1 : deviation[c];
      EXPECT_NEAR(transform.deviation[c], expected, 1e-12 * expected);
    }
  }
}

TEST(PreprocessingTest, LearnsBytesAndCallbacksAlike) {
  constexpr int64_t kRows = 1000, kElements = 7;  // More rows than a block.
  RandomSequence random(3, 0);
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < kRows * kElements; ++i) {
    bytes.push_back(static_cast<uint8_t>(random.Below(256)));
  }
  const auto callback =
      MakeCallbackDataset({{"x", DType::kUint8, {kElements}}}, kRows,
                          [&bytes](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
                            for (size_t i = 0; i < rows.size(); ++i) {
                              std::memcpy(static_cast<uint8_t*>(to[0]) + i * kElements,
                                          &bytes[rows[i] * kElements], kElements);
                            }
                            return absl::OkStatus();
                          });
  ASSERT_TRUE(callback.ok());
  const auto memory = Memory({{"x", Tensor::Of<uint8_t>({kRows, kElements}, bytes)}});
  InputTransform a = {"x", {}, 255, {}, {}}, b = a;
  ASSERT_TRUE(LearnTransform(*memory, 0, Rows::Range(0, 900), &a).ok());
  ASSERT_TRUE(LearnTransform(**callback, 0, Rows::Range(0, 900), &b).ok());
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.deviation, b.deviation);
  std::vector<double> mean, deviation;
  PlainStatistics({bytes.begin(), bytes.end()}, kElements, 900, 255, &mean, &deviation);
  for (int64_t e = 0; e < kElements; ++e) {
    EXPECT_NEAR(a.mean[e], mean[e], 1e-13);
    EXPECT_NEAR(a.deviation[e], deviation[e], 1e-13);
  }
}

TEST(PreprocessingTest, ConstantColumnIsOnlyCentred) {
  // The sum of ten times 0.1 is not 1: a mean from it would leave a deviation of 1e-17 to divide
  // by.
  const auto dataset = Memory({{"x", Tensor::Of<double>({10}, std::vector<double>(10, 0.1))}});
  InputTransform transform = {"x", {}, 1, {}, {}};
  ASSERT_TRUE(LearnTransform(*dataset, 0, Rows::Range(0, 10), &transform).ok());
  EXPECT_EQ(transform.mean, std::vector<double>{0.1});
  EXPECT_EQ(transform.deviation, std::vector<double>{1});
}

TEST(PreprocessingTest, NonFiniteTrainingValueIsRefusedWithItsRow) {
  const auto dataset = Memory(
      {{"x", Tensor::Of<float>({2, 2}, {1, 2, 3, std::numeric_limits<float>::quiet_NaN()})}});
  InputTransform transform = {"x", {"a", "b"}, 1, {}, {}};
  EXPECT_EQ(LearnTransform(*dataset, 0, Rows::Range(0, 2), &transform).message(),
            "row 1: input \"x\": column \"b\" is nan");
  EXPECT_TRUE(LearnTransform(*dataset, 0, Rows::Range(0, 1), &transform).ok());
}

TEST(PreprocessingTest, SumsThatOverflowAreRefused) {
  const auto dataset = Memory({{"x", Tensor::Of<double>({2}, {1e308, 1.5e308})}});
  InputTransform transform = {"x", {}, 1, {}, {}};
  EXPECT_EQ(LearnTransform(*dataset, 0, Rows::Range(0, 2), &transform).message(),
            "input \"x\": element 0 cannot be standardised: the sum of its values is not finite");
  const auto wide = Memory({{"x", Tensor::Of<double>({2}, {-1e300, 1e300})}});
  EXPECT_EQ(LearnTransform(*wide, 0, Rows::Range(0, 2), &transform).message(),
            "input \"x\": element 0 cannot be standardised: its deviation is inf");
}

TEST(PreprocessingTest, RefusalsNameTheDivisor) {
  const auto dataset = Memory({{"x", Tensor::Of<double>({2}, {1, 2})}});
  InputTransform transform = {"x", {"a"}, 1e308, {}, {}};
  EXPECT_EQ(LearnTransform(*dataset, 0, Rows::Range(0, 2), &transform).message(),
            "input \"x\": column \"a\", divided by divide_by 1e+308, cannot be standardised: its "
            "deviation is 0");
  transform.divide_by = 1.5e-308;
  EXPECT_EQ(LearnTransform(*dataset, 0, Rows::Range(0, 2), &transform).message(),
            "input \"x\": column \"a\", divided by divide_by 1.5e-308, cannot be standardised: the "
            "sum of its values is not finite");
}

TEST(PreprocessingTest, AppliesTheFormulaInDouble) {
  const Preprocessing preprocessing({{"x", {}, 255, {0.25, 1000.5}, {0.5, 3}}});
  const FieldSpec field = {"x", DType::kFloat32, {2}};
  const auto check = [&](const Tensor& raw, const std::vector<double>& x) {
    const auto out = preprocessing.Apply(field, raw);
    ASSERT_TRUE(out.ok()) << out.status();
    EXPECT_EQ(out->dims(), (std::vector<int64_t>{2, 2}));
    for (int i = 0; i < 4; ++i) {
      const double mean = i % 2 == 0 ? 0.25 : 1000.5, deviation = i % 2 == 0 ? 0.5 : 3;
      EXPECT_EQ(out->data<float>()[i], static_cast<float>((x[i] / 255 - mean) / deviation));
    }
  };
  check(Tensor::Of<uint8_t>({2, 2}, {0, 255, 17, 3}), {0, 255, 17, 3});
  check(Tensor::Of<int32_t>({2, 2}, {-7, 255, 17, 3}), {-7, 255, 17, 3});
  check(Tensor::Of<float>({2, 2}, {0.5f, -2, 17, 3}), {0.5, -2, 17, 3});
  check(Tensor::Of<double>({2, 2}, {0.1, 255.3, 17, 3}), {0.1, 255.3, 17, 3});
}

TEST(PreprocessingTest, EveryByteDividesAsThroughDouble) {
  const FieldSpec field = {"x", DType::kFloat32, {256}};
  std::vector<uint8_t> bytes(256);
  for (int i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(i);
  for (const double divide_by : {255.0, 0.1, 127.5, 1e-300}) {
    const Preprocessing preprocessing({{"x", {}, divide_by, {}, {}}});
    const auto out = preprocessing.Apply(field, Tensor::Of<uint8_t>({1, 256}, bytes));
    if (divide_by == 1e-300) {
      EXPECT_EQ(out.status().message(), "input \"x\": row 0: element 1 is inf after preprocessing");
      continue;
    }
    ASSERT_TRUE(out.ok()) << out.status();
    for (int i = 0; i < 256; ++i) {
      EXPECT_EQ(out->data<float>()[i], static_cast<float>(i / divide_by)) << i << " " << divide_by;
    }
  }
}

TEST(PreprocessingTest, ManyBytesDivideAsFewDo) {
  // Enough for the way that multiplies instead, which is only taken where it gives the same bits.
  constexpr int64_t kRows = 64;
  std::vector<uint8_t> bytes(kRows * 256);
  std::vector<int64_t> rows(kRows);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  for (int64_t r = 0; r < kRows; ++r) rows[r] = kRows - 1 - r;
  for (const double divide_by : {255.0, 256.0, 0.1, 127.5, 3.0, 1e-20, 1e-36, 1e30, 1e44}) {
    const InputTransform transform = {"x", {}, divide_by, {}, {}};
    const RowConversion conversion = {DType::kUint8, DType::kFloat32, 256, &transform};
    std::vector<float> out(bytes.size());
    EXPECT_EQ(ConvertRows(conversion, bytes.data(), 0, rows.data(), kRows, out.data()), -1);
    for (size_t i = 0; i < out.size(); ++i) {
      const uint8_t byte = bytes[static_cast<size_t>(rows[i / 256]) * 256 + i % 256];
      ASSERT_EQ(out[i], static_cast<float>(byte / divide_by)) << int{byte} << " " << divide_by;
    }
  }
}

TEST(PreprocessingTest, ApplyRefusesWhatDoesNotFit) {
  const Preprocessing preprocessing({{"x", {}, 1, {1, 2}, {1, 1}}});
  const FieldSpec x = {"x", DType::kFloat32, {2}};
  const auto message = [&](const FieldSpec& field, const Tensor& raw) {
    return std::string(preprocessing.Apply(field, raw).status().message());
  };
  EXPECT_EQ(message(x, Tensor::Of<float>({2, 3}, {1, 2, 3, 4, 5, 6})),
            "input \"x\": takes 2 numbers an example, 2 examples have 6");
  EXPECT_EQ(message(x, Tensor::Of<int64_t>({1, 2}, {1, 2})),
            "input \"x\": is FLOAT32, the values are INT64");
  EXPECT_EQ(message({"label", DType::kInt32, {}}, Tensor::Of<float>({1}, {1})),
            "input \"label\": is INT32, the values are FLOAT32");
  EXPECT_EQ(message({"x", DType::kFloat32, {1}}, Tensor::Of<float>({1, 1}, {1})),
            "input \"x\": has 1 elements, its preprocessing 2");
  EXPECT_EQ(message(x, Tensor::Of<double>({2, 2}, {1, 2, 3, 1e39})),
            "input \"x\": row 1: element 1 is inf after preprocessing");
}

TEST(PreprocessingTest, SurvivesTheProto) {
  const Preprocessing before(
      {{"x", {"a", "b"}, 255, {0.1, 1e-300}, {3, 1.0 / 3}}, {"label", {"y"}, 1, {}, {}}});
  google::protobuf::RepeatedPtrField<InputPreprocessing> proto;
  before.ToProto(&proto);
  const auto after = Preprocessing::FromProto(proto);
  ASSERT_TRUE(after.ok()) << after.status();
  ASSERT_EQ(after->inputs().size(), 2u);
  const InputTransform* x = after->Find("x");
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->columns, before.inputs()[0].columns);
  EXPECT_EQ(x->divide_by, 255);
  EXPECT_EQ(x->mean, before.inputs()[0].mean);
  EXPECT_EQ(x->deviation, before.inputs()[0].deviation);
  EXPECT_TRUE(after->Find("label")->identity());
  EXPECT_EQ(after->Find("z"), nullptr);
}

TEST(PreprocessingTest, BrokenProtosAreRefused) {
  const auto message = [](void (*breaks)(InputPreprocessing*)) {
    google::protobuf::RepeatedPtrField<InputPreprocessing> proto;
    InputPreprocessing* x = proto.Add();
    x->set_input("x");
    x->add_mean(0);
    x->add_deviation(1);
    breaks(x);
    if (x->input() == "twice") *proto.Add() = *x;
    return std::string(Preprocessing::FromProto(proto).status().message());
  };
  EXPECT_EQ(message([](InputPreprocessing*) {}), "");
  EXPECT_EQ(message([](InputPreprocessing* x) { x->set_input("twice"); }),
            "preprocessing of input \"twice\": is there twice");
  EXPECT_EQ(message([](InputPreprocessing* x) { x->set_divide_by(0); }),
            "preprocessing of input \"x\": divide_by 0 is not positive");
  EXPECT_EQ(message([](InputPreprocessing* x) { x->set_deviation(0, -1); }),
            "preprocessing of input \"x\": deviation -1 is not positive");
  EXPECT_EQ(message([](InputPreprocessing* x) { x->set_mean(0, std::nan("")); }),
            "preprocessing of input \"x\": mean nan is not finite");
  EXPECT_EQ(message([](InputPreprocessing* x) { x->add_mean(1); }),
            "preprocessing of input \"x\": 2 means, but 1 deviations");
  EXPECT_EQ(message([](InputPreprocessing* x) {
              x->add_column("a");
              x->add_column("b");
            }),
            "preprocessing of input \"x\": 2 columns, but 1 means");
}

}  // namespace
}  // namespace gradus
