// After the first step of each batch size no code of ours asks for memory. Every allocation of the
// process is counted here and attributed by the address it is called from: to oneDNN and its OpenMP
// runtime, or to everything else.
//
// oneDNN 2.6.3 itself allocates 3 to 15 times in each call of a primitive (its execution context
// and argument maps), and more in its inner product. What it does here is printed and written to
// the test's properties; where all kernels that were chosen are our own it is nothing.

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

[[maybe_unused]] void Count(void* caller) {
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
void __libc_free(void*);

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
void operator delete(void* memory) noexcept { __libc_free(memory); }
void operator delete[](void* memory) noexcept { __libc_free(memory); }
void operator delete(void* memory, size_t) noexcept { __libc_free(memory); }
void operator delete[](void* memory, size_t) noexcept { __libc_free(memory); }
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

// Starts and reads the counters.
class Counters {
 public:
  static void Reset() {
    theirs_count = 0;
    dl_iterate_phdr(FindTheirs, nullptr);
    our_count = their_count = 0;
    our_first = nullptr;
  }
  // No allocation of ours since Reset; says who made the first, and what oneDNN did.
  static void ExpectNoneOfOurs(const std::string& what) {
    EXPECT_GT(theirs_count, 0);
    Dl_info info = {};
    if (our_first.load() != nullptr) dladdr(our_first.load(), &info);
    EXPECT_EQ(our_count, 0) << what << ": the first is called from "
                            << (info.dli_sname != nullptr ? info.dli_sname : "an unknown function");
    testing::Test::RecordProperty("allocations_of_onednn_" + what,
                                  absl::StrCat(their_count.load()));
    std::printf("oneDNN's own allocations, %s: %ld\n", what.c_str(),
                static_cast<long>(their_count));
  }
};

void CountLoop(const std::string& what, bool batch_norm, int threads,
               const std::string& optimizer) {
  auto run =
      MakeRun(absl::StrCat(optimizer, " run { max_steps: 11 epochs: 3 }"), batch_norm, threads);
  // Four batches an epoch. The end of the first writes lines and validates, which may allocate;
  // steps 6 and 7 lie behind it.
  CountFrom count(5, 7);
  TrainObserver* const observers[] = {&count};
  Counters::Reset();
  const absl::Status status = run->Go(observers).status();
  counting = false;
  ASSERT_TRUE(status.ok()) << status;
  Counters::ExpectNoneOfOurs(what);
}

TEST(AllocationTest, NoStepOfALoopAfterTheFirstAllocates) {
  if (!kCounts) GTEST_SKIP() << "a sanitizer owns malloc";
  CountLoop("loop_one_thread", false, 1, "optimizer { adam {} }");
  CountLoop("loop_two_threads", false, 2,
            "optimizer { rmsprop { centered: true momentum: 0.5 } learning_rate { cosine_decay {"
            " initial_learning_rate: 0.01 decay_steps: 100 } } }");
  CountLoop("loop_batch_norm", true, 1, "optimizer { sgd { momentum: 0.9 } }");
}

// The Fashion-MNIST network at batch 64 and at a shorter last batch.
void CountSteps(const std::string& what, int threads) {
  const RunConfig config = ParseRun(
      "model { name: \"wide\" input { name: \"x\" shape: 784 }"
      " input { name: \"label\" type: INT32 }"
      " layer { name: \"h1\" input: \"x\" dense { units: 256 activation: RELU } }"
      " layer { name: \"h2\" dense { units: 128 activation: GELU } }"
      " layer { name: \"drop\" dropout { rate: 0.1 } }"
      " layer { name: \"logits\" dense { units: 10 } }"
      " loss { sparse_categorical_crossentropy { prediction: \"logits\" label: \"label\""
      "   from_logits: true } }"
      " metric { name: \"accuracy\" sparse_categorical_accuracy { prediction: \"logits\""
      "   label: \"label\" } } }"
      " optimizer { adam { amsgrad: true } }");
  ThreadPool pool(threads);
  StepOptions options;
  options.pool = &pool;
  Diagnostics diagnostics;
  auto step = TrainStep::Create(config.model(), config.optimizer(), options, &diagnostics);
  ASSERT_TRUE(step.ok()) << step.status();
  auto store = ParameterStore::Create((*step)->model().graph, 1, (*step)->Slots());
  ASSERT_TRUE(store.ok()) << store.status();
  const std::vector<float> x(64 * 784, 0.5f);
  const std::vector<int32_t> label(64, 3);
  const void* const inputs[] = {x.data(), label.data()};
  Progress progress;
  StepReport report;
  Counters::Reset();
  for (int i = 0; i < 6; ++i) {
    counting = i >= 2;
    const absl::Status status =
        (*step)->Run(inputs, i % 2 == 0 ? 64 : 24, &progress, &*store, &report);
    counting = false;
    ASSERT_TRUE(status.ok()) << status;
  }
  Counters::ExpectNoneOfOurs(what);
}

TEST(AllocationTest, NoStepOfAWideModelAfterTheFirstOfItsSizeAllocates) {
  if (!kCounts) GTEST_SKIP() << "a sanitizer owns malloc";
  CountSteps("four_wide_steps_one_thread", 1);
  CountSteps("four_wide_steps_two_threads", 2);
}

TEST(AllocationTest, TheCounterCounts) {
  if (!kCounts) GTEST_SKIP() << "a sanitizer owns malloc";
  our_count = 0;
  counting = true;
  std::vector<int>* made = new std::vector<int>(1000);
  void* const memory = std::malloc(10);
  asm volatile("" : : "r"(made), "r"(memory) : "memory");  // They are looked at: nothing is elided.
  counting = false;
  EXPECT_EQ(our_count, 3);
  std::free(memory);
  delete made;
}

}  // namespace
}  // namespace gradus
