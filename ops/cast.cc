// INT32 to FLOAT32 (to nearest), or FLOAT32 to INT32 towards zero. What no INT32 can hold becomes
// the nearest one, NaN becomes 0.
//
// Gradients that arrive are dropped: the way through integers has no derivative.
//
// oneDNN's reorder rounds to nearest instead of towards zero, so both directions are our loop.

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {
namespace {

class Cast final : public TypedOp<op::Cast> {
 public:
  bool differentiable() const override { return false; }
  bool MayOverwrite(const Config&, int, int) const override { return true; }  // Four bytes both.

 protected:
  absl::Status Infer(const op::Cast& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    const bool to_int32 = config.to_int32();
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, to_int32 ? DType::kFloat32 : DType::kInt32));
    outputs->assign({TensorSpec{to_int32 ? DType::kInt32 : DType::kFloat32, inputs[0].shape}});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Cast, op::Cast);

struct ToFloat {
  GRADUS_INLINE float operator()(int32_t x) const { return static_cast<float>(x); }
};

struct ToInt32 {
  GRADUS_INLINE int32_t operator()(float x) const {
    // 2^31 itself is not an INT32; the largest float below it is.
    const bool fits = x >= -0x1p31f && x < 0x1p31f;
    const int32_t outside = x > 0 ? INT32_MAX : x < 0 ? INT32_MIN : 0;
    return fits ? static_cast<int32_t>(x) : outside;
  }
};

class CastLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = ElementwiseLoopCost(0.1, request);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    if (request.outputs[0].dtype == DType::kInt32) {
      return MakeElementwiseKernel<float, int32_t, 1>(request, ToInt32());
    }
    return MakeElementwiseKernel<int32_t, float, 1>(request, ToFloat());
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Cast, "loop", CastLoop);

}  // namespace
}  // namespace gradus
