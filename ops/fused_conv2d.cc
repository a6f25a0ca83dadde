// A convolution layer in one kernel. The runtime makes it out of conv2d, add and an activation after differentiation, so it has no
// gradient.
//
//   y = activation(conv2d(x, k) + b)      b [c_out] when has_bias; shapes as in conv2d
//
// oneDNN adds the bias and applies the activation to results that are still in registers; the loop does it image by image.

#include "ops/convolution_forward.h"
#include "ops/epilogue.h"

namespace gradus {
namespace {

class FusedConv2d final : public TypedOp<op::FusedConv2d> {
 public:
  bool differentiable() const override {
    return true;
  }  // So that differentiating it is an error and not silence.
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return ConvolutionFlops(outputs[0].shape, inputs[1].shape, rows) +
           2 * Op::Flops(config, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::FusedConv2d& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, config.has_bias() ? 3 : 2));
    GRADUS_ASSIGN_OR_RETURN(Shape y, ConvolvedShape(config, inputs));
    if (config.has_bias()) {
      GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 2, DType::kFloat32));
      if (inputs[2].shape != Shape({y.dim(3)})) {
        return absl::InvalidArgumentError(absl::StrCat("bias ", inputs[2].shape.ToString(),
                                                       " does not fit the kernel ",
                                                       inputs[1].shape.ToString()));
      }
    }
    outputs->push_back({DType::kFloat32, y});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(FusedConv2d, op::FusedConv2d);

Convolution ConvolutionOf(const Request& request) {
  return Convolution(static_cast<const op::FusedConv2d&>(*request.config), request.inputs[0],
                     request.inputs[1], request.outputs[0]);
}

struct AddBias {
  template <Isa>
  GRADUS_INLINE static void Run(const ResultBlock* block, const float* __restrict bias) {
    for (int64_t row = 0; row < block->rows; ++row) {
      float* __restrict y = block->data + row * block->pitch;
      for (int64_t i = 0; i < block->columns; ++i) y[i] += bias[i];
    }
  }
};

class FusedConv2dWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {ForwardLoopChoice(ConvolutionOf(request))};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const Convolution convolution = ConvolutionOf(request);
    const auto& config = static_cast<const op::FusedConv2d&>(*request.config);
    return MakeKernel([loop = convolution.loop(), groups = convolution.groups,
                       depthwise = convolution.depthwise(), has_bias = config.has_bias(),
                       activation = config.activation(),
                       alpha = static_cast<float>(config.alpha())](const KernelArgs& args) {
      Conv2dCall call{loop,
                      groups,
                      depthwise,
                      static_cast<const float*>(args.inputs[0]),
                      static_cast<const float*>(args.inputs[1]),
                      static_cast<float*>(args.outputs[0])};
      call.loop.n = 1;
      for (int64_t n = 0; n < loop.n; ++n) {
        ForIsa<Conv2dLoop>(static_cast<const Conv2dCall*>(&call));
        const ResultBlock image{call.y, loop.oh * loop.ow, loop.oc, loop.oc};
        if (has_bias) ForIsa<AddBias>(&image, static_cast<const float*>(args.inputs[2]));
        ApplyToBlock(activation, alpha, image);
        call.x += loop.h * loop.w * loop.c;
        call.y += loop.oh * loop.ow * loop.oc;
      }
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::FusedConv2d, "loop", FusedConv2dWithLoop);

class FusedConv2dWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return OneDnnForwardChoices(ConvolutionOf(request), EpilogueOf(request));
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice& choice) const override {
    return MakeOneDnnForward(ConvolutionOf(request), EpilogueOf(request), choice);
  }

 private:
  static ConvolutionEpilogue EpilogueOf(const Request& request) {
    const auto& config = static_cast<const op::FusedConv2d&>(*request.config);
    return {config.has_bias(), ActivationPostOps(config.activation(), config.alpha())};
  }
};
GRADUS_REGISTER_KERNEL(op::FusedConv2d, "onednn", FusedConv2dWithOneDnn);

}  // namespace
}  // namespace gradus
