// The map of a number and back, places of categories, the saved form and what cannot be one.

#include "gradus/data/column_transform.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/csv_number.h"

namespace gradus {

double NumberMap::Apply(double x) const {
  double y = x / divide_by;
  if (function == kLog) y = std::log(y);
  if (function == kLog1p) y = std::log1p(y);
  return (y - shift) / scale;
}

double NumberMap::Invert(double y) const {
  double x = y * scale + shift;
  if (function == kLog) x = std::exp(x);
  if (function == kLog1p) x = std::expm1(x);
  return x * divide_by;
}

std::vector<int32_t> ColumnTransform::PlacesOf(const std::vector<std::string>& texts) const {
  std::unordered_map<absl::string_view, int32_t, absl::Hash<absl::string_view>> known;
  for (size_t i = 0; i < categories.size(); ++i) {
    known.emplace(categories[i], static_cast<int32_t>(i));
  }
  // Numbers are read without the blanks that whoever gave the categories may have written.
  for (size_t i = 0; i < categories.size(); ++i) {
    known.emplace(BareCsvNumber(categories[i]), static_cast<int32_t>(i));
  }
  const int32_t unseen = other ? static_cast<int32_t>(categories.size()) : -1;
  std::vector<int32_t> places;
  places.reserve(texts.size());
  for (const std::string& text : texts) {
    const auto found = known.find(text);
    places.push_back(found == known.end() ? unseen : found->second);
  }
  return places;
}

int32_t ColumnTransform::MissingPlace() const {
  return category_missing ? PlacesOf({missing_category})[0] : -1;
}

void ColumnTransform::ToProto(ColumnPreprocessing* proto) const {
  if (text()) {
    for (const std::string& category : categories) proto->add_category(category);
    proto->set_one_hot(one_hot);
    if (other) proto->set_other(true);
    if (category_missing) proto->set_missing_category(missing_category);
    return;
  }
  if (map.divide_by != 1) proto->set_divide_by(map.divide_by);
  if (map.function == NumberMap::kLog) proto->set_log(true);
  if (map.function == NumberMap::kLog1p) proto->set_log1p(true);
  if (map.shift != 0) proto->set_shift(map.shift);
  if (map.scale != 1) proto->set_scale(map.scale);
  if (may_miss()) proto->set_missing_number(missing_number);
}

absl::StatusOr<ColumnTransform> ColumnTransform::FromProto(const ColumnPreprocessing& proto) {
  const auto error = [](auto&&... what) {
    return absl::InvalidArgumentError(absl::StrCat(what...));
  };
  const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
  ColumnTransform to;
  if (!positive(proto.divide_by()))
    return error("divide_by ", proto.divide_by(), " is not positive");
  if (!positive(proto.scale())) return error("scale ", proto.scale(), " is not positive");
  if (!std::isfinite(proto.shift())) return error("shift ", proto.shift(), " is not finite");
  if (proto.log() && proto.log1p()) return error("both log and log1p");
  to.map.divide_by = proto.divide_by();
  to.map.function = proto.log()     ? NumberMap::kLog
                    : proto.log1p() ? NumberMap::kLog1p
                                    : NumberMap::kIdentity;
  to.map.shift = proto.shift();
  to.map.scale = proto.scale();
  if (proto.has_missing_number()) {
    if (!std::isfinite(proto.missing_number())) {
      return error("missing_number ", proto.missing_number(), " is not finite");
    }
    to.missing_number = proto.missing_number();
  }
  to.categories.assign(proto.category().begin(), proto.category().end());
  to.one_hot = proto.one_hot();
  to.other = proto.other();
  to.category_missing = proto.has_missing_category();
  to.missing_category = proto.missing_category();
  if (!to.text()) {
    if (to.one_hot || to.other || to.category_missing) return error("no category");
    return to;
  }
  if (!to.map.identity() || proto.has_missing_number()) {
    return error("categories, and what is done to numbers");
  }
  std::vector<std::string> sorted = to.categories;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) return error("category ", Quoted(*twice), " is there twice");
  if (to.category_missing && to.MissingPlace() < 0) {
    return error("missing_category ", Quoted(to.missing_category), " is no category");
  }
  return to;
}

std::string ListCategories(const std::vector<std::string>& categories) {
  constexpr size_t kMost = 10;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kMost, categories.size()); ++i) {
    shown.push_back(Quoted(categories[i]));
  }
  return absl::StrCat(
      absl::StrJoin(shown, ", "),
      categories.size() > kMost ? absl::StrCat(", ... (", categories.size(), " in all)") : "");
}

}  // namespace gradus
