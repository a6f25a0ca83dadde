// In three moves, so that a setting which is wrong leaves no trace: find the place without touching
// the message, parse the value into a message of its own, then walk again, creating what is
// missing, and put the value there.

#include "gradus/base/config_setting.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

bool IsMessage(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// The `=` between path and value: not one inside of a selector.
size_t FindEquals(absl::string_view setting) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < setting.size(); ++i) {
    const char c = setting[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"' && depth > 0) {
      quoted = true;
    } else if (c == '[') {
      ++depth;
    } else if (c == ']') {
      --depth;
    } else if (c == '=' && depth <= 0) {
      return i;
    }
  }
  return setting.find('=');  // A selector that does not end: the path will say so.
}

class Setting {
 public:
  Setting(int source, std::vector<TextFinding>* findings) : source_(source), findings_(findings) {}

  void Apply(absl::string_view setting, Message* message, PositionNode* positions) {
    const size_t equals = FindEquals(setting);
    if (equals == absl::string_view::npos) {
      return Find("syntax", 0, ConfigPath(), TextFinding::kNone, "expected PATH=VALUE");
    }
    int column = 0;
    absl::StatusOr<ConfigPath> path = ConfigPath::Parse(setting.substr(0, equals), &column);
    if (!path.ok())
      return Find("syntax", column, ConfigPath(), TextFinding::kNone,
                  std::string(path.status().message()));
    if (!Resolve(*path, *message)) return;
    const int shift = static_cast<int>(equals) + 1;
    std::unique_ptr<Message> value(owner_->New());
    PositionNode value_positions;
    if (!ParseValue(setting.substr(equals + 1), shift, value.get(), &value_positions)) return;
    Put(*value, &value_positions, message, positions);
  }

 private:
  struct Step {
    const FieldDescriptor* field;
    int index;   // Of the element, or -1.
    int column;  // In the setting.
  };

  void Find(absl::string_view code, int column, const ConfigPath& path,
            TextFinding::Subject subject, std::string text, std::string hint = "") {
    TextFinding finding;
    finding.code = std::string(code);
    finding.path = path;
    finding.subject = subject;
    finding.source = source_;
    finding.column = column;
    finding.text = std::move(text);
    finding.hint = std::move(hint);
    findings_->push_back(std::move(finding));
  }

  // Fills steps_, path_ and owner_; false after a finding.
  bool Resolve(const ConfigPath& path, const Message& root) {
    const Message* message = &root;
    for (size_t i = 0; i < path.segments().size(); ++i) {
      const ConfigPath::Segment& segment = path.segments()[i];
      const FieldDescriptor* field = FindField(*message, segment);
      if (field == nullptr) return false;
      const bool selects = !segment.selector.empty();
      const bool last = i + 1 == path.segments().size();
      int index = -1;
      if (selects && !field->is_repeated()) {
        Find("wrong-type", segment.column, path_, TextFinding::kPath,
             absl::StrCat(field->name(), " is not a list"));
        return false;
      }
      if (selects && !SelectElement(*message, field, segment, &index)) return false;
      if (!last && !IsMessage(field)) {
        Find("wrong-type", segment.column, path_, TextFinding::kPath,
             absl::StrCat(field->name(), " has no fields"));
        return false;
      }
      if (!last && field->is_repeated() && !selects) {
        Find("wrong-type", segment.column, path_, TextFinding::kPath,
             absl::StrCat(field->name(), " is a list"),
             absl::StrCat("say which one: ", field->name(), "[NAME] or ", field->name(), "[0]"));
        return false;
      }
      steps_.push_back({field, index, segment.column});
      if (last) {
        owner_ = message;
        return true;
      }
      path_ = index < 0
                  ? path_.Child(segment.field)
                  : path_.Child(segment.field, index, segment.named() ? segment.selector : "");
      const Reflection* reflection = message->GetReflection();
      message = index < 0 ? &reflection->GetMessage(*message, field)
                          : &reflection->GetRepeatedMessage(*message, field, index);
    }
    return false;
  }

  const FieldDescriptor* FindField(const Message& message, const ConfigPath::Segment& segment) {
    const Descriptor* type = message.GetDescriptor();
    if (segment.field[0] == '(') {
      const std::string name = segment.field.substr(1, segment.field.size() - 2);
      const FieldDescriptor* field = message.GetReflection()->FindKnownExtensionByName(name);
      if (field != nullptr) return field;
      const std::string hint = SuggestExtension(type, name);
      Find("unknown-name", segment.column, path_, TextFinding::kPath,
           absl::StrCat("no extension is called ", Quoted(name)), hint);
      return nullptr;
    }
    const FieldDescriptor* field = type->FindFieldByName(segment.field);
    if (field != nullptr) return field;
    Find("unknown-name", segment.column, path_, TextFinding::kPath,
         absl::StrCat("no field is called ", Quoted(segment.field)),
         SuggestField(type, segment.field));
    return nullptr;
  }

  bool SelectElement(const Message& message, const FieldDescriptor* field,
                     const ConfigPath::Segment& segment, int* index) {
    const Reflection* reflection = message.GetReflection();
    const int count = reflection->FieldSize(message, field);
    if (!segment.named()) {
      *index = segment.index;
      if (*index < count) return true;
      Find("unknown-name", segment.column, path_, TextFinding::kPath,
           absl::StrCat(field->name(), "[", *index, "] does not exist"),
           count == 0 ? "the list is empty"
                      : absl::StrCat("the last one is ", field->name(), "[", count - 1, "]"));
      return false;
    }
    const FieldDescriptor* name =
        IsMessage(field) ? field->message_type()->FindFieldByName("name") : nullptr;
    if (name == nullptr || name->is_repeated() ||
        name->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      Find("unknown-name", segment.column, path_, TextFinding::kPath,
           absl::StrCat("the elements of ", field->name(), " have no names"),
           absl::StrCat("select one by its position: ", field->name(), "[0]"));
      return false;
    }
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
      const Message& element = reflection->GetRepeatedMessage(message, field, i);
      names.push_back(element.GetReflection()->GetString(element, name));
      if (names.back() != segment.selector) continue;
      *index = i;
      return true;
    }
    Find("unknown-name", segment.column, path_, TextFinding::kPath,
         absl::StrCat("no ", field->name(), " is called ", Quoted(segment.selector)),
         SuggestName(segment.selector, names));
    return false;
  }

  // Parses the value into a message of the owner's type. `shift` characters stand before the value.
  bool ParseValue(absl::string_view text, int shift, Message* value, PositionNode* positions) {
    const FieldDescriptor* field = steps_.back().field;
    const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
    const char first = trimmed.empty() ? '\0' : trimmed[0];
    const bool list = first == '[' && field->is_repeated() && steps_.back().index < 0;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !list && first != '"' &&
        first != '\'') {
      return PutWord(text, shift, field, value, positions);
    }
    const size_t before = findings_->size();
    if (trimmed.empty()) {
      Find("syntax", shift + 1, LeafPath(), TextFinding::kOwner,
           absl::StrCat(field->name(), " needs a value after the ="),
           IsMessage(field) ? "{} is the message without any field" : "");
      return false;
    }
    TextParser parser(text, source_, shift, findings_);
    bool fine;
    // Fields without their braces; a number or a text is none, and is told what it should be.
    const bool scalar = absl::ascii_isdigit(first) || absl::StrContains("-.+\"'", first);
    if (IsMessage(field) && !list && !scalar && first != '{' && first != '<') {
      PositionNode::Field& entry = positions->Get(field);
      entry.elements.emplace_back();
      const Reflection* reflection = value->GetReflection();
      Message* child = field->is_repeated() ? reflection->AddMessage(value, field)
                                            : reflection->MutableMessage(value, field);
      fine = parser.ParseFields(child, &entry.elements.back(), LeafPath());
    } else {
      fine = parser.ParseValues(value, field, positions, path_, /*bare_words=*/list,
                                std::max(steps_.back().index, 0));
    }
    if (PositionNode::Field* entry = positions->Find(field);
        entry != nullptr && IsMessage(field) && !list) {
      entry->elements[0].source = source_;
      entry->elements[0].column = steps_.back().column;
    }
    if (steps_.back().index < 0) NameElements(before, *positions);
    return fine && findings_->size() == before;
  }

  // Elements of a list that takes the place of another have their own names.
  void NameElements(size_t first_finding, const PositionNode& value_positions) {
    const auto depth = static_cast<std::ptrdiff_t>(path_.segments().size());
    for (size_t i = first_finding; i < findings_->size(); ++i) {
      auto& segments = (*findings_)[i].path.mutable_segments();
      if (static_cast<std::ptrdiff_t>(segments.size()) <= depth) continue;  // A malformed text.
      ConfigPath below;
      below.mutable_segments().assign(segments.begin() + depth, segments.end());
      below = WithNames(value_positions, std::move(below));
      std::copy(below.segments().begin(), below.segments().end(), segments.begin() + depth);
    }
  }

  // A string that stands there without quotes.
  bool PutWord(absl::string_view text, int shift, const FieldDescriptor* field, Message* value,
               PositionNode* positions) {
    TextScalar scalar;
    scalar.kind = TextScalar::kString;
    scalar.text = std::string(text);
    const ScalarProblem problem = SetScalar(value, field, scalar, /*bare_words=*/true);
    if (!problem.text.empty()) {
      Find(problem.code, shift + 1, LeafPath(), TextFinding::kOwner, problem.text, problem.hint);
      return false;
    }
    PositionNode element;
    element.source = source_;
    element.column = shift + 1;
    positions->Get(field).elements.push_back(std::move(element));
    return true;
  }

  ConfigPath LeafPath() const {
    const Step& leaf = steps_.back();
    const std::string name = SegmentName(leaf.field);
    return leaf.index < 0 ? path_.Child(name) : path_.Child(name, leaf.index, "");
  }

  void Put(const Message& value, PositionNode* value_positions, Message* message,
           PositionNode* positions) {
    for (size_t i = 0; i + 1 < steps_.size(); ++i) {
      const Step& step = steps_[i];
      const Reflection* reflection = message->GetReflection();
      if (step.index < 0) {
        ClearRivals(message, positions, step.field);
        message = reflection->MutableMessage(message, step.field);
      } else {
        message = reflection->MutableRepeatedMessage(message, step.field, step.index);
      }
      std::vector<PositionNode>& elements = positions->Get(step.field).elements;
      const size_t place = static_cast<size_t>(std::max(step.index, 0));
      while (elements.size() <= place) {
        elements.emplace_back();
        elements.back().source = source_;
        elements.back().column = step.column;
      }
      positions = &elements[place];
    }
    const Step& leaf = steps_.back();
    const Reflection* reflection = message->GetReflection();
    std::vector<PositionNode>& now = positions->Get(leaf.field).elements;
    PositionNode::Field* given = value_positions->Find(leaf.field);
    if (leaf.index < 0) {
      ClearRivals(message, positions, leaf.field);
      reflection->ClearField(message, leaf.field);
      message->MergeFrom(value);
      std::vector<PositionNode>& elements = positions->Get(leaf.field).elements;
      elements = given == nullptr ? std::vector<PositionNode>() : std::move(given->elements);
    } else {
      message->MergeFrom(value);  // Appends the one element; it belongs where the old one is.
      const int end = reflection->FieldSize(*message, leaf.field) - 1;
      reflection->SwapElements(message, leaf.field, leaf.index, end);
      reflection->RemoveLast(message, leaf.field);
      const size_t place = static_cast<size_t>(leaf.index);
      if (given != nullptr && place < now.size()) now[place] = std::move(given->elements[0]);
    }
    if (leaf.field->name() == "name" && leaf.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        !leaf.field->is_repeated()) {
      positions->name = reflection->GetString(*message, leaf.field);
    }
  }

  // Unsets what cannot be set beside the field: other members of its oneof and, in an exactly-one
  // choice, extensions.
  static void ClearRivals(Message* message, PositionNode* positions, const FieldDescriptor* field) {
    const Descriptor* type = message->GetDescriptor();
    const OneofDescriptor* choice =
        type->FindOneofByName(type->options().GetExtension(exactly_one));
    const OneofDescriptor* own = field->containing_oneof();
    const bool chooses = type->options().HasExtension(exactly_one) &&
                         (field->is_extension() || (own != nullptr && own == choice));
    std::vector<const FieldDescriptor*> set;
    message->GetReflection()->ListFields(*message, &set);
    for (const FieldDescriptor* other : set) {
      if (other == field) continue;
      const OneofDescriptor* others = other->containing_oneof();
      const bool same_oneof = own != nullptr && others == own;
      const bool same_choice =
          chooses && (other->is_extension() || (others != nullptr && others == choice));
      if (!same_oneof && !same_choice) continue;
      message->GetReflection()->ClearField(message, other);
      positions->Erase(other);
    }
  }

  const int source_;
  std::vector<TextFinding>* const findings_;
  std::vector<Step> steps_;
  ConfigPath path_;                 // Of the message that the last step is a field of.
  const Message* owner_ = nullptr;  // That message, or the default of its type.
};

}  // namespace

void ApplySetting(absl::string_view setting, int source, Message* message, PositionNode* positions,
                  std::vector<TextFinding>* findings) {
  Setting(source, findings).Apply(setting, message, positions);
}

}  // namespace gradus
