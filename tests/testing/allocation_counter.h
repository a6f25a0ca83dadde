// Counts the heap allocations of a whole program, by who asks for them: oneDNN and its OpenMP library, which allocate in every call of
// a primitive, or everything else, which is ours. Who asks is told by the address that malloc or operator new is called from.
//
// This header replaces malloc and operator new, so exactly one source file of a program may include it. A sanitizer has an allocator of
// its own, which must not be taken apart: under one nothing is replaced, and a test that counts skips itself:
//
//   if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
//   AllocationCounter::Reset();
//   AllocationCounter::Count(true);
//   ...
//   AllocationCounter::Count(false);
//   EXPECT_EQ(AllocationCounter::ours(), 0) << AllocationCounter::FirstOfOurs();

#ifndef GRADUS_TESTS_TESTING_ALLOCATION_COUNTER_H_
#define GRADUS_TESTS_TESTING_ALLOCATION_COUNTER_H_

#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "absl/strings/str_cat.h"

namespace gradus {

class AllocationCounter {
 public:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool kCounts = false;
#else
  static constexpr bool kCounts = true;
#endif
  static constexpr char kWhyNot[] = "the allocator is the sanitizer's";

  // Sets both counts to zero; what oneDNN is must be loaded by now.
  static void Reset() {
    their_ranges_ = 0;
    dl_iterate_phdr(AddRanges, nullptr);
    ours_ = theirs_ = 0;
    first_of_ours_ = nullptr;
  }
  static void Count(bool on) { counting_ = on; }

  static int64_t ours() { return ours_; }
  static int64_t theirs() { return theirs_; }
  // Without it nothing can be told to be theirs.
  static bool knows_onednn() { return their_ranges_ > 0; }
  static std::string FirstOfOurs() {
    Dl_info info = {};
    if (first_of_ours_.load() == nullptr) return "nobody asked";
    dladdr(first_of_ours_.load(), &info);
    return absl::StrCat("the first is called from ",
                        info.dli_sname != nullptr ? info.dli_sname : "an unknown function");
  }

  static void Add(void* caller) {
    if (!counting_.load(std::memory_order_relaxed)) return;
    const auto address = reinterpret_cast<uintptr_t>(caller);
    for (int i = 0; i < their_ranges_; ++i) {
      if (address >= ranges_[i].begin && address < ranges_[i].end) {
        ++theirs_;
        return;
      }
    }
    void* none = nullptr;
    first_of_ours_.compare_exchange_strong(none, caller);
    ++ours_;
  }

 private:
  struct Range {
    uintptr_t begin, end;
  };
  static constexpr int kMostRanges = 8;

  static int AddRanges(dl_phdr_info* info, size_t, void*) {
    if (std::strstr(info->dlpi_name, "libdnnl") == nullptr &&
        std::strstr(info->dlpi_name, "libgomp") == nullptr) {
      return 0;
    }
    for (int i = 0; i < info->dlpi_phnum && their_ranges_ < kMostRanges; ++i) {
      const auto& header = info->dlpi_phdr[i];
      if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
      const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
      ranges_[their_ranges_++] = {begin, begin + header.p_memsz};
    }
    return 0;
  }

  static inline Range ranges_[kMostRanges] = {};
  static inline int their_ranges_ = 0;
  static inline std::atomic<bool> counting_{false};
  static inline std::atomic<int64_t> ours_{0}, theirs_{0};
  static inline std::atomic<void*> first_of_ours_{nullptr};
};

}  // namespace gradus

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

void* malloc(size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}

// libstdc++'s operator new calls malloc from inside libstdc++, which would hide who asked.
[[gnu::noinline]] void* operator new(size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  void* memory = __libc_malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new[](size_t size) {
  gradus::AllocationCounter::Add(__builtin_return_address(0));
  void* memory = __libc_malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { __libc_free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { __libc_free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { __libc_free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, size_t) noexcept { __libc_free(memory); }

#endif

#endif  // GRADUS_TESTS_TESTING_ALLOCATION_COUNTER_H_
