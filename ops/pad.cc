// Zeros around a tensor along one axis: the gradient of slice.
//
//   y[.., begin + i, ..] = x[.., i, ..], 0 elsewhere; the axis, which is not the batch, gets `length`
//   dx = slice(dy, begin, begin + x's length)

#include <algorithm>

#include "ops/slices.h"

namespace gradus {
namespace {

class Pad final : public TypedOp<op::Pad> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Pad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    Shape shape = inputs[0].shape;
    GRADUS_ASSIGN_OR_RETURN(int axis, FixedAxis(config.axis(), shape));
    const int64_t own = shape.dim(axis).k;
    // Written so that no number of a config overflows.
    if (config.begin() < 0 || config.length() < own || config.begin() > config.length() - own) {
      return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " of ", shape.ToString(),
                                                     " does not fit at ", config.begin(),
                                                     " into length ", config.length()));
    }
    shape.Set(axis, {config.length(), false});
    outputs->push_back({DType::kFloat32, shape});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Pad& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape shape = emit.spec(scope->input(0)).shape;
    GRADUS_ASSIGN_OR_RETURN(int axis, FixedAxis(config.axis(), shape));
    op::Slice slice;
    slice.set_axis(axis);
    slice.set_begin(config.begin());
    slice.set_end(config.begin() + shape.dim(axis).k);
    scope->SetInputGradient(0, emit(slice, {scope->output_gradient()}));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Pad, op::Pad);

class PadWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {CopyChoice(request.outputs[0])};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::Pad&>(*request.config);
    const AxisBlocks x = BlocksOf(request.inputs[0], config.axis());
    const AxisBlocks y = BlocksOf(request.outputs[0], config.axis());
    const int64_t before = config.begin() * y.inner, size = x.length * x.inner;
    return MakeKernel([=](const KernelArgs& args) {
      const auto* from = static_cast<const float*>(args.inputs[0]);
      auto* to = static_cast<float*>(args.outputs[0]);
      const int64_t distance = y.length * y.inner;
      for (int64_t i = 0; i < y.outer; ++i) {
        std::fill(to + i * distance, to + i * distance + before, 0.0f);
        std::fill(to + i * distance + before + size, to + (i + 1) * distance, 0.0f);
      }
      CopyBlocks(y.outer, size, from, size, to + before, distance);
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Pad, "loop", PadWithLoop);

}  // namespace
}  // namespace gradus
