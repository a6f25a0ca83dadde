// One pass over the text's words, outside of all braces.

#include "gradus/api/plugin_field.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace gradus {
namespace {

using google::protobuf::io::Tokenizer;

struct Nobody final : public google::protobuf::io::ErrorCollector {
  void AddError(int, int, const std::string&) override { failed = true; }
  bool failed = false;
};

void Load(const NamedPlugin& plugin, int index, const std::string& file,
          const PluginOptions& options, Diagnostics* diagnostics) {
  const absl::StatusOr<LoadedPlugin> loaded = LoadPluginNamed(plugin.name, options);
  if (loaded.ok()) return;
  Finding finding;
  finding.code = "plugin";
  finding.path = ConfigPath().Child("plugin", index, "");
  finding.position = {file, plugin.line, plugin.column};
  finding.message = std::string(loaded.status().message());
  diagnostics->Add(std::move(finding));
}

}  // namespace

std::vector<NamedPlugin> PluginsNamedIn(absl::string_view text) {
  std::vector<NamedPlugin> found;
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Nobody errors;
  Tokenizer tokens(&stream, &errors);
  tokens.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
  const auto at = [&tokens](char symbol) {
    return tokens.current().type == Tokenizer::TYPE_SYMBOL && tokens.current().text[0] == symbol;
  };
  int depth = 0;
  bool after_colon = false;  // A word there is a value.
  bool more = tokens.Next();
  while (more && !errors.failed) {
    const bool field = depth == 0 && !after_colon &&
                       tokens.current().type == Tokenizer::TYPE_IDENTIFIER &&
                       tokens.current().text == "plugin";
    if (!field) {
      if (at('{') || at('<') || at('[')) ++depth;
      if (at('}') || at('>') || at(']')) --depth;
      after_colon = at(':');
      more = tokens.Next();
      continue;
    }
    more = tokens.Next();
    if (at(':')) more = tokens.Next();
    const bool list = at('[');
    if (list) more = tokens.Next();
    while (more && !errors.failed && tokens.current().type == Tokenizer::TYPE_STRING) {
      NamedPlugin plugin;
      plugin.line = tokens.current().line + 1;
      plugin.column = tokens.current().column + 1;
      while (more && tokens.current().type == Tokenizer::TYPE_STRING) {  // "a" "b" is "ab".
        Tokenizer::ParseStringAppend(tokens.current().text, &plugin.name);
        more = tokens.Next();
      }
      found.push_back(std::move(plugin));
      if (!list || !at(',')) break;
      more = tokens.Next();
    }
    if (list && at(']')) more = tokens.Next();
    after_colon = false;
  }
  return found;
}

void LoadNamedPlugins(absl::string_view text, const std::string& file,
                      absl::Span<const std::string> settings, const PluginOptions& options,
                      Diagnostics* diagnostics) {
  for (const std::string& setting : settings) {
    if (!absl::StartsWith(setting, "plugin=") && !absl::StartsWith(setting, "plugin[")) continue;
    Finding finding;
    finding.code = "plugin";
    finding.path = ConfigPath().Child("plugin");
    finding.position.file = absl::StrCat("--set ", setting);
    finding.message = "plugin cannot be set, because the text is read with it";
    finding.hint = "--plugin loads a library whatever the text says";
    diagnostics->Add(std::move(finding));
  }
  int index = 0;
  for (const NamedPlugin& plugin : PluginsNamedIn(text)) {
    Load(plugin, index++, file, options, diagnostics);
  }
}

void LoadNamedPlugins(const RunConfig& config, const PluginOptions& options,
                      Diagnostics* diagnostics) {
  for (int i = 0; i < config.plugin_size(); ++i) {
    Load({config.plugin(i)}, i, "", options, diagnostics);
  }
}

}  // namespace gradus
