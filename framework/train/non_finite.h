// What stands for "a number became NaN or infinite": a Status that a caller can tell from every
// other error, because it has an exit code and a remedy of its own.

#ifndef GRADUS_TRAIN_NON_FINITE_H_
#define GRADUS_TRAIN_NON_FINITE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace gradus {

absl::Status NonFiniteError(absl::string_view message);
bool IsNonFinite(const absl::Status& status);

// The position of the first value that is not finite, or -1.
int64_t FindNonFinite(absl::Span<const float> values);

}  // namespace gradus

#endif  // GRADUS_TRAIN_NON_FINITE_H_
