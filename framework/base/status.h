// Short forms for absl::Status. Whatever a user, a file, a device or a plugin can cause is a
// Status; GRADUS_CHECK is for what only a mistake of ours can cause, and ends the process.

#ifndef GRADUS_BASE_STATUS_H_
#define GRADUS_BASE_STATUS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace gradus {

// What a door of the library makes of whatever something below it threw (std::bad_alloc as a rule, anything at all from a
// plugin or a host's own dataset): a Status that says what was being done. To be called in a catch block:
//
//   absl::Status Load(...) try {
//     ...
//   } catch (...) {
//     return StatusOfException("loading a model");
//   }
absl::Status StatusOfException(absl::string_view what);

namespace internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace internal
}  // namespace gradus

#define GRADUS_RETURN_IF_ERROR(expression)           \
  do {                                               \
    ::absl::Status gradus_status_ = (expression);    \
    if (!gradus_status_.ok()) return gradus_status_; \
  } while (false)

#define GRADUS_CONCAT_INNER_(a, b) a##b
#define GRADUS_CONCAT_(a, b) GRADUS_CONCAT_INNER_(a, b)
#define GRADUS_ASSIGN_OR_RETURN_(temporary, left, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) return std::move(temporary).status();  \
  left = *std::move(temporary)

// GRADUS_ASSIGN_OR_RETURN(Tensor tensor, ReadTensor(file));
#define GRADUS_ASSIGN_OR_RETURN(left, expression) \
  GRADUS_ASSIGN_OR_RETURN_(GRADUS_CONCAT_(gradus_statusor_, __LINE__), left, expression)

#define GRADUS_CHECK(condition)                                                        \
  do {                                                                                 \
    if (!(condition)) ::gradus::internal::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

#endif  // GRADUS_BASE_STATUS_H_
