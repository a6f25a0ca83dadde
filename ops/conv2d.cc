// 2D convolution, channels last (a cross-correlation: the kernel is not mirrored).
//
//   y[n, oy, ox, g, o] = sum over ky, kx, i of x[n, oy s - top + ky d, ox s - left + kx d, g, i] k[ky, kx, i, g, o]
//   (x [batch, h, w, c_in], k [kh, kw, c_in / groups, c_out]) -> [batch, oh, ow, c_out];  oh = floor((h + top + bottom - (kh - 1) d - 1) / s) + 1
//   dx = conv2d_input_grad(dy, k), dk = conv2d_kernel_grad(x, dy)
//
// What lies outside of the image is 0. With as many groups as channels it is a depthwise convolution.

#include "ops/convolution_forward.h"

namespace gradus {
namespace {

class Conv2d final : public TypedOp<op::Conv2d> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return ConvolutionFlops(outputs[0].shape, inputs[1].shape, rows);
  }

 protected:
  absl::Status Infer(const op::Conv2d& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_ASSIGN_OR_RETURN(Shape y, ConvolvedShape(config, inputs));
    outputs->push_back({DType::kFloat32, y});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Conv2d& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value x = scope->input(0), kernel = scope->input(1), dy = scope->output_gradient();
    if (scope->wants(0)) {
      scope->SetInputGradient(
          0, emit(InputGradLike(ConvolutionLike<op::Conv2dInputGrad>(config), emit.spec(x).shape),
                  {dy, kernel}));
    }
    if (scope->wants(1)) {
      scope->SetInputGradient(1, emit(KernelGradLike(ConvolutionLike<op::Conv2dKernelGrad>(config),
                                                     emit.spec(kernel).shape),
                                      {x, dy}));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Conv2d, op::Conv2d);

Convolution ConvolutionOf(const Request& request) {
  return Convolution(static_cast<const op::Conv2d&>(*request.config), request.inputs[0],
                     request.inputs[1], request.outputs[0]);
}

class Conv2dWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {ForwardLoopChoice(ConvolutionOf(request))};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const Convolution convolution = ConvolutionOf(request);
    return MakeKernel([loop = convolution.loop(), groups = convolution.groups,
                       depthwise = convolution.depthwise()](const KernelArgs& args) {
      const Conv2dCall call{loop,
                            groups,
                            depthwise,
                            static_cast<const float*>(args.inputs[0]),
                            static_cast<const float*>(args.inputs[1]),
                            static_cast<float*>(args.outputs[0])};
      ForIsa<Conv2dLoop>(&call);
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Conv2d, "loop", Conv2dWithLoop);

class Conv2dWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return OneDnnForwardChoices(ConvolutionOf(request), ConvolutionEpilogue());
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice& choice) const override {
    return MakeOneDnnForward(ConvolutionOf(request), ConvolutionEpilogue(), choice);
  }
};
GRADUS_REGISTER_KERNEL(op::Conv2d, "onednn", Conv2dWithOneDnn);

}  // namespace
}  // namespace gradus
