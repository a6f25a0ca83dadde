// y[.., k] = 1 where k is the number x[..], 0 elsewhere: INT32 [..] -> FLOAT32 [.., depth].
//
// A number outside [0, depth) is an error of the run that names the node, the number and the depth.
// The way through integers has no derivative: gradients that arrive are dropped.

#include <algorithm>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"

namespace gradus {
namespace {

class OneHot final : public TypedOp<op::OneHot> {
 public:
  bool differentiable() const override { return false; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::OneHot& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kInt32));
    if (config.depth() < 1) {
      return absl::InvalidArgumentError(absl::StrCat("depth ", config.depth(), " is not positive"));
    }
    Shape shape = inputs[0].shape;
    shape.Append({config.depth(), false});
    GRADUS_RETURN_IF_ERROR(shape.Elements().status());
    outputs->assign({TensorSpec{DType::kFloat32, shape}});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(OneHot, op::OneHot);

absl::Status RunOneHot(int64_t n, int64_t depth, const int32_t* x, float* y) {
  std::fill(y, y + n * depth, 0.0f);
  for (int64_t i = 0; i < n; ++i) {
    if (x[i] < 0 || x[i] >= depth) {
      return absl::OutOfRangeError(absl::StrCat("index ", x[i], " is outside [0, ", depth, ")"));
    }
    y[i * depth + x[i]] = 1;
  }
  return absl::OkStatus();
}

class OneHotLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.inputs[0].elements()) * 2 +
                  static_cast<double>(request.outputs[0].elements()) * 0.05;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int64_t n = request.inputs[0].elements();
    const int64_t depth = request.outputs[0].dims.back();
    return MakeKernel([n, depth](const KernelArgs& args) {
      return RunOneHot(n, depth, static_cast<const int32_t*>(args.inputs[0]),
                       static_cast<float*>(args.outputs[0]));
    });
  }
};
GRADUS_REGISTER_KERNEL(op::OneHot, "loop", OneHotLoop);

}  // namespace
}  // namespace gradus
