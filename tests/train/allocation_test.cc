// After the first step of each batch size no code of ours asks for memory. Every allocation of the
// process is counted here and attributed by the address it is called from: to oneDNN and its OpenMP
// runtime, or to everything else.
//
// oneDNN 2.6.3 itself allocates 3 to 15 times in each call of a primitive (its execution context
// and argument maps), and more in its inner product; what it does here is written to the test's
// properties and printed. A model whose products all go to our own kernels has none of them.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "tests/train/train_testing.h"

namespace {

struct Range {
  uintptr_t begin = 0, end = 0;
};
Range theirs[8];
int theirs_count = 0;
std::atomic<bool> counting{false};
std::atomic<int64_t> our_count{0}, their_count{0};
std::atomic<void*> our_first{nullptr};

int FindTheirs(struct dl_phdr_info* info, size_t, void*) {
  if (std::strstr(info->dlpi_name, "libdnnl") == nullptr &&
      std::strstr(info->dlpi_name, "libgomp") == nullptr) {
    return 0;
  }
  for (int i = 0; i < info->dlpi_phnum && theirs_count < 8; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    theirs[theirs_count++] = {begin, begin + header.p_memsz};
  }
  return 0;
}

void Count(void* caller) {
  if (!counting.load(std::memory_order_relaxed)) return;
  const auto address = reinterpret_cast<uintptr_t>(caller);
  for (int i = 0; i < theirs_count; ++i) {
    if (address >= theirs[i].begin && address < theirs[i].end) {
      ++their_count;
      return;
    }
  }
  void* none = nullptr;
  our_first.compare_exchange_strong(none, caller);
  ++our_count;
}

}  // namespace

// A sanitizer has its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCounts = false;
#else
constexpr bool kCounts = true;

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  Count(__builtin_return_address(0));
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  Count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  Count(__builtin_return_address(0));
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? 12 : 0;
}
}

// libstdc++'s operator new calls malloc from inside libstdc++, which would hide who asked.
void* operator new(size_t size) {
  Count(__builtin_return_address(0));
  void* memory = __libc_malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](size_t size) {
  Count(__builtin_return_address(0));
  void* memory = __libc_malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace gradus {
namespace {

// Counts from the first update after `warm_up` to the last one.
class CountFrom final : public TrainObserver {
 public:
  CountFrom(int64_t warm_up, int64_t last) : warm_up_(warm_up), last_(last) {}
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    if (report.step == warm_up_) counting = true;
    if (report.step == last_) counting = false;
    return absl::OkStatus();
  }

 private:
  const int64_t warm_up_, last_;
};

void ExpectNoneOfOurs(bool batch_norm, int threads, const std::string& optimizer) {
  SCOPED_TRACE(absl::StrCat(batch_norm, " ", threads, " ", optimizer));
  theirs_count = 0;
  dl_iterate_phdr(FindTheirs, nullptr);
  ASSERT_GT(theirs_count, 0);
  auto run =
      MakeRun(absl::StrCat(optimizer, " run { max_steps: 11 epochs: 3 }"), batch_norm, threads);
  // 12 batches in 3 epochs of 4; the second epoch's last has the short batch once more. The end of
  // the first epoch writes lines and validates, which may allocate: counting starts behind it.
  CountFrom count(5, 7);
  TrainObserver* const observers[] = {&count};
  our_count = their_count = 0;
  our_first = nullptr;
  const absl::Status status = run->Go(observers).status();
  counting = false;
  ASSERT_TRUE(status.ok()) << status;
  Dl_info info = {};
  if (our_first.load() != nullptr) dladdr(our_first.load(), &info);
  EXPECT_EQ(our_count, 0) << "the first is called from "
                          << (info.dli_sname != nullptr ? info.dli_sname : "an unknown function");
  testing::Test::RecordProperty(
      absl::StrCat("allocations_of_onednn_in_2_steps_threads_", threads, batch_norm ? "_norm" : ""),
      absl::StrCat(their_count.load()));
  std::printf("oneDNN: %ld allocations in 2 steps (%d threads%s)\n", static_cast<long>(their_count),
              threads, batch_norm ? ", batch_norm" : "");
}

TEST(AllocationTest, NoStepAfterTheFirstAllocates) {
  if (!kCounts) GTEST_SKIP() << "a sanitizer owns malloc";
  ExpectNoneOfOurs(false, 1, "optimizer { adam {} }");
  ExpectNoneOfOurs(false, 2, "optimizer { rmsprop { centered: true momentum: 0.5 } }");
  ExpectNoneOfOurs(true, 1, "optimizer { sgd { momentum: 0.9 } }");
}

TEST(AllocationTest, TheCounterCounts) {
  if (!kCounts) GTEST_SKIP() << "a sanitizer owns malloc";
  our_count = 0;
  counting = true;
  std::vector<int>* made = new std::vector<int>(1000);
  void* const memory = std::malloc(10);
  counting = false;
  EXPECT_EQ(our_count, 3);
  std::free(memory);
  delete made;
}

}  // namespace
}  // namespace gradus
