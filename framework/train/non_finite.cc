// The mark is a payload, so that it survives being passed through.

#include "gradus/train/non_finite.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/cord.h"
#include "gradus/train/stage_passes.h"

namespace gradus {
namespace {

constexpr char kMark[] = "gradus/non-finite";

}  // namespace

absl::Status NonFiniteError(absl::string_view message) {
  absl::Status status = absl::OutOfRangeError(message);
  status.SetPayload(kMark, absl::Cord("1"));
  return status;
}

bool IsNonFinite(const absl::Status& status) { return status.GetPayload(kMark).has_value(); }

int64_t FindNonFinite(absl::Span<const float> values) {
  if (internal::AllFinite(values.data(), static_cast<int64_t>(values.size()))) return -1;
  return std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); }) -
         values.begin();
}

}  // namespace gradus
