// What stands for "a number became NaN or infinite": a Status that a caller can tell from every
// other error, because it has an exit code and a remedy of its own.

#ifndef GRADUS_TRAIN_NON_FINITE_H_
#define GRADUS_TRAIN_NON_FINITE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gradus {

absl::Status NonFiniteError(absl::string_view message);
bool IsNonFinite(const absl::Status& status);

}  // namespace gradus

#endif  // GRADUS_TRAIN_NON_FINITE_H_
