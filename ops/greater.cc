// y = 1 where a > b, 0 elsewhere, with NumPy's broadcasting; FLOAT32 or INT32 in, FLOAT32 out. A
// comparison with NaN gives 0.
//
// oneDNN's binary_gt says 1 for NaN > x, so the loop, which is as fast, is the only kernel.
//
// A step has no useful derivative: gradients that arrive are dropped.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {
namespace {

class Greater final : public TypedOp<op::Greater> {
 public:
  bool differentiable() const override { return false; }
  bool MayOverwrite(const Config&, int, int) const override {
    return true;
  }  // All element types here have four bytes.

 protected:
  absl::Status Infer(const op::Greater&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    const DType dtype = inputs[0].dtype;
    if (dtype != DType::kFloat32 && dtype != DType::kInt32) {
      return absl::InvalidArgumentError(
          absl::StrCat("input 0 is ", Name(dtype), ", not FLOAT32 or INT32"));
    }
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, dtype));
    GRADUS_ASSIGN_OR_RETURN(const Shape shape, BroadcastShapes(inputs[0].shape, inputs[1].shape));
    GRADUS_RETURN_IF_ERROR(shape.Elements().status());
    outputs->assign({TensorSpec{DType::kFloat32, shape}});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Greater, op::Greater);

template <class T>
struct GreaterRule {
  GRADUS_INLINE float operator()(T a, T b) const { return static_cast<float>(a > b); }
};

class GreaterLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = ElementwiseLoopCost(0.06, request);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    if (request.inputs[0].dtype == DType::kInt32) {
      return MakeElementwiseKernel<int32_t, float, 2>(request, GreaterRule<int32_t>());
    }
    return MakeElementwiseKernel<float, float, 2>(request, GreaterRule<float>());
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Greater, "loop", GreaterLoop);

}  // namespace
}  // namespace gradus
