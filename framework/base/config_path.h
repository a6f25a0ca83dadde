// One address for everything in a configuration: `model.layer[hidden_1].dense.units`. It names a
// field in messages, in
// `--set`, in findings and in the API.
//
// A segment is a field's name, or an extension's full name in parentheses; an element of a repeated
// message is selected by its `name` field or by its position: `data.train.csv.field[0]`,
// `optimizer.(acme.lion).beta1`. A name that is not made of letters, digits and _ - . / or that
// looks like a position is quoted: `model.loss["total error"].weight`.

#ifndef GRADUS_BASE_CONFIG_PATH_H_
#define GRADUS_BASE_CONFIG_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gradus {

class ConfigPath {
 public:
  struct Segment {
    std::string field;     // "layer", "(acme.lion)"
    std::string selector;  // "hidden_1", "0", or empty
    int index = -1;        // Position in the repeated field where it is known, else -1.
    int column = 0;        // Where the segment began in a text that was parsed, from 1.

    // Whether the element was selected by its name.
    bool named() const;
  };

  ConfigPath() = default;
  // InvalidArgument names the column of what is wrong, unless `wrong_column` takes it.
  static absl::StatusOr<ConfigPath> Parse(absl::string_view text, int* wrong_column = nullptr);

  ConfigPath Child(absl::string_view field) const;
  // An element of a repeated field; `name` is its name, or empty to show the position.
  ConfigPath Child(absl::string_view field, int index, absl::string_view name) const;
  // The message that the last segment is a field of; of the empty path the empty path.
  ConfigPath Parent() const;

  const std::vector<Segment>& segments() const { return segments_; }
  std::vector<Segment>& mutable_segments() { return segments_; }
  bool empty() const { return segments_.empty(); }
  std::string ToString() const;

 private:
  std::vector<Segment> segments_;
};

}  // namespace gradus

#endif  // GRADUS_BASE_CONFIG_PATH_H_
