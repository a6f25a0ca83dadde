// A part of one axis.
//
//   y = x[.., begin:end, ..]      along `axis`, which is not the batch
//   dx = pad(dy, begin, length): zeros around dy

#include <algorithm>

#include "ops/slices.h"

namespace gradus {
namespace {

class Slice final : public TypedOp<op::Slice> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Slice& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    Shape shape = inputs[0].shape;
    GRADUS_ASSIGN_OR_RETURN(int axis, FixedAxis(config.axis(), shape));
    const int64_t length = shape.dim(axis).k;
    if (config.begin() < 0 || config.end() < config.begin() || config.end() > length) {
      return absl::InvalidArgumentError(absl::StrCat("part [", config.begin(), ", ", config.end(),
                                                     ") is not within axis ", axis, " of ",
                                                     shape.ToString()));
    }
    shape.Set(axis, {config.end() - config.begin(), false});
    outputs->push_back({DType::kFloat32, shape});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Slice& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape shape = emit.spec(scope->input(0)).shape;
    GRADUS_ASSIGN_OR_RETURN(int axis, FixedAxis(config.axis(), shape));
    op::Pad pad;
    pad.set_axis(axis);
    pad.set_begin(config.begin());
    pad.set_length(shape.dim(axis).k);
    scope->SetInputGradient(0, emit(pad, {scope->output_gradient()}));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Slice, op::Slice);

class SliceWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {CopyChoice(request.outputs[0])};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::Slice&>(*request.config);
    const AxisBlocks x = BlocksOf(request.inputs[0], config.axis());
    const AxisBlocks y = BlocksOf(request.outputs[0], config.axis());
    const int64_t first = config.begin() * x.inner;
    return MakeKernel([x, y, first](const KernelArgs& args) {
      CopyBlocks(x.outer, y.length * y.inner, static_cast<const float*>(args.inputs[0]) + first,
                 x.length * x.inner, static_cast<float*>(args.outputs[0]), y.length * y.inner);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Slice, "loop", SliceWithLoop);

}  // namespace
}  // namespace gradus
