// The gradient of affine_sample in x: what each place of the result was made of gets its part of dy. Linear in dy; its own gradient is
// affine_sample with zeros outside.

#include "gradus/base/status.h"
#include "ops/affine_sample.h"

namespace gradus {
namespace {

class AffineSampleGrad final : public TypedOp<op::AffineSampleGrad> {
 public:
  bool linear_in(const Config&, int input) const override { return input == 0; }

 protected:
  absl::Status Infer(const op::AffineSampleGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckAffine(inputs));
    GRADUS_ASSIGN_OR_RETURN(Shape x,
                            Resized(inputs[0].shape, config.image_size(), "image_size", false));
    outputs->assign({{DType::kFloat32, x}});
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::AffineSampleGrad& config,
                             GradientScope* scope) const override {
    const Value ddx = scope->output_gradient();
    if (!scope->wants(0) || !ddx.valid()) return absl::OkStatus();
    const Shape dy = scope->emit().spec(scope->input(0)).shape;
    op::AffineSample sample;
    sample.add_size(dy.dim(1).k);
    sample.add_size(dy.dim(2).k);
    sample.set_fill(config.fill());
    sample.set_bilinear(config.bilinear());
    scope->SetInputGradient(0, scope->emit()(sample, {ddx, scope->input(1)}));
    return scope->emit().status();
  }
};
GRADUS_REGISTER_OP(AffineSampleGrad, op::AffineSampleGrad);

class AffineSampleGradLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = LoopOf(request).cost();
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeKernel([loop = LoopOf(request)](const KernelArgs& args) {
      const auto* dy = static_cast<const float*>(args.inputs[0]);
      auto* dx = static_cast<float*>(args.outputs[0]);
      std::fill(dx, dx + loop.n * loop.h * loop.w * loop.c, 0.0f);
      loop.ForEach(static_cast<const float*>(args.inputs[1]),
                   [&](int64_t result, int64_t image, float weight) {
                     if (image < 0) return;
                     for (int64_t c = 0; c < loop.c; ++c) dx[image + c] += weight * dy[result + c];
                   });
    });
  }

 private:
  static AffineLoop LoopOf(const Request& request) {
    return MakeAffineLoop(static_cast<const op::AffineSampleGrad&>(*request.config),
                          request.outputs[0], request.inputs[0], request.inputs[1]);
  }
};
GRADUS_REGISTER_KERNEL(op::AffineSampleGrad, "loop", AffineSampleGradLoop);

}  // namespace
}  // namespace gradus
