// The gradient of log_softmax from its output.
//
//   dx = dy - p s, p = e^y, s = sum_j dy_j      (dy, y) -> dx, all [.., n]
//
// Its own gradient, for g that arrives at dx:
//   d(dy) = g - sum_j g_j p_j
//   d(y)  = -g p s

#include "gradus/base/vector_math.h"
#include "ops/last_axis.h"

namespace gradus {
namespace {

class LogSoftmaxGrad final : public TypedOp<op::LogSoftmaxGrad> {
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
  absl::Status Infer(const op::LogSoftmaxGrad&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferLastAxis(inputs, 2, outputs);
  }
  absl::Status Differentiate(const op::LogSoftmaxGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value dy = scope->input(0), y = scope->input(1), g = scope->output_gradient();
    const Value gp = emit(op::Mul(), {g, emit(op::Exp(), {y})});
    if (scope->wants(0)) {
      scope->SetInputGradient(0, emit(op::Sub(), {g, emit(SumOfLastAxis(), {gp})}));
    }
    if (scope->wants(1)) {
      const Value s = emit(SumOfLastAxis(), {dy});
      scope->SetInputGradient(1, emit(op::Neg(), {emit(op::Mul(), {gp, s})}));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(LogSoftmaxGrad, op::LogSoftmaxGrad);

struct LogSoftmaxGradLoop {
  static constexpr int kInputs = 2;
  template <Isa>
  GRADUS_INLINE static void Run(int64_t rows, int64_t n, const float* dy, const float* y, float* dx) {
    if (n == 0) return;
    const int64_t block = RowsAtOnce(n);
    float exponentials[kRowsBlock];
    for (int64_t row = 0; row < rows; row += block) {
      const int64_t count = std::min(block, rows - row);
      const int64_t at = row * n;
      // All of some short rows, or one long row in pieces.
      float sum = SumOfRow(dy + at, n);
      for (int64_t begin = 0; begin < count * n; begin += kRowsBlock) {
        const int64_t piece = std::min(kRowsBlock, count * n - begin);
        const int64_t length = std::min(piece, n);
        for (int64_t i = 0; i < piece; ++i) exponentials[i] = vector_math::Exp(y[at + begin + i]);
        for (int64_t r = 0; r < count; ++r) {
          if (r > 0) sum = SumOfRow(dy + at + r * n, n);
          const int64_t first = at + begin + r * length;
          for (int64_t i = 0; i < length; ++i) {
            dx[first + i] = dy[first + i] - exponentials[r * length + i] * sum;
          }
        }
      }
    }
  }
};
using LogSoftmaxGradRows = RowLoop<LogSoftmaxGradLoop>;
GRADUS_REGISTER_KERNEL(op::LogSoftmaxGrad, "loop", LogSoftmaxGradRows);

using LogSoftmaxGradOneDnn = RowsBackwardOneDnn<dnnl::logsoftmax_forward, dnnl::logsoftmax_backward>;
GRADUS_REGISTER_KERNEL(op::LogSoftmaxGrad, "onednn", LogSoftmaxGradOneDnn);

}  // namespace
}  // namespace gradus
