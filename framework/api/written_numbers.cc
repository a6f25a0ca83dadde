// Signs are taken off, then groups of digits are looked at.

#include "gradus/api/written_numbers.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/api/table_facts.h"

namespace gradus {
namespace {

bool Digits(absl::string_view text, size_t least, size_t most) {
  if (text.size() < least || text.size() > most) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

absl::string_view WithoutSign(absl::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

constexpr absl::string_view kUnits[] = {"$",   "€",   "£",   "¥",   "%",   "US$", "USD",
                                        "EUR", "GBP", "CHF", "JPY", "Fr.", "kr"};

// Takes one unit off either end; false when there is none.
bool ConsumeUnit(absl::string_view* text) {
  for (const absl::string_view unit : kUnits) {
    if (absl::ConsumePrefix(text, unit) || absl::ConsumeSuffix(text, unit)) {
      *text = absl::StripAsciiWhitespace(*text);
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsDecimalComma(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(WithoutSign(text), ',');
  return parts.size() == 2 && Digits(parts[0], 1, 15) && Digits(parts[1], 1, 15);
}

bool HasThousands(absl::string_view text) {
  text = WithoutSign(text);
  for (const char separator : {',', '.', ' ', '\''}) {
    std::vector<absl::string_view> groups = absl::StrSplit(text, separator);
    if (groups.size() < 2 || !Digits(groups[0], 1, 3)) continue;
    // Behind the last group there may be decimals.
    const size_t point = groups.back().find_first_of(separator == '.' ? "," : ".,");
    if (point != absl::string_view::npos) {
      if (!Digits(groups.back().substr(point + 1), 1, 15)) continue;
      groups.back() = groups.back().substr(0, point);
    }
    if (std::all_of(groups.begin() + 1, groups.end(),
                    [](absl::string_view group) { return Digits(group, 3, 3); })) {
      return true;
    }
  }
  return false;
}

bool HasUnit(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!ConsumeUnit(&text)) return false;
  if (!negative) absl::ConsumePrefix(&text, "-");
  double number;
  return IsCsvNumber(text, &number) || IsDecimalComma(text) || HasThousands(text);
}

absl::string_view UnitBehind(absl::string_view text) {
  constexpr size_t kMostUnit = 12;
  text = absl::StripAsciiWhitespace(text);
  const size_t begin = text.find_first_not_of("+-0123456789.,' ");
  if (begin == absl::string_view::npos || text.size() - begin > kMostUnit) return "";
  const absl::string_view unit = text.substr(begin);
  const auto letter = [](char c) {
    return absl::ascii_isalpha(static_cast<unsigned char>(c)) ||
           !absl::ascii_isascii(static_cast<unsigned char>(c));
  };
  if (!letter(unit[0])) return "";
  for (size_t i = 1; i < unit.size(); ++i) {
    const bool power = (unit[i] == '2' || unit[i] == '3') && i + 1 == unit.size();
    if (!letter(unit[i]) && unit[i] != '/' && unit[i] != '^' && !power) return "";
  }
  const absl::string_view number = absl::StripAsciiWhitespace(text.substr(0, begin));
  double value;
  const bool any = IsCsvNumber(number, &value) || IsDecimalComma(number) || HasThousands(number);
  return any && !HasLeadingZero(number) ? unit : "";
}

bool HasLeadingZero(absl::string_view text) {
  return text.size() > 1 && text[0] == '0' && Digits(text, 2, 32);
}

}  // namespace gradus
