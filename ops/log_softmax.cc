// The logarithm of softmax over the last axis.
//
//   y_i = (x_i - m) - log sum_j e^(x_j - m), m = max x      [.., n] -> [.., n]; no overflow for any finite x
//   dx = dy - e^y sum_j dy_j                                log_softmax_grad(dy, y)

#include "gradus/base/vector_math.h"
#include "ops/last_axis.h"

namespace gradus {
namespace {

class LogSoftmax final : public TypedOp<op::LogSoftmax> {
 public:
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    return LastAxisBatchUse(inputs[0].shape);
  }
  bool MayOverwrite(const Config&, int, int) const override { return true; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return 5 * Op::Flops(config, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::LogSoftmax&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferLastAxis(inputs, 1, outputs);
  }
  absl::Status Differentiate(const op::LogSoftmax&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::LogSoftmaxGrad(), {scope->output_gradient(), scope->output()}));
    return scope->emit().status();
  }
};
GRADUS_REGISTER_OP(LogSoftmax, op::LogSoftmax);

struct LogSoftmaxLoop {
  static constexpr int kInputs = 1;
  template <Isa>
  GRADUS_INLINE static void Run(int64_t rows, int64_t n, const float* x, const float*, float* y) {
    if (n == 0) return;
    const int64_t block = RowsAtOnce(n);
    float exponentials[kRowsBlock], sums[kRowsBlock];
    for (int64_t row = 0; row < rows; row += block) {
      const int64_t count = std::min(block, rows - row);
      const float* from = x + row * n;
      float* to = y + row * n;
      for (int64_t r = 0; r < count; ++r) {
        const float most = MaxOfRow(from + r * n, n);
        for (int64_t i = 0; i < n; ++i) to[r * n + i] = from[r * n + i] - most;
        sums[r] = 0;
      }
      // All of some short rows, or one long row in pieces.
      for (int64_t begin = 0; begin < count * n; begin += kRowsBlock) {
        const int64_t piece = std::min(kRowsBlock, count * n - begin);
        for (int64_t i = 0; i < piece; ++i) exponentials[i] = vector_math::Exp(to[begin + i]);
        const int64_t length = std::min(piece, n);
        for (int64_t r = 0; r < count; ++r) sums[r] += SumOfRow(exponentials + r * length, length);
      }
      for (int64_t r = 0; r < count; ++r) sums[r] = vector_math::Log(sums[r]);
      for (int64_t r = 0; r < count; ++r) {
        for (int64_t i = 0; i < n; ++i) to[r * n + i] -= sums[r];
      }
    }
  }
};
using LogSoftmaxRows = RowLoop<LogSoftmaxLoop>;
GRADUS_REGISTER_KERNEL(op::LogSoftmax, "loop", LogSoftmaxRows);

using LogSoftmaxOneDnn = RowsForwardOneDnn<dnnl::logsoftmax_forward>;
GRADUS_REGISTER_KERNEL(op::LogSoftmax, "onednn", LogSoftmaxOneDnn);

}  // namespace
}  // namespace gradus
