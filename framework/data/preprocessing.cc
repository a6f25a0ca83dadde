// Saving and applying the maps of a model's inputs.

#include "gradus/data/preprocessing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/convert.h"
#include "gradus/data/convert_columns.h"

namespace gradus {

int64_t InputTransform::width() const {
  int64_t width = 0;
  for (const ColumnTransform& column : treatments) width += column.width();
  return width;
}

std::string InputTransform::NameOfColumn(int64_t column) const {
  return column < static_cast<int64_t>(columns.size())
             ? absl::StrCat("column \"", columns[column], "\"")
             : absl::StrCat("element ", column);
}

std::string InputTransform::NameOf(int64_t element) const {
  int64_t column = 0;
  for (int64_t left = element; column < static_cast<int64_t>(treatments.size()); ++column) {
    left -= treatments[column].width();
    if (left < 0) break;
  }
  return NameOfColumn(treatments.empty() ? element : column);
}

absl::StatusOr<Preprocessing> Preprocessing::FromProto(
    const google::protobuf::RepeatedPtrField<InputPreprocessing>& proto) {
  Preprocessing preprocessing;
  for (const InputPreprocessing& from : proto) {
    const auto error = [&from](auto&&... what) {
      return absl::InvalidArgumentError(
          absl::StrCat("preprocessing of input \"", from.input(), "\": ", what...));
    };
    if (preprocessing.Find(from.input()) != nullptr) return error("is there twice");
    if (!std::isfinite(from.divide_by()) || from.divide_by() <= 0) {
      return error("divide_by ", from.divide_by(), " is not positive");
    }
    if (from.mean_size() != from.deviation_size()) {
      return error(from.mean_size(), " means, but ", from.deviation_size(), " deviations");
    }
    if (from.column_size() > 0 && from.mean_size() > 0 && from.column_size() != from.mean_size()) {
      return error(from.column_size(), " columns, but ", from.mean_size(), " means");
    }
    for (int i = 0; i < from.mean_size(); ++i) {
      if (!std::isfinite(from.mean(i))) return error("mean ", from.mean(i), " is not finite");
      if (!std::isfinite(from.deviation(i)) || from.deviation(i) <= 0) {
        return error("deviation ", from.deviation(i), " is not positive");
      }
    }
    InputTransform to = {from.input(),
                         {from.column().begin(), from.column().end()},
                         from.divide_by(),
                         {from.mean().begin(), from.mean().end()},
                         {from.deviation().begin(), from.deviation().end()}};
    if (from.columns_size() > 0) {
      if (from.columns_size() != from.column_size()) {
        return error(from.column_size(), " columns, but treatments of ", from.columns_size());
      }
      if (from.divide_by() != 1 || from.mean_size() > 0) {
        return error("columns with treatments of their own, and one of all of them");
      }
    }
    for (int i = 0; i < from.columns_size(); ++i) {
      absl::StatusOr<ColumnTransform> column = ColumnTransform::FromProto(from.columns(i));
      if (!column.ok()) return error(to.NameOfColumn(i), ": ", column.status().message());
      to.treatments.push_back(*std::move(column));
    }
    to.class_names.assign(from.class_name().begin(), from.class_name().end());
    preprocessing.inputs_.push_back(std::move(to));
  }
  return preprocessing;
}

void Preprocessing::ToProto(google::protobuf::RepeatedPtrField<InputPreprocessing>* proto) const {
  proto->Clear();
  for (const InputTransform& from : inputs_) {
    InputPreprocessing* to = proto->Add();
    to->set_input(from.input);
    for (const std::string& column : from.columns) to->add_column(column);
    if (from.divide_by != 1) to->set_divide_by(from.divide_by);
    to->mutable_mean()->Add(from.mean.begin(), from.mean.end());
    to->mutable_deviation()->Add(from.deviation.begin(), from.deviation.end());
    for (const ColumnTransform& column : from.treatments) column.ToProto(to->add_columns());
    for (const std::string& name : from.class_names) to->add_class_name(name);
  }
}

const InputTransform* Preprocessing::Find(absl::string_view input) const {
  for (const InputTransform& transform : inputs_) {
    if (transform.input == input) return &transform;
  }
  return nullptr;
}

std::vector<std::string> Preprocessing::ClassNames(absl::string_view input) const {
  const InputTransform* transform = Find(input);
  if (transform == nullptr) return {};
  if (!transform->class_names.empty()) return transform->class_names;
  if (transform->treatments.size() != 1) return {};
  const ColumnTransform& column = transform->treatments[0];
  std::vector<std::string> names = column.categories;
  if (column.text() && column.other) {
    // A text of the table may be called so.
    std::string other = "(other)";
    while (std::find(names.begin(), names.end(), other) != names.end()) {
      other = absl::StrCat("(", other, ")");
    }
    names.push_back(other);
  }
  return names;
}

std::vector<NumberMap> Preprocessing::Units(const FieldSpec& input) const {
  const InputTransform* transform = Find(input.input);
  if (transform == nullptr || transform->identity() || input.dtype != DType::kFloat32) return {};
  std::vector<NumberMap> maps;
  for (const ColumnTransform& column : transform->treatments) {
    if (column.text()) return {};
    maps.push_back(column.map);
  }
  if (transform->treatments.empty()) {
    for (int64_t i = 0; i < input.elements(); ++i) {
      NumberMap map;
      map.divide_by = transform->divide_by;
      if (i < static_cast<int64_t>(transform->mean.size())) {
        map.shift = transform->mean[i];
        map.scale = transform->deviation[i];
      }
      maps.push_back(map);
    }
  }
  const bool any =
      std::any_of(maps.begin(), maps.end(), [](const NumberMap& map) { return !map.identity(); });
  if (!any || static_cast<int64_t>(maps.size()) != input.elements()) return {};
  return maps;
}

absl::StatusOr<Tensor> Preprocessing::Apply(const FieldSpec& field, const Tensor& raw) const {
  const auto error = [&field](auto&&... what) {
    return absl::InvalidArgumentError(absl::StrCat("input \"", field.input, "\": ", what...));
  };
  const InputTransform none = {field.input, {}, 1, {}, {}};
  const InputTransform* transform = Find(field.input);
  if (transform == nullptr) transform = &none;
  const bool by_column = !transform->treatments.empty();
  const int64_t elements = field.elements();
  const int64_t cells = by_column ? static_cast<int64_t>(transform->treatments.size()) : elements;
  const int64_t rows = raw.rank() == 0 ? 1 : raw.rows();
  if (raw.elements() != rows * cells) {
    return error("takes ", cells, by_column ? " columns" : " numbers", " an example, ", rows,
                 " examples have ", raw.elements());
  }
  if (by_column ? raw.dtype() == DType::kInt64 : !CanConvert(raw.dtype(), field.dtype)) {
    return error("is ", Name(field.dtype), ", the values are ", Name(raw.dtype()));
  }
  if (by_column
          ? transform->width() != elements
          : !transform->mean.empty() && static_cast<int64_t>(transform->mean.size()) != elements) {
    return error("has ", elements, " elements, its preprocessing ",
                 by_column ? transform->width() : static_cast<int64_t>(transform->mean.size()));
  }
  std::vector<int64_t> dims = {rows};
  dims.insert(dims.end(), field.dims.begin(), field.dims.end());
  GRADUS_ASSIGN_OR_RETURN(Tensor out, Tensor::Create(field.dtype, std::move(dims)));
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  if (by_column) {
    std::vector<ColumnCell> places;
    for (int c = 0; c < static_cast<int>(cells); ++c) places.push_back({0, c});
    const ColumnConversion conversion(transform, field.dtype, {{raw.dtype(), cells}}, places);
    const int64_t bad = conversion.Convert({raw.raw()}, order, out.mutable_raw());
    if (bad >= 0) return error("row ", bad, ": ", conversion.Describe({raw.raw()}, bad));
    return out;
  }
  const RowConversion conversion = {raw.dtype(), field.dtype, elements, transform};
  const int64_t bad = ConvertRows(conversion, raw.raw(), 0, order.data(), rows, out.mutable_raw());
  if (bad >= 0) {
    const float* row = out.data<float>().data() + bad * elements;
    return error("row ", bad, ": ", DescribeNonFinite(conversion, row));
  }
  return out;
}

}  // namespace gradus
