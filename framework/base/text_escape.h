// Text of others inside our messages: always one line of valid UTF-8, whatever it was.

#ifndef GRADUS_BASE_TEXT_ESCAPE_H_
#define GRADUS_BASE_TEXT_ESCAPE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gradus {

// Well-formed UTF-8 without surrogates and overlong forms (RFC 3629).
bool IsUtf8(absl::string_view text);

// Control characters, quotes and backslashes escaped as in C; every byte beyond ASCII too when the text is not UTF-8.
std::string Escaped(absl::string_view text);

}  // namespace gradus

#endif  // GRADUS_BASE_TEXT_ESCAPE_H_
