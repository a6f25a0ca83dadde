// Tensors that a caller gives by name, as a graph takes them: in the order of its inputs, checked.
// Training and prediction share it.

#ifndef GRADUS_API_BIND_INPUTS_H_
#define GRADUS_API_BIND_INPUTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/data/dataset.h"

namespace gradus {

// Everything that does not fit comes in one error, a line each: missing and unknown names, types,
// shapes, row counts, the first number of a tensor that is not finite. `inputs` points into the
// tensors of `batch`.
absl::Status BindInputs(absl::Span<const FieldSpec> fields,
                        const std::map<std::string, Tensor>& batch,
                        std::vector<const void*>* inputs, int64_t* rows);

}  // namespace gradus

#endif  // GRADUS_API_BIND_INPUTS_H_
