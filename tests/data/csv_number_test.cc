// The quick way to a number against strtod, which glibc rounds correctly: bit for bit.

#include "gradus/data/csv_number.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

uint64_t Bits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// Whether ReadDecimal took it; what it gave must be strtod's.
bool Check(const std::string& text) {
  const std::string padded = text + ",12345678";
  const double expected = std::strtod(text.c_str(), nullptr);
  double number = 0;
  const char* end = ReadDecimal(padded.c_str(), &number);
  if (end != nullptr) {
    EXPECT_EQ(end, padded.c_str() + text.size()) << text;
    EXPECT_EQ(Bits(number), Bits(expected)) << text << " is " << number;
  }
  if (std::isfinite(expected) && (expected != 0 || end != nullptr)) {
    double exact = 0;
    EXPECT_EQ(ParseCsvNumber(text, DType::kFloat64, &exact), "") << text;
    EXPECT_EQ(Bits(exact), Bits(expected)) << text << " is " << exact;
  }
  return end != nullptr;
}

TEST(CsvNumberTest, NumbersOfEachLengthAreRoundedAsStrtodDoes) {
  std::mt19937_64 random(1);
  int quick = 0, all = 0;
  for (int i = 0; i < 400000; ++i) {
    const int digits = 1 + static_cast<int>(random() % 20);
    std::string text = random() % 3 == 0 ? "-" : random() % 7 == 0 ? "+" : "";
    const int point = static_cast<int>(random() % (digits + 2));
    for (int d = 0; d < digits; ++d) {
      if (d == point) text += '.';
      text += static_cast<char>('0' + random() % 10);
    }
    if (random() % 4 == 0) {
      absl::StrAppend(&text, random() % 2 == 0 ? "e" : "E", random() % 2 == 0 ? "-" : "",
                      random() % 40);
    }
    quick += Check(text) ? 1 : 0;
    ++all;
  }
  EXPECT_GT(quick, all / 2);  // Otherwise this would be a test of from_chars.
}

// Digits behind the 15th or so decide only beside the middle of two doubles, so numbers are made there.
TEST(CsvNumberTest, NumbersNextToTheMiddleOfTwoDoublesAreRoundedAsStrtodDoes) {
  std::mt19937_64 random(3);
  int quick = 0;
  for (int i = 0; i < 200000; ++i) {
    const int power = static_cast<int>(random() % 28);
    // The middle of two doubles, with as many digits as fit.
    const long double scale = std::pow(10.0L, static_cast<long double>(power));
    const double below =
        std::ldexp(static_cast<double>((random() >> 11) | (uint64_t{1} << 52)),
                   static_cast<int>(random() % 12) - 1 - static_cast<int>(3.32 * power));
    const long double middle = (static_cast<long double>(below) +
                                static_cast<long double>(std::nextafter(below, HUGE_VAL))) /
                               2;
    const long double digits = middle * scale;
    if (!(digits < 9.9e18L)) continue;
    const uint64_t whole = static_cast<uint64_t>(digits) + random() % 5 - 2;
    quick += Check(absl::StrCat(whole, "e-", power)) ? 1 : 0;
  }
  EXPECT_GT(quick, 50000);
}

TEST(CsvNumberTest, TiesAreRoundedToEven) {
  // An odd number of halves above 2^53 is such a middle, exactly.
  std::mt19937_64 random(4);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t whole = (uint64_t{1} << 53) + (random() >> 11);
    Check(absl::StrCat(whole | 1));
    Check(absl::StrCat(whole / 4, random() % 2 == 0 ? ".5" : ".25"));
    Check(absl::StrCat(whole / 4, random() % 2 == 0 ? ".125" : ".500000"));
  }
}

TEST(CsvNumberTest, DoublesWrittenInAnyWayComeBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200000; ++i) {
    double value;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    if (i % 2 == 0)
      value = std::ldexp(static_cast<double>(bits), static_cast<int>(bits % 100) - 120);
    if (!std::isfinite(value)) continue;
    for (const char* format : {"%.17g", "%.19g", "%.18e", "%.15g", "%.6g", "%.3e"}) {
      char text[64];
      std::snprintf(text, sizeof(text), format, value);
      Check(text);
    }
  }
}

TEST(CsvNumberTest, NumbersBesideTheMiddleOfTwoDoublesAreRoundedCorrectly) {
  for (const char* text : {"9007199254740993",
                           "9007199254740992.5",
                           "9007199254740991",
                           "9007199254740992",
                           "1e22",
                           "1e23",
                           "9007199254740992e22",
                           "9007199254740993e-22",
                           "8.5e-22",
                           "123456789012345678",
                           "0.1",
                           "0.30000000000000004",
                           "5e-324",
                           "2.4703282292062327e-324",
                           "1.7976931348623157e308",
                           "2.2250738585072011e-308",
                           "6.02214076e23",
                           "0.000000000000000000000001",
                           "-0",
                           "-0.0e5",
                           "00000000000000000000012.5",
                           "1.",
                           ".5",
                           "0e400",
                           "1e-400",
                           "1e00022",
                           "1e000000000000022"}) {
    Check(text);
  }
}

// Modulo 2^64 their digits are 0, as those of a zero are.
TEST(CsvNumberTest, MultiplesOfTwoToThe64AreNotZero) {
  for (const std::string text :
       {"18446744073709551616", "-36893488147419103232", "18446744073709551616.5",
        "184467440737095516160e2", "00018446744073709551616", "0000000000000000000000.25"}) {
    Check(text);
  }
  Check("1" + std::string(64, '0'));
  Check("7" + std::string(80, '0') + ".25");
}

TEST(CsvNumberTest, WhatIsNoNumberIsNotTaken) {
  for (const char* text :
       {"", "+", "-", ".", "e5", "-.e1", "+-1", "--1", "nan", "inf", "x", " 1"}) {
    double number = 0;
    EXPECT_EQ(ReadDecimal(absl::StrCat(text, ",12345678").c_str(), &number), nullptr) << text;
    EXPECT_NE(ParseCsvNumber(text, DType::kFloat64, &number), "") << text;
  }
  for (const char* text : {"1e", "1e+", "1x", "0x10", "1 ", "1.2.3", "1,5"}) {
    double number = 0;
    EXPECT_NE(ParseCsvNumber(text, DType::kFloat64, &number), "") << text;
  }
}

}  // namespace
}  // namespace gradus
