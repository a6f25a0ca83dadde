// A dataset that looks at what another has read.

#include "gradus/data/check_weights.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

class CheckedWeights final : public Dataset {
 public:
  CheckedWeights(std::shared_ptr<const Dataset> dataset, std::vector<int> weights)
      : dataset_(std::move(dataset)), weights_(std::move(weights)) {}

  absl::Span<const FieldSpec> fields() const override { return dataset_->fields(); }
  int64_t size() const override { return dataset_->size(); }
  bool in_memory() const override { return dataset_->in_memory(); }
  std::string Where(int64_t row, int field) const override { return dataset_->Where(row, field); }

  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    GRADUS_RETURN_IF_ERROR(dataset_->Read(rows, destinations));
    for (int field : weights_) {
      const float* weights = static_cast<const float*>(destinations[field]);
      for (size_t i = 0; i < rows.size(); ++i) {
        if (weights[i] >= 0) continue;
        return absl::InvalidArgumentError(absl::StrCat(Where(rows[i], field), ": input \"",
                                                       fields()[field].input, "\": the weight ",
                                                       weights[i], " is negative"));
      }
    }
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<const Dataset> dataset_;
  const std::vector<int> weights_;
};

}  // namespace

std::shared_ptr<const Dataset> CheckWeights(std::shared_ptr<const Dataset> dataset) {
  std::vector<int> weights;
  for (size_t i = 0; i < dataset->fields().size(); ++i) {
    const FieldSpec& field = dataset->fields()[i];
    // What is of another type or shape is the model's to refuse.
    if (field.not_negative && field.dtype == DType::kFloat32 && field.elements() == 1) {
      weights.push_back(static_cast<int>(i));
    }
  }
  if (weights.empty()) return dataset;
  return std::make_shared<CheckedWeights>(std::move(dataset), std::move(weights));
}

}  // namespace gradus
