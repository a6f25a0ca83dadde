// The door to the language: text, then settings, then rules.

#include "gradus/base/text_config.h"

#include <errno.h>
#include <string.h>

#include <cstdio>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gradus/base/config_setting.h"
#include "gradus/base/status.h"
#include "gradus/base/text_parser.h"
#include "gradus/base/text_positions.h"

namespace gradus {

struct ConfigSource::Impl {
  std::string file;
  std::vector<std::string> settings;  // As a Position shows them: "--set PATH=VALUE".
  PositionNode root;

  Position At(int source, int line, int column) const {
    if (source == 0) return {file, line, column};
    return {settings[static_cast<size_t>(source) - 1], 0, column};
  }
};

Position ConfigSource::Locate(const ConfigPath& path) const {
  if (impl_ == nullptr) return {};
  const PositionNode& node = FindPosition(impl_->root, path);
  return impl_->At(node.source, node.line, node.column);
}

const std::string& ConfigSource::file() const {
  static const std::string* const none = new std::string;
  return impl_ == nullptr ? *none : impl_->file;
}

namespace {

using google::protobuf::Message;

std::string SettingLabel(const std::string& setting) {
  constexpr size_t kMostShown = 120;
  return absl::StrCat("--set ", absl::Utf8SafeCEscape(setting.substr(0, kMostShown)),
                      setting.size() > kMostShown ? "..." : "");
}

// Turns what parser and settings found into findings with names and positions. `*doubtful` gets the
// addresses of the messages in which something was refused.
template <class At>
void AddFindings(std::vector<TextFinding> found, const PositionNode& root, const At& position,
                 Diagnostics* diagnostics, std::set<std::string>* doubtful) {
  for (TextFinding& finding : found) {
    Finding full;
    full.code = std::move(finding.code);
    full.path = WithNames(root, std::move(finding.path));
    full.position = position(finding.source, finding.line, finding.column);
    const ConfigPath owner =
        finding.subject == TextFinding::kOwner ? full.path.Parent() : full.path;
    full.message =
        absl::StrCat(finding.subject == TextFinding::kNone ? "" : SubjectOf(owner), finding.text);
    full.hint = std::move(finding.hint);
    doubtful->insert(full.path.ToString());
    doubtful->insert(owner.ToString());
    diagnostics->Add(std::move(full));
  }
}

// What is missing in a message in which something was refused is most likely that: `unit: 10` lacks
// `units`.
bool FollowsFrom(const Finding& finding, const std::set<std::string>& doubtful) {
  if (finding.code != "missing") return false;
  return doubtful.count(finding.path.ToString()) > 0 ||
         doubtful.count(finding.path.Parent().ToString()) > 0;
}

}  // namespace

ParsedConfig ParseTextConfig(absl::string_view text, absl::string_view file,
                             const Message& prototype, absl::Span<const std::string> settings,
                             Diagnostics* diagnostics) {
  ParsedConfig parsed;
  const auto impl = std::make_shared<ConfigSource::Impl>();
  impl->file = std::string(file);
  for (const std::string& setting : settings) impl->settings.push_back(SettingLabel(setting));
  parsed.source = ConfigSource(impl);
  // Holds the tree until the last finding is made, however long the parsed config lives.
  diagnostics->set_locator(
      [source = parsed.source](const ConfigPath& path) { return source.Locate(path); });
  if (static_cast<int64_t>(text.size()) > kMostConfigBytes) {
    diagnostics->Error("too-large", ConfigPath(),
                       absl::StrCat("the text has ", text.size(), " bytes; at most ",
                                    kMostConfigBytes, " are read"));
    return parsed;
  }

  std::unique_ptr<Message> message(prototype.New());
  std::vector<TextFinding> found;
  const bool well_formed =
      TextParser(text, 0, 0, &found).ParseFields(message.get(), &impl->root, ConfigPath());
  for (size_t i = 0; well_formed && i < settings.size(); ++i) {
    ApplySetting(settings[i], static_cast<int>(i) + 1, message.get(), &impl->root, &found);
  }
  std::set<std::string> doubtful;
  AddFindings(
      std::move(found), impl->root,
      [&impl](int source, int line, int column) { return impl->At(source, line, column); },
      diagnostics, &doubtful);
  if (!well_formed) return parsed;

  Diagnostics broken_rules(
      [source = parsed.source](const ConfigPath& path) { return source.Locate(path); });
  CheckRules(*message, ConfigPath(), &broken_rules);
  for (const Finding& finding : broken_rules.findings()) {
    if (!FollowsFrom(finding, doubtful)) diagnostics->Add(finding);
  }
  parsed.message = std::move(message);
  return parsed;
}

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) {
    const int error = errno;
    const std::string text = absl::StrCat("cannot read ", path, ": ", strerror(error));
    return error == ENOENT ? absl::NotFoundError(text) : absl::InvalidArgumentError(text);
  }
  std::string text;
  char block[1 << 16];
  while (true) {
    const size_t size = std::fread(block, 1, sizeof(block), file.get());
    if (size == 0) break;
    text.append(block, size);
    if (static_cast<int64_t>(text.size()) > kMostConfigBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": the file has more than ", kMostConfigBytes, " bytes"));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": ", strerror(errno)));
  }
  return text;
}

std::string PrintTextConfig(const Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseShortRepeatedPrimitives(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  GRADUS_CHECK(printer.PrintToString(message, &text));
  return text;
}

}  // namespace gradus
