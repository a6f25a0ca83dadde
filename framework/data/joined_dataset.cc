// A part reads into those of the destinations that are its own.

#include "gradus/data/joined_dataset.h"

#include <utility>

#include "gradus/base/status.h"

namespace gradus {
namespace {

class JoinedDataset : public Dataset {
 public:
  JoinedDataset(std::vector<std::shared_ptr<const Dataset>> parts,
                absl::Span<const FieldSpec> inputs)
      : parts_(std::move(parts)), places_(inputs.size()), of_part_(parts_.size()) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      for (size_t p = 0; p < parts_.size(); ++p) {
        for (size_t f = 0; f < parts_[p]->fields().size(); ++f) {
          if (parts_[p]->fields()[f].input == inputs[i].input) places_[i] = {p, f};
        }
      }
      fields_.push_back(parts_[places_[i].first]->fields()[places_[i].second]);
    }
    for (size_t p = 0; p < parts_.size(); ++p) {
      of_part_[p].resize(parts_[p]->fields().size());
      GRADUS_CHECK(parts_[p]->size() == parts_[0]->size());
    }
    for (size_t i = 0; i < places_.size(); ++i) of_part_[places_[i].first][places_[i].second] = i;
  }

  absl::Span<const FieldSpec> fields() const override { return fields_; }
  int64_t size() const override { return parts_[0]->size(); }
  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    for (size_t p = 0; p < parts_.size(); ++p) {
      std::vector<void*> own;
      for (const size_t i : of_part_[p]) own.push_back(destinations[i]);
      GRADUS_RETURN_IF_ERROR(parts_[p]->Read(rows, own));
    }
    return absl::OkStatus();
  }
  void LetGo() const override {
    for (const std::shared_ptr<const Dataset>& part : parts_) part->LetGo();
  }
  bool in_memory() const override {
    for (const std::shared_ptr<const Dataset>& part : parts_) {
      if (!part->in_memory()) return false;
    }
    return true;
  }
  std::string Where(int64_t row, int field) const override {
    const auto [part, own] = places_[static_cast<size_t>(field)];
    return parts_[part]->Where(row, static_cast<int>(own));
  }

 private:
  const std::vector<std::shared_ptr<const Dataset>> parts_;
  std::vector<FieldSpec> fields_;
  std::vector<std::pair<size_t, size_t>> places_;  // By field: the part, and the field of it.
  std::vector<std::vector<size_t>> of_part_;       // By part and its field: the field.
};

}  // namespace

std::shared_ptr<const Dataset> JoinDatasets(std::vector<std::shared_ptr<const Dataset>> parts,
                                            absl::Span<const FieldSpec> inputs) {
  return std::make_shared<JoinedDataset>(std::move(parts), inputs);
}

}  // namespace gradus
