// Order, epochs, resuming, preparing ahead, errors and endings.

#include "gradus/data/batch_stream.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "gradus/base/random.h"
#include "gradus/data/memory.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

// Row r holds r and 2r; not in memory, so that preparing ahead is never skipped. From row `broken`
// on, reading fails.
std::shared_ptr<const Dataset> Rows(int64_t size, int64_t broken = -1) {
  auto dataset = MakeCallbackDataset(
      {{"x", DType::kFloat32, {}}, {"y", DType::kInt32, {2}}}, size,
      [broken](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
        for (size_t i = 0; i < rows.size(); ++i) {
          if (broken >= 0 && rows[i] >= broken) {
            return absl::DataLossError(absl::StrCat("row ", rows[i], " is broken"));
          }
          static_cast<float*>(to[0])[i] = static_cast<float>(rows[i]);
          static_cast<int32_t*>(to[1])[2 * i] = static_cast<int32_t>(rows[i]);
          static_cast<int32_t*>(to[1])[2 * i + 1] = static_cast<int32_t>(2 * rows[i]);
        }
        return absl::OkStatus();
      });
  EXPECT_TRUE(dataset.ok());
  return *dataset;
}

BatchOptions Options(int64_t batch_size, bool shuffle, int prefetch, int64_t end_epoch) {
  BatchOptions options;
  options.batch_size = batch_size;
  options.shuffle = shuffle;
  options.shuffle_seed = 7;
  options.prefetch = prefetch;
  options.end_epoch = end_epoch;
  return options;
}

struct Seen {
  DataPosition begin, next;
  std::vector<float> x;
  friend bool operator==(const Seen& a, const Seen& b) {
    return a.begin == b.begin && a.next == b.next && a.x == b.x;
  }
};

std::vector<Seen> ReadAll(BatchStream* stream) {
  std::vector<Seen> seen;
  for (;;) {
    const auto batch = stream->Next();
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || *batch == nullptr) return seen;
    const Batch& b = **batch;
    EXPECT_EQ(b.rows, b.fields[0].rows());
    EXPECT_EQ(b.fields[1].dims(), (std::vector<int64_t>{b.rows, 2}));
    EXPECT_EQ(stream->position(), b.next);
    seen.push_back(
        {b.begin, b.next, {b.fields[0].data<float>().begin(), b.fields[0].data<float>().end()}});
    for (int64_t i = 0; i < b.rows; ++i) {
      EXPECT_EQ(b.fields[1].data<int32_t>()[2 * i + 1], 2 * seen.back().x[i]);
    }
  }
}

std::vector<Seen> ReadAll(int64_t size, const BatchOptions& options, DataPosition start = {}) {
  auto stream = BatchStream::Create(Rows(size), options, start);
  EXPECT_TRUE(stream.ok()) << stream.status();
  return ReadAll(stream->get());
}

TEST(BatchStreamTest, FileOrderEndsEveryEpochWithTheRowsThatAreLeft) {
  const std::vector<Seen> seen = ReadAll(7, Options(3, false, 0, 2));
  const std::vector<Seen> expected = {{{0, 0}, {0, 3}, {0, 1, 2}}, {{0, 3}, {0, 6}, {3, 4, 5}},
                                      {{0, 6}, {1, 0}, {6}},       {{1, 0}, {1, 3}, {0, 1, 2}},
                                      {{1, 3}, {1, 6}, {3, 4, 5}}, {{1, 6}, {2, 0}, {6}}};
  EXPECT_TRUE(seen == expected);
}

TEST(BatchStreamTest, ShuffledEpochIsThePermutationOfItsSeedAndNumber) {
  const std::vector<Seen> seen = ReadAll(10, Options(4, true, 0, 3));
  std::vector<std::vector<int64_t>> epochs(3);
  for (const Seen& batch : seen) {
    for (float x : batch.x) epochs[batch.begin.epoch].push_back(static_cast<int64_t>(x));
  }
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_EQ(epochs[epoch], RandomPermutation(10, 7, epoch));
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

TEST(BatchStreamTest, PreparingAheadChangesNothing) {
  for (const bool shuffle : {false, true}) {
    const std::vector<Seen> inline_batches = ReadAll(53, Options(5, shuffle, 0, 4));
    EXPECT_EQ(inline_batches.size(), 44u);
    for (const int prefetch : {1, 2, 3, 7, 64}) {
      EXPECT_TRUE(ReadAll(53, Options(5, shuffle, prefetch, 4)) == inline_batches) << prefetch;
    }
  }
}

TEST(BatchStreamTest, ResumesAtEveryPosition) {
  for (const int prefetch : {0, 3}) {
    const std::vector<Seen> all = ReadAll(23, Options(4, true, prefetch, 3));
    for (size_t k = 0; k < all.size(); ++k) {
      EXPECT_TRUE(ReadAll(23, Options(4, true, prefetch, 3), all[k].begin) ==
                  std::vector<Seen>(all.begin() + k, all.end()))
          << k;
    }
  }
}

TEST(BatchStreamTest, SeekGoesAnywhereAnyTime) {
  for (const int prefetch : {0, 2}) {
    const std::vector<Seen> all = ReadAll(23, Options(4, true, prefetch, 2));
    auto stream = BatchStream::Create(Rows(23), Options(4, true, prefetch, 2));
    ASSERT_TRUE(stream.ok());
    for (const size_t k : {9u, 0u, 3u, 11u, 3u}) {
      ASSERT_TRUE((*stream)->Seek(all[k].begin).ok());
      EXPECT_EQ((*stream)->position(), all[k].begin);
      EXPECT_TRUE(ReadAll(stream->get()) == std::vector<Seen>(all.begin() + k, all.end()));
      ASSERT_TRUE((*stream)->Seek(all[k].begin).ok());
      ASSERT_TRUE((*stream)->Next().ok());  // The next Seek comes in the middle of an epoch.
    }
  }
}

TEST(BatchStreamTest, OffsetNeedNotBeAMultipleOfTheBatch) {
  const std::vector<Seen> seen = ReadAll(7, Options(3, false, 2, 2), {0, 5});
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0].x, (std::vector<float>{5, 6}));
  EXPECT_EQ(seen[1].x, (std::vector<float>{0, 1, 2}));
  EXPECT_EQ(seen[3].x, (std::vector<float>{6}));
}

TEST(BatchStreamTest, BatchMayBeLargerThanTheDataset) {
  const std::vector<Seen> seen = ReadAll(3, Options(1048576, false, 2, 2));
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].x, (std::vector<float>{0, 1, 2}));
}

TEST(BatchStreamTest, BuffersAreUsedAgain) {
  auto stream = BatchStream::Create(Rows(30), Options(10, true, 2, 100));
  ASSERT_TRUE(stream.ok());
  std::vector<const void*> buffers;
  for (int i = 0; i < 300; ++i) {
    const auto batch = (*stream)->Next();
    ASSERT_TRUE(batch.ok());
    buffers.push_back((*batch)->fields[0].raw());
  }
  std::sort(buffers.begin(), buffers.end());
  const auto end = std::unique(buffers.begin(), buffers.end());
  EXPECT_LE(end - buffers.begin(), 3);  // Two ahead and one in use.
}

TEST(BatchStreamTest, ErrorComesAtItsBatchAndStays) {
  for (const int prefetch : {0, 1, 4}) {
    auto stream = BatchStream::Create(Rows(20, 9), Options(4, false, prefetch, 1));
    ASSERT_TRUE(stream.ok());
    EXPECT_TRUE((*stream)->Next().ok());
    EXPECT_TRUE((*stream)->Next().ok());
    EXPECT_EQ((*stream)->Next().status(), absl::DataLossError("row 9 is broken"));
    EXPECT_EQ((*stream)->Next().status(), absl::DataLossError("row 9 is broken"));
    EXPECT_EQ((*stream)->position(), (DataPosition{0, 8}));
    ASSERT_TRUE((*stream)->Seek({0, 0}).ok());
    EXPECT_TRUE((*stream)->Next().ok());
  }
}

TEST(BatchStreamTest, WhatACallbackThrowsIsAStatus) {
  auto dataset =
      MakeCallbackDataset({{"x", DType::kFloat32, {}}}, 3,
                          [](absl::Span<const int64_t>, absl::Span<void* const>) -> absl::Status {
                            throw std::runtime_error("no disk");
                          });
  ASSERT_TRUE(dataset.ok());
  auto stream = BatchStream::Create(*dataset, Options(1, false, 2, 1));
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ((*stream)->Next().status(),
            absl::InternalError("the callback of the examples threw: no disk"));
}

TEST(BatchStreamTest, EndsWithoutBeingReadToTheEnd) {
  for (int taken = 0; taken < 12; ++taken) {
    auto stream = BatchStream::Create(Rows(1000), Options(4, true, 3, 1000000));
    ASSERT_TRUE(stream.ok());
    for (int i = 0; i < taken; ++i) ASSERT_TRUE((*stream)->Next().ok());
  }
}

TEST(BatchStreamTest, SmallBatchesFromMemoryAreMadeOnTheCallersThread) {
  // Every row is checked when it is read, so a thread would already have found the second batch
  // broken.
  const auto dataset = MakeMemoryDataset({{"x", Tensor::Of<float>({4}, {0, 1, 2, 3})}});
  ASSERT_TRUE(dataset.ok());
  auto stream = BatchStream::Create(*dataset, Options(2, false, 2, 1));
  ASSERT_TRUE(stream.ok());
  const auto first = (*stream)->Next();
  ASSERT_TRUE(first.ok());
  const void* buffer = (*first)->fields[0].raw();
  const auto second = (*stream)->Next();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->fields[0].raw(), buffer);  // One slot: nothing is ahead.
}

TEST(BatchStreamTest, RefusesWhatCannotBe) {
  const auto message = [](std::shared_ptr<const Dataset> dataset, BatchOptions options,
                          DataPosition start) {
    return std::string(BatchStream::Create(std::move(dataset), options, start).status().message());
  };
  EXPECT_EQ(message(nullptr, {}, {}), "there is no dataset");
  EXPECT_EQ(message(Rows(0), {}, {}), "the dataset has no examples");
  EXPECT_EQ(message(Rows(5), Options(0, false, 0, 1), {}), "batch size 0 is not positive");
  EXPECT_EQ(message(Rows(5), Options(1, false, -1, 1), {}), "prefetch -1 is negative");
  EXPECT_EQ(message(Rows(5), {}, {0, 5}), "position (epoch 0, offset 5) is not in a dataset of 5");
  EXPECT_EQ(message(Rows(5), {}, {-1, 0}),
            "position (epoch -1, offset 0) is not in a dataset of 5");
}

TEST(BatchStreamTest, OptionsComeFromTheConfiguration) {
  DataConfig config;
  config.set_batch_size(64);
  config.set_shuffle_seed(9);
  config.set_prefetch(5);
  EXPECT_TRUE(TrainingBatches(config).shuffle);
  EXPECT_EQ(TrainingBatches(config).batch_size, 64);
  EXPECT_EQ(TrainingBatches(config).shuffle_seed, 9u);
  EXPECT_EQ(TrainingBatches(config).prefetch, 5);
  config.set_order(DataConfig::FILE_ORDER);
  EXPECT_FALSE(TrainingBatches(config).shuffle);
  EXPECT_FALSE(EvaluationBatches(config).shuffle);
  EXPECT_EQ(EvaluationBatches(config).end_epoch, 1);
}

}  // namespace
}  // namespace gradus
