// What the shape rules of element-by-element operations have in common: FLOAT32 in, FLOAT32 out, rows stay rows, and the result may
// overwrite an input.
//
//   class Exp final : public UnaryOp<op::Exp> {
//     absl::Status Differentiate(const op::Exp&, GradientScope* scope) const override { ... }
//   };

#ifndef GRADUS_GRAPH_ELEMENTWISE_OP_H_
#define GRADUS_GRAPH_ELEMENTWISE_OP_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/base/shape.h"
#include "gradus/base/status.h"
#include "gradus/graph/op.h"

namespace gradus {

// x -> y of the same shape.
template <class ConfigType>
class UnaryOp : public TypedOp<ConfigType> {
 public:
  bool MayOverwrite(const Op::Config&, int, int) const override { return true; }

 protected:
  absl::Status Infer(const ConfigType&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
};

// (dy, v) -> dx, all of one shape, where v is the input or the output of the operation whose gradient this is. Linear in dy.
template <class ConfigType>
class UnaryGradientOp : public TypedOp<ConfigType> {
 public:
  bool linear_in(const Op::Config&, int input) const override { return input == 0; }
  bool MayOverwrite(const Op::Config&, int, int) const override { return true; }

 protected:
  absl::Status Infer(const ConfigType&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, DType::kFloat32));
    if (inputs[0].shape != inputs[1].shape) {
      return absl::InvalidArgumentError(absl::StrCat("shapes ", inputs[0].shape.ToString(), " and ",
                                                     inputs[1].shape.ToString(), " differ"));
    }
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
};

// (a, b) -> y, broadcast by NumPy's rules.
template <class ConfigType>
class BinaryOp : public TypedOp<ConfigType> {
 public:
  bool MayOverwrite(const Op::Config&, int, int) const override { return true; }

 protected:
  absl::Status Infer(const ConfigType&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, DType::kFloat32));
    GRADUS_ASSIGN_OR_RETURN(const Shape shape, BroadcastShapes(inputs[0].shape, inputs[1].shape));
    // Two batch axes ([batch, 1] with [batch]) would mix the rows.
    GRADUS_RETURN_IF_ERROR(shape.Elements().status());
    outputs->assign({TensorSpec{DType::kFloat32, shape}});
    return absl::OkStatus();
  }
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_ELEMENTWISE_OP_H_
