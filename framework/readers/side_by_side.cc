// Several sources as one: their first rows are the first example, and so on. Each feeds inputs of its
// own; splits and order go over all of them together.
//
//   train { side_by_side {
//     source { npy { field { input: "image" path: "images.npy" divide_by: 255 } } }
//     source { csv { path: "labels.csv" field { input: "label" column: "class" } } } } }

#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/data/reader.h"

namespace gradus {
namespace {

class SideBySideDataset : public Dataset {
 public:
  explicit SideBySideDataset(std::vector<std::shared_ptr<const Dataset>> parts)
      : parts_(std::move(parts)) {
    for (size_t p = 0; p < parts_.size(); ++p) {
      for (int f = 0; f < static_cast<int>(parts_[p]->fields().size()); ++f) {
        fields_.push_back(parts_[p]->fields()[f]);
        places_.emplace_back(p, f);
      }
      in_memory_ = in_memory_ && parts_[p]->in_memory();
    }
  }

  absl::Span<const FieldSpec> fields() const override { return fields_; }
  int64_t size() const override { return parts_[0]->size(); }
  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    for (const std::shared_ptr<const Dataset>& part : parts_) {
      const size_t count = part->fields().size();
      GRADUS_RETURN_IF_ERROR(part->Read(rows, destinations.first(count)));
      destinations.remove_prefix(count);
    }
    return absl::OkStatus();
  }
  const void* Contiguous(int field) const override {
    return parts_[places_[field].first]->Contiguous(places_[field].second);
  }
  void LetGo() const override {
    for (const std::shared_ptr<const Dataset>& part : parts_) part->LetGo();
  }
  bool in_memory() const override { return in_memory_; }
  std::string Where(int64_t row, int field) const override {
    return parts_[places_[field].first]->Where(row, places_[field].second);
  }

 private:
  const std::vector<std::shared_ptr<const Dataset>> parts_;
  std::vector<FieldSpec> fields_;
  std::vector<std::pair<size_t, int>> places_;  // Part, and field of it.
  bool in_memory_ = true;
};

class SideBySide : public TypedReader<SideBySideSource> {
  void Open(const SideBySideSource& config, const ConfigPath& path,
            Opening* opening) const override {
    std::vector<std::shared_ptr<const Dataset>> parts;
    for (int k = 0; k < config.source_size(); ++k) {
      const ConfigPath here = path.Child("source", k, "");
      std::shared_ptr<const Dataset> part = opening->OpenInner(config.source(k), here);
      if (part == nullptr) continue;
      if (!parts.empty() && part->size() != parts[0]->size()) {
        opening->Error("shape", here,
                       absl::StrCat("the source has ", part->size(), " examples, the first one ",
                                    parts[0]->size()),
                       "sources side by side have one row for each example");
      }
      parts.push_back(std::move(part));
    }
    if (opening->failed() || parts.empty()) return;
    opening->Give(std::make_shared<SideBySideDataset>(std::move(parts)));
  }
  // Each of several places is a source of its own.
  Reads WouldRead(const GivenPlace&) const override { return Reads::kNo; }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.side_by_side", SideBySide);

}  // namespace
}  // namespace gradus
