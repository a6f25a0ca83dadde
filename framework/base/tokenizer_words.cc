// By how a complaint begins.

#include "gradus/base/tokenizer_words.h"

#include "absl/strings/match.h"

namespace gradus {

std::string InOurWords(const std::string& complaint) {
  constexpr const char* kWords[][2] = {
      {"String literals cannot cross", "a text must end on the line where it begins"},
      {"Unexpected end of string", "the closing quote is missing"},
      {"Invalid escape sequence", "there is no such escape sequence"},
      {"Expected hex digits", "hexadecimal digits are missing after \\x"},
      {"Expected four hex digits", "\\u needs four hexadecimal digits"},
      {"Expected eight hex digits", "\\U needs eight hexadecimal digits up to 0010ffff"},
      {"\"0x\" must be followed", "hexadecimal digits are missing after 0x"},
      {"Numbers starting with leading zero", "a number must not begin with a zero"},
      {"Hex and octal numbers",
       "a hexadecimal number, or one that begins with a zero, must be whole"},
      {"Already saw decimal point", "a number can have one decimal point and one exponent"},
      {"\"e\" must be followed", "digits are missing after the e of the exponent"},
      {"Need space between number", "a number must not run into a word"},
      {"Need space between identifier", "a number must not run into a word"},
      {"Proto file starts with 0xEF", "outside of quotes there can only be ASCII characters"},
      {"Interpreting non ascii", "outside of quotes there can only be ASCII characters"},
      {"Invalid control characters", "there is a control character in the text"},
  };
  for (const auto& words : kWords) {
    if (absl::StartsWith(complaint, words[0])) return words[1];
  }
  return complaint;
}

}  // namespace gradus
