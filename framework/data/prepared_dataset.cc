// One gather-and-convert loop per field over memory; a dataset that is not in memory first writes
// its rows into the batch's own buffers.

#include "gradus/data/prepared_dataset.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "gradus/base/status.h"
#include "gradus/data/convert.h"

namespace gradus {
namespace {

class PreparedDataset : public Dataset {
 public:
  PreparedDataset(std::shared_ptr<const Dataset> raw, std::vector<FieldSpec> inputs,
                  std::vector<int> fields, std::vector<InputTransform> transforms, int64_t first,
                  int64_t count)
      : raw_(std::move(raw)),
        inputs_(std::move(inputs)),
        fields_(std::move(fields)),
        transforms_(std::move(transforms)),
        first_(first),
        count_(count) {
    GRADUS_CHECK(fields_.size() == inputs_.size() && transforms_.size() == inputs_.size());
    GRADUS_CHECK(first_ >= 0 && count_ >= 0 && first_ + count_ <= raw_->size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const FieldSpec& from = raw_->fields()[fields_[i]];
      GRADUS_CHECK(CanConvert(from.dtype, inputs_[i].dtype));
      GRADUS_CHECK(from.elements() == inputs_[i].elements());
      conversions_.push_back(
          {from.dtype, inputs_[i].dtype, inputs_[i].elements(), &transforms_[i]});
      in_memory_ = in_memory_ && raw_->Contiguous(fields_[i]) != nullptr;
    }
    GRADUS_CHECK(in_memory_ || fields_.size() == raw_->fields().size());
  }

  absl::Span<const FieldSpec> fields() const override { return inputs_; }
  int64_t size() const override { return count_; }
  std::string Where(int64_t row, int field) const override {
    return raw_->Where(first_ + row, fields_[field]);
  }
  bool in_memory() const override { return in_memory_; }

  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    for (int64_t row : rows) {
      if (row < 0 || row >= count_) {
        return absl::OutOfRangeError(absl::StrCat("row ", row, " is not in a dataset of ", count_));
      }
    }
    if (!in_memory_) GRADUS_RETURN_IF_ERROR(ReadRaw(rows, destinations));
    const int64_t row_count = static_cast<int64_t>(rows.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const RowConversion& conversion = conversions_[i];
      const int64_t bad = in_memory_ ? ConvertRows(conversion, raw_->Contiguous(fields_[i]), first_,
                                                   rows.data(), row_count, destinations[i])
                                     : ConvertInPlace(conversion, row_count, destinations[i]);
      if (bad < 0) continue;
      const float* values = static_cast<const float*>(destinations[i]) + bad * conversion.elements;
      return absl::InvalidArgumentError(
          absl::StrCat(Where(rows[bad], static_cast<int>(i)), ": input \"", inputs_[i].input,
                       "\": ", DescribeNonFinite(conversion, values)));
    }
    return absl::OkStatus();
  }

 private:
  // Raw rows into the batch's buffers: bytes at the end of them, as ConvertInPlace wants it.
  absl::Status ReadRaw(absl::Span<const int64_t> rows, absl::Span<void* const> destinations) const {
    absl::InlinedVector<void*, 8> raw(fields_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const RowConversion& conversion = conversions_[i];
      const int64_t spare = ByteSize(conversion.to) - ByteSize(conversion.from);
      raw[fields_[i]] = static_cast<char*>(destinations[i]) +
                        spare * conversion.elements * static_cast<int64_t>(rows.size());
    }
    if (first_ == 0) return raw_->Read(rows, raw);
    absl::InlinedVector<int64_t, 256> shifted(rows.begin(), rows.end());
    for (int64_t& row : shifted) row += first_;
    return raw_->Read(shifted, raw);
  }

  const std::shared_ptr<const Dataset> raw_;
  const std::vector<FieldSpec> inputs_;
  const std::vector<int> fields_;
  const std::vector<InputTransform> transforms_;
  const int64_t first_;
  const int64_t count_;
  std::vector<RowConversion> conversions_;
  bool in_memory_ = true;
};

}  // namespace

std::shared_ptr<const Dataset> MakePreparedDataset(std::shared_ptr<const Dataset> raw,
                                                   std::vector<FieldSpec> inputs,
                                                   std::vector<int> fields,
                                                   std::vector<InputTransform> transforms,
                                                   int64_t first, int64_t count) {
  return std::make_shared<PreparedDataset>(std::move(raw), std::move(inputs), std::move(fields),
                                           std::move(transforms), first, count);
}

}  // namespace gradus
