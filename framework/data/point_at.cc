// Where a reader's configuration names files and inputs is told by its descriptor: the rule of a file,
// and the name `input`.

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gradus/data/column_transform.h"
#include "gradus/data/reader.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsText(const FieldDescriptor* field) {
  return field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
         !field->is_repeated();
}

// The field of an element of a list that names the input it feeds; null of other lists.
const FieldDescriptor* InputOf(const FieldDescriptor* list) {
  if (!list->is_repeated() || list->message_type() == nullptr) return nullptr;
  const FieldDescriptor* input = list->message_type()->FindFieldByName("input");
  return IsText(input) ? input : nullptr;
}

// Sets the paths of a message; how many it has.
int SetPaths(const std::string& path, Message* message) {
  int count = 0;
  for (int k = 0; k < message->GetDescriptor()->field_count(); ++k) {
    const FieldDescriptor* field = message->GetDescriptor()->field(k);
    if (!IsText(field) || !field->options().GetExtension(rule).file()) continue;
    message->GetReflection()->SetString(message, field, path);
    ++count;
  }
  return count;
}

// Leaves an element for each input, the training's where there is one.
void ChooseElements(const FieldDescriptor* list, absl::Span<const FieldSpec> inputs,
                    Message* config) {
  const FieldDescriptor* input = InputOf(list);
  const Reflection* reflection = config->GetReflection();
  std::vector<std::unique_ptr<Message>> chosen;
  for (const FieldSpec& spec : inputs) {
    for (int k = 0; k < reflection->FieldSize(*config, list); ++k) {
      const Message& element = reflection->GetRepeatedMessage(*config, list, k);
      if (element.GetReflection()->GetString(element, input) != spec.input) continue;
      chosen.emplace_back(element.New());
      chosen.back()->CopyFrom(element);
      break;
    }
    if (!chosen.empty() &&
        chosen.back()->GetReflection()->GetString(*chosen.back(), input) == spec.input) {
      continue;
    }
    chosen.emplace_back(reflection->AddMessage(config, list)->New());
    chosen.back()->GetReflection()->SetString(chosen.back().get(), input, spec.input);
  }
  reflection->ClearField(config, list);
  for (const std::unique_ptr<Message>& element : chosen) {
    reflection->AddMessage(config, list)->CopyFrom(*element);
  }
}

}  // namespace

absl::Status Reader::PointAt(const std::string& path, absl::Span<const FieldSpec> inputs,
                             Message* config) const {
  SetPaths(path, config);
  const Reflection* reflection = config->GetReflection();
  for (int k = 0; k < config->GetDescriptor()->field_count(); ++k) {
    const FieldDescriptor* list = config->GetDescriptor()->field(k);
    if (InputOf(list) == nullptr) continue;
    ChooseElements(list, inputs, config);
    for (int e = 0; e < reflection->FieldSize(*config, list); ++e) {
      const int paths = SetPaths(path, reflection->MutableRepeatedMessage(config, list, e));
      if (paths == 0 || inputs.size() == 1) continue;
      std::vector<std::string> names;
      for (const FieldSpec& spec : inputs) names.push_back(spec.input);
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": a file of this kind feeds one input, and ", ListCategories(names),
                       " are to be fed; give each its own"));
    }
  }
  return absl::OkStatus();
}

}  // namespace gradus
