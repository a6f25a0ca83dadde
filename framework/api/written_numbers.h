// Numbers as people and spreadsheets write them, which the reader does not take for numbers: so that it can be said why.

#ifndef GRADUS_API_WRITTEN_NUMBERS_H_
#define GRADUS_API_WRITTEN_NUMBERS_H_

#include "absl/strings/string_view.h"

namespace gradus {

// 3,14
bool IsDecimalComma(absl::string_view text);
// 1,234,567 or 1.234.567,89 or 1 234 567 or 1'234'567: three digits in each group but the first.
bool HasThousands(absl::string_view text);
// $12.50, 40%, EUR 3, 1.234,50 €: a number beside the sign of a currency or of a percentage.
bool HasUnit(absl::string_view text);
// "kg" of "90 kg" and "90kg", "km/h", "m2", "°C": letters behind a number, or "" where it is none. That they are a unit, and not part of a
// code such as 12B, only a whole column can tell.
absl::string_view UnitBehind(absl::string_view text);
// 01067: digits only, the first of several a zero. What is written so counts nothing.
bool HasLeadingZero(absl::string_view text);

}  // namespace gradus

#endif  // GRADUS_API_WRITTEN_NUMBERS_H_
