// Means over axes.
//
//   y = (1/n) sum_a x         [.., a, ..] -> [..], or [.., 1, ..] with keep_dims; no axis named means all of them
//   dx = dy / n, repeated along the axes
//
// Over the batch it needs all rows, because blocks of rows do not know n. A mean over nothing is 0/0, NaN.

#include "gradus/op.pb.h"
#include "ops/reduction.h"

namespace gradus {
namespace {

class ReduceMean final : public TypedOp<op::ReduceMean> {
 public:
  BatchUse batch_use(const Config& config, absl::Span<const TensorSpec> inputs) const override {
    return ReducesBatch(static_cast<const op::ReduceMean&>(config), inputs[0].shape)
               ? BatchUse::kMixes
               : BatchUse::kRows;
  }
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec>, int64_t rows) const override {
    return Op::Flops(config, inputs, inputs, rows);
  }

 protected:
  absl::Status Infer(const op::ReduceMean& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferReduction(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::ReduceMean& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape shape = emit.spec(scope->input(0)).shape;
    GRADUS_ASSIGN_OR_RETURN(std::vector<bool> reduced, ReducedAxes(config, shape.rank()));
    const Value share =
        emit(op::Div(), {scope->output_gradient(), ReducedCount(emit, shape, reduced)});
    scope->SetInputGradient(0, Expand(emit, share, shape, reduced));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(ReduceMean, op::ReduceMean);

struct Mean : AddingLanes {
  GRADUS_INLINE static float Finish(float sum, int64_t count) { return sum / static_cast<float>(count); }
};

using MeanWithLoop = ReduceWithLoop<op::ReduceMean, Mean>;
GRADUS_REGISTER_KERNEL(op::ReduceMean, "loop", MeanWithLoop);

class MeanWithOneDnn final : public ReduceWithOneDnn<op::ReduceMean> {
 public:
  MeanWithOneDnn() : ReduceWithOneDnn(dnnl::algorithm::reduction_mean) {}
};
GRADUS_REGISTER_KERNEL(op::ReduceMean, "onednn", MeanWithOneDnn);

}  // namespace
}  // namespace gradus
