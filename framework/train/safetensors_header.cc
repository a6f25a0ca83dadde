// A cursor over the text, and one function per thing that the format has.

#include "gradus/train/safetensors_header.h"

#include <limits>
#include <set>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

void AppendUtf8(uint32_t code, std::string* out) {
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f)));
  };
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code >> 12));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Cursor {
 public:
  explicit Cursor(absl::string_view text) : text_(text) {}

  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("header, byte ", at_, ": ", what));
  }
  absl::Status Expected(absl::string_view what) const {
    return Error(absl::StrCat(what, " expected, ",
                              at_ < text_.size() ? Quoted(text_.substr(at_, 1)) : "its end",
                              " found"));
  }

  bool AtEnd() { return Peek() == '\0' && at_ == text_.size(); }
  // The next character that is not white space, or 0 at the end.
  char Peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  absl::Status Want(char c) {
    return Take(c) ? absl::OkStatus() : Expected(Quoted(absl::string_view(&c, 1)));
  }

  absl::StatusOr<std::string> String() {
    if (!Take('"')) return Expected("a string");
    std::string out;
    for (;;) {
      if (at_ == text_.size()) return Error("a string has no end");
      const char c = text_[at_++];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) return Error("a control character in a string");
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      GRADUS_RETURN_IF_ERROR(Escape(&out));
    }
    if (!IsUtf8(out)) return Error("a string is not UTF-8");
    return out;
  }

  absl::StatusOr<int64_t> WholeNumber() {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(Peek()))) {
      return Expected("a whole number");
    }
    const size_t begin = at_;
    int64_t number = 0;
    while (at_ < text_.size() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_]))) {
      const int digit = text_[at_] - '0';
      if (number > (std::numeric_limits<int64_t>::max() - digit) / 10) {
        return Error("a number is too large");
      }
      number = number * 10 + digit;
      ++at_;
    }
    if (text_[begin] == '0' && at_ - begin > 1) return Error("a number begins with 0");
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E')) {
      return Error("a number is not whole");
    }
    return number;
  }

  absl::StatusOr<std::vector<int64_t>> WholeNumbers() {
    GRADUS_RETURN_IF_ERROR(Want('['));
    std::vector<int64_t> numbers;
    if (Take(']')) return numbers;
    do {
      GRADUS_ASSIGN_OR_RETURN(int64_t number, WholeNumber());
      numbers.push_back(number);
    } while (Take(','));
    GRADUS_RETURN_IF_ERROR(Want(']'));
    return numbers;
  }

  // {"name": <member>, ...}; `member` reads the value.
  absl::Status Object(absl::FunctionRef<absl::Status(const std::string& name)> member) {
    GRADUS_RETURN_IF_ERROR(Want('{'));
    if (Take('}')) return absl::OkStatus();
    std::set<std::string> names;
    do {
      GRADUS_ASSIGN_OR_RETURN(std::string name, String());
      if (!names.insert(name).second) return Error(absl::StrCat(Quoted(name), " stands twice"));
      GRADUS_RETURN_IF_ERROR(Want(':'));
      GRADUS_RETURN_IF_ERROR(member(name));
    } while (Take(','));
    return Want('}');
  }

 private:
  absl::Status Escape(std::string* out) {
    if (at_ == text_.size()) return Error("a string has no end");
    const char c = text_[at_++];
    static constexpr char kLetters[] = "\"\\/bfnrt";
    static constexpr char kMeanings[] = "\"\\/\b\f\n\r\t";
    for (int i = 0; kLetters[i] != '\0'; ++i) {
      if (c != kLetters[i]) continue;
      out->push_back(kMeanings[i]);
      return absl::OkStatus();
    }
    if (c != 'u') return Error("an unknown escape in a string");
    GRADUS_ASSIGN_OR_RETURN(uint32_t code, FourDigits());
    if (code >= 0xd800 && code < 0xdc00) {  // The first half of a pair.
      const bool pair = text_.substr(at_, 2) == "\\u";
      at_ += pair ? 2 : 0;
      uint32_t low = 0;
      if (pair) {
        GRADUS_ASSIGN_OR_RETURN(low, FourDigits());
      }
      if (low < 0xdc00 || low > 0xdfff) return Error("half of a surrogate pair in a string");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
      return Error("half of a surrogate pair in a string");
    }
    AppendUtf8(code, out);
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> FourDigits() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const unsigned char c = at_ < text_.size() ? text_[at_] : 0;
      if (!absl::ascii_isxdigit(c)) return Error("\\u needs four hexadecimal digits");
      code = code << 4 | (absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10);
    }
    return code;
  }

  const absl::string_view text_;
  size_t at_ = 0;
};

absl::StatusOr<SafetensorsEntry> ReadEntry(const std::string& name, Cursor* cursor) {
  SafetensorsEntry entry;
  entry.name = name;
  bool type = false, shape = false, offsets = false;
  GRADUS_RETURN_IF_ERROR(cursor->Object([&](const std::string& field) -> absl::Status {
    if (field == "dtype") {
      type = true;
      GRADUS_ASSIGN_OR_RETURN(entry.type, cursor->String());
    } else if (field == "shape") {
      shape = true;
      GRADUS_ASSIGN_OR_RETURN(entry.dims, cursor->WholeNumbers());
    } else if (field == "data_offsets") {
      offsets = true;
      GRADUS_ASSIGN_OR_RETURN(std::vector<int64_t> range, cursor->WholeNumbers());
      if (range.size() != 2 || range[0] > range[1]) {
        return cursor->Error("data_offsets is not [begin, end] with begin <= end");
      }
      entry.begin = range[0];
      entry.end = range[1];
    } else {
      return cursor->Error(
          absl::StrCat(Quoted(field), " is not one of dtype, shape, data_offsets"));
    }
    return absl::OkStatus();
  }));
  if (type && shape && offsets) return entry;
  return cursor->Error(absl::StrCat("tensor ", Quoted(name), " has no ",
                                    !type    ? "dtype"
                                    : !shape ? "shape"
                                             : "data_offsets"));
}

}  // namespace

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view json) {
  SafetensorsHeader header;
  Cursor cursor(json);
  GRADUS_RETURN_IF_ERROR(cursor.Object([&](const std::string& name) -> absl::Status {
    if (name == "__metadata__") {
      return cursor.Object([&](const std::string& key) -> absl::Status {
        GRADUS_ASSIGN_OR_RETURN(header.metadata[key], cursor.String());
        return absl::OkStatus();
      });
    }
    GRADUS_ASSIGN_OR_RETURN(SafetensorsEntry entry, ReadEntry(name, &cursor));
    header.entries.push_back(std::move(entry));
    return absl::OkStatus();
  }));
  if (!cursor.AtEnd()) return cursor.Error("text behind the object");
  return header;
}

std::string JsonQuote(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&out, "\\u00", absl::BytesToHexString(absl::string_view(&c, 1)));
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace gradus
