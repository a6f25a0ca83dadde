// What is known for sure by looking, then what was known in training.

#include "gradus/data/reader_choice.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "gradus/data/column_transform.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kTable[] = "gradus.SourceConfig.csv";

// A source of one reader.
struct Leaf {
  const FieldDescriptor* kind;
  const Message* message;
};

// The sources that are not made of others.
void FindLeaves(const SourceConfig& source, std::vector<Leaf>* leaves) {
  if (source.has_side_by_side()) {
    for (const SourceConfig& each : source.side_by_side().source()) FindLeaves(each, leaves);
    return;
  }
  std::vector<const FieldDescriptor*> set;
  source.GetReflection()->ListFields(source, &set);
  for (const FieldDescriptor* field : set) {
    if (Registry<Reader>::Get().Find(field->full_name()) == nullptr) continue;
    leaves->push_back({field, &source.GetReflection()->GetMessage(source, field)});
  }
}

// Whether a text of the message, or of a message in it, is that name.
bool Names(const Message& message, const std::string& name) {
  std::vector<const FieldDescriptor*> set;
  const google::protobuf::Reflection* reflection = message.GetReflection();
  reflection->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int k = 0; k < count; ++k) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        if (Names(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, k)
                                       : reflection->GetMessage(message, field),
                  name)) {
          return true;
        }
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated() &&
                 reflection->GetString(message, field) == name) {
        return true;
      }
    }
  }
  return false;
}

// That which fed the input in training; `kind` null when it is not known.
Leaf TrainingLeaf(const SourceConfig& trained, const std::string& input) {
  std::vector<Leaf> leaves;
  FindLeaves(trained, &leaves);
  if (leaves.size() == 1) return leaves[0];
  for (const Leaf& leaf : leaves) {
    if (Names(*leaf.message, input)) return leaf;
  }
  return {nullptr, nullptr};
}

bool FromColumns(const Preprocessing& preprocessing, const std::string& input) {
  const InputTransform* transform = preprocessing.Find(input);
  return transform != nullptr && !transform->columns.empty();
}

// What the model takes, for messages.
std::string Takes(absl::Span<const FieldSpec> inputs, const Preprocessing& preprocessing) {
  std::vector<std::string> words;
  for (const FieldSpec& input : inputs) {
    words.push_back(absl::StrCat("\"", input.input, "\" "));
    const InputTransform* transform = preprocessing.Find(input.input);
    absl::StrAppend(&words.back(), FromColumns(preprocessing, input.input)
                                       ? absl::StrCat("from a table with the column",
                                                      transform->columns.size() == 1 ? " " : "s ",
                                                      ListCategories(transform->columns))
                                       : input.ToString());
  }
  return absl::StrCat("the model takes ", absl::StrJoin(words, ", "));
}

// Whether a message of a reader, or one in its lists, has the path of a file.
bool HasPath(const google::protobuf::Descriptor* type) {
  for (int k = 0; k < type->field_count(); ++k) {
    const FieldDescriptor* field = type->field(k);
    if (field->options().GetExtension(rule).file()) return true;
    const google::protobuf::Descriptor* inner = field->message_type();
    if (inner != nullptr && inner != SourceConfig::descriptor() && HasPath(inner)) return true;
  }
  return false;
}

// Of files that are no tables.
std::string KindNames() {
  std::vector<std::string> names;
  for (const std::string& key : Registry<Reader>::Get().Keys()) {
    if (key == kTable || !HasPath(Registry<Reader>::Get().Find(key)->config_type())) continue;
    names.push_back(key.substr(key.rfind('.') + 1));
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace

absl::StatusOr<ReaderChoice> ChooseReader(const GivenPlace& given,
                                          absl::Span<const FieldSpec> inputs,
                                          const Preprocessing& preprocessing,
                                          const SourceConfig& trained) {
  const auto error = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(given.path, ": ", what, "; ", Takes(inputs, preprocessing)));
  };
  const bool columns = std::any_of(
      inputs.begin(), inputs.end(),
      [&preprocessing](const FieldSpec& input) { return FromColumns(preprocessing, input.input); });
  const Leaf leaf = TrainingLeaf(trained, inputs[0].input);
  const auto& registry = Registry<Reader>::Get();
  using Reads = Reader::Reads;
  ReaderChoice choice;
  const auto take = [&](const std::string& key) {
    choice.reader = registry.Find(key);
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    choice.kind = pool->FindFieldByName(key);
    if (choice.kind == nullptr) choice.kind = pool->FindExtensionByName(key);
    choice.trained = leaf.kind != nullptr && leaf.kind->full_name() == key ? leaf.message : nullptr;
    choice.table = key == kTable;
  };
  if (given.pipe) {
    if (!columns) return error("a pipe can only be a table");
    take(kTable);
    return choice;
  }
  if (!given.folder && given.beginning.empty() && !columns) return error("the file is empty");
  const Reads by_training =
      leaf.kind == nullptr ? Reads::kNo : registry.Find(leaf.kind->full_name())->WouldRead(given);
  if (by_training == Reads::kYes) {
    take(leaf.kind->full_name());
    return choice;
  }
  if (given.folder && columns) return error("is a folder");
  for (const std::string& key : registry.Keys()) {
    if (registry.Find(key)->WouldRead(given) != Reads::kYes) continue;
    take(key);
    if (choice.kind != nullptr) return choice;
  }
  if (by_training == Reads::kPerhaps) {
    take(leaf.kind->full_name());
    return choice;
  }
  if (columns) {
    take(kTable);
    return choice;
  }
  const Reader* table = registry.Find(kTable);
  if (table != nullptr && table->WouldRead(given) != Reads::kNo) {
    return error(
        absl::StrCat("is text, as a table is, and the model was not trained on the columns of one "
                     "(what is read for it: ",
                     KindNames(), ")"));
  }
  return error(absl::StrCat("is of no kind that is read (", KindNames(), ")"));
}

}  // namespace gradus
