// The numbers that are not of the frequent kind, and what is wrong with those that are none.

#include "gradus/data/csv_number.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace internal {

const double kPowersOfTen[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace internal

namespace {

std::string Shown(absl::string_view text) {
  size_t most = 40;
  if (text.size() <= most) return Escaped(text);
  // Not within a character.
  while (most > 37 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return absl::StrCat(Escaped(text.substr(0, most)), "...");
}

}  // namespace

std::string QuoteCsv(absl::string_view text) { return absl::StrCat("\"", Shown(text), "\""); }

std::string ParseCsvNumber(absl::string_view text, DType dtype, double* number) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  // from_chars takes no plus.
  if (text.size() > 1 && begin[0] == '+' && begin[1] != '-') ++begin;
  const std::from_chars_result result = std::from_chars(begin, end, *number);
  if (result.ec == std::errc::result_out_of_range && result.ptr == end) {
    return absl::StrCat(Shown(text), " is out of the range of a double");
  }
  if (result.ec != std::errc() || result.ptr != end) {
    return absl::StrCat(QuoteCsv(text), " is not a number");
  }
  if (!std::isfinite(*number)) return absl::StrCat(Shown(text), " is not finite");
  if (dtype == DType::kInt32) {
    if (*number != std::trunc(*number)) return absl::StrCat(Shown(text), " is not a whole number");
    if (std::abs(*number) >= 0x1p31 && *number != -0x1p31) {
      return absl::StrCat(Shown(text), " does not fit INT32");
    }
  }
  return "";
}

}  // namespace gradus
