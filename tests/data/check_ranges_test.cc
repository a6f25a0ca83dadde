// Numbers outside of what they may be are found in the batch that has them, with their row.

#include "gradus/data/check_ranges.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/data/memory.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

std::shared_ptr<const Dataset> Table() {
  return MakeTensorDataset(
      {{"word", DType::kInt32, {2}}, {"y", DType::kFloat32, {}}},
      {Tensor::Of<int32_t>({3, 2}, {0, 4, 1, 5, -1, 2}), Tensor::Of<float>({3}, {0, 1, 1.5f})},
      [](int64_t row, int) { return absl::StrCat("t.csv:", row + 2); });
}

std::string Error(const std::vector<ValueRange>& ranges, std::vector<int64_t> rows) {
  std::vector<int32_t> words(2 * rows.size());
  std::vector<float> labels(rows.size());
  const absl::Status status =
      CheckRanges(Table(), ranges)->Read(rows, {words.data(), labels.data()});
  return std::string(status.message());
}

TEST(CheckRanges, NamesTheRowTheElementTheNumberAndTheRule) {
  const ValueRange word = {
      0, 0, 4, "layer \"words\" has input_dim 5", {"column \"a\"", "column \"b\""}};
  EXPECT_EQ(Error({word}, {0}), "");
  EXPECT_EQ(Error({word}, {0, 1}),
            "t.csv:3: input \"word\": column \"b\": 5 is not in 0 to 4: layer \"words\" has "
            "input_dim 5");
  EXPECT_EQ(Error({word}, {0, 2}),
            "t.csv:4: input \"word\": column \"a\": -1 is not in 0 to 4: layer \"words\" has "
            "input_dim 5");
  const ValueRange label = {1, 0, 1, "yes or no", {}};
  EXPECT_EQ(Error({label}, {1, 0}), "");
  EXPECT_EQ(Error({label}, {1, 2, 0}), "t.csv:4: input \"y\": 1.5 is not in 0 to 1: yes or no");
}

TEST(CheckRanges, WithoutRangesTheDatasetIsWhatItWas) {
  const auto table = Table();
  EXPECT_EQ(CheckRanges(table, {}), table);
  EXPECT_EQ(CheckRanges(nullptr, {{0, 0, 1, "", {}}}), nullptr);
  EXPECT_EQ(CheckRanges(table, {{0, 0, 1, "", {}}})->size(), 3);
}

}  // namespace
}  // namespace gradus
