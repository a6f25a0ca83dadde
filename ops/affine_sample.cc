// Images under an affine map of their places, bilinear or by the nearest place: what moving, mirroring, turning, zooming and resizing
// images come down to.
//
//   y[n, i, j, c] = sum over places (a, b) around (row, column) of weight(a, b) x[n, a, b, c]     ops/affine_sample.h
//
// Linear in x but for the constant that fills; the gradient is affine_sample_grad. No gradient goes to the transform, which is drawn or
// given, never learned. oneDNN's resampling knows neither turns nor fills.

#include "ops/affine_sample.h"

#include "gradus/base/status.h"

namespace gradus {
namespace {

class AffineSample final : public TypedOp<op::AffineSample> {
 public:
  bool linear_in(const Config& message, int input) const override {
    const auto& config = static_cast<const op::AffineSample&>(message);
    return input == 0 && (config.fill() != op::FILL_CONSTANT || config.fill_value() == 0);
  }

 protected:
  absl::Status Infer(const op::AffineSample& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckAffine(inputs));
    GRADUS_ASSIGN_OR_RETURN(Shape y, Resized(inputs[0].shape, config.size(), "size", true));
    outputs->assign({{DType::kFloat32, y}});
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::AffineSample& config, GradientScope* scope) const override {
    const Value dy = scope->output_gradient();
    if (!scope->wants(0) || !dy.valid()) return absl::OkStatus();
    const Shape x = scope->emit().spec(scope->input(0)).shape;
    op::AffineSampleGrad gradient;
    gradient.add_image_size(x.dim(1).k);
    gradient.add_image_size(x.dim(2).k);
    gradient.set_fill(config.fill());
    gradient.set_bilinear(config.bilinear());
    scope->SetInputGradient(0, scope->emit()(gradient, {dy, scope->input(1)}));
    return scope->emit().status();
  }
};
GRADUS_REGISTER_OP(AffineSample, op::AffineSample);

class AffineSampleLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = LoopOf(request).cost();
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::AffineSample&>(*request.config);
    const auto fill = static_cast<float>(config.fill_value());
    return MakeKernel([loop = LoopOf(request), fill](const KernelArgs& args) {
      const auto* x = static_cast<const float*>(args.inputs[0]);
      auto* y = static_cast<float*>(args.outputs[0]);
      std::fill(y, y + loop.n * loop.oh * loop.ow * loop.c, 0.0f);
      loop.ForEach(static_cast<const float*>(args.inputs[1]),
                   [&](int64_t result, int64_t image, float weight) {
                     for (int64_t c = 0; c < loop.c; ++c) {
                       y[result + c] += weight * (image < 0 ? fill : x[image + c]);
                     }
                   });
    });
  }

 private:
  static AffineLoop LoopOf(const Request& request) {
    return MakeAffineLoop(static_cast<const op::AffineSample&>(*request.config), request.inputs[0],
                          request.outputs[0], request.inputs[1]);
  }
};
GRADUS_REGISTER_KERNEL(op::AffineSample, "loop", AffineSampleLoop);

}  // namespace
}  // namespace gradus
