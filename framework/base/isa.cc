// The instruction set, decided once.

#include "gradus/base/isa.h"

#include <algorithm>
#include <cstdlib>

namespace gradus {
namespace {

Isa Detect() {
  Isa best = Isa::kBaseline;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    best = Isa::kAvx2;
  }
  if (best == Isa::kAvx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    best = Isa::kAvx512;
  }
  const char* limit = std::getenv("GRADUS_MAX_ISA");
  if (limit == nullptr) return best;
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (Name(isa) == limit) return std::min(best, isa);
  }
  return best;
}

}  // namespace

Isa CurrentIsa() {
  static const Isa isa = Detect();
  return isa;
}

absl::string_view Name(Isa isa) {
  switch (isa) {
    case Isa::kBaseline:
      return "BASELINE";
    case Isa::kAvx2:
      return "AVX2";
    case Isa::kAvx512:
      return "AVX512";
  }
  return "";
}

}  // namespace gradus
