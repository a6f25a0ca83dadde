// From descriptors to descriptions. The pool is a private one, because linked descriptors have no
// comments.

#include "gradus/api/describe.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gradus/base/diagnostics.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::SourceLocation;

// The comment above or beside a declaration, line by line.
template <class T>
std::string CommentOf(const T* declaration) {
  SourceLocation location;
  if (!declaration->GetSourceLocation(&location)) return "";
  const std::string& comment =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  std::string text;
  for (absl::string_view line : absl::StrSplit(comment, '\n')) {
    if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string AsParagraph(std::string comment) {
  for (char& c : comment) c = c == '\n' ? ' ' : c;
  absl::RemoveExtraAsciiWhitespace(&comment);
  return comment;
}

std::string FirstLine(const std::string& comment) {
  std::string line = comment.substr(0, comment.find('\n'));
  if (!line.empty() && line.back() == ':') line.back() = '.';
  return line;
}

std::string RangeOf(const Rule& rule) {
  const bool low = rule.has_min() || rule.has_above();
  const bool high = rule.has_max() || rule.has_below();
  const std::string lower = ShortestNumber(rule.has_min() ? rule.min() : rule.above());
  const std::string upper = ShortestNumber(rule.has_max() ? rule.max() : rule.below());
  if (low && high) {
    return absl::StrCat(rule.has_min() ? "[" : "(", lower, ", ", upper, rule.has_max() ? "]" : ")");
  }
  if (low) return absl::StrCat(rule.has_min() ? ">= " : "> ", lower);
  if (high) return absl::StrCat(rule.has_max() ? "<= " : "< ", upper);
  return "";
}

std::string DefaultOf(const FieldDescriptor* field) {
  if (!field->has_default_value()) return "";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(field->default_value_int32());
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(field->default_value_int64());
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(field->default_value_uint32());
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(field->default_value_uint64());
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ShortestNumber(field->default_value_float());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ShortestNumber(field->default_value_double());
    case FieldDescriptor::CPPTYPE_BOOL:
      return field->default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return field->default_value_enum()->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return absl::StrCat("\"", absl::Utf8SafeCEscape(field->default_value_string()), "\"");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "";
  }
  return "";
}

std::string TypeOf(const FieldDescriptor* field) {
  std::string type = field->type_name();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) type = field->message_type()->name();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) type = field->enum_type()->name();
  return field->is_repeated() ? absl::StrCat("repeated ", type) : type;
}

FieldDescription DescribeField(const FieldDescriptor* field) {
  const Rule& rule = field->options().GetExtension(gradus::rule);
  FieldDescription description;
  description.name = field->name();
  description.type = TypeOf(field);
  description.default_value = DefaultOf(field);
  description.range = RangeOf(rule);
  description.required = rule.required() || field->is_required();
  description.schedulable = rule.schedulable();
  description.comment = AsParagraph(CommentOf(field));
  return description;
}

ThingDescription DescribeEnum(const EnumDescriptor* type) {
  ThingDescription thing;
  thing.name = type->name();
  thing.key = thing.type = type->full_name();
  thing.comment = CommentOf(type);
  thing.summary = FirstLine(thing.comment);
  for (int i = 0; i < type->value_count(); ++i) {
    FieldDescription value;
    value.name = type->value(i)->name();
    value.comment = AsParagraph(CommentOf(type->value(i)));
    thing.fields.push_back(std::move(value));
  }
  return thing;
}

class Describer {
 public:
  Describer(absl::string_view descriptor_set, absl::Span<const CatalogueLibrary> libraries) {
    Add(descriptor_set);
    for (const CatalogueLibrary& library : libraries) {
      Add(library.descriptor_set);
      for (const std::string& key : library.keys) library_of_[key] = library.name;
    }
  }

  std::vector<CatalogueSection> Describe(absl::Span<const CatalogueKeys> registries) {
    std::vector<CatalogueSection> sections;
    for (const CatalogueKeys& registry : registries) {
      CatalogueSection section{registry.title, {}};
      for (const std::string& key : registry.keys) section.things.push_back(DescribeKey(key));
      sections.push_back(std::move(section));
    }
    CatalogueSection messages{"messages", {}};
    while (!referred_messages_.empty()) {  // A message may refer to further ones.
      const Descriptor* type = referred_messages_.begin()->second;
      referred_messages_.erase(referred_messages_.begin());
      if (!described_.insert(type->full_name()).second) continue;
      messages.things.push_back(DescribeMessage(type));
    }
    CatalogueSection enumerations{"enumerations", {}};
    for (const auto& entry : referred_enums_) {
      enumerations.things.push_back(DescribeEnum(entry.second));
    }
    if (!messages.things.empty()) sections.push_back(std::move(messages));
    if (!enumerations.things.empty()) sections.push_back(std::move(enumerations));
    return sections;
  }

 private:
  void Add(absl::string_view descriptor_set) {
    google::protobuf::FileDescriptorSet files;
    if (!files.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size())))
      return;
    for (const auto& file : files.file()) {
      for (const std::string& name : file.dependency()) AddLinked(name);
      pool_.BuildFile(file);
    }
  }

  // What a file of a library imports that nobody described, such as google/protobuf/duration.proto.
  void AddLinked(const std::string& name) {
    if (pool_.FindFileByName(name) != nullptr) return;
    const auto* linked = DescriptorPool::generated_pool()->FindFileByName(name);
    if (linked == nullptr) return;
    for (int i = 0; i < linked->dependency_count(); ++i) AddLinked(linked->dependency(i)->name());
    google::protobuf::FileDescriptorProto file;
    linked->CopyTo(&file);
    pool_.BuildFile(file);
  }

  template <class Find>
  auto InEitherPool(Find find) -> decltype(find(static_cast<const DescriptorPool*>(nullptr))) {
    if (auto* found = find(static_cast<const DescriptorPool*>(&pool_))) return found;
    return find(DescriptorPool::generated_pool());
  }

  ThingDescription DescribeKey(const std::string& key) {
    const auto* field = InEitherPool([&key](const DescriptorPool* pool) {
      const FieldDescriptor* found = pool->FindFieldByName(key);
      return found != nullptr ? found : pool->FindExtensionByName(key);
    });
    const Descriptor* type = field == nullptr ? InEitherPool([&key](const DescriptorPool* pool) {
      return pool->FindMessageTypeByName(key);
    })
                                              : field->message_type();
    ThingDescription thing;
    if (type != nullptr) {
      thing = DescribeMessage(type);
      described_.insert(type->full_name());
    }
    if (field != nullptr) {
      thing.name = field->is_extension() ? absl::StrCat("[", key, "]") : field->name();
      if (type == nullptr) thing.type = TypeOf(field);
      const std::string comment = CommentOf(field);
      if (!comment.empty()) thing.summary = AsParagraph(comment);
      if (thing.comment.empty()) thing.comment = comment;
      const std::string range = RangeOf(field->options().GetExtension(gradus::rule));
      if (type == nullptr && !range.empty()) absl::StrAppend(&thing.type, " ", range);
    }
    if (thing.name.empty()) thing.name = key;
    thing.key = key;
    const auto library = library_of_.find(key);
    if (library != library_of_.end()) thing.library = library->second;
    return thing;
  }

  ThingDescription DescribeMessage(const Descriptor* type) {
    ThingDescription thing;
    thing.name = type->name();
    thing.key = thing.type = type->full_name();
    thing.comment = CommentOf(type);
    thing.summary = FirstLine(thing.comment);
    if (type->options().HasExtension(default_learning_rate)) {
      thing.default_learning_rate =
          ShortestNumber(type->options().GetExtension(default_learning_rate));
    }
    if (type->options().HasExtension(default_weight_decay)) {
      thing.default_weight_decay =
          ShortestNumber(type->options().GetExtension(default_weight_decay));
    }
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      thing.fields.push_back(DescribeField(field));
      if (field->message_type() != nullptr) {
        referred_messages_.emplace(field->message_type()->full_name(), field->message_type());
      }
      if (field->enum_type() != nullptr) {
        referred_enums_.emplace(field->enum_type()->full_name(), field->enum_type());
      }
    }
    return thing;
  }

  DescriptorPool pool_;
  std::map<std::string, std::string> library_of_;  // By key.
  std::set<std::string> described_;
  std::map<std::string, const Descriptor*> referred_messages_;
  std::map<std::string, const EnumDescriptor*> referred_enums_;
};

}  // namespace

std::vector<CatalogueSection> DescribeCatalogue(absl::Span<const CatalogueKeys> registries,
                                                absl::string_view descriptor_set,
                                                absl::Span<const CatalogueLibrary> libraries) {
  return Describer(descriptor_set, libraries).Describe(registries);
}

std::vector<CatalogueSection> SelectThings(absl::Span<const CatalogueSection> catalogue,
                                           absl::string_view name) {
  std::vector<CatalogueSection> selected;
  for (const CatalogueSection& section : catalogue) {
    CatalogueSection matching{section.title, {}};
    for (const ThingDescription& thing : section.things) {
      if (thing.name == name || thing.key == name || thing.type == name) {
        matching.things.push_back(thing);
      }
    }
    if (!matching.things.empty()) selected.push_back(std::move(matching));
  }
  return selected;
}

}  // namespace gradus
