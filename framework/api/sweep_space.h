// The space that a sweep searches, as text and as points.
//
//   entry    = [ LABEL ":" ] ADDRESS [ ".*" ] "=" space
//   space    = log(low, high [, points])       the logarithm is uniform between the two
//            | uniform(low, high [, points])   also called linear
//            | int(low, high [, points])       whole numbers, both ends included
//            | choice(option, option, ...)
//   option   = [ LABEL "=>" ] VALUE
//
// ADDRESS and VALUE are those of `--set` (text_config.h), so that a point of the space is a list of
// settings. `optimizer=choice(adam {}, rmsprop {})` replaces the whole optimizer, as `--set` does;
// with `.*` each option is one field of the message, which is set while the others stay:
// `optimizer.*=choice(adam {}, rmsprop {})` leaves learning_rate as it is.
//
// An entry that begins with a label belongs to that option of a choice, and is searched only where
// it is chosen:
//
//   optimizer.*=choice(adam { beta1: 0.9 }, rmsprop {})
//   adam: optimizer.learning_rate.constant=log(1e-4, 1e-2)
//   rmsprop: optimizer.learning_rate.constant=log(1e-5, 1e-3)
//
// An option's label is the first word of its value unless it is given: choice(small => dense {
// units: 8 }, big => dense { units: 64 }).
//
// Numbers that are drawn have six significant digits: what a table shows is what was trained.

#ifndef GRADUS_API_SWEEP_SPACE_H_
#define GRADUS_API_SWEEP_SPACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace gradus {

struct SearchOption {
  std::string label;  // Empty when it is not given and the first word is that of another one too.
  std::string value;
};

struct SearchEntry {
  enum Kind { kLog, kUniform, kInt, kChoice };

  std::string text;  // As it was given.
  std::string address;
  bool fields = false;  // Whether ".*" followed.
  Kind kind = kUniform;
  double low = 0, high = 0;
  int64_t points = 0;                 // 0: any number between the two.
  std::vector<SearchOption> options;  // Of a choice.
  // The choice that it depends on and the option of it; -1: none.
  int parent = -1, parent_option = -1;
  std::string condition;  // The label as it was given.
};

struct SearchValue {
  std::string shown;    // In a table: the number, or the option's label.
  std::string setting;  // ADDRESS=VALUE
  int option = -1;      // Of a choice.
};

// One point: a value for each entry, none for those that it does not have.
struct SearchPoint {
  std::vector<absl::optional<SearchValue>> values;
};

// Thread safety: immutable.
class SearchSpace {
 public:
  // InvalidArgument with a line for each thing that is wrong: `--search TEXT:COLUMN: ...`.
  static absl::StatusOr<SearchSpace> Parse(absl::Span<const std::string> texts);

  const std::vector<SearchEntry>& entries() const { return entries_; }
  // Whether each entry is a choice or says how many points it has: what is searched is a grid.
  bool IsGrid() const;
  // Every combination of the points, the last entry changing fastest. An error when an entry has no
  // points to go through or when there are more than `most` combinations.
  absl::StatusOr<std::vector<SearchPoint>> Grid(int64_t most) const;
  // Point `trial` of a random search, counted from 0: a function of its arguments, so that a longer
  // search begins with the points of a shorter one, and another entry does not move the rest.
  SearchPoint Random(uint64_t seed, int64_t trial) const;
  // What is to be set for this point, in an order in which no setting undoes another.
  std::vector<std::string> Settings(const SearchPoint& point) const;

 private:
  bool Active(const SearchEntry& entry, const SearchPoint& point) const;
  void Extend(size_t at, int64_t most, const std::vector<std::vector<SearchValue>>& grid,
              SearchPoint* point, std::vector<SearchPoint>* points) const;

  std::vector<SearchEntry> entries_;
  std::vector<size_t> order_;     // A choice before what depends on it.
  std::vector<size_t> by_depth_;  // A message before what is inside it.
};

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_SPACE_H_
