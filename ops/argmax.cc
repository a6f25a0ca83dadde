// The position of the largest element of the last axis, the first of equals.
//
//   y = argmax_i x[.., i]     [.., n] -> INT32 [..], n > 0; no gradient flows through
//
// NaN counts as largest, so that it does not hide.

#include <algorithm>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"

namespace gradus {
namespace {

class Argmax final : public TypedOp<op::Argmax> {
 public:
  bool differentiable() const override { return false; }
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    const Shape& shape = inputs[0].shape;
    return shape.dim(shape.rank() - 1).batch ? BatchUse::kMixes : BatchUse::kRows;
  }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec>, int64_t rows) const override {
    return Op::Flops(config, inputs, inputs, rows);
  }

 protected:
  absl::Status Infer(const op::Argmax&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    Shape shape = inputs[0].shape;
    if (shape.rank() == 0) return absl::InvalidArgumentError("a scalar has no last axis");
    const int last = shape.rank() - 1;
    if (shape.dim(last).k == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the last axis of ", shape.ToString(), " is empty"));
    }
    // INT32 positions: the batch, when it is the last axis, is far from its end.
    if (shape.dim(last).k > int64_t{1} << 30) {
      return absl::InvalidArgumentError(
          absl::StrCat("the last axis of ", shape.ToString(), " is longer than INT32 counts"));
    }
    shape.Erase(last);
    outputs->push_back({DType::kInt32, shape});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Argmax, op::Argmax);

int32_t FirstOfLargest(const float* x, int64_t n) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (x[best] != x[best]) break;
    if (x[i] > x[best] || x[i] != x[i]) best = i;
  }
  return static_cast<int32_t>(best);
}

class ArgmaxWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.inputs[0].elements());
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int64_t n = request.inputs[0].dims.back();
    const int64_t rows = request.outputs[0].elements();
    return MakeKernel([rows, n](const KernelArgs& args) {
      const auto* x = static_cast<const float*>(args.inputs[0]);
      auto* y = static_cast<int32_t*>(args.outputs[0]);
      for (int64_t row = 0; row < rows; ++row) y[row] = FirstOfLargest(x + row * n, n);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Argmax, "loop", ArgmaxWithLoop);

}  // namespace
}  // namespace gradus
