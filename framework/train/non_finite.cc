// The mark is a payload, so that it survives being passed through.

#include "gradus/train/non_finite.h"

#include "absl/strings/cord.h"

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

}  // namespace gradus
