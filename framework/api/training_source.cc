// The run's own configuration says it.

#include "gradus/api/training_source.h"

#include "gradus/api/run_file.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/checkpoint.h"

namespace gradus {

absl::StatusOr<SourceConfig> ReadTrainingSource(const std::string& run) {
  const std::string path = JoinPath(run, "run.pbtxt");
  if (!Exists(path)) return SourceConfig();
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  Diagnostics diagnostics;
  // How it was trained is not read: its plugins need not be there.
  const ParsedConfig parsed =
      ParseTextConfig(text, path, RunConfig::default_instance(), {}, &diagnostics, kFieldsOfRules);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  return static_cast<const RunConfig&>(*parsed.message).data().train();
}

}  // namespace gradus
