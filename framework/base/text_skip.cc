// Reading over what an unknown name stands before, or one that nobody wants to know: its syntax is
// still checked, its names are not.

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_parser.h"

namespace gradus {

using google::protobuf::io::Tokenizer;

bool TextParser::IsUnread(const google::protobuf::FieldDescriptor* field) const {
  return std::any_of(unread_.begin(), unread_.end(),
                     [field](absl::string_view name) { return name == field->full_name(); });
}

// Reads over the value of an unknown field.
bool TextParser::SkipValue(bool colon, int depth) {
  if (!Fine()) return false;
  if (At('{') || At('<')) {
    const char end = At('{') ? '}' : '>';
    Next();
    return SkipBody(end, depth + 1);
  }
  if (Take('[')) {
    if (Take(']')) return Fine();
    do {
      if (At('[')) return Malformed("a value");
      if (!SkipValue(/*colon=*/true, depth)) return false;
    } while (Take(','));
    return (Take(']') && Fine()) || (Fine() && Malformed("\",\" or \"]\" in the list"));
  }
  if (!colon) return Malformed("\":\" or \"{\"");
  TextScalar scalar;
  return ParseScalar(&scalar);
}

bool TextParser::SkipBody(char end, int depth) {
  if (depth > kMostNesting) {
    Find("syntax", ConfigPath(), TextFinding::kNone, Here(),
         absl::StrCat("messages are nested more than ", kMostNesting, " deep"));
    malformed_ = true;
  }
  while (Fine()) {
    if (Take(end)) return Fine();
    if (Take('[')) {
      do {
        if (token().type != Tokenizer::TYPE_IDENTIFIER) return Malformed("an extension's name");
        Next();
      } while (Take('.'));
      if (!Take(']')) return Malformed("\"]\"");
    } else if (token().type == Tokenizer::TYPE_IDENTIFIER) {
      Next();
    } else {
      return Malformed(AtEnd() ? absl::StrCat("\"", std::string(1, end), "\"")
                               : "the name of a field");
    }
    const bool colon = Take(':');
    if (!SkipValue(colon, depth)) return false;
    if (!Take(',')) Take(';');
  }
  return false;
}

}  // namespace gradus
