// Sums over axes.
//
//   y = sum_a x            [.., a, ..] -> [..], or [.., 1, ..] with keep_dims; no axis named means all of them
//   dx = dy, repeated along the axes
//
// Over the batch it reduces: the sum of the blocks' sums. A sum over nothing is 0. Column sums of a matrix (gradients of biases) have a
// kernel of their own.

#include "gradus/op.pb.h"
#include "gradus/runtime/vector_gemm.h"
#include "ops/reduction.h"

namespace gradus {
namespace {

class ReduceSum final : public TypedOp<op::ReduceSum> {
 public:
  BatchUse batch_use(const Config& config, absl::Span<const TensorSpec> inputs) const override {
    return ReducesBatch(static_cast<const op::ReduceSum&>(config), inputs[0].shape)
               ? BatchUse::kReduces
               : BatchUse::kRows;
  }
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    const auto elements = inputs[0].shape.Elements();
    return elements.ok() ? static_cast<double>(elements->At(rows)) : 0;
  }

 protected:
  absl::Status Infer(const op::ReduceSum& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferReduction(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::ReduceSum& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape shape = emit.spec(scope->input(0)).shape;
    GRADUS_ASSIGN_OR_RETURN(std::vector<bool> reduced, ReducedAxes(config, shape.rank()));
    scope->SetInputGradient(0, Expand(emit, scope->output_gradient(), shape, reduced));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(ReduceSum, op::ReduceSum);

struct Sum : AddingLanes {
  GRADUS_INLINE static float Finish(float sum, int64_t) { return sum; }
};

using SumWithLoop = ReduceWithLoop<op::ReduceSum, Sum>;
GRADUS_REGISTER_KERNEL(op::ReduceSum, "loop", SumWithLoop);

// [.., n] -> [n]: one pass with the running sums in registers.
class SumOfColumns final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const Operand& in = request.inputs[0];
    const auto& config = static_cast<const op::ReduceSum&>(*request.config);
    const ReductionLoop loop = MakeReductionLoop(config, in, request.outputs[0]);
    if (in.elements() == 0 || in.dims.size() < 2 || loop.inner_reduced || loop.kept.steps != 1 ||
        loop.reduced.extent.size() != 1) {
      return {};
    }
    Choice choice;
    choice.cost = 10 + static_cast<double>(in.elements()) * (CurrentIsa() == Isa::kBaseline ? 0.1 : 0.03);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::ReduceSum&>(*request.config);
    const ReductionLoop loop = MakeReductionLoop(config, request.inputs[0], request.outputs[0]);
    const int64_t rows = loop.reduced.steps, columns = loop.inner, pitch = loop.reduced.from[0];
    return MakeKernel([rows, columns, pitch, isa = CurrentIsa()](const KernelArgs& args) {
      ColumnSums(static_cast<const float*>(args.inputs[0]), rows, columns, pitch, false,
                 static_cast<float*>(args.outputs[0]), isa);
    });
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::ReduceSum, "columns", SumOfColumns);

class SumWithOneDnn final : public ReduceWithOneDnn<op::ReduceSum> {
 public:
  SumWithOneDnn() : ReduceWithOneDnn(dnnl::algorithm::reduction_sum) {}
};
GRADUS_REGISTER_KERNEL(op::ReduceSum, "onednn", SumWithOneDnn);

}  // namespace
}  // namespace gradus
