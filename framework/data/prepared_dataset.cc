// One gather-and-convert loop per input over memory; a dataset that is not in memory first writes
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
  PreparedDataset(std::shared_ptr<const Dataset> raw, std::vector<PreparedInput> inputs, Rows rows)
      : raw_(std::move(raw)), inputs_(std::move(inputs)), rows_(std::move(rows)) {
    for (int64_t i = 0; i < rows_.size(); i += rows_.is_range() ? rows_.size() : 1) {
      const int64_t last = rows_.is_range() ? rows_[rows_.size() - 1] : rows_[i];
      GRADUS_CHECK(rows_[i] >= 0 && last < raw_->size());
    }
    size_t fields = 0;
    for (const PreparedInput& input : inputs_) {
      specs_.push_back(input.input);
      fields += input.raw_fields.size();
      bool in_memory = true;
      Feed feed;
      for (int field : input.raw_fields) {
        feed.sources.push_back(raw_->Contiguous(field));
        in_memory = in_memory && feed.sources.back() != nullptr;
      }
      in_memory_ = in_memory_ && in_memory;
      const FieldSpec& from = raw_->fields()[input.raw_fields[0]];
      if (input.transform.treatments.empty()) {
        GRADUS_CHECK(input.raw_fields.size() == 1 && CanConvert(from.dtype, input.input.dtype));
        GRADUS_CHECK(from.elements() == input.input.elements());
        feed.conversion = {from.dtype, input.input.dtype, input.input.elements(), &input.transform};
        // What is wider raw has no room in the batch's buffers.
        narrows_ = narrows_ || ByteSize(from.dtype) > ByteSize(input.input.dtype);
      } else {
        feed.columns = std::make_unique<ColumnConversion>(&input.transform, input.input.dtype,
                                                          input.parts, input.cells);
        GRADUS_CHECK(feed.columns->width() == input.input.elements());
        by_column_ = true;
      }
      feeds_.push_back(std::move(feed));
    }
    GRADUS_CHECK(in_memory_ || fields == raw_->fields().size());
  }

  absl::Span<const FieldSpec> fields() const override { return specs_; }
  int64_t size() const override { return rows_.size(); }
  std::string Where(int64_t row, int field) const override {
    return raw_->Where(rows_[row], inputs_[field].raw_fields[0]);
  }
  bool in_memory() const override { return in_memory_ && raw_->in_memory(); }

  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    for (int64_t row : rows) {
      if (row < 0 || row >= size()) {
        return absl::OutOfRangeError(absl::StrCat("row ", row, " is not in a dataset of ", size()));
      }
    }
    absl::InlinedVector<int64_t, 256> raw_rows(rows.begin(), rows.end());
    for (int64_t& row : raw_rows) row = rows_[row];
    // What is mapped from a file is cheaper read than touched.
    if (in_memory_ && !raw_->in_memory()) return ReadAside(rows, raw_rows, destinations);
    if (!in_memory_) {
      return by_column_ || narrows_ ? ReadAside(rows, raw_rows, destinations)
                                    : ReadInPlace(rows, raw_rows, destinations);
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Feed& feed = feeds_[i];
      if (feed.columns == nullptr) {
        const int64_t bad = ConvertRows(feed.conversion, feed.sources[0], 0, raw_rows.data(),
                                        static_cast<int64_t>(rows.size()), destinations[i]);
        if (bad >= 0) return Bad(rows[bad], i, NonFinite(i, bad, destinations[i]));
      } else {
        const int64_t bad = feed.columns->Convert(feed.sources, raw_rows, destinations[i]);
        if (bad >= 0) {
          return Bad(rows[bad], i, feed.columns->Describe(feed.sources, raw_rows[bad]));
        }
      }
    }
    return absl::OkStatus();
  }

 private:
  struct Feed {
    std::vector<const void*> sources;           // Row 0 of each raw field, when all are in memory.
    RowConversion conversion;                   // Without treatments.
    std::unique_ptr<ColumnConversion> columns;  // With them.
  };

  std::string NonFinite(size_t i, int64_t row, const void* converted) const {
    const RowConversion& conversion = feeds_[i].conversion;
    return DescribeNonFinite(conversion,
                             static_cast<const float*>(converted) + row * conversion.elements);
  }
  absl::Status Bad(int64_t row, size_t i, const std::string& what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(Where(row, static_cast<int>(i)), ": input \"", specs_[i].input, "\": ", what));
  }

  // Raw rows into the batch's buffers: bytes at the end of them, as ConvertInPlace wants it.
  absl::Status ReadInPlace(absl::Span<const int64_t> rows, absl::Span<const int64_t> raw_rows,
                           absl::Span<void* const> destinations) const {
    const int64_t row_count = static_cast<int64_t>(rows.size());
    absl::InlinedVector<void*, 8> raw(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const RowConversion& conversion = feeds_[i].conversion;
      const int64_t spare = ByteSize(conversion.to) - ByteSize(conversion.from);
      raw[inputs_[i].raw_fields[0]] =
          static_cast<char*>(destinations[i]) + spare * conversion.elements * row_count;
    }
    GRADUS_RETURN_IF_ERROR(raw_->Read(raw_rows, raw));
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const int64_t bad = ConvertInPlace(feeds_[i].conversion, row_count, destinations[i]);
      if (bad >= 0) return Bad(rows[bad], i, NonFinite(i, bad, destinations[i]));
    }
    return absl::OkStatus();
  }

  // The same through memory of its own: columns are not as wide in the model as they are raw.
  absl::Status ReadAside(absl::Span<const int64_t> rows, absl::Span<const int64_t> raw_rows,
                         absl::Span<void* const> destinations) const {
    const int64_t row_count = static_cast<int64_t>(rows.size());
    std::vector<AlignedBuffer> buffers;
    std::vector<void*> raw;
    std::vector<int64_t> order;
    for (int64_t r = 0; r < row_count; ++r) order.push_back(r);
    for (const FieldSpec& spec : raw_->fields()) {
      GRADUS_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                              AllocateAligned(row_count * spec.elements() * ByteSize(spec.dtype)));
      raw.push_back(buffer.get());
      buffers.push_back(std::move(buffer));
    }
    GRADUS_RETURN_IF_ERROR(raw_->Read(raw_rows, raw));
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Feed& feed = feeds_[i];
      std::vector<const void*> sources;
      for (int field : inputs_[i].raw_fields) sources.push_back(raw[field]);
      if (feed.columns == nullptr) {
        const int64_t bad =
            ConvertRows(feed.conversion, sources[0], 0, order.data(), row_count, destinations[i]);
        if (bad >= 0) return Bad(rows[bad], i, NonFinite(i, bad, destinations[i]));
      } else {
        const int64_t bad = feed.columns->Convert(sources, order, destinations[i]);
        if (bad >= 0) return Bad(rows[bad], i, feed.columns->Describe(sources, order[bad]));
      }
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<const Dataset> raw_;
  const std::vector<PreparedInput> inputs_;
  const Rows rows_;
  std::vector<FieldSpec> specs_;
  std::vector<Feed> feeds_;
  bool in_memory_ = true;
  bool by_column_ = false;
  bool narrows_ = false;  // From FLOAT64.
};

}  // namespace

std::shared_ptr<const Dataset> MakePreparedDataset(std::shared_ptr<const Dataset> raw,
                                                   std::vector<PreparedInput> inputs, Rows rows) {
  return std::make_shared<PreparedDataset>(std::move(raw), std::move(inputs), std::move(rows));
}

}  // namespace gradus
