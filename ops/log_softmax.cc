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
    for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
      const float most = MaxOfRow(x, n);
      const float sum =
          SumRow(n, [x, most](int64_t i) GRADUS_ROW_TERM { return vector_math::Exp(x[i] - most); });
      const float log = vector_math::Log(sum);
      for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - most) - log;
    }
  }
};
using LogSoftmaxRows = RowLoop<LogSoftmaxLoop>;
GRADUS_REGISTER_KERNEL(op::LogSoftmax, "loop", LogSoftmaxRows);

using LogSoftmaxOneDnn = RowsForwardOneDnn<dnnl::logsoftmax_forward>;
GRADUS_REGISTER_KERNEL(op::LogSoftmax, "onednn", LogSoftmaxOneDnn);

}  // namespace
}  // namespace gradus
