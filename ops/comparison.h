// What equal and greater share: y = 1 where a rule holds for a and b, 0 elsewhere, with NumPy's broadcasting; FLOAT32 or INT32 in,
// FLOAT32 out. A comparison with NaN gives 0.
//
// A step has no useful derivative: gradients that arrive are dropped.

#ifndef GRADUS_OPS_COMPARISON_H_
#define GRADUS_OPS_COMPARISON_H_

#include <memory>
#include <vector>

#include "gradus/graph/elementwise_op.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {

template <class ConfigType>
class Comparison final : public TypedOp<ConfigType> {
 public:
  bool differentiable() const override { return false; }
  // All element types here have four bytes.
  bool MayOverwrite(const Op::Config&, int, int) const override { return true; }

 protected:
  absl::Status Infer(const ConfigType&, absl::Span<const TensorSpec> inputs,
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

// Rule: `template <class T> float operator()(T a, T b) const`; integers are compared as integers.
template <class Rule>
class ComparisonLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = ElementwiseLoopCost(0.06, request);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    if (request.inputs[0].dtype == DType::kInt32) {
      return MakeElementwiseKernel<int32_t, float, 2>(request, Rule());
    }
    return MakeElementwiseKernel<float, float, 2>(request, Rule());
  }
  bool accepts_pitch() const override { return true; }
};

}  // namespace gradus

#endif  // GRADUS_OPS_COMPARISON_H_
