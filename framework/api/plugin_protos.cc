// Names and numbers of a plugin's files against those that are linked.

#include "gradus/api/plugin_protos.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/message.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

// The first complaint about a file.
class FirstError final : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    if (text.empty()) text = absl::StrCat(file, ": ", element, ": ", message);
  }
  void AddWarning(const std::string&, const std::string&, const google::protobuf::Message*,
                  ErrorLocation, const std::string&) override {}
  std::string text;
};

bool IsIn(absl::string_view package, absl::string_view root) {
  return package == root || absl::StartsWith(package, absl::StrCat(root, "."));
}

class Checker {
 public:
  Checker(PluginProtos* protos, const ProtoOwner& owner)
      : linked_(*DescriptorPool::generated_pool()), protos_(*protos), owner_(owner) {}

  absl::Status Run() {
    // The pool builds a linked file when it is first asked for; until then it knows its messages, but neither its package nor its
    // enumeration values.
    for (const std::string& file : LinkedProtoFiles()) linked_.FindFileByName(file);
    if (protos_.set.file_size() == 0) {
      return absl::InvalidArgumentError(
          "has a descriptor set without files; protoc --descriptor_set_out writes one");
    }
    protos_.pool = std::make_unique<DescriptorPool>(&linked_);
    std::set<std::string> names;
    for (const FileDescriptorProto& file : protos_.set.file()) {
      if (!names.insert(file.name()).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("has two proto files called ", Quoted(file.name())));
      }
      GRADUS_RETURN_IF_ERROR(CheckName(file));
      GRADUS_RETURN_IF_ERROR(CheckPackage(file));
    }
    for (const FileDescriptorProto& file : protos_.set.file()) {
      FirstError error;
      const FileDescriptor* built = protos_.pool->BuildFileCollectingErrors(file, &error);
      if (built == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat(
            "has protos that do not fit this program: ", error.text,
            "; a set holds exactly the plugin's own files, each after those it imports"));
      }
      protos_.files.push_back(built);
    }
    for (const FileDescriptor* file : protos_.files) GRADUS_RETURN_IF_ERROR(CheckSymbols(*file));
    if (protos_.extensions.empty()) {
      return absl::InvalidArgumentError(
          "extends no message of Gradus, so that no text could name what it brings; its proto "
          "needs "
          "extend gradus.OptimizerConfig { ... } or the like");
    }
    return absl::OkStatus();
  }

 private:
  std::string OwnerInWords(const FileDescriptor& file) const {
    const std::string plugin = owner_(file.name());
    if (!plugin.empty()) return plugin;
    return IsIn(file.package(), "gradus") ? "Gradus itself" : "this program itself";
  }

  absl::Status CheckName(const FileDescriptorProto& file) const {
    const FileDescriptor* there = linked_.FindFileByName(file.name());
    if (there != nullptr) {
      return absl::AlreadyExistsError(absl::StrCat(
          "has a proto file called ", Quoted(file.name()), ", and so has ", OwnerInWords(*there),
          "; give it another name (a library that was built anew needs a new process)"));
    }
    if (absl::StartsWith(file.name(), "gradus/") || absl::StartsWith(file.name(), "google/")) {
      return absl::InvalidArgumentError(
          absl::StrCat("has a proto file called ", Quoted(file.name()),
                       ", a name that is not for plugins; put it into a folder of your own"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckPackage(const FileDescriptorProto& file) const {
    if (file.package().empty()) {
      return absl::InvalidArgumentError(absl::StrCat("has a proto file without a package, ",
                                                     Quoted(file.name()),
                                                     "; write package YOURS; into it"));
    }
    for (const char* reserved : {"gradus", "google"}) {
      if (!IsIn(file.package(), reserved)) continue;
      return absl::InvalidArgumentError(absl::StrCat("has messages in package ", file.package(),
                                                     ", which is not for plugins; use a package of "
                                                     "your own"));
    }
    // A package may be shared, but not with the name of something else.
    for (size_t end = 0; end != std::string::npos;) {
      end = file.package().find('.', end + 1);
      const std::string name = file.package().substr(0, end);
      if (linked_.FindMessageTypeByName(name) == nullptr &&
          linked_.FindEnumTypeByName(name) == nullptr &&
          linked_.FindExtensionByName(name) == nullptr &&
          linked_.FindServiceByName(name) == nullptr &&
          linked_.FindEnumValueByName(name) == nullptr) {
        continue;
      }
      return Taken("package", name);
    }
    return absl::OkStatus();
  }

  absl::Status Taken(absl::string_view kind, const std::string& name) const {
    const FileDescriptor* there = linked_.FindFileContainingSymbol(name);
    return absl::AlreadyExistsError(
        absl::StrCat("has the ", kind, " ", name, ", and so has ",
                     there == nullptr ? "this program"
                                      : absl::StrCat(there->name(), " of ", OwnerInWords(*there)),
                     "; use another name or a package of your own"));
  }

  absl::Status CheckNew(absl::string_view kind, const std::string& name) const {
    return linked_.FindFileContainingSymbol(name) == nullptr ? absl::OkStatus() : Taken(kind, name);
  }

  absl::Status CheckSymbols(const FileDescriptor& file) {
    for (int i = 0; i < file.message_type_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckMessage(*file.message_type(i)));
    }
    for (int i = 0; i < file.enum_type_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckEnum(*file.enum_type(i)));
    }
    for (int i = 0; i < file.extension_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckExtension(*file.extension(i)));
    }
    for (int i = 0; i < file.service_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckNew("service", file.service(i)->full_name()));
    }
    return absl::OkStatus();
  }

  // Its fields and oneofs are names within it, so new when it is.
  absl::Status CheckMessage(const Descriptor& message) {
    GRADUS_RETURN_IF_ERROR(CheckNew("message", message.full_name()));
    for (int i = 0; i < message.nested_type_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckMessage(*message.nested_type(i)));
    }
    for (int i = 0; i < message.enum_type_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckEnum(*message.enum_type(i)));
    }
    for (int i = 0; i < message.extension_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckExtension(*message.extension(i)));
    }
    return absl::OkStatus();
  }

  // Values are names beside their enumeration.
  absl::Status CheckEnum(const EnumDescriptor& enumeration) const {
    GRADUS_RETURN_IF_ERROR(CheckNew("enumeration", enumeration.full_name()));
    for (int i = 0; i < enumeration.value_count(); ++i) {
      GRADUS_RETURN_IF_ERROR(CheckNew("enumeration value", enumeration.value(i)->full_name()));
    }
    return absl::OkStatus();
  }

  absl::Status CheckExtension(const FieldDescriptor& extension) {
    GRADUS_RETURN_IF_ERROR(CheckNew("extension", extension.full_name()));
    const Descriptor& extended = *extension.containing_type();
    if (std::find(protos_.files.begin(), protos_.files.end(), extended.file()) !=
        protos_.files.end()) {
      return absl::OkStatus();  // Its own message.
    }
    const FieldDescriptor* there = linked_.FindExtensionByNumber(&extended, extension.number());
    if (there != nullptr) {
      return absl::AlreadyExistsError(
          absl::StrCat("has the extension ", extension.full_name(), " of ", extended.full_name(),
                       " with the number ", extension.number(), ", which is that of ",
                       there->full_name(), " of ", OwnerInWords(*there->file()),
                       "; take another one (gradus new derives it from the full name)"));
    }
    if (!extended.options().HasExtension(exactly_one)) {
      return absl::InvalidArgumentError(
          absl::StrCat("has the extension ", extension.full_name(), " of ", extended.full_name(),
                       ", which plugins cannot extend; they extend gradus.OptimizerConfig, "
                       "gradus.ScheduleConfig and others that hold one choice"));
    }
    const bool schedule = extended.full_name() == "gradus.ScheduleConfig";
    const bool fits = extension.type() == FieldDescriptor::TYPE_MESSAGE ||
                      (schedule && extension.type() == FieldDescriptor::TYPE_DOUBLE);
    if (!fits || extension.is_repeated()) {
      return absl::InvalidArgumentError(
          absl::StrCat("has the extension ", extension.full_name(), " of ", extended.full_name(),
                       " that is not one optional message", schedule ? " or double" : ""));
    }
    protos_.extensions.push_back(&extension);
    return absl::OkStatus();
  }

  const DescriptorPool& linked_;
  PluginProtos& protos_;
  const ProtoOwner& owner_;
};

// JSON names are only in one of protoc's two outputs.
using Fields = google::protobuf::RepeatedPtrField<google::protobuf::FieldDescriptorProto>;
void ClearJsonNames(Fields* fields) {
  for (google::protobuf::FieldDescriptorProto& field : *fields) field.clear_json_name();
}
void ClearJsonNames(google::protobuf::DescriptorProto* message) {
  ClearJsonNames(message->mutable_field());
  ClearJsonNames(message->mutable_extension());
  for (google::protobuf::DescriptorProto& nested : *message->mutable_nested_type()) {
    ClearJsonNames(&nested);
  }
}

// What two descriptors of one file have in common.
std::string Essence(const FileDescriptor& file) {
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  ClearJsonNames(proto.mutable_extension());
  for (google::protobuf::DescriptorProto& message : *proto.mutable_message_type()) {
    ClearJsonNames(&message);
  }
  return proto.SerializeAsString();
}

}  // namespace

absl::StatusOr<PluginProtos> CheckPluginProtos(const std::string& descriptor_set,
                                               const ProtoOwner& owner) {
  PluginProtos protos;
  if (!protos.set.ParseFromString(descriptor_set)) {
    return absl::InvalidArgumentError(
        "has a manifest whose descriptor set cannot be read; it is the file that protoc "
        "--descriptor_set_out writes");
  }
  GRADUS_RETURN_IF_ERROR(Checker(&protos, owner).Run());
  return protos;
}

std::vector<std::string> LinkedProtoFiles() {
  std::vector<std::string> files;
  DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status CheckLinkedProtos(const PluginProtos& protos, const std::vector<std::string>& before) {
  std::set<std::string> linked;
  const std::vector<std::string> after = LinkedProtoFiles();
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::inserter(linked, linked.end()));
  for (const FileDescriptor* file : protos.files) {
    if (linked.erase(file->name()) == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("lacks the code of its proto file ", Quoted(file->name()),
                       "; compile and link the .pb.cc that protoc makes of it"));
    }
    const FileDescriptor* there = DescriptorPool::generated_pool()->FindFileByName(file->name());
    if (there == nullptr || Essence(*there) != Essence(*file)) {
      return absl::FailedPreconditionError(
          absl::StrCat("has another ", Quoted(file->name()),
                       " in its code than in its descriptor set; build both from the same file"));
    }
  }
  if (linked.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("has code of proto files that its descriptor set does not have: ",
                   absl::StrJoin(linked, ", "),
                   "; give protoc --descriptor_set_out all of the plugin's own files"));
}

}  // namespace gradus
