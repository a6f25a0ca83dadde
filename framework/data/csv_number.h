// Decimal numbers as doubles, correctly rounded, always.
//
// Nearly all numbers in tables have at most 15 digits or so and a small exponent, w * 10^q with w <= 2^53 and |q| <= 22: w and 10^|q| are
// doubles then, and one multiplication or division rounds once, so it gives the nearest double (Clinger 1990, "How to read floating point
// numbers accurately"). ReadDecimal does those while it looks for the number's end; the others are left to std::from_chars.

#ifndef GRADUS_DATA_CSV_NUMBER_H_
#define GRADUS_DATA_CSV_NUMBER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "gradus/base/dtype.h"

namespace gradus {

namespace internal {
extern const double kPowersOfTen[23];
inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
}  // namespace internal

// The number that begins at `p`, and where it ends; null when it is none or not of the frequent kind. What follows the number must be
// readable up to something that is neither digit, sign, point nor letter.
inline const char* ReadDecimal(const char* p, double* number) {
  constexpr uint64_t kExact = uint64_t{1} << 53;
  const bool negative = *p == '-';
  if (negative || *p == '+') ++p;
  uint64_t digits = 0;
  const char* begin = p;
  while (internal::IsDigit(*p)) digits = 10 * digits + static_cast<uint64_t>(*p++ - '0');
  int64_t count = p - begin;
  int64_t exponent = 0;
  if (*p == '.') {
    begin = ++p;
    while (internal::IsDigit(*p)) digits = 10 * digits + static_cast<uint64_t>(*p++ - '0');
    exponent = begin - p;
    count -= exponent;
  }
  // 19 digits are below 2^64.
  if (count == 0 || count > 19 || digits > kExact) return nullptr;
  if (*p == 'e' || *p == 'E') {
    ++p;
    const bool small = *p == '-';
    if (small || *p == '+') ++p;
    begin = p;
    int64_t written = 0;
    while (internal::IsDigit(*p) && p - begin < 5) written = 10 * written + (*p++ - '0');
    if (p == begin || internal::IsDigit(*p)) return nullptr;
    exponent += small ? -written : written;
  }
  double value = static_cast<double>(digits);
  if (exponent < 0) {
    if (exponent < -22) return nullptr;
    value /= internal::kPowersOfTen[-exponent];
  } else if (exponent > 0) {
    if (exponent > 22) return nullptr;
    value *= internal::kPowersOfTen[exponent];
  }
  *number = negative ? -value : value;
  return p;
}

// The number that `text` is, of any kind, FLOAT64 or INT32; what is wrong with it, or empty.
std::string ParseCsvNumber(absl::string_view text, DType dtype, double* number);

// In quotes, escaped, and cut when it is long: for messages.
std::string QuoteCsv(absl::string_view text);

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_NUMBER_H_
