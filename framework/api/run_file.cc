// Reading a run's text.

#include "gradus/api/run_file.h"

#include <climits>
#include <cstdlib>
#include <utility>

#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

std::string Absolute(const std::string& directory, const std::string& path) {
  const std::string joined = JoinPath(directory, path);
  char resolved[PATH_MAX];
  // A file that does not exist keeps its name; opening it is where that is reported.
  return realpath(joined.c_str(), resolved) != nullptr ? std::string(resolved) : joined;
}

void MakeAbsolute(const std::string& directory, SourceConfig* source) {
  if (source->has_csv()) source->mutable_csv()->set_path(Absolute(directory, source->csv().path()));
  if (source->has_idx()) {
    for (IdxField& field : *source->mutable_idx()->mutable_field()) {
      field.set_path(Absolute(directory, field.path()));
    }
  }
}

}  // namespace

absl::StatusOr<RunFile> RunFile::Read(const std::string& path,
                                      absl::Span<const std::string> settings) {
  GRADUS_ASSIGN_OR_RETURN(std::string text, ReadConfigFile(path));
  return Parse(text, path, settings, FolderOf(path));
}

absl::StatusOr<RunFile> RunFile::Parse(absl::string_view text, const std::string& name,
                                       absl::Span<const std::string> settings,
                                       const std::string& directory) try {
  RunFile file;
  file.directory_ = directory;
  file.diagnostics_ = std::make_unique<Diagnostics>();
  ParsedConfig parsed =
      ParseTextConfig(text, name, RunConfig::default_instance(), settings, file.diagnostics_.get());
  if (parsed.message == nullptr) return file.diagnostics_->ToStatus();
  file.config_.reset(static_cast<RunConfig*>(parsed.message.release()));
  file.source_ = std::make_unique<ConfigSource>(std::move(parsed.source));
  // The source has moved; findings of later phases must ask it where it is now.
  const ConfigSource* source = file.source_.get();
  file.diagnostics_->set_locator([source](const ConfigPath& path) { return source->Locate(path); });
  return file;
} catch (const std::exception& error) {
  return StatusOf(error, "reading a configuration");
}

RunFile RunFile::Of(const RunConfig& config, const std::string& directory) {
  RunFile file;
  file.directory_ = directory;
  file.config_ = std::make_unique<RunConfig>(config);
  file.diagnostics_ = std::make_unique<Diagnostics>();
  CheckRules(config, ConfigPath(), file.diagnostics_.get());
  return file;
}

std::vector<FieldSpec> InputFields(const ModelConfig& model) {
  std::vector<FieldSpec> fields;
  for (const InputConfig& input : model.input()) {
    FieldSpec field;
    field.input = input.name();
    field.dtype = input.type() == INT32 ? DType::kInt32 : DType::kFloat32;
    field.dims.assign(input.shape().begin(), input.shape().end());
    fields.push_back(std::move(field));
  }
  return fields;
}

RunConfig WithAbsolutePaths(const RunConfig& config, const std::string& directory) {
  RunConfig absolute = config;
  if (!absolute.has_data()) return absolute;
  DataConfig* data = absolute.mutable_data();
  if (data->has_train()) MakeAbsolute(directory, data->mutable_train());
  if (data->has_test()) MakeAbsolute(directory, data->mutable_test());
  if (data->validation().has_source()) {
    MakeAbsolute(directory, data->mutable_validation()->mutable_source());
  }
  return absolute;
}

}  // namespace gradus
