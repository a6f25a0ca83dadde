// The door to the language: text, then settings, then rules.

#include "gradus/base/text_config.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gradus/base/config_setting.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_escape.h"
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
  return absl::StrCat("--set ", Escaped(setting.substr(0, kMostShown)),
                      setting.size() > kMostShown ? "..." : "");
}

// Addresses at which something was refused: what is missing there is missing because of that
// (`unit: 10` lacks `units`).
struct Refused {
  std::set<std::string>
      names_in;  // Messages with a name that is not theirs, or with too many members of a choice.
  std::set<std::string> fields;     // Fields whose value was not taken.
  std::set<std::string> values_in;  // The messages of these.
  std::set<std::string> missing;    // Fields that are missing or empty: nothing else is wrong there.

  bool Explains(const Finding& finding) const {
    const std::string path = finding.path.ToString();
    if (finding.code == "missing") {
      return fields.count(path) > 0 || names_in.count(finding.path.Parent().ToString()) > 0;
    }
    if (missing.count(path) > 0) return true;
    return finding.code == "exactly-one" && (names_in.count(path) > 0 || values_in.count(path) > 0);
  }
};

// Turns what parser and settings found into findings with names and positions.
Refused AddFindings(std::vector<TextFinding> found, const ConfigSource::Impl& source,
                    std::vector<Finding>* findings) {
  Refused refused;
  for (TextFinding& finding : found) {
    Finding full;
    full.code = std::move(finding.code);
    full.path = WithNames(source.root, std::move(finding.path));
    full.position = source.At(finding.source, finding.line, finding.column);
    full.hint = std::move(finding.hint);
    full.message = std::move(finding.text);
    if (finding.subject == TextFinding::kOwner) {
      const ConfigPath owner = full.path.Parent();
      full.message.insert(0, SubjectOf(owner));
      refused.fields.insert(full.path.ToString());
      refused.values_in.insert(owner.ToString());
    } else if (finding.subject == TextFinding::kPath) {
      full.message.insert(0, SubjectOf(full.path));
      refused.names_in.insert(full.path.ToString());
    }
    findings->push_back(std::move(full));
  }
  return refused;
}

// Those of the text first, then those of each setting in its turn.
void SortBySource(const std::vector<std::string>& settings, std::vector<Finding>* findings) {
  const auto source = [&settings](const Finding& finding) {
    if (finding.position.line > 0) return size_t{0};
    return 1 +
           static_cast<size_t>(std::find(settings.begin(), settings.end(), finding.position.file) -
                               settings.begin());
  };
  std::stable_sort(findings->begin(), findings->end(),
                   [&source](const Finding& a, const Finding& b) { return source(a) < source(b); });
}

}  // namespace

ParsedConfig ParseTextConfig(absl::string_view text, absl::string_view file,
                             const Message& prototype, absl::Span<const std::string> settings,
                             Diagnostics* diagnostics,
                             absl::Span<const absl::string_view> unread) {
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
      TextParser(text, 0, 0, &found, unread).ParseFields(message.get(), &impl->root, ConfigPath());
  for (size_t i = 0; well_formed && i < settings.size(); ++i) {
    ApplySetting(settings[i], static_cast<int>(i) + 1, message.get(), &impl->root, &found);
  }
  std::vector<Finding> findings;
  Refused refused = AddFindings(std::move(found), *impl, &findings);
  if (well_formed) {
    Diagnostics rules(
        [source = parsed.source](const ConfigPath& path) { return source.Locate(path); });
    CheckRules(*message, ConfigPath(), &rules);
    std::set<std::string> missing;
    for (const Finding& finding : rules.findings()) {
      if (refused.Explains(finding)) continue;
      findings.push_back(finding);
      if (finding.code == "missing") missing.insert(finding.path.ToString());
    }
    refused.missing = std::move(missing);
    parsed.message = std::move(message);
  }
  SortBySource(impl->settings, &findings);
  for (Finding& finding : findings) diagnostics->Add(std::move(finding));
  // Later phases may check the rules again.
  diagnostics->set_follows([refused](const Finding& finding) { return refused.Explains(finding); });
  return parsed;
}

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  return ReadFileOrPipe(path, kMostConfigBytes);
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
