// Numbers as people write them are told from numbers and from texts.

#include "gradus/api/written_numbers.h"

#include <gtest/gtest.h>

namespace gradus {
namespace {

TEST(WrittenNumbers, DecimalCommas) {
  for (const char* text : {"3,14", "-0,5", "+1,0", "123,456"}) {
    EXPECT_TRUE(IsDecimalComma(text)) << text;
  }
  for (const char* text : {"3.14", "1,2,3", ",5", "5,", "a,5", "1,5e3", ""}) {
    EXPECT_FALSE(IsDecimalComma(text)) << text;
  }
}

TEST(WrittenNumbers, Thousands) {
  for (const char* text :
       {"1,234", "-1,234,567.8", "1.234.567", "1.234,5", "12 345", "1'234'567"}) {
    EXPECT_TRUE(HasThousands(text)) << text;
  }
  for (const char* text :
       {"1234", "1,23", "1234,567,890", "1,234,56", "1,2345", "a,123", "3,14", ""}) {
    EXPECT_FALSE(HasThousands(text)) << text;
  }
}

TEST(WrittenNumbers, Units) {
  for (const char* text : {"$12.50", "-$3", "$-3", "40%", "40 %", "€ 1.234,50", "1.234,50 €",
                           "USD 3", "12 EUR", "$1,234.00"}) {
    EXPECT_TRUE(HasUnit(text)) << text;
  }
  for (const char* text : {"12.50", "$", "%", "$a", "40 kg", "A$3", ""}) {
    EXPECT_FALSE(HasUnit(text)) << text;
  }
}

TEST(WrittenNumbers, LettersBehindThem) {
  for (const char* text : {"90 kg", "90kg", "-1.5 kg", "1,5 kg", "1,200 kg"}) {
    EXPECT_EQ(UnitBehind(text), "kg") << text;
  }
  EXPECT_EQ(UnitBehind("55km/h"), "km/h");
  EXPECT_EQ(UnitBehind("70 m2"), "m2");
  EXPECT_EQ(UnitBehind("21 °C"), "°C");
  EXPECT_EQ(UnitBehind("12B"), "B");
  for (const char* text : {"90", "kg", "A12", "B 12", "1a2b", "0x1F", "012B", "12-B", "2024-03-01",
                           "12:30", "3 rooms in a house", "1.2.3a", ""}) {
    EXPECT_EQ(UnitBehind(text), "") << text;
  }
}

TEST(WrittenNumbers, ZerosBeforeThem) {
  EXPECT_TRUE(HasLeadingZero("01067"));
  EXPECT_TRUE(HasLeadingZero("00"));
  for (const char* text : {"0", "10", "0.5", "-01", "0x1", ""})
    EXPECT_FALSE(HasLeadingZero(text)) << text;
}

}  // namespace
}  // namespace gradus
