// y = 1 where a == b, 0 elsewhere, with NumPy's broadcasting; FLOAT32 or INT32 in, FLOAT32 out. NaN
// equals nothing.
//
// A step has no useful derivative: gradients that arrive are dropped.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Equal final : public TypedOp<op::Equal> {
 public:
  bool differentiable() const override { return false; }
  bool MayOverwrite(const Config&, int, int) const override {
    return true;
  }  // All element types here have four bytes.

 protected:
  absl::Status Infer(const op::Equal&, absl::Span<const TensorSpec> inputs,
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
GRADUS_REGISTER_OP(Equal, op::Equal);

template <class T>
struct EqualRule {
  GRADUS_INLINE float operator()(T a, T b) const { return static_cast<float>(a == b); }
};

class EqualLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = ElementwiseLoopCost(0.06, request);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    if (request.inputs[0].dtype == DType::kInt32) {
      return MakeElementwiseKernel<int32_t, float, 2>(request, EqualRule<int32_t>());
    }
    return MakeElementwiseKernel<float, float, 2>(request, EqualRule<float>());
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Equal, "loop", EqualLoop);

using EqualOneDnn = BinaryPrimitive<dnnl::algorithm::binary_eq>;
GRADUS_REGISTER_KERNEL(op::Equal, "onednn", EqualOneDnn);

}  // namespace
}  // namespace gradus
