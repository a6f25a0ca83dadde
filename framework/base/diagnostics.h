// Everything that a phase finds wrong, collected. Each phase adds what it sees and goes on; the
// boundary turns the whole into one Status whose message has a line per finding:
//
//   fashion.pbtxt:12:31: layer "hidden": units 0 must be at least 1
//   [model.layer[hidden].dense.units] fashion.pbtxt:20:5: no layer or input is called "hiden"; did
//   you mean "hidden"? [model.loss[0]....prediction]
//   --set data.batch_size=0:21: data: batch_size 0 must be at least 1 [data.batch_size]

#ifndef GRADUS_BASE_DIAGNOSTICS_H_
#define GRADUS_BASE_DIAGNOSTICS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/base/config_path.h"

namespace gradus {

struct Position {
  std::string file;  // Or what stands in its place: "--set PATH=VALUE".
  int line = 0;      // From 1; 0 when unknown, or when there is only one line, as in a `--set`.
  int column = 0;    // From 1; 0 when unknown.
};

struct Finding {
  enum Severity { kError, kWarning };
  Severity severity = kError;
  // What kind of rule was broken, stable for programs: "unknown-name", "out-of-range", "shape",
  // "cycle", ...
  std::string code;
  ConfigPath path;
  Position position;
  std::string message;  // Names the thing, the value and the rule.
  std::string hint;     // What to do next; may be empty.
};

class Diagnostics {
 public:
  // Where a path stands in the text; asked once for every finding that has no position.
  using Locator = std::function<Position(const ConfigPath&)>;

  Diagnostics() = default;
  explicit Diagnostics(Locator locator) : locator_(std::move(locator)) {}
  void set_locator(Locator locator) { locator_ = std::move(locator); }

  // Findings that only follow from others, so that they are left out from now on: of `dense { unit:
  // 3 }` it is enough to say that there is no `unit`.
  using Follows = std::function<bool(const Finding&)>;
  void set_follows(Follows follows) { follows_ = std::move(follows); }

  void Error(absl::string_view code, const ConfigPath& path, absl::string_view message,
             absl::string_view hint = "");
  void Warning(absl::string_view code, const ConfigPath& path, absl::string_view message,
               absl::string_view hint = "");
  void Add(Finding finding);

  bool ok() const { return errors_ == 0; }
  int errors() const { return errors_; }
  // Whether further findings are only counted: a phase may as well end.
  bool full() const { return findings_.size() >= kMostFindings; }
  // In the order they were added, at most kMostFindings of them.
  const std::vector<Finding>& findings() const { return findings_; }
  // In the order of the text (what `--set` brought comes last), each once.
  std::vector<Finding> Sorted() const;

  // OK, or InvalidArgument with one line per error in the order of the text; of very many the first
  // hundred. ResourceExhausted when one of them is that the memory ran out (code "memory").
  absl::Status ToStatus() const;

  static constexpr size_t kMostFindings = 1000;

 private:
  Locator locator_;
  Follows follows_;
  std::vector<Finding> findings_;
  int errors_ = 0;
};

// "file:line:column: message; hint [path]".
std::string ToString(const Finding& finding);

// What a message begins with that is about a field of the message at `path`: `layer "hidden": `
// where an element with a name encloses it, otherwise `adam: ` or `field[0]: `; nothing at the top.
std::string SubjectOf(const ConfigPath& path);

// A name or value as it is shown in a message: in quotes, control characters escaped, cut when it
// is very long.
std::string Quoted(absl::string_view text);

// A number with as many digits as it takes to read it back: 0.9, 1e-07, inf.
std::string ShortestNumber(double value);

// The candidate nearest to `name` when it is near enough to have been meant (edit distance without
// regard to case), else "".
std::string Nearest(absl::string_view name, absl::Span<const std::string> candidates);

// `did you mean "hidden"?`, or "" when nothing is near.
std::string SuggestName(absl::string_view name, absl::Span<const std::string> candidates);

}  // namespace gradus

#endif  // GRADUS_BASE_DIAGNOSTICS_H_
