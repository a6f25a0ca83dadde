// A table on disk trains as one in memory does: the same statistics, the same batches in the same order, over more epochs than one.

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/data/batch_stream.h"
#include "gradus/data/growing_memory.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

TEST(OnDiskTest, TrainsWithTheSameBatchesAsInMemory) {
  // Bytes that end anywhere in a page.
  std::string text = "a,city,b,y\n";
  for (int i = 0; i < 5003; ++i) {
    absl::StrAppend(&text, i, ".5,c", i % 11, ",", i % 97, ",", i % 3, "\n");
  }
  WriteTestFile("on_disk.csv", text);
  const std::vector<FieldSpec> inputs = {{"x", DType::kFloat32, {13}}, {"y", DType::kInt32, {}}};
  std::vector<std::string> batches[2];
  for (bool on_disk : {false, true}) {
    const DataConfig config = ParseData(
        absl::StrCat("train { csv { path: 'on_disk.csv' on_disk: ", on_disk ? "true" : "false",
                     " field { input: 'x' columns { name: 'a' name: 'b' standardise: true }"
                     "                    columns { name: 'city' categories {} } }"
                     " field { input: 'y' column: 'y' } } } batch_size: 100 shuffle_seed: 7"));
    Diagnostics diagnostics;
    const DataSplits splits = OpenData(config, inputs, TestFolder(), {}, &diagnostics);
    ASSERT_TRUE(diagnostics.ok()) << Findings(diagnostics)[0];
    EXPECT_EQ(splits.train->in_memory(), !on_disk);
    BatchOptions options = TrainingBatches(config, 1);
    options.end_epoch = 2;
    const auto stream = BatchStream::Create(splits.train, options);
    ASSERT_TRUE(stream.ok()) << stream.status();
    for (;;) {
      const auto batch = (*stream)->Next();
      ASSERT_TRUE(batch.ok()) << batch.status();
      if (*batch == nullptr) break;
      for (const Tensor& field : (*batch)->fields) {
        batches[on_disk ? 1 : 0].emplace_back(static_cast<const char*>(field.raw()), field.bytes());
      }
    }
  }
  EXPECT_EQ(batches[0].size(), 2u * 2 * 51);
  EXPECT_TRUE(batches[0] == batches[1]);
}

TEST(GrowingMemoryTest, KeepsEveryByteHoweverItGrows) {
  for (bool on_disk : {false, true}) {
    absl::StatusOr<GrowingMemory> memory = GrowingMemory::Create(on_disk);
    ASSERT_TRUE(memory.ok()) << memory.status();
    std::string expected;
    for (int i = 0; i < 300; ++i) {
      const std::string piece(static_cast<size_t>(i * i % 4099), static_cast<char>('a' + i % 26));
      ASSERT_TRUE(memory->Append(piece.data(), static_cast<int64_t>(piece.size())).ok());
      expected += piece;
    }
    const int64_t size = memory->size();
    ASSERT_EQ(size, static_cast<int64_t>(expected.size()));
    const auto all = memory->Finish();
    ASSERT_TRUE(all.ok()) << all.status();
    if (on_disk) LetGoOfPages(all->get(), size);  // They come back.
    EXPECT_EQ(std::memcmp(all->get(), expected.data(), expected.size()), 0);
  }
}

TEST(GrowingMemoryTest, NothingIsNothing) {
  for (bool on_disk : {false, true}) {
    absl::StatusOr<GrowingMemory> memory = GrowingMemory::Create(on_disk);
    ASSERT_TRUE(memory.ok()) << memory.status();
    ASSERT_TRUE(memory->Append(nullptr, 0).ok());
    const auto all = memory->Finish();
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(all->get(), nullptr);
  }
}

}  // namespace
}  // namespace gradus
