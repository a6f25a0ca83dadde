// Reads, then looks.

#include "gradus/data/check_ranges.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// The first of n numbers that is outside, or -1. A NaN is not found: it is nothing that a range would say.
template <class T>
int64_t FindOutside(const T* numbers, int64_t n, T least, T most) {
  for (int64_t i = 0; i < n; ++i) {
    if (numbers[i] < least || numbers[i] > most) return i;
  }
  return -1;
}

class CheckedRanges final : public Dataset {
 public:
  CheckedRanges(std::shared_ptr<const Dataset> dataset, std::vector<ValueRange> ranges)
      : dataset_(std::move(dataset)), ranges_(std::move(ranges)) {}

  absl::Span<const FieldSpec> fields() const override { return dataset_->fields(); }
  int64_t size() const override { return dataset_->size(); }
  bool in_memory() const override { return dataset_->in_memory(); }
  void LetGo() const override { dataset_->LetGo(); }
  std::string Where(int64_t row, int field) const override { return dataset_->Where(row, field); }

  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    GRADUS_RETURN_IF_ERROR(dataset_->Read(rows, destinations));
    for (const ValueRange& range : ranges_) {
      const FieldSpec& field = fields()[range.field];
      const int64_t elements = field.elements();
      const int64_t n = static_cast<int64_t>(rows.size()) * elements;
      int64_t at = -1;
      std::string number;
      if (field.dtype == DType::kInt32) {
        const int32_t* numbers = static_cast<const int32_t*>(destinations[range.field]);
        at = FindOutside(numbers, n, static_cast<int32_t>(range.least),
                         static_cast<int32_t>(range.most));
        if (at >= 0) number = absl::StrCat(numbers[at]);
      } else {
        const float* numbers = static_cast<const float*>(destinations[range.field]);
        at = FindOutside(numbers, n, static_cast<float>(range.least),
                         static_cast<float>(range.most));
        if (at >= 0) number = absl::StrCat(numbers[at]);
      }
      if (at < 0) continue;
      const size_t element = static_cast<size_t>(at % elements);
      return absl::InvalidArgumentError(absl::StrCat(
          Where(rows[static_cast<size_t>(at / elements)], range.field), ": input \"", field.input,
          "\": ", element < range.elements.size() ? range.elements[element] + ": " : "", number,
          " is not in ", range.least, " to ", range.most, ": ", range.rule));
    }
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<const Dataset> dataset_;
  const std::vector<ValueRange> ranges_;
};

}  // namespace

std::shared_ptr<const Dataset> CheckRanges(std::shared_ptr<const Dataset> dataset,
                                           std::vector<ValueRange> ranges) {
  if (dataset == nullptr || ranges.empty()) return dataset;
  return std::make_shared<CheckedRanges>(std::move(dataset), std::move(ranges));
}

}  // namespace gradus
