// y = x of any element type; gradients that arrive are dropped. A view: no kernel runs.

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"

namespace gradus {
namespace {

class StopGradient final : public TypedOp<op::StopGradient> {
 public:
  bool differentiable() const override { return false; }
  bool linear_in(const Config&, int) const override { return true; }
  bool IsView(const Config&) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::StopGradient&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(StopGradient, op::StopGradient);

}  // namespace
}  // namespace gradus
