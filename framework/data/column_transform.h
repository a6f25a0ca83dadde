// What becomes of one cell of a table: a number is filled in when it is missing, then
//
//   x -> (f(x / divide_by) - shift) / scale,   f: the identity, ln x or ln(1 + x)
//
// in double; a text becomes its place among the categories, or as many numbers as there are
// categories. This is what was learned, as it is saved with a model.

#ifndef GRADUS_DATA_COLUMN_TRANSFORM_H_
#define GRADUS_DATA_COLUMN_TRANSFORM_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/saved_model.pb.h"

namespace gradus {

// What is done to a number that is there.
struct NumberMap {
  enum Function { kIdentity, kLog, kLog1p };

  double divide_by = 1;  // Positive.
  Function function = kIdentity;
  double shift = 0;
  double scale = 1;  // Positive.

  bool identity() const {
    return divide_by == 1 && function == kIdentity && shift == 0 && scale == 1;
  }
  double Apply(double x) const;
  // What Apply makes y of: turns a prediction into the target's own units.
  double Invert(double y) const;

  friend bool operator==(const NumberMap& a, const NumberMap& b) {
    return a.divide_by == b.divide_by && a.function == b.function && a.shift == b.shift &&
           a.scale == b.scale;
  }
};

struct ColumnTransform {
  // Of numbers.
  NumberMap map = {};
  double missing_number = std::numeric_limits<double>::quiet_NaN();  // NaN: none may be missing.

  // Of texts; a column of numbers has no categories.
  std::vector<std::string> categories = {};
  bool one_hot = false;  // Else the place.
  bool other = false;    // A text that is no category is one more, the last; else an error.
  bool category_missing = false;  // Whether a missing cell counts as `missing_category`.
  std::string missing_category = {};

  bool text() const { return !categories.empty(); }
  bool may_miss() const { return text() ? category_missing : missing_number == missing_number; }
  int64_t places() const { return static_cast<int64_t>(categories.size()) + (other ? 1 : 0); }
  int64_t width() const { return text() && one_hot ? places() : 1; }  // In numbers of an example.

  // The places of texts; -1 for one that is no category where that is an error.
  std::vector<int32_t> PlacesOf(const std::vector<std::string>& texts) const;
  // That of a missing cell; -1 when none may be missing.
  int32_t MissingPlace() const;

  void ToProto(ColumnPreprocessing* proto) const;
  // The message says what is wrong, without naming the column.
  static absl::StatusOr<ColumnTransform> FromProto(const ColumnPreprocessing& proto);
};

// "Bergen, Oslo, Rome": at most so many, "... (12 in all)" after them.
std::string ListCategories(const std::vector<std::string>& categories);

}  // namespace gradus

#endif  // GRADUS_DATA_COLUMN_TRANSFORM_H_
