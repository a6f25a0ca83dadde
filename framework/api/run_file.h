// A run's text on the way in: from a file or a string, with `--set` applied, checked, and with a
// memory of where everything stood.

#ifndef GRADUS_API_RUN_FILE_H_
#define GRADUS_API_RUN_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/api/plugin.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_config.h"
#include "gradus/data/dataset.h"
#include "gradus/run.pb.h"

namespace gradus {

// A configuration that was read, with what was found wrong with it so far. It is handed on even
// with findings, so that the phases behind it can add theirs and the user sees all of them at once;
// whoever uses it ends with `diagnostics().ToStatus()`.
class RunFile {
 public:
  // `settings` are PATH=VALUE. An error when the file cannot be read or is no text of the language
  // at all, or when a plugin that it names cannot be loaded. The plugins are loaded before anything
  // else, from the folders of `plugins`.
  static absl::StatusOr<RunFile> Read(const std::string& path,
                                      absl::Span<const std::string> settings = {},
                                      const PluginOptions& plugins = {});
  // `name` stands in messages; relative paths in the text are relative to `directory`.
  static absl::StatusOr<RunFile> Parse(absl::string_view text, const std::string& name,
                                       absl::Span<const std::string> settings = {},
                                       const std::string& directory = ".",
                                       const PluginOptions& plugins = {});
  // A configuration made by a program; checked like a text.
  static RunFile Of(const RunConfig& config, const std::string& directory = ".",
                    const PluginOptions& plugins = {});

  const RunConfig& config() const { return *config_; }
  const std::string& directory() const { return directory_; }
  Diagnostics& diagnostics() { return *diagnostics_; }
  // Where a path stands in the text, for findings that come later; it outlives the RunFile.
  Diagnostics::Locator locator() const;

 private:
  std::unique_ptr<RunConfig> config_;
  std::unique_ptr<ConfigSource> source_;
  std::unique_ptr<Diagnostics> diagnostics_;
  std::string directory_;
};

// The model's inputs as a dataset must give them, those without a shape as training data may.
std::vector<FieldSpec> InputFields(const ModelConfig& model);

// What a loss compares its prediction with by name, or "".
std::string LabelOf(const LossConfig& loss);

// The configuration with every path in it absolute, so that it can be moved into a run folder.
RunConfig WithAbsolutePaths(const RunConfig& config, const std::string& directory);

}  // namespace gradus

#endif  // GRADUS_API_RUN_FILE_H_
