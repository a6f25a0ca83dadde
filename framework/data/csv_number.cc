// The numbers that are not of the frequent kind, and what is wrong with those that are none.

#include "gradus/data/csv_number.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/text_escape.h"
#include "gradus/data/csv_scanner.h"

namespace gradus {
namespace internal {

const double kPowersOfTen[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

const uint64_t kWholePowersOfTen[9] = {1,      10,      100,      1000,     10000,
                                       100000, 1000000, 10000000, 100000000};

namespace {

__extension__ typedef unsigned __int128 uint128;

// 2^(128 + size) / 5^power, rounded down: 128 bits, of which the first is 1. 2^size is the greatest power of two that is not above 5^power.
struct Reciprocal {
  uint64_t high, low;
  int size;
};

constexpr Reciprocal ReciprocalOf(int power) {
  uint128 divisor = 1;
  for (int i = 0; i < power; ++i) divisor *= 5;
  int size = 0;
  while ((divisor >> size) > 1) ++size;
  uint128 quotient = 0, rest = 0;
  for (int bit = 128 + size; bit >= 0; --bit) {
    rest = 2 * rest + (bit == 128 + size ? 1 : 0);
    quotient *= 2;
    if (rest >= divisor) {
      rest -= divisor;
      quotient += 1;
    }
  }
  return {static_cast<uint64_t>(quotient >> 64), static_cast<uint64_t>(quotient), size};
}

struct Reciprocals {
  Reciprocal of[kMostDivided + 1] = {};
  constexpr Reciprocals() {
    for (int power = 1; power <= kMostDivided; ++power) of[power] = ReciprocalOf(power);
  }
};
constexpr Reciprocals kReciprocals;

}  // namespace

bool DivideByPowerOfTen(uint64_t digits, int power, double* quotient) {
  const Reciprocal& reciprocal = kReciprocals.of[power];
  const int zeros = __builtin_clzll(digits);
  const uint64_t word = digits << zeros;
  // The first 128 of 192 bits. The reciprocal and the bits left out make it too small, by less than 2.
  const uint128 product = static_cast<uint128>(word) * reciprocal.high +
                          (static_cast<uint128>(word) * reciprocal.low >> 64);
  const int drop = 75 - __builtin_clzll(static_cast<uint64_t>(product >> 64));  // 53 bits stay.
  const uint128 half = static_cast<uint128>(1) << (drop - 1);
  const uint128 dropped = product & (2 * half - 1);
  if (dropped + 2 >= half && dropped <= half) return false;
  const uint64_t kept = static_cast<uint64_t>(product >> drop) + (dropped > half ? 1 : 0);
  // A power of two, by its bits: far from the least and the greatest double.
  const uint64_t exponent =
      static_cast<uint64_t>(1023 + drop - 64 - reciprocal.size - zeros - power) << 52;
  double scale;
  std::memcpy(&scale, &exponent, sizeof(scale));
  *quotient = static_cast<double>(kept) * scale;
  return true;
}

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

absl::string_view BareCsvNumber(absl::string_view text, char separator) {
  const absl::string_view bare = WithoutCsvBlanks(text, separator);
  // What begins with a letter is no finite number.
  if (bare.size() == text.size() || bare.empty() || absl::ascii_isalpha(bare[0])) return text;
  double number;
  return ParseCsvNumber(bare, DType::kFloat64, &number).empty() ? bare : text;
}

}  // namespace gradus
