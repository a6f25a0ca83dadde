// Softmax over the last axis.
//
//   y_i = e^(x_i - m) / sum_j e^(x_j - m), m = max x      [.., n] -> [.., n]; no overflow for any finite x
//   dx = y (dy - sum_j dy_j y_j)                          softmax_grad(dy, y)

#include "gradus/base/vector_math.h"
#include "ops/last_axis.h"

namespace gradus {
namespace {

class Softmax final : public TypedOp<op::Softmax> {
 public:
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    return LastAxisBatchUse(inputs[0].shape);
  }
  bool MayOverwrite(const Config&, int, int) const override { return true; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return 4 * Op::Flops(config, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::Softmax&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferLastAxis(inputs, 1, outputs);
  }
  absl::Status Differentiate(const op::Softmax&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::SoftmaxGrad(), {scope->output_gradient(), scope->output()}));
    return scope->emit().status();
  }
};
GRADUS_REGISTER_OP(Softmax, op::Softmax);

struct SoftmaxLoop {
  static constexpr int kInputs = 1;
  template <Isa>
  GRADUS_INLINE static void Run(int64_t rows, int64_t n, const float* x, const float*, float* y) {
    if (n == 0) return;
    const int64_t block = RowsAtOnce(n);
    for (int64_t row = 0; row < rows; row += block) {
      const int64_t count = std::min(block, rows - row);
      const float* from = x + row * n;
      float* to = y + row * n;
      for (int64_t r = 0; r < count; ++r) {
        const float most = MaxOfRow(from + r * n, n);
        for (int64_t i = 0; i < n; ++i) to[r * n + i] = from[r * n + i] - most;
      }
      for (int64_t i = 0; i < count * n; ++i) to[i] = vector_math::Exp(to[i]);
      for (int64_t r = 0; r < count; ++r) {
        const float scale = 1 / SumOfRow(to + r * n, n);
        for (int64_t i = 0; i < n; ++i) to[r * n + i] *= scale;
      }
    }
  }
};
using SoftmaxRows = RowLoop<SoftmaxLoop>;
GRADUS_REGISTER_KERNEL(op::Softmax, "loop", SoftmaxRows);

using SoftmaxOneDnn = RowsForwardOneDnn<dnnl::softmax_forward>;
GRADUS_REGISTER_KERNEL(op::Softmax, "onednn", SoftmaxOneDnn);

}  // namespace
}  // namespace gradus
