// Reading a run's text.

#include "gradus/api/run_file.h"

#include <climits>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "gradus/api/plugin_field.h"
#include "gradus/api/run_tables.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

std::string Absolute(const std::string& directory, const std::string& path) {
  if (path.empty()) return path;  // Names no file, not even the folder.
  const std::string joined = JoinPath(directory, path);
  char resolved[PATH_MAX];
  // A file that does not exist keeps its name; opening it is where that is reported.
  return realpath(joined.c_str(), resolved) != nullptr ? std::string(resolved) : joined;
}

// Every field below `message` whose rule says that it is a file's path. A library's message may say so of a field that is no text;
// it stays as it is.
void MakeAbsolute(const std::string& directory, google::protobuf::Message* message) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(*message, field) : 1;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      for (int i = 0; i < count; ++i) {
        MakeAbsolute(directory, field->is_repeated()
                                    ? reflection.MutableRepeatedMessage(message, field, i)
                                    : reflection.MutableMessage(message, field));
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
               field->options().GetExtension(rule).file()) {
      for (int i = 0; i < count; ++i) {
        if (field->is_repeated()) {
          reflection.SetRepeatedString(
              message, field, i,
              Absolute(directory, reflection.GetRepeatedString(*message, field, i)));
        } else {
          reflection.SetString(message, field,
                               Absolute(directory, reflection.GetString(*message, field)));
        }
      }
    }
  }
}

}  // namespace

absl::StatusOr<RunFile> RunFile::Read(const std::string& path,
                                      absl::Span<const std::string> settings,
                                      const PluginOptions& plugins) {
  GRADUS_ASSIGN_OR_RETURN(std::string text, ReadConfigFile(path));
  return Parse(text, path, settings, FolderOf(path), plugins);
}

absl::StatusOr<RunFile> RunFile::Parse(absl::string_view text, const std::string& name,
                                       absl::Span<const std::string> settings,
                                       const std::string& directory,
                                       const PluginOptions& plugins) try {
  RunFile file;
  file.directory_ = directory;
  file.diagnostics_ = std::make_unique<Diagnostics>();
  LoadNamedPlugins(text, name, settings, plugins, file.diagnostics_.get());
  if (!file.diagnostics_->ok()) return file.diagnostics_->ToStatus();
  ParsedConfig parsed =
      ParseTextConfig(text, name, RunConfig::default_instance(),
                      WithoutOldSeals({settings.begin(), settings.end()}),
                      file.diagnostics_.get());
  if (parsed.message == nullptr) return file.diagnostics_->ToStatus();
  file.config_.reset(static_cast<RunConfig*>(parsed.message.release()));
  file.source_ = std::make_unique<ConfigSource>(std::move(parsed.source));
  // The source has moved; findings of later phases must ask it where it is now.
  const ConfigSource* source = file.source_.get();
  file.diagnostics_->set_locator([source](const ConfigPath& path) { return source->Locate(path); });
  return file;
} catch (...) {
  return StatusOfException("reading a configuration");
}

RunFile RunFile::Of(const RunConfig& config, const std::string& directory,
                    const PluginOptions& plugins) {
  RunFile file;
  file.directory_ = directory;
  file.config_ = std::make_unique<RunConfig>(config);
  file.diagnostics_ = std::make_unique<Diagnostics>();
  LoadNamedPlugins(config, plugins, file.diagnostics_.get());
  CheckRules(config, ConfigPath(), file.diagnostics_.get());
  return file;
}

Diagnostics::Locator RunFile::locator() const {
  if (source_ == nullptr) return [](const ConfigPath&) { return Position(); };
  return [source = *source_](const ConfigPath& path) { return source.Locate(path); };
}

std::string LabelOf(const LossConfig& loss) {
  const google::protobuf::FieldDescriptor* kind = ChosenField(loss);
  if (kind == nullptr || kind->message_type() == nullptr) return "";
  const google::protobuf::Message& message = loss.GetReflection()->GetMessage(loss, kind);
  const google::protobuf::FieldDescriptor* label =
      message.GetDescriptor()->FindFieldByName("label");
  if (label == nullptr || label->is_repeated() ||
      label->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return "";
  }
  return message.GetReflection()->GetString(message, label);
}

std::vector<FieldSpec> InputFields(const ModelConfig& model) {
  std::set<std::string> labels, weights;
  for (const LossConfig& loss : model.loss()) {
    labels.insert(LabelOf(loss));
    weights.insert(loss.example_weight());
  }
  for (const MetricConfig& metric : model.metric()) weights.insert(metric.example_weight());
  std::vector<FieldSpec> fields;
  for (const InputConfig& input : model.input()) {
    FieldSpec field;
    field.input = input.name();
    field.dtype = input.type() == INT32 ? DType::kInt32 : DType::kFloat32;
    field.dims.assign(input.shape().begin(), input.shape().end());
    field.any_dims = input.shape_size() == 0;
    field.is_label = labels.count(input.name()) > 0;
    field.not_negative = weights.count(input.name()) > 0;
    fields.push_back(std::move(field));
  }
  return fields;
}

RunConfig WithAbsolutePaths(const RunConfig& config, const std::string& directory) {
  RunConfig absolute = config;
  MakeAbsolute(directory, &absolute);
  return absolute;
}

}  // namespace gradus
