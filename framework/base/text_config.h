// From text to a message, strictly: unknown names, numbers that overflow, nan and inf are errors; every finding has a position.
// Also what the rest of the language needs: range rules, exactly-one rules, `--set`.

#ifndef GRADUS_BASE_TEXT_CONFIG_H_
#define GRADUS_BASE_TEXT_CONFIG_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "gradus/base/diagnostics.h"

namespace gradus {

// Remembers where each field of a parsed message stood, and which fields `--set` changed.
class ConfigSource {
 public:
  ConfigSource();
  ~ConfigSource();
  ConfigSource(ConfigSource&&);
  ConfigSource& operator=(ConfigSource&&);

  // The position of the field, of its enclosing message when it is unset, or a `--set` position ("--set PATH=VALUE").
  Position Locate(const ConfigPath& path) const;
  const std::string& file() const;  // As it was given to the parser.

 private:
  friend class ConfigParser;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ParsedConfig {
  std::unique_ptr<google::protobuf::Message> message;
  ConfigSource source;
};

constexpr int kMostNesting = 64;
constexpr int64_t kMostConfigBytes = 16 << 20;

// Parses text into a new message of the prototype's type, then applies the `PATH=VALUE` settings in order, then checks every rule of
// rule.proto. Findings go to `diagnostics`, whose locator is set to the source; the message is returned even when semantic findings exist (so
// that later phases can add theirs), and null only when the text could not be parsed at all.
ParsedConfig ParseTextConfig(absl::string_view text, absl::string_view file,
                             const google::protobuf::Message& prototype,
                             absl::Span<const std::string> settings, Diagnostics* diagnostics);

// Reads a file of at most kMostConfigBytes.
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

// Checks ranges, required fields, finite numbers and exactly-one rules of `message` and all below it.
void CheckRules(const google::protobuf::Message& message, const ConfigPath& path,
                Diagnostics* diagnostics);

// The field that is set of those under the `exactly_one` option of the message (oneof member or extension), or null.
const google::protobuf::FieldDescriptor* ChosenField(const google::protobuf::Message& message);

// A message as text in the language, stable across runs.
std::string PrintTextConfig(const google::protobuf::Message& message);

}  // namespace gradus

#endif  // GRADUS_BASE_TEXT_CONFIG_H_
