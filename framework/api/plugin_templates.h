// The files of examples/optimizer_plugin and examples/schedule_plugin, as the build embeds them. Internal to new_plugin.cc.

#ifndef GRADUS_API_PLUGIN_TEMPLATES_H_
#define GRADUS_API_PLUGIN_TEMPLATES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace gradus {

struct PluginTemplate {
  absl::string_view path;  // "optimizer_plugin/lion.cc".
  absl::string_view text;
};

absl::Span<const PluginTemplate> PluginTemplates();

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_TEMPLATES_H_
