// Memory that runs out, in every place: the first allocation fails, then only the second, and so on
// until the work gets by without a failure. Each time it ends with an error, never with an
// exception.

#include <cstdlib>
#include <new>

#include "absl/functional/function_ref.h"
#include "gradus/data/batch_stream.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace {

// How many allocations still succeed before one fails; negative: all of them. Of each thread.
thread_local int until_failure = -1;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A sanitizer has an allocator of its own, which must not be taken apart.
constexpr bool kCanFail = false;
#else
constexpr bool kCanFail = true;

void* Allocate(std::size_t size) {
  if (until_failure >= 0 && until_failure-- == 0) throw std::bad_alloc();
  void* room = std::malloc(size);
  if (room == nullptr) throw std::bad_alloc();
  return room;
}
#endif

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* room) noexcept { std::free(room); }
void operator delete[](void* room) noexcept { std::free(room); }
void operator delete(void* room, std::size_t) noexcept { std::free(room); }
void operator delete[](void* room, std::size_t) noexcept { std::free(room); }
#endif

namespace gradus {
namespace {

// `attempt` says whether it succeeded.
void FailEachAllocation(absl::FunctionRef<bool()> attempt) {
  if (!kCanFail) {
    EXPECT_TRUE(attempt());
    return;
  }
  constexpr int kMost = 20000;
  for (int n = 0; n < kMost; ++n) {
    until_failure = n;
    const bool succeeded = attempt();
    const bool failed_one = until_failure < 0;
    until_failure = -1;
    if (!failed_one) {
      EXPECT_TRUE(succeeded);
      EXPECT_GT(n, 10);
      return;
    }
  }
  FAIL() << "more than " << kMost << " allocations";
}

const std::vector<FieldSpec> kInputs = {{"x", DType::kFloat32, {2}}, {"y", DType::kFloat32, {}}};

std::string WriteTable() { return WriteTestFile("memory.csv", "y,b,a\n1,50,2\n0,20,3\n1,10,4\n"); }

Preprocessing Trained() {
  return Preprocessing({{"x", {"a", "b"}, 1, {2, 20}, {1, 10}}, {"y", {"y"}, 1, {}, {}}});
}

TEST(OutOfMemoryTest, IsAFindingOfOpenData) {
  WriteTable();
  const DataConfig config = ParseData(
      "train { csv { path: 'memory.csv' field { input: 'y' column: 'y' }"
      "  field { input: 'x' except: 'y' standardise: true } } } validation { fraction: 0.5 }");
  const std::string folder = TestFolder();
  FailEachAllocation([&] {
    Diagnostics diagnostics;
    const DataSplits splits = OpenData(config, kInputs, folder, {}, &diagnostics);
    EXPECT_EQ(diagnostics.ok(), splits.train != nullptr && splits.validation != nullptr);
    return diagnostics.ok();
  });
  Diagnostics diagnostics;
  const Preprocessing trained = OpenData(config, kInputs, folder, {}, &diagnostics).preprocessing;
  FailEachAllocation([&] {
    Diagnostics own;
    OpenDataForModel(config, kInputs, folder, {}, trained, &own);
    return own.ok();
  });
}

TEST(OutOfMemoryTest, IsAFindingOfOpenSource) {
  WriteTable();
  const DataConfig config = ParseData("test { csv { path: 'memory.csv' } }");
  const std::string folder = TestFolder();
  const Preprocessing trained = Trained();
  FailEachAllocation([&] {
    Diagnostics diagnostics;
    const ConfigPath path;
    const auto dataset =
        OpenSource(config.test(), path, kInputs, folder, {}, trained, &diagnostics);
    EXPECT_EQ(diagnostics.ok(), dataset != nullptr);
    return diagnostics.ok();
  });
}

TEST(OutOfMemoryTest, IsAnErrorOfOpenCsvForModel) {
  const std::string path = WriteTable();
  const Preprocessing trained = Trained();
  const CsvDialect dialect;
  FailEachAllocation([&] {
    const auto dataset = OpenCsvForModel(path, kInputs, trained, dialect);
    EXPECT_TRUE(dataset.ok() || absl::IsResourceExhausted(dataset.status())) << dataset.status();
    return dataset.ok();
  });
}

TEST(OutOfMemoryTest, IsAnErrorOfABatchStream) {
  const auto dataset = OpenCsvForModel(WriteTable(), kInputs, Trained());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  BatchOptions options;
  options.batch_size = 2;
  options.shuffle = true;
  FailEachAllocation([&] {
    const auto stream = BatchStream::Create(*dataset, options);
    absl::Status status = stream.status();
    for (int i = 0; status.ok() && i < 4; ++i) status = (*stream)->Next().status();
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
    return status.ok();
  });
}

// Not in memory, so that a thread reads it; the second row does not fit there.
class ExhaustedDataset : public Dataset {
 public:
  absl::Span<const FieldSpec> fields() const override { return fields_; }
  int64_t size() const override { return 2; }
  absl::Status Read(absl::Span<const int64_t> rows, absl::Span<void* const>) const override {
    if (rows[0] == 1) throw std::bad_alloc();
    return absl::OkStatus();
  }

 private:
  const std::vector<FieldSpec> fields_ = {{"x", DType::kFloat32, {}}};
};

TEST(OutOfMemoryTest, OnTheThreadThatReadsAheadIsTheErrorOfItsBatch) {
  for (int prefetch : {0, 1, 3}) {
    BatchOptions options;
    options.batch_size = 1;
    options.prefetch = prefetch;
    const auto stream = BatchStream::Create(std::make_shared<ExhaustedDataset>(), options);
    ASSERT_TRUE(stream.ok()) << stream.status();
    EXPECT_TRUE((*stream)->Next().ok());
    const absl::Status status = (*stream)->Next().status();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_EQ(status.message(), "making a batch: out of memory");
  }
}

// A host's own dataset.
class ThrowingDataset : public Dataset {
 public:
  absl::Span<const FieldSpec> fields() const override { return fields_; }
  int64_t size() const override { return 2; }
  absl::Status Read(absl::Span<const int64_t> rows, absl::Span<void* const>) const override {
    if (rows[0] == 1) throw 42;
    throw std::runtime_error("the disk is on fire");
  }

 private:
  const std::vector<FieldSpec> fields_ = {{"x", DType::kFloat32, {}}};
};

TEST(ThrowingDatasetTest, IsTheErrorOfItsBatchOnWhateverThread) {
  for (int prefetch : {0, 1, 3}) {
    for (int64_t first : {0, 1}) {
      BatchOptions options;
      options.batch_size = 1;
      options.prefetch = prefetch;
      DataPosition start;
      start.offset = first;
      const auto stream = BatchStream::Create(std::make_shared<ThrowingDataset>(), options, start);
      ASSERT_TRUE(stream.ok()) << stream.status();
      const absl::Status status = (*stream)->Next().status();
      EXPECT_EQ(status.message(),
                first == 0 ? "making a batch: the disk is on fire"
                           : "making a batch: something that is no std::exception was thrown");
    }
  }
}

}  // namespace
}  // namespace gradus
