// Which plugins a run's text names. That is read before the text is: the rest of it may be of their making. Internal to RunFile.

#ifndef GRADUS_API_PLUGIN_FIELD_H_
#define GRADUS_API_PLUGIN_FIELD_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/api/plugin.h"
#include "gradus/base/diagnostics.h"
#include "gradus/run.pb.h"

namespace gradus {

struct NamedPlugin {
  std::string name;
  int line = 0, column = 0;  // From 1; 0 without a text.
};

// The values of `plugin:` at the top of the text, in their order. Where the text is malformed it ends: the parse says so.
std::vector<NamedPlugin> PluginsNamedIn(absl::string_view text);

// Loads those that the text names; findings are placed in `file`. `settings` may not name any: they come after the text.
void LoadNamedPlugins(absl::string_view text, const std::string& file,
                      absl::Span<const std::string> settings, const PluginOptions& options,
                      Diagnostics* diagnostics);
// Those that a program's configuration names.
void LoadNamedPlugins(const RunConfig& config, const PluginOptions& options,
                      Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_FIELD_H_
