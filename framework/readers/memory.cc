// Examples that the program holds or makes; framework/data/memory.h is how it gives them.
//
//   train { memory { name: "examples" field { input: "x" standardise: true } } }

#include "gradus/data/memory.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gradus/data/reader.h"

namespace gradus {
namespace {

class Memory : public TypedReader<MemorySource> {
  void Open(const MemorySource& config, const ConfigPath& path, Opening* opening) const override {
    const auto found = opening->memory().find(config.name());
    if (found == opening->memory().end() || found->second == nullptr) {
      std::vector<std::string> names;
      for (const auto& [name, dataset] : opening->memory()) names.push_back(name);
      opening->FieldsUnknown();
      return opening->Error(
          "unknown-name", path.Child("name"),
          absl::StrCat("the program gives no examples called \"", config.name(), "\""),
          DidYouMean(config.name(), names));
    }
    const Dataset& dataset = *found->second;
    std::vector<std::string> names;
    for (int f = 0; f < static_cast<int>(dataset.fields().size()); ++f) {
      const FieldSpec& spec = dataset.fields()[f];
      names.push_back(spec.input);
      const int i = opening->Claim(spec.input, path, f);
      if (i < 0) continue;
      opening->CheckFits(i, spec.dtype, spec.dims, path,
                         absl::StrCat("the field of \"", config.name(), "\""));
      if (spec.dtype == DType::kFloat64 && dataset.Contiguous(f) == nullptr) {
        opening->Error("type", path,
                       absl::StrCat("input \"", spec.input, "\": FLOAT64 only from memory"));
      }
    }
    std::vector<std::string> said;
    for (int k = 0; k < config.field_size(); ++k) {
      const MemoryField& field = config.field(k);
      const ConfigPath here = path.Child("field", k, "");
      if (std::find(names.begin(), names.end(), field.input()) == names.end()) {
        opening->Error("unknown-name", here.Child("input"),
                       absl::StrCat("\"", config.name(), "\" has no field \"", field.input(), "\""),
                       DidYouMean(field.input(), names));
      } else if (std::find(said.begin(), said.end(), field.input()) != said.end()) {
        opening->Error("duplicate", here.Child("input"),
                       absl::StrCat("field \"", field.input(), "\" is there twice"));
      } else if (const int i = opening->FindInput(field.input()); i >= 0) {
        opening->feed(i).path = here;
        opening->PlanValues(ValuesOf(field), here, i);
        said.push_back(field.input());
      }
    }
    opening->Give(found->second);
  }
  Reads WouldRead(const GivenPlace&) const override { return Reads::kNo; }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.memory", Memory);

}  // namespace
}  // namespace gradus
