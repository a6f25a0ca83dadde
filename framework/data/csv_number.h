// Decimal numbers as doubles, correctly rounded, always.
//
// Nearly all numbers in tables are w * 10^q with a whole w of at most 19 digits and a small q. When w <= 2^53 and |q| <= 22, w and 10^|q| are
// doubles, and one multiplication or division rounds once, so it gives the nearest double (Clinger 1990, "How to read floating point
// numbers accurately"). With more digits w is multiplied with 128 bits of 5^q, which leaves no doubt to which side to round but next to the
// middle between two doubles (after Lemire 2021, "Number parsing at a gigabyte per second"). ReadDecimal does both while it looks for the
// number's end; what is left is for std::from_chars.
//
// Digits are taken eight at a time, with the carry-free arithmetic on the bytes of a word that Lamport 1975 ("Multiple byte processing with
// full-word instructions") describes, so how many there are costs no mispredicted branch: half of what digit by digit takes.

#ifndef GRADUS_DATA_CSV_NUMBER_H_
#define GRADUS_DATA_CSV_NUMBER_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "gradus/base/dtype.h"

namespace gradus {

namespace internal {

extern const double kPowersOfTen[23];
extern const uint64_t kWholePowersOfTen[9];
constexpr int kMostDivided = 27;
// digits / 10^power, for digits > 0 and 0 < power <= kMostDivided. False when it cannot tell to which side to round.
bool DivideByPowerOfTen(uint64_t digits, int power, double* quotient);

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// The first of the digits at `p` as the lowest byte of a word.
inline uint64_t LoadWord(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

// Appends the digits at `p` to `*digits`, modulo 2^64; where they end.
inline const char* ReadDigits(const char* p, uint64_t* digits) {
  for (;;) {
    // Bytes below 10 are digits. The carry out of one that is none only reaches those behind it.
    uint64_t word = LoadWord(p) ^ 0x3030303030303030u;
    const uint64_t others = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
    if (others == 0) {
      word = word * 10 + (word >> 8);
    } else {
      const int count = __builtin_ctzll(others) >> 3;
      if (count == 0) return p;
      word <<= 64 - 8 * count;  // Zeros before the digits.
      word = word * 10 + (word >> 8);
      p += count;
      *digits *= kWholePowersOfTen[count];
    }
    // Pairs of digits, in every second byte; then four, then eight.
    constexpr uint64_t kMask = 0x000000ff000000ffu;
    const uint64_t eight = ((word & kMask) * (100 + (uint64_t{1000000} << 32)) +
                            ((word >> 16) & kMask) * (1 + (uint64_t{10000} << 32))) >>
                           32;
    if (others != 0) {
      *digits += eight;
      return p;
    }
    p += 8;
    *digits = *digits * kWholePowersOfTen[8] + eight;
  }
}

}  // namespace internal

// The number that begins at `p`, and where it ends; null when it is none or not of the frequent kind. Behind it something that is neither
// digit, sign, point nor letter must stand, and eight bytes must be readable there.
inline const char* ReadDecimal(const char* p, double* number) {
  constexpr uint64_t kExact = uint64_t{1} << 53;
  const bool negative = *p == '-';
  if (negative || *p == '+') ++p;
  uint64_t digits = 0;
  const char* begin = p;
  p = internal::ReadDigits(p, &digits);
  bool any = p != begin;
  // Zeros in front count as no digits, as far as 20 or more of them, modulo 2^64, could not be another number.
  int64_t count = digits == 0 && p - begin <= 19 ? 0 : p - begin;
  int64_t exponent = 0;
  if (*p == '.') {
    begin = ++p;
    if (digits == 0) {
      while (*p == '0') ++p;
    }
    const char* const first = p;
    p = internal::ReadDigits(p, &digits);
    any = any || p != begin;
    count += p - first;
    exponent = begin - p;
  }
  // 19 digits are below 2^64.
  if (!any || count > 19) return nullptr;
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
  double value =
      static_cast<double>(digits);  // Rounded once; with another exponent it must be exact.
  if (digits <= kExact && exponent >= -22 && exponent <= 22) {
    if (exponent < 0) {
      value /= internal::kPowersOfTen[-exponent];
    } else {
      value *= internal::kPowersOfTen[exponent];
    }
  } else if (exponent < 0 && exponent >= -internal::kMostDivided && digits > 0) {
    if (!internal::DivideByPowerOfTen(digits, static_cast<int>(-exponent), &value)) return nullptr;
  } else if (exponent != 0) {
    return nullptr;
  }
  *number = negative ? -value : value;
  return p;
}

// The number that `text` is, of any kind, FLOAT64 or INT32; what is wrong with it, or empty.
std::string ParseCsvNumber(absl::string_view text, DType dtype, double* number);

// What is written, without the blanks around it where it is a finite number: "1" and " 1" are one category, "x" and " x" are two.
absl::string_view BareCsvNumber(absl::string_view text, char separator = ',');

// In quotes, escaped, and cut when it is long: for messages.
std::string QuoteCsv(absl::string_view text);

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_NUMBER_H_
