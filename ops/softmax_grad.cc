// The gradient of softmax from its output.
//
//   dx = y (dy - s), s = sum_j dy_j y_j       (dy, y) -> dx, all [.., n]
//
// Its own gradient, for g that arrives at dx:
//   d(dy) = y (g - t), t = sum_j g_j y_j      softmax_grad(g, y) again
//   d(y)  = g (dy - s) - dy t

#include "ops/last_axis.h"

namespace gradus {
namespace {

class SoftmaxGrad final : public TypedOp<op::SoftmaxGrad> {
 public:
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    return LastAxisBatchUse(inputs[0].shape);
  }
  bool linear_in(const Config&, int input) const override { return input == 0; }
  bool MayOverwrite(const Config&, int, int in) const override { return in == 0; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return 4 * Op::Flops(config, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::SoftmaxGrad&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferLastAxis(inputs, 2, outputs);
  }
  absl::Status Differentiate(const op::SoftmaxGrad& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value dy = scope->input(0), y = scope->input(1), g = scope->output_gradient();
    if (scope->wants(0)) scope->SetInputGradient(0, emit(config, {g, y}));
    if (scope->wants(1)) {
      const Value s = emit(SumOfLastAxis(), {emit(op::Mul(), {dy, y})});
      const Value t = emit(SumOfLastAxis(), {emit(op::Mul(), {g, y})});
      const Value first = emit(op::Mul(), {g, emit(op::Sub(), {dy, s})});
      scope->SetInputGradient(1, emit(op::Sub(), {first, emit(op::Mul(), {dy, t})}));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(SoftmaxGrad, op::SoftmaxGrad);

struct SoftmaxGradLoop {
  static constexpr int kInputs = 2;
  template <Isa>
  GRADUS_INLINE static void Run(int64_t rows, int64_t n, const float* dy, const float* y, float* dx) {
    for (int64_t row = 0; row < rows; ++row, dy += n, y += n, dx += n) {
      const float s = DotOfRows(dy, y, n);
      for (int64_t i = 0; i < n; ++i) dx[i] = y[i] * (dy[i] - s);
    }
  }
};
using SoftmaxGradRows = RowLoop<SoftmaxGradLoop>;
GRADUS_REGISTER_KERNEL(op::SoftmaxGrad, "loop", SoftmaxGradRows);

using SoftmaxGradOneDnn = RowsBackwardOneDnn<dnnl::softmax_forward, dnnl::softmax_backward>;
GRADUS_REGISTER_KERNEL(op::SoftmaxGrad, "onednn", SoftmaxGradOneDnn);

}  // namespace
}  // namespace gradus
