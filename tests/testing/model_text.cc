// A model from text in one call.

#include "tests/testing/model_text.h"

#include "gradus/base/text_config.h"

namespace gradus {

BuiltModel BuildModel(absl::string_view text, Mode mode, Parts parts) {
  BuiltModel built;
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "m", ModelConfig::default_instance(), {}, &diagnostics);
  if (parsed.message != nullptr) {
    built.model = BuildGraph(static_cast<const ModelConfig&>(*parsed.message), mode, parts,
                             ConfigPath(), &diagnostics);
  }
  built.errors = std::string(diagnostics.ToStatus().message());
  for (const Finding& finding : diagnostics.findings()) {
    if (finding.severity != Finding::kWarning) continue;
    built.warnings += (built.warnings.empty() ? "" : "\n") + ToString(finding);
  }
  return built;
}

}  // namespace gradus
