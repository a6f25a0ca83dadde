// What every operation starts from: no gradient, one flop an element, and the checks that all shape rules share.

#include "gradus/graph/op.h"

#include "gradus/base/status.h"

namespace gradus {

absl::Status Op::Gradient(const Config&, GradientScope*) const {
  return absl::UnimplementedError("the operation has no gradient rule");
}

double Op::Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec> outputs,
                 int64_t rows) const {
  double elements = 1;
  for (int64_t k : outputs[0].shape.At(rows)) elements *= static_cast<double>(k);
  return elements;
}

absl::Status ExpectInputs(absl::Span<const TensorSpec> inputs, int count) {
  if (static_cast<int>(inputs.size()) == count) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("takes ", count, count == 1 ? " input" : " inputs", ", not ", inputs.size()));
}

absl::Status ExpectType(absl::Span<const TensorSpec> inputs, int index, DType dtype) {
  if (inputs[index].dtype == dtype) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("input ", index, " is ", Name(inputs[index].dtype),
                                                 ", not ", Name(dtype)));
}

absl::StatusOr<int> NormalizeAxis(int axis, int rank) {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return absl::InvalidArgumentError(
      absl::StrCat("axis ", axis, " is outside [", -rank, ", ", rank, ")"));
}

}  // namespace gradus
