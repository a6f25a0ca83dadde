// One converter per type. Nothing is guessed: no octal, no hexadecimal reals, no enum numbers, no
// `t` for true, no nan.

#include "gradus/base/text_scalar.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_escape.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

ScalarProblem Must(const FieldDescriptor* field, const TextScalar& scalar, absl::string_view code,
                   absl::string_view rule, absl::string_view hint = "") {
  return {std::string(code), absl::StrCat(field->name(), " ", scalar.Shown(), " must be ", rule),
          std::string(hint)};
}

// For a value in the place of a message that holds one in a choice: `learning_rate: 0.1` is meant as
// `learning_rate { constant: 0.1 }`.
std::string AsMember(const FieldDescriptor* field, const TextScalar& scalar) {
  const google::protobuf::Descriptor* type = field->message_type();
  for (int i = 0; type != nullptr && i < type->field_count(); ++i) {
    const FieldDescriptor* member = type->field(i);
    if (member->real_containing_oneof() == nullptr) continue;
    const bool takes_it =
        (scalar.kind == TextScalar::kNumber &&
         member->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) ||
        (scalar.kind == TextScalar::kWord && !scalar.negative && member->enum_type() != nullptr &&
         member->enum_type()->FindValueByName(scalar.text) != nullptr);
    if (!takes_it) continue;
    return absl::StrCat("write ", field->name(), " { ", member->name(), ": ", scalar.Shown(), " }");
  }
  return "";
}

ScalarProblem WrongType(const FieldDescriptor* field, const TextScalar& scalar) {
  return Must(field, scalar, "wrong-type", TypeInWords(field), AsMember(field, scalar));
}

bool HasLeadingZero(const std::string& text) {
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

ScalarProblem LeadingZero(const FieldDescriptor* field, const TextScalar& scalar) {
  return Must(field, scalar, "wrong-type", "written without leading zeros",
              "elsewhere that would be an octal number");
}

// The magnitude of a whole number, decimal or 0x..; false when it is none. Too large ones give the
// largest number.
bool ReadMagnitude(const std::string& text, uint64_t* magnitude) {
  const bool hexadecimal = absl::StartsWith(text, "0x") || absl::StartsWith(text, "0X");
  const char* begin = text.data() + (hexadecimal ? 2 : 0);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(begin, end, *magnitude, hexadecimal ? 16 : 10);
  if (result.ptr != end || begin == end) return false;
  if (result.ec == std::errc::result_out_of_range)
    *magnitude = std::numeric_limits<uint64_t>::max();
  return true;
}

// What the type can hold and the field's rule allows.
std::string RangeInWords(const FieldDescriptor* field, int64_t least, uint64_t most) {
  const Rule& rule = field->options().GetExtension(gradus::rule);
  const auto raise = [&least](double bound) {
    if (bound > static_cast<double>(least) && bound < 0x1p63) least = static_cast<int64_t>(bound);
  };
  const auto lower = [&most](double bound) {
    if (bound >= 0 && bound < static_cast<double>(most)) most = static_cast<uint64_t>(bound);
  };
  if (rule.has_min()) raise(std::ceil(rule.min()));
  if (rule.has_above()) raise(std::floor(rule.above()) + 1);
  if (rule.has_max()) lower(std::floor(rule.max()));
  if (rule.has_below()) lower(std::ceil(rule.below()) - 1);
  return absl::StrCat("between ", least, " and ", most);
}

// Reads a whole number between the limits into *value.
ScalarProblem ReadInteger(const FieldDescriptor* field, const TextScalar& scalar, int64_t least,
                          uint64_t most, int64_t* value) {
  uint64_t magnitude = 0;
  if (scalar.kind != TextScalar::kNumber) return WrongType(field, scalar);
  if (HasLeadingZero(scalar.text)) return LeadingZero(field, scalar);
  if (!ReadMagnitude(scalar.text, &magnitude)) return WrongType(field, scalar);
  const uint64_t lowest = least < 0 ? uint64_t{0} - static_cast<uint64_t>(least) : 0;
  if (scalar.negative ? magnitude > lowest : magnitude > most) {
    return Must(field, scalar, "out-of-range", RangeInWords(field, least, most));
  }
  *value = static_cast<int64_t>(scalar.negative ? uint64_t{0} - magnitude : magnitude);
  return {};
}

ScalarProblem ReadReal(const FieldDescriptor* field, const TextScalar& scalar, bool single,
                       double* value) {
  if (scalar.kind == TextScalar::kWord &&
      (scalar.text == "nan" || scalar.text == "inf" || scalar.text == "infinity")) {
    return Must(field, scalar, "not-finite", "a finite number");
  }
  if (scalar.kind != TextScalar::kNumber) return WrongType(field, scalar);
  if (HasLeadingZero(scalar.text)) return LeadingZero(field, scalar);
  if (absl::StartsWith(scalar.text, "0x") || absl::StartsWith(scalar.text, "0X")) {
    return Must(field, scalar, "wrong-type", "a decimal number");
  }
  const char* end = scalar.text.data() + scalar.text.size();
  const auto result = std::from_chars(scalar.text.data(), end, *value);  // Knows no locale.
  const bool overflows = result.ec == std::errc::result_out_of_range ||
                         (single && !std::isfinite(static_cast<float>(*value)));
  if (overflows) {
    return Must(field, scalar, "not-finite",
                single ? "a number that a float can hold" : "a number that a double can hold");
  }
  if (result.ec != std::errc() || result.ptr != end) return WrongType(field, scalar);
  if (scalar.negative) *value = -*value;
  return {};
}

ScalarProblem ReadEnum(const FieldDescriptor* field, const TextScalar& scalar,
                       const EnumValueDescriptor** value) {
  const EnumDescriptor* type = field->enum_type();
  if (scalar.kind == TextScalar::kWord && !scalar.negative) {
    *value = type->FindValueByName(scalar.text);
    if (*value != nullptr) return {};
  }
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) names.push_back(type->value(i)->name());
  const std::string nearest = Nearest(scalar.text, names);
  return Must(field, scalar, scalar.kind == TextScalar::kWord ? "unknown-name" : "wrong-type",
              TypeInWords(field),
              nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "?"));
}

ScalarProblem ReadString(const FieldDescriptor* field, const TextScalar& scalar, bool bare_words) {
  if (scalar.kind != TextScalar::kString && !(bare_words && !scalar.negative)) {
    return WrongType(field, scalar);
  }
  if (field->type() == FieldDescriptor::TYPE_BYTES) return {};
  if (scalar.text.find('\0') != std::string::npos) {
    return Must(field, scalar, "wrong-type", "without zero bytes");
  }
  if (!IsUtf8(scalar.text)) return Must(field, scalar, "wrong-type", "valid UTF-8");
  return {};
}

}  // namespace

std::string TextScalar::Shown() const {
  if (kind == kString) return Quoted(text);
  constexpr size_t kMostShown = 60;
  return absl::StrCat(negative ? "-" : "", absl::string_view(text).substr(0, kMostShown),
                      text.size() > kMostShown ? "..." : "");
}

std::string TypeInWords(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_STRING:
      return "a text in quotes";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "a message in { }";
    case FieldDescriptor::CPPTYPE_ENUM: {
      constexpr int kMostNames = 40;
      const int count = field->enum_type()->value_count();
      std::string names = "one of ";
      for (int i = 0; i < count && i < kMostNames; ++i) {
        absl::StrAppend(&names, i == 0 ? "" : ", ", field->enum_type()->value(i)->name());
      }
      if (count > kMostNames) absl::StrAppend(&names, ", ...");
      return names;
    }
  }
  return "";
}

ScalarProblem SetScalar(Message* message, const FieldDescriptor* field, const TextScalar& scalar,
                        bool bare_words) {
  const Reflection* reflection = message->GetReflection();
  const bool list = field->is_repeated();
  ScalarProblem problem;
  int64_t integer = 0;
  double real = 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      using Limits = std::numeric_limits<int32_t>;
      problem = ReadInteger(field, scalar, Limits::min(), Limits::max(), &integer);
      if (!problem.text.empty()) return problem;
      const auto value = static_cast<int32_t>(integer);
      list ? reflection->AddInt32(message, field, value)
           : reflection->SetInt32(message, field, value);
      return {};
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      using Limits = std::numeric_limits<int64_t>;
      problem = ReadInteger(field, scalar, Limits::min(), Limits::max(), &integer);
      if (!problem.text.empty()) return problem;
      list ? reflection->AddInt64(message, field, integer)
           : reflection->SetInt64(message, field, integer);
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      problem = ReadInteger(field, scalar, 0, std::numeric_limits<uint32_t>::max(), &integer);
      if (!problem.text.empty()) return problem;
      const auto value = static_cast<uint32_t>(integer);
      list ? reflection->AddUInt32(message, field, value)
           : reflection->SetUInt32(message, field, value);
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      problem = ReadInteger(field, scalar, 0, std::numeric_limits<uint64_t>::max(), &integer);
      if (!problem.text.empty()) return problem;
      const auto value = static_cast<uint64_t>(integer);
      list ? reflection->AddUInt64(message, field, value)
           : reflection->SetUInt64(message, field, value);
      return {};
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      problem = ReadReal(field, scalar, /*single=*/false, &real);
      if (!problem.text.empty()) return problem;
      list ? reflection->AddDouble(message, field, real)
           : reflection->SetDouble(message, field, real);
      return {};
    case FieldDescriptor::CPPTYPE_FLOAT: {
      problem = ReadReal(field, scalar, /*single=*/true, &real);
      if (!problem.text.empty()) return problem;
      const auto value = static_cast<float>(real);
      list ? reflection->AddFloat(message, field, value)
           : reflection->SetFloat(message, field, value);
      return {};
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool is_word = scalar.kind == TextScalar::kWord && !scalar.negative;
      if (!is_word || (scalar.text != "true" && scalar.text != "false")) {
        return WrongType(field, scalar);
      }
      const bool value = scalar.text == "true";
      list ? reflection->AddBool(message, field, value)
           : reflection->SetBool(message, field, value);
      return {};
    }
    case FieldDescriptor::CPPTYPE_STRING:
      problem = ReadString(field, scalar, bare_words);
      if (!problem.text.empty()) return problem;
      list ? reflection->AddString(message, field, scalar.text)
           : reflection->SetString(message, field, scalar.text);
      return {};
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = nullptr;
      problem = ReadEnum(field, scalar, &value);
      if (!problem.text.empty()) return problem;
      list ? reflection->AddEnum(message, field, value)
           : reflection->SetEnum(message, field, value);
      return {};
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WrongType(field, scalar);
  }
  return {};
}

std::string SuggestField(const google::protobuf::Descriptor* type, const std::string& name) {
  constexpr int kMostListed = 12;
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  std::string hint = SuggestName(name, names);
  if (!hint.empty()) return hint;
  if (names.empty()) return "it has no fields";
  hint = "its fields are ";
  for (int i = 0; i < static_cast<int>(names.size()) && i < kMostListed; ++i) {
    absl::StrAppend(&hint, i == 0 ? "" : ", ", names[i]);
  }
  return absl::StrCat(hint, names.size() > kMostListed ? ", ..." : "");
}

std::string SuggestExtension(const google::protobuf::Descriptor* type, const std::string& name) {
  std::vector<const FieldDescriptor*> extensions;
  type->file()->pool()->FindAllExtensions(type, &extensions);
  std::vector<std::string> names;
  for (const FieldDescriptor* extension : extensions) names.push_back(extension->full_name());
  const std::string hint = SuggestName(name, names);
  return hint.empty() ? kLoadItsPlugin : hint;
}

}  // namespace gradus
