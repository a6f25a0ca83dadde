// Addresses: `model.layer[hidden_1].dense.units`.
//
//   path     = segment { "." segment }
//   segment  = ( NAME | "(" NAME { "." NAME } ")" ) [ "[" selector "]" ]
//   selector = position | name | quoted name

#include "gradus/base/config_path.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

bool IsWordCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

bool IsPosition(absl::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

bool NeedsQuotes(absl::string_view name) {
  if (name.empty() || IsPosition(name)) return true;
  for (char c : name) {
    if (!IsWordCharacter(c) && c != '-' && c != '.' && c != '/') return true;
  }
  return false;
}

// Reads a path from left to right; `at` is the place of the next character.
struct Reader {
  absl::string_view text;
  size_t at = 0;

  bool Done() const { return at == text.size(); }
  bool Take(char c) {
    if (Done() || text[at] != c) return false;
    ++at;
    return true;
  }
  absl::string_view TakeWord(bool dotted) {
    const size_t begin = at;
    while (!Done() && (IsWordCharacter(text[at]) || (dotted && text[at] == '.'))) ++at;
    return text.substr(begin, at - begin);
  }
  absl::Status Wrong(absl::string_view expected) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", expected, Done() ? absl::string_view(" at the end") : absl::string_view()));
  }

  absl::Status ReadSelector(ConfigPath::Segment* segment) {
    if (!Done() && text[at] == '"') {
      const size_t begin = ++at;
      while (!Done() && text[at] != '"') at += text[at] == '\\' && at + 1 < text.size() ? 2 : 1;
      if (Done()) return Wrong("a closing \"");
      if (!absl::CUnescape(text.substr(begin, at - begin), &segment->selector)) {
        at = begin;
        return Wrong("a quoted name");
      }
      ++at;
    } else {
      const size_t begin = at;
      while (!Done() && text[at] != ']') ++at;
      const absl::string_view selector = text.substr(begin, at - begin);
      if (selector.empty()) return Wrong("a name or a position");
      if (IsPosition(selector) && !absl::SimpleAtoi(selector, &segment->index)) {
        at = begin;
        return Wrong("a smaller position");
      }
      segment->selector =
          IsPosition(selector) ? absl::StrCat(segment->index) : std::string(selector);
    }
    return Take(']') ? absl::OkStatus() : Wrong("]");
  }

  absl::Status ReadSegment(ConfigPath::Segment* segment) {
    segment->column = static_cast<int>(at) + 1;
    if (Take('(')) {
      const absl::string_view name = TakeWord(/*dotted=*/true);
      if (name.empty()) return Wrong("an extension's full name");
      if (!Take(')')) return Wrong(")");
      segment->field = absl::StrCat("(", name, ")");
    } else {
      segment->field = std::string(TakeWord(/*dotted=*/false));
      if (segment->field.empty()) return Wrong("a field's name");
    }
    return Take('[') ? ReadSelector(segment) : absl::OkStatus();
  }
};

}  // namespace

bool ConfigPath::Segment::named() const {
  return !selector.empty() && (index < 0 || selector != absl::StrCat(index));
}

absl::StatusOr<ConfigPath> ConfigPath::Parse(absl::string_view text, int* wrong_column) {
  ConfigPath path;
  Reader reader{text, 0};
  const auto refuse = [&](const absl::Status& status) -> absl::Status {
    const int column = static_cast<int>(reader.at) + 1;
    if (wrong_column == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("column ", column, ": ", status.message()));
    }
    *wrong_column = column;
    return status;
  };
  do {
    Segment segment;
    absl::Status status = reader.ReadSegment(&segment);
    if (!status.ok()) return refuse(status);
    path.segments_.push_back(std::move(segment));
  } while (reader.Take('.'));
  if (!reader.Done()) return refuse(reader.Wrong("a ."));
  return path;
}

ConfigPath ConfigPath::Child(absl::string_view field) const {
  ConfigPath child = *this;
  Segment segment;
  segment.field = std::string(field);
  child.segments_.push_back(std::move(segment));
  return child;
}

ConfigPath ConfigPath::Child(absl::string_view field, int index, absl::string_view name) const {
  ConfigPath child = Child(field);
  child.segments_.back().selector = name.empty() ? absl::StrCat(index) : std::string(name);
  child.segments_.back().index = index;
  return child;
}

ConfigPath ConfigPath::Parent() const {
  ConfigPath parent = *this;
  if (!parent.empty()) parent.segments_.pop_back();
  return parent;
}

std::string ConfigPath::ToString() const {
  std::string text;
  for (const Segment& segment : segments_) {
    absl::StrAppend(&text, text.empty() ? "" : ".", segment.field);
    if (segment.selector.empty() && segment.index < 0) continue;
    if (segment.selector.empty()) {
      absl::StrAppend(&text, "[", segment.index, "]");
    } else if (segment.named() && NeedsQuotes(segment.selector)) {
      absl::StrAppend(&text, "[\"", Escaped(segment.selector), "\"]");
    } else {
      absl::StrAppend(&text, "[", segment.selector, "]");
    }
  }
  return text;
}

}  // namespace gradus
