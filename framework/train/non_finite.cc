// The mark is a payload, so that it survives being passed through.

#include "gradus/train/non_finite.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/cord.h"
#include "gradus/base/isa.h"

namespace gradus {
namespace {

constexpr char kMark[] = "gradus/non-finite";

struct AnyNonFinite {
  // In integers and without a way out of the loop, so that it is vectorised.
  template <Isa>
  GRADUS_INLINE static void Run(const float* x, int64_t n, uint32_t* found) {
    uint32_t any = 0;
    for (int64_t i = 0; i < n; ++i) {
      uint32_t bits;
      std::memcpy(&bits, &x[i], sizeof bits);
      any |= (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
    }
    *found = any;
  }
};

}  // namespace

absl::Status NonFiniteError(absl::string_view message) {
  absl::Status status = absl::OutOfRangeError(message);
  status.SetPayload(kMark, absl::Cord("1"));
  return status;
}

bool IsNonFinite(const absl::Status& status) { return status.GetPayload(kMark).has_value(); }

int64_t FindNonFinite(absl::Span<const float> values) {
  uint32_t found = 0;
  ForIsa<AnyNonFinite>(values.data(), static_cast<int64_t>(values.size()), &found);
  if (found == 0) return -1;
  return std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); }) -
         values.begin();
}

}  // namespace gradus
