// What rule.proto says, checked: ranges, required fields, exactly-one choices, finite numbers.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "gradus/base/registry.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"
#include "gradus/base/text_scalar.h"
#include "gradus/rule.pb.h"

namespace gradus {
std::string RangeInWords(const Rule& rule) {
  std::vector<std::string> bounds;
  if (rule.has_min()) bounds.push_back(absl::StrCat("at least ", ShortestNumber(rule.min())));
  if (rule.has_above()) bounds.push_back(absl::StrCat("above ", ShortestNumber(rule.above())));
  if (rule.has_max()) bounds.push_back(absl::StrCat("at most ", ShortestNumber(rule.max())));
  if (rule.has_below()) bounds.push_back(absl::StrCat("below ", ShortestNumber(rule.below())));
  std::string text;
  for (size_t i = 0; i < bounds.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : " and ", bounds[i]);
  }
  return text;
}

// Written so that nan is outside of every range.
bool Within(const Rule& rule, double value) {
  return !(rule.has_min() && !(value >= rule.min())) &&
         !(rule.has_above() && !(value > rule.above())) &&
         !(rule.has_max() && !(value <= rule.max())) &&
         !(rule.has_below() && !(value < rule.below()));
}

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

struct Number {
  bool is_number = false;
  double value = 0;
  bool is_whole = false;
  int64_t whole = 0;

  std::string shown() const { return is_whole ? absl::StrCat(whole) : ShortestNumber(value); }
};

// The value of a number field, or of an element of it.
Number NumberOf(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* reflection = message.GetReflection();
  const bool list = field->is_repeated();
  const auto whole = [](auto value) {
    // A uint64 that no int64 can hold is shown as a real number.
    const auto signed_value = static_cast<int64_t>(value);
    const bool fits = (value < 0) == (signed_value < 0);
    return Number{true, static_cast<double>(value), fits, signed_value};
  };
  const auto real = [](double value) { return Number{true, value, false, 0}; };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return whole(list ? reflection->GetRepeatedInt32(message, field, index)
                        : reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return whole(list ? reflection->GetRepeatedInt64(message, field, index)
                        : reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return whole(list ? reflection->GetRepeatedUInt32(message, field, index)
                        : reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return whole(list ? reflection->GetRepeatedUInt64(message, field, index)
                        : reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return real(list ? reflection->GetRepeatedFloat(message, field, index)
                       : reflection->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return real(list ? reflection->GetRepeatedDouble(message, field, index)
                       : reflection->GetDouble(message, field));
    default:
      return {};
  }
}

// The fields of the exactly-one choice that are set. An extension is one when there is a rule for it: others are `strange`.
std::vector<const FieldDescriptor*> Chosen(const Message& message, const OneofDescriptor* choice,
                                           std::vector<const FieldDescriptor*>* strange = nullptr) {
  std::vector<const FieldDescriptor*> set, chosen;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    if (field->is_extension() ? IsRegistered(field->full_name())
                              : choice != nullptr && field->containing_oneof() == choice) {
      chosen.push_back(field);
    } else if (field->is_extension() && strange != nullptr) {
      strange->push_back(field);
    }
  }
  return chosen;
}

// Name as the text has it.
std::string TextName(const FieldDescriptor* field) {
  return field->is_extension() ? absl::StrCat("[", field->full_name(), "]") : field->name();
}

std::string ChoiceInWords(const OneofDescriptor* choice) {
  constexpr int kMostListed = 12;
  std::string text;
  const int count = choice == nullptr ? 0 : choice->field_count();
  for (int i = 0; i < count && i < kMostListed; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", choice->field(i)->name());
  }
  return absl::StrCat(text, count > kMostListed ? ", ..." : "");
}

class RuleChecker {
 public:
  RuleChecker(const ConfigPath& path, Diagnostics* diagnostics)
      : base_(path), diagnostics_(diagnostics) {}

  // The messages around, innermost first; becomes a ConfigPath only when something is wrong.
  struct Frame {
    const Frame* outer;
    const FieldDescriptor* field;
    int index;
    const Message* message;
  };

  void Check(const Message& message, const Frame* frame) {
    if (diagnostics_->full()) return;
    const Descriptor* type = message.GetDescriptor();
    CheckChoice(message, frame);
    for (int i = 0; i < type->field_count(); ++i) CheckField(message, type->field(i), frame);
    if (type->extension_range_count() == 0) return;
    std::vector<const FieldDescriptor*> set;
    message.GetReflection()->ListFields(message, &set);
    for (const FieldDescriptor* field : set) {
      if (field->is_extension()) CheckField(message, field, frame);
    }
  }

 private:
  ConfigPath PathOf(const Frame* frame) const {
    if (frame == nullptr) return base_;
    const ConfigPath outer = PathOf(frame->outer);
    if (frame->index < 0) return outer.Child(SegmentName(frame->field));
    return outer.Child(SegmentName(frame->field), frame->index, NameOf(*frame->message));
  }

  static std::string NameOf(const Message& message) {
    const FieldDescriptor* name = message.GetDescriptor()->FindFieldByName("name");
    if (name == nullptr || name->is_repeated() ||
        name->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
        !message.GetReflection()->HasField(message, name)) {
      return "";
    }
    return message.GetReflection()->GetString(message, name);
  }

  // `index` is the element's, or -1.
  void Wrong(absl::string_view code, const Frame* frame, const FieldDescriptor* field, int index,
             absl::string_view text) {
    const ConfigPath owner = PathOf(frame);
    const ConfigPath path =
        index < 0 ? owner.Child(SegmentName(field)) : owner.Child(SegmentName(field), index, "");
    diagnostics_->Error(code, path, absl::StrCat(SubjectOf(owner), text));
  }

  void CheckChoice(const Message& message, const Frame* frame) {
    const Descriptor* type = message.GetDescriptor();
    if (!type->options().HasExtension(exactly_one)) return;
    const OneofDescriptor* choice =
        type->FindOneofByName(type->options().GetExtension(exactly_one));
    std::vector<const FieldDescriptor*> strange;
    const std::vector<const FieldDescriptor*> chosen = Chosen(message, choice, &strange);
    if (chosen.size() == 1 && strange.empty()) return;
    const ConfigPath path = PathOf(frame);
    for (const FieldDescriptor* field : strange) {
      diagnostics_->Error(
          "unregistered", path.Child(SegmentName(field)),
          absl::StrCat(SubjectOf(path), TextName(field), " is set, but nothing is registered for it"),
          kLoadItsPlugin);
    }
    if (chosen.size() == 1 || (chosen.empty() && !strange.empty())) return;
    if (chosen.empty()) {
      diagnostics_->Error(
          "exactly-one", path,
          absl::StrCat(SubjectOf(path), choice == nullptr ? "kind" : choice->name(), " is missing"),
          absl::StrCat("set one of ", ChoiceInWords(choice)));
      return;
    }
    diagnostics_->Error("exactly-one", path,
                        absl::StrCat(SubjectOf(path), TextName(chosen[0]), " and ",
                                     TextName(chosen[1]), " are both set"),
                        "only one of them can be");
  }

  void CheckField(const Message& message, const FieldDescriptor* field, const Frame* frame) {
    const Reflection* reflection = message.GetReflection();
    const Rule& rule = field->options().GetExtension(gradus::rule);
    const bool list = field->is_repeated();
    const int count = list ? reflection->FieldSize(message, field)
                           : static_cast<int>(reflection->HasField(message, field));
    if (count == 0) {
      if (rule.required() || field->is_required()) {
        Wrong("missing", frame, field, -1, absl::StrCat(field->name(), " is missing"));
      }
      return;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      for (int i = 0; rule.required() && i < count; ++i) {
        const std::string value = list ? reflection->GetRepeatedString(message, field, i)
                                       : reflection->GetString(message, field);
        if (!value.empty()) continue;
        Wrong("missing", frame, field, list ? i : -1, absl::StrCat(field->name(), " is empty"));
      }
      return;
    }
    for (int i = 0; i < count; ++i) {
      const int index = list ? i : -1;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const Message& child = list ? reflection->GetRepeatedMessage(message, field, i)
                                    : reflection->GetMessage(message, field);
        const Frame inner = {frame, field, index, &child};
        Check(child, &inner);
      } else {
        CheckNumber(message, field, index, rule, frame);
      }
    }
  }

  void CheckNumber(const Message& message, const FieldDescriptor* field, int index,
                   const Rule& rule, const Frame* frame) {
    const Number number = NumberOf(message, field, index);
    if (!number.is_number) return;
    if (!std::isfinite(number.value)) {
      Wrong("not-finite", frame, field, index,
            absl::StrCat(field->name(), " ", number.shown(), " must be a finite number"));
    } else if (!Within(rule, number.value)) {
      Wrong("out-of-range", frame, field, index,
            absl::StrCat(field->name(), " ", number.shown(), " must be ", RangeInWords(rule)));
    }
  }

  const ConfigPath base_;
  Diagnostics* const diagnostics_;
};

}  // namespace

void CheckRules(const Message& message, const ConfigPath& path, Diagnostics* diagnostics) {
  RuleChecker(path, diagnostics).Check(message, nullptr);
}

const FieldDescriptor* ChosenField(const Message& message) {
  const Descriptor* type = message.GetDescriptor();
  if (!type->options().HasExtension(exactly_one)) return nullptr;
  const std::vector<const FieldDescriptor*> chosen =
      Chosen(message, type->FindOneofByName(type->options().GetExtension(exactly_one)));
  return chosen.size() == 1 ? chosen[0] : nullptr;
}

}  // namespace gradus
