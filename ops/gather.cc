// Picks by index.
//
//   y[b, p, i] = x[b, index[b, p], i]     (x [B.., A, inner..], index INT32 [B.., picks..]) -> [B.., picks.., inner..]
//   dx = scatter_add(dy, index)
//
// B are the first batch_dims axes. batch_dims 0 looks rows up in a table, batch_dims 1 picks a class per row. An index outside [0, A)
// is an error of the run that names the node, the index, and A.

#include <algorithm>
#include <cstring>

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "ops/pick.h"

namespace gradus {
namespace {

class Gather final : public TypedOp<op::Gather> {
 public:
  BatchUse batch_use(const Config& message, absl::Span<const TensorSpec> inputs) const override {
    const int batch_dims = static_cast<const op::Gather&>(message).batch_dims();
    return inputs[0].shape.dim(batch_dims).batch ? BatchUse::kMixes : BatchUse::kRows;
  }
  bool linear_in(const Config&, int input) const override { return input == 0; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Gather& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, DType::kInt32));
    const Shape& x = inputs[0].shape;
    const Shape& index = inputs[1].shape;
    const int batch_dims = config.batch_dims();
    if (batch_dims < 0 || batch_dims > 1) {
      return absl::InvalidArgumentError(absl::StrCat("batch_dims ", batch_dims, " is not 0 or 1"));
    }
    if (x.rank() <= batch_dims) {
      return absl::InvalidArgumentError(
          absl::StrCat(x.ToString(), " has no axis ", batch_dims, " to pick from"));
    }
    Shape out;
    for (int i = 0; i < batch_dims; ++i) {
      if (index.rank() <= i || index.dim(i) != x.dim(i)) {
        return absl::InvalidArgumentError(
            absl::StrCat("axis ", i, " of ", x.ToString(), " and of the index ", index.ToString(),
                         " differ"));
      }
    }
    for (const Dim& dim : index.dims()) out.Append(dim);
    for (int i = batch_dims + 1; i < x.rank(); ++i) out.Append(x.dim(i));
    outputs->push_back({DType::kFloat32, out});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Gather& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Dim length = emit.spec(scope->input(0)).shape.dim(config.batch_dims());
    op::ScatterAdd scatter;
    scatter.set_batch_dims(config.batch_dims());
    scatter.mutable_length()->set_k(length.k);
    scatter.mutable_length()->set_batch(length.batch);
    scope->SetInputGradient(0, emit(scatter, {scope->output_gradient(), scope->input(1)}));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Gather, op::Gather);

absl::Status RunGather(const PickLoop& loop, const float* x, const int32_t* index, float* y) {
  int64_t position = 0;
  for (int64_t b = 0; b < loop.before; ++b) {
    const float* table = x + b * loop.length * loop.pitch;
    for (int64_t p = 0; p < loop.picks; ++p, ++position, y += loop.inner) {
      const int32_t at = index[position];
      if (at < 0 || at >= loop.length) return OutsideError(loop, at);
      if (loop.inner == 1) {
        *y = table[at * loop.pitch];
      } else {
        std::memcpy(y, table + at * loop.pitch, static_cast<size_t>(loop.inner) * sizeof(float));
      }
    }
  }
  return absl::OkStatus();
}

// kRows serves matrices whose rows may be padded.
template <bool kRows>
class GatherWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const int batch_dims = static_cast<const op::Gather&>(*request.config).batch_dims();
    if (kRows && !PicksRows(batch_dims, request.inputs[0], request)) return {};
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.inputs[1].elements()) * 2 +
                  static_cast<double>(request.outputs[0].elements()) * 0.1;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int batch_dims = static_cast<const op::Gather&>(*request.config).batch_dims();
    PickLoop loop = MakePickLoop(batch_dims, request.inputs[0], request.inputs[1]);
    if (kRows) loop.pitch = request.inputs[0].pitch;
    return MakeKernel([loop](const KernelArgs& args) {
      return RunGather(loop, static_cast<const float*>(args.inputs[0]),
                       static_cast<const int32_t*>(args.inputs[1]),
                       static_cast<float*>(args.outputs[0]));
    });
  }
  bool accepts_pitch() const override { return kRows; }
  bool accepts_empty() const override { return true; }  // Any index into nothing is an error.
};
GRADUS_REGISTER_KERNEL(op::Gather, "loop", GatherWithLoop<false>);
GRADUS_REGISTER_KERNEL(op::Gather, "rows", GatherWithLoop<true>);

}  // namespace
}  // namespace gradus
