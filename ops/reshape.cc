// The same numbers in another shape.
//
//   y = x, in the order of memory     as many elements, the batch counted as a factor: [batch, 2, 3] -> [batch, 6] -> [6*batch]
//   dx = dy in x's shape
//
// A view: no kernel runs; the planner copies where the result must lie somewhere else.

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "ops/shape_config.h"

namespace gradus {
namespace {

// How many blocks the batch axis is cut into by the axes before it, or -1 without a batch.
int64_t BlocksBeforeBatch(const Shape& shape) {
  const int batch = shape.batch_axis();
  if (batch < 0) return -1;
  int64_t blocks = 1;
  for (int i = 0; i < batch; ++i) blocks *= shape.dim(i).k;
  return blocks;
}

class Reshape final : public TypedOp<op::Reshape> {
 public:
  // Some rows of x are some rows of y when the batch axis is equally far out in both.
  BatchUse batch_use(const Config& config, absl::Span<const TensorSpec> inputs) const override {
    const auto to = ShapeFromConfig(static_cast<const op::Reshape&>(config));
    return to.ok() && BlocksBeforeBatch(*to) == BlocksBeforeBatch(inputs[0].shape) ? BatchUse::kRows
                                                                                   : BatchUse::kMixes;
  }
  bool linear_in(const Config&, int) const override { return true; }
  bool IsView(const Config&) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Reshape& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_ASSIGN_OR_RETURN(Shape to, ShapeFromConfig(config));
    GRADUS_ASSIGN_OR_RETURN(Dim before, inputs[0].shape.Elements());
    GRADUS_ASSIGN_OR_RETURN(Dim after, to.Elements());
    if (before != after && !(before.k == 0 && after.k == 0)) {
      return absl::InvalidArgumentError(absl::StrCat(inputs[0].shape.ToString(), " and ",
                                                     to.ToString(),
                                                     " have different numbers of elements"));
    }
    outputs->push_back({inputs[0].dtype, to});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Reshape&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape shape = emit.spec(scope->input(0)).shape;
    scope->SetInputGradient(0, emit.Reshape(scope->output_gradient(), shape));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Reshape, op::Reshape);

}  // namespace
}  // namespace gradus
