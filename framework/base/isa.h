// Which vector instructions this process may use, and how a loop gets them. The binary runs on any x86-64; a loop is written
// once and compiled three times.
//
//   struct Scale {
//     template <Isa> GRADUS_INLINE static void Run(float a, float* x, int64_t n) {
//       for (int64_t i = 0; i < n; ++i) x[i] *= a;
//     }
//   };
//   ForIsa<Scale>(2.0f, x, n);

#ifndef GRADUS_BASE_ISA_H_
#define GRADUS_BASE_ISA_H_

#include "absl/strings/string_view.h"

namespace gradus {

enum class Isa { kBaseline = 0, kAvx2 = 1, kAvx512 = 2 };

// The best set that the CPU has, or what the environment variable GRADUS_MAX_ISA (BASELINE, AVX2, AVX512) limits it to; read
// once. kAvx2 is x86-64-v3, kAvx512 is x86-64-v4.
Isa CurrentIsa();
absl::string_view Name(Isa isa);

#define GRADUS_INLINE __attribute__((always_inline)) inline
// The same for lambdas, behind their parameters.
#define GRADUS_INLINE_LAMBDA __attribute__((always_inline))

// clang knows the width preference as an option of the command line only.
#ifdef __clang__
#define GRADUS_TARGET_AVX512 __attribute__((target("arch=x86-64-v4")))
#else
#define GRADUS_TARGET_AVX512 __attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#endif

namespace internal {
template <class Loop, class... Args>
void RunBaseline(Args... args) {
  Loop::template Run<Isa::kBaseline>(args...);
}
template <class Loop, class... Args>
__attribute__((target("arch=x86-64-v3"))) void RunAvx2(Args... args) {
  Loop::template Run<Isa::kAvx2>(args...);
}
template <class Loop, class... Args>
GRADUS_TARGET_AVX512 void RunAvx512(Args... args) {
  Loop::template Run<Isa::kAvx512>(args...);
}
}  // namespace internal

// Runs Loop::Run<isa>(args...) compiled for the current instruction set. Loop::Run must be GRADUS_INLINE, as must what it
// calls, or it falls back to baseline code.
template <class Loop, class... Args>
void ForIsa(Args... args) {
  switch (CurrentIsa()) {
    case Isa::kAvx512:
      return internal::RunAvx512<Loop, Args...>(args...);
    case Isa::kAvx2:
      return internal::RunAvx2<Loop, Args...>(args...);
    case Isa::kBaseline:
      return internal::RunBaseline<Loop, Args...>(args...);
  }
}

}  // namespace gradus

#endif  // GRADUS_BASE_ISA_H_
