// The text of an entry, read from left to right.

#include "gradus/api/sweep_entry.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

constexpr absl::string_view kSpaces =
    "log(low, high), uniform(low, high), int(low, high), linear(low, high, points) or "
    "choice(a, b, ...)";
constexpr double kMostWhole = 9007199254740992.0;  // 2^53: whole numbers below are exact.

// A part of a text that knows where it stands there.
struct Piece {
  absl::string_view text;
  size_t begin = 0;

  int column() const { return static_cast<int>(begin) + 1; }
  int end_column() const { return column() + static_cast<int>(text.size()); }
  Piece Sub(size_t from, size_t count = absl::string_view::npos) const {
    return {text.substr(from, count), begin + from};
  }
  Piece Trimmed() const {
    const absl::string_view left = absl::StripLeadingAsciiWhitespace(text);
    return {absl::StripTrailingAsciiWhitespace(left), begin + (text.size() - left.size())};
  }
};

bool IsLabelCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '+' || c == '-';
}

// Goes over quotes and brackets: the first character, not inside of either, that `is_end` accepts.
// Where a bracket closes that was not opened, that is the end too. npos when there is none;
// `*unclosed` is then the place of a bracket or quote that does not end, or npos.
template <typename IsEnd>
size_t FindOutside(absl::string_view text, IsEnd is_end, size_t* unclosed) {
  std::vector<std::pair<char, size_t>> open;
  char quote = '\0';
  size_t quoted_from = 0;
  *unclosed = absl::string_view::npos;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = '\0';
      }
    } else if (open.empty() && is_end(i)) {
      return i;
    } else if (c == '"' || c == '\'') {
      quote = c;
      quoted_from = i;
    } else if (c == '(' || c == '[' || c == '{') {
      open.emplace_back(c == '(' ? ')' : c == '[' ? ']' : '}', i);
    } else if (c == ')' || c == ']' || c == '}') {
      if (open.empty()) return i;
      if (open.back().first != c) break;
      open.pop_back();
    }
  }
  if (quote != '\0') {
    *unclosed = quoted_from;
  } else if (!open.empty()) {
    *unclosed = open.back().second;
  }
  return absl::string_view::npos;
}

size_t FindOutside(absl::string_view text, char end) {
  size_t unclosed;
  const size_t at = FindOutside(text, [&](size_t i) { return text[i] == end; }, &unclosed);
  return at != absl::string_view::npos && text[at] == end ? at : absl::string_view::npos;
}

class EntryParser {
 public:
  explicit EntryParser(SearchEntry* entry) : entry_(*entry) {}

  SearchProblem Parse(const std::string& text) {
    entry_.text = text;
    const Piece whole{text, 0};
    const size_t equals = FindOutside(text, '=');
    if (equals == absl::string_view::npos) {
      Wrong(whole.end_column(), "expected ADDRESS=SPACE");
    } else if (ParseLeft(whole.Sub(0, equals))) {
      ParseSpace(whole.Sub(equals + 1).Trimmed());
    }
    return std::move(problem_);
  }

 private:
  bool Wrong(int column, std::string message) {
    problem_ = {column, std::move(message)};
    return false;
  }

  bool ParseLeft(Piece left) {
    const size_t colon = FindOutside(left.text, ':');
    if (colon != absl::string_view::npos) {
      const Piece label = left.Sub(0, colon).Trimmed();
      if (!CheckLabel(label)) return false;
      entry_.condition = std::string(label.text);
      left = left.Sub(colon + 1);
    }
    Piece address = left.Trimmed();
    if (absl::EndsWith(address.text, ".*")) {
      entry_.fields = true;
      address.text.remove_suffix(2);
    }
    int column = 0;
    const absl::StatusOr<ConfigPath> path = ConfigPath::Parse(address.text, &column);
    if (!path.ok()) {
      return Wrong(static_cast<int>(address.begin) + column, std::string(path.status().message()));
    }
    entry_.address = std::string(address.text);
    return true;
  }

  bool CheckLabel(const Piece& label) {
    if (label.text.empty()) return Wrong(label.column(), "expected a label");
    for (size_t i = 0; i < label.text.size(); ++i) {
      if (IsLabelCharacter(label.text[i])) continue;
      return Wrong(label.Sub(i).column(), "a label is made of letters, digits and _ . + -");
    }
    return true;
  }

  bool ParseSpace(const Piece& space) {
    size_t length = 0;
    while (length < space.text.size() && absl::ascii_isalpha(space.text[length])) ++length;
    const absl::string_view name = space.text.substr(0, length);
    if (length == 0 || length == space.text.size() || space.text[length] != '(') {
      return Wrong(space.column(), absl::StrCat("expected ", kSpaces));
    }
    const bool choice = name == "choice";
    if (name == "log") {
      entry_.kind = SearchEntry::kLog;
    } else if (name == "uniform" || name == "linear") {
      entry_.kind = SearchEntry::kUniform;
    } else if (name == "int") {
      entry_.kind = SearchEntry::kInt;
    } else if (choice) {
      entry_.kind = SearchEntry::kChoice;
    } else {
      return Wrong(space.column(), absl::StrCat("there is no space ", Quoted(name), "; there are ",
                                                kSpaces));
    }
    std::vector<Piece> arguments;
    if (!SplitArguments(space.Sub(length), &arguments)) return false;
    return choice ? ParseOptions(space, arguments)
                  : ParseNumbers(std::string(name), space, arguments);
  }

  // `text` begins with "(" and ends with the ")" that belongs to it.
  bool SplitArguments(const Piece& text, std::vector<Piece>* arguments) {
    size_t begin = 1;
    for (;;) {
      const Piece rest = text.Sub(begin);
      size_t unclosed;
      const size_t end =
          FindOutside(rest.text, [&](size_t i) { return rest.text[i] == ','; }, &unclosed);
      if (end == absl::string_view::npos) {
        const bool inside = unclosed != absl::string_view::npos;
        const Piece open = inside ? rest.Sub(unclosed) : text;
        return Wrong(open.column(),
                     absl::StrCat("this ", open.text.substr(0, 1), " is never closed"));
      }
      const Piece argument = rest.Sub(0, end).Trimmed();
      if (rest.text[end] != ',' && rest.text[end] != ')') {
        return Wrong(rest.Sub(end).column(),
                     absl::StrCat("nothing is open that ", rest.text.substr(end, 1), " closes"));
      }
      if (argument.text.empty()) return Wrong(argument.column(), "expected a value");
      arguments->push_back(argument);
      begin += end + 1;
      if (rest.text[end] == ',') continue;
      const Piece after = text.Sub(begin).Trimmed();
      return after.text.empty() ||
             Wrong(after.column(), absl::StrCat("expected nothing after the space, found ",
                                                Quoted(after.text)));
    }
  }

  bool ParseNumbers(const std::string& name, const Piece& space,
                    const std::vector<Piece>& arguments) {
    if (arguments.size() < 2 || arguments.size() > 3) {
      return Wrong(space.column(), absl::StrCat(name, " takes two or three numbers: ", name,
                                                "(low, high) or ", name, "(low, high, points)"));
    }
    const bool whole = entry_.kind == SearchEntry::kInt;
    if (!ParseNumber(arguments[0], whole, &entry_.low)) return false;
    if (!ParseNumber(arguments[1], whole, &entry_.high)) return false;
    if (entry_.kind == SearchEntry::kLog && !(entry_.low > 0)) {
      return Wrong(arguments[0].column(),
                   absl::StrCat("log: low ", arguments[0].text, " must be above 0"));
    }
    if (!(entry_.low < entry_.high)) {
      return Wrong(arguments[0].column(), absl::StrCat(name, ": low ", arguments[0].text,
                                                       " must be below high ", arguments[1].text));
    }
    if (arguments.size() == 2) return true;
    double points;
    if (!ParseNumber(arguments[2], true, &points)) return false;
    if (points < 2 || points > 10000) {
      return Wrong(arguments[2].column(), absl::StrCat(name, ": points ", arguments[2].text,
                                                       " must be at least 2 and at most 10000"));
    }
    if (whole && points > entry_.high - entry_.low + 1) {
      return Wrong(arguments[2].column(),
                   absl::StrCat("int: there are only ", entry_.high - entry_.low + 1,
                                " whole numbers from ", arguments[0].text, " to ",
                                arguments[1].text));
    }
    entry_.points = static_cast<int64_t>(points);
    return true;
  }

  bool ParseNumber(const Piece& piece, bool whole, double* number) {
    if (!absl::SimpleAtod(piece.text, number) || !std::isfinite(*number)) {
      return Wrong(piece.column(), absl::StrCat(Quoted(piece.text), " is not a finite number"));
    }
    if (whole && (std::floor(*number) != *number || std::fabs(*number) > kMostWhole)) {
      return Wrong(piece.column(), absl::StrCat(piece.text, " is not a whole number"));
    }
    return true;
  }

  bool ParseOptions(const Piece& space, const std::vector<Piece>& arguments) {
    if (arguments.size() < 2) {
      return Wrong(space.column(), "a choice has at least two options; for one there is --set");
    }
    std::vector<bool> given;
    for (const Piece& argument : arguments) {
      size_t unclosed;
      const absl::string_view text = argument.text;
      const size_t arrow = FindOutside(
          text, [&](size_t i) { return text[i] == '=' && i + 1 < text.size() && text[i + 1] == '>'; },
          &unclosed);
      given.push_back(arrow != absl::string_view::npos);
      SearchOption option;
      Piece value = argument;
      if (given.back()) {
        const Piece label = argument.Sub(0, arrow).Trimmed();
        if (!CheckLabel(label)) return false;
        for (size_t i = 0; i < entry_.options.size(); ++i) {
          if (!given[i] || entry_.options[i].label != label.text) continue;
          return Wrong(label.column(), absl::StrCat("two options have the label ",
                                                    Quoted(label.text)));
        }
        option.label = std::string(label.text);
        value = argument.Sub(arrow + 2).Trimmed();
        if (value.text.empty()) return Wrong(value.column(), "expected a value after the =>");
      } else {
        size_t length = 0;
        while (length < text.size() && IsLabelCharacter(text[length])) ++length;
        option.label = std::string(text.substr(0, length));
      }
      if (entry_.fields && !CheckField(value)) return false;
      option.value = std::string(value.text);
      entry_.options.push_back(std::move(option));
    }
    DropSharedLabels(given);
    return true;
  }

  // Of `.*` an option is FIELD { ... } or FIELD: value.
  bool CheckField(const Piece& value) {
    size_t length = 0;
    while (length < value.text.size() &&
           (absl::ascii_isalnum(value.text[length]) || value.text[length] == '_')) {
      ++length;
    }
    const Piece rest = value.Sub(length).Trimmed();
    if (length > 0 && !rest.text.empty() && (rest.text[0] == '{' || rest.text[0] == ':')) {
      return true;
    }
    return Wrong(value.column(), absl::StrCat("an option of ", AsTyped(entry_.address),
                                              ".* is one field: NAME { ... } or NAME: value"));
  }

  void DropSharedLabels(const std::vector<bool>& given) {
    std::vector<bool> shared(given.size(), false);
    for (size_t i = 0; i < given.size(); ++i) {
      for (size_t k = 0; k < given.size(); ++k) {
        if (k != i && entry_.options[k].label == entry_.options[i].label && !given[i]) {
          shared[i] = true;
        }
      }
    }
    for (size_t i = 0; i < given.size(); ++i) {
      if (shared[i]) entry_.options[i].label.clear();
    }
  }

  SearchEntry& entry_;
  SearchProblem problem_;
};

}  // namespace

SearchProblem ParseSearchEntry(const std::string& text, SearchEntry* entry) {
  return EntryParser(entry).Parse(text);
}

std::string AsTyped(const std::string& text) {
  const auto is_control = [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); };
  const bool plain = IsUtf8(text) && std::none_of(text.begin(), text.end(), is_control);
  return plain ? text : Escaped(text);
}

}  // namespace gradus
