// From text to a message, strictly: unknown names, numbers that overflow, nan and inf are errors;
// every finding has a position. Also what the rest of the language needs: range rules, exactly-one
// rules, `--set`.
//
// A setting is `PATH=VALUE`, PATH as in config_path.h. The value is what the text would have after
// the colon; a string may do without quotes, a message without braces:
// `model.layer[hidden].dense.units=64`, `data.train.csv.path=a b.csv`, `model.output=[a, b]`,
// `optimizer.learning_rate=constant: 0.1`. It replaces what was there, another member of a oneof
// included.

#ifndef GRADUS_BASE_TEXT_CONFIG_H_
#define GRADUS_BASE_TEXT_CONFIG_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/diagnostics.h"
#include "gradus/rule.pb.h"

namespace gradus {

// Remembers where each field of a parsed message stood, and which fields `--set` changed.
class ConfigSource {
 public:
  struct Impl;
  ConfigSource() = default;
  explicit ConfigSource(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  // The position of the field, of its enclosing message when it is unset, or a `--set` position
  // ("--set PATH=VALUE"). Of a scalar it is where its value begins, of a message where its field's
  // name does. Without a text it has no file.
  Position Locate(const ConfigPath& path) const;
  // As it was given to the parser.
  const std::string& file() const;

 private:
  std::shared_ptr<const Impl> impl_;  // Shared by copies, and by the locators made from them.
};

struct ParsedConfig {
  std::unique_ptr<google::protobuf::Message> message;
  ConfigSource source;
};

constexpr int kMostNesting = 64;
constexpr int64_t kMostConfigBytes = 16 << 20;

// Parses text into a new message of the prototype's type, then applies the `PATH=VALUE` settings in
// order, then checks every rule of rule.proto. Findings go to `diagnostics`, whose locator is set
// to the source. The message is returned even when there are findings, so that later phases can add
// theirs; it is null only when the text is malformed.
// `unread`: full names of fields ("gradus.RunConfig.optimizer") that are left out of the message: of
// their values only the syntax is checked, so that what they name need not be there.
ParsedConfig ParseTextConfig(absl::string_view text, absl::string_view file,
                             const google::protobuf::Message& prototype,
                             absl::Span<const std::string> settings, Diagnostics* diagnostics,
                             absl::Span<const absl::string_view> unread = {});

// Reads a file or a pipe of at most kMostConfigBytes.
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

// Checks ranges, required fields, finite numbers and exactly-one rules of `message` and all below
// it. Codes: "out-of-range", "missing", "not-finite", "exactly-one".
void CheckRules(const google::protobuf::Message& message, const ConfigPath& path,
                Diagnostics* diagnostics);

// Whether a rule's bounds admit the value; none admits nan.
bool Within(const Rule& rule, double value);
// "at least 0 and below 1"; empty without bounds.
std::string RangeInWords(const Rule& rule);

// The field that is set of those under the `exactly_one` option of the message (oneof member or
// extension); null when there is none, when there are several, or when the message has no such
// option.
const google::protobuf::FieldDescriptor* ChosenField(const google::protobuf::Message& message);

// A message as text in the language, stable across runs.
std::string PrintTextConfig(const google::protobuf::Message& message);

}  // namespace gradus

#endif  // GRADUS_BASE_TEXT_CONFIG_H_
