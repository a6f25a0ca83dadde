// Checks of what a caller gives.

#include "gradus/api/bind_inputs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/train/non_finite.h"

namespace gradus {

absl::Status BindInputs(absl::Span<const FieldSpec> fields,
                        const std::map<std::string, Tensor>& batch,
                        std::vector<const void*>* inputs, int64_t* rows) {
  std::vector<std::string> problems;
  *rows = -1;
  inputs->clear();
  for (const FieldSpec& field : fields) {
    const auto found = batch.find(field.input);
    if (found == batch.end()) {
      problems.push_back(absl::StrCat("input \"", field.input, "\" is missing"));
      continue;
    }
    const Tensor& tensor = found->second;
    if (tensor.dtype() != field.dtype || tensor.rank() != 1 + static_cast<int>(field.dims.size()) ||
        !std::equal(field.dims.begin(), field.dims.end(), tensor.dims().begin() + 1)) {
      problems.push_back(absl::StrCat("input \"", field.input, "\" is ", Name(tensor.dtype()), " [",
                                      absl::StrJoin(tensor.dims(), ", "), "] and should be ",
                                      field.ToString(), " after the rows"));
    } else if (*rows >= 0 && tensor.rows() != *rows) {
      problems.push_back(absl::StrCat("input \"", field.input, "\" has ", tensor.rows(),
                                      " rows, another one ", *rows));
    }
    if (*rows < 0) *rows = tensor.rows();
    inputs->push_back(tensor.raw());
    if (tensor.dtype() != DType::kFloat32) continue;
    const int64_t bad = FindNonFinite(tensor.data<float>());
    if (bad >= 0) {
      problems.push_back(absl::StrCat("input \"", field.input, "\" has ", tensor.data<float>()[bad],
                                      " at element ", bad));
    }
    if (!field.not_negative) continue;
    const absl::Span<const float> weights = tensor.data<float>();
    const auto below = std::find_if(weights.begin(), weights.end(), [](float w) { return w < 0; });
    if (below != weights.end()) {
      problems.push_back(absl::StrCat("input \"", field.input, "\": the weight ", *below,
                                      " at element ", below - weights.begin(), " is negative"));
    }
  }
  for (const auto& entry : batch) {
    const bool known = std::any_of(fields.begin(), fields.end(), [&](const FieldSpec& field) {
      return field.input == entry.first;
    });
    if (!known) problems.push_back(absl::StrCat("the model has no input \"", entry.first, "\""));
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
}

}  // namespace gradus
