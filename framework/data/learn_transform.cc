// Two passes in double over the rows, which may be many and anywhere.

#include "gradus/data/learn_transform.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/convert.h"
#include "gradus/data/row_blocks.h"

namespace gradus {
namespace {

double ValueAt(const void* block, DType dtype, int64_t index) {
  if (dtype == DType::kFloat32) return static_cast<const float*>(block)[index];
  if (dtype == DType::kFloat64) return static_cast<const double*>(block)[index];
  return 0;  // Whole numbers are finite, which is what is asked for.
}

// Why small or large values may have become smaller or larger still.
std::string DividedBy(const InputTransform& transform) {
  if (transform.divide_by == 1) return "";
  return absl::StrCat(", divided by divide_by ", ShortestNumber(transform.divide_by), ",");
}

// Names the first row whose element is not finite, or the sum when none is.
absl::Status ExplainSum(const Dataset& raw, int field, const Rows& rows, int64_t element,
                        const InputTransform& transform) {
  const std::string name = transform.NameOf(element);
  const FieldSpec& spec = raw.fields()[field];
  const int64_t elements = spec.elements();
  std::string found;
  GRADUS_RETURN_IF_ERROR(
      ForRowBlocks(raw, field, rows, [&](const void* block, int64_t begin, int64_t n) {
        for (int64_t r = 0; r < n && found.empty(); ++r) {
          const double value = ValueAt(block, spec.dtype, r * elements + element);
          if (std::isfinite(value)) continue;
          found = absl::StrCat(raw.Where(rows[begin + r], field), ": input \"", spec.input,
                               "\": ", name, " is ", value);
        }
      }));
  if (found.empty()) {
    found = absl::StrCat("input \"", spec.input, "\": ", name, DividedBy(transform),
                         " cannot be standardised: the sum of its values is not finite");
  }
  return absl::InvalidArgumentError(found);
}

}  // namespace

absl::Status LearnTransform(const Dataset& raw, int field, const Rows& rows,
                            InputTransform* transform) {
  const FieldSpec& spec = raw.fields()[field];
  const int64_t elements = spec.elements();
  const double count = static_cast<double>(rows.size());
  GRADUS_CHECK(rows.size() > 0 && CanConvert(spec.dtype, DType::kFloat32));
  const auto error = [&](int64_t element, auto&&... what) {
    return absl::InvalidArgumentError(
        absl::StrCat("input \"", spec.input, "\": ", transform->NameOf(element), what...));
  };
  const std::string divided = DividedBy(*transform);
  const InputTransform divide = {spec.input, transform->columns, transform->divide_by, {}, {}};
  const RowConversion conversion = {spec.dtype, DType::kFloat32, elements, &divide};

  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> least(elements, kInfinity), most(elements, -kInfinity), mean(elements, 0.0);
  const ElementSums sums = {least.data(), most.data(), mean.data()};
  GRADUS_RETURN_IF_ERROR(ForRowBlocks(raw, field, rows, [&](const void* block, int64_t, int64_t n) {
    AddSums(conversion, block, n, sums);
  }));
  for (int64_t i = 0; i < elements; ++i) {
    if (!std::isfinite(mean[i])) return ExplainSum(raw, field, rows, i, *transform);
    mean[i] /= count;
  }
  // The mean of n equal numbers is not always that number in floating point.
  for (int64_t i = 0; i < elements; ++i) {
    if (least[i] == most[i]) mean[i] = least[i];
  }

  std::vector<double> deviation(elements, 0.0);
  GRADUS_RETURN_IF_ERROR(ForRowBlocks(raw, field, rows, [&](const void* block, int64_t, int64_t n) {
    AddSquares(conversion, block, n, mean.data(), deviation.data());
  }));
  for (int64_t i = 0; i < elements; ++i) {
    deviation[i] = least[i] == most[i] ? 1 : std::sqrt(deviation[i] / count);
    if (!std::isfinite(deviation[i]) || deviation[i] <= 0) {
      return error(i, divided, " cannot be standardised: its deviation is ", deviation[i]);
    }
  }
  transform->mean = std::move(mean);
  transform->deviation = std::move(deviation);
  return absl::OkStatus();
}

}  // namespace gradus
