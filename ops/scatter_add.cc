// The gradient of gather: adds where it picked.
//
//   dx[b, a, i] = sum over p with index[b, p] = a of dy[b, p, i]
//   (dy [B.., picks.., inner..], index INT32 [B.., picks..]) -> [B.., length, inner..]
//   d(dy) = gather(g, index)
//
// B are the first batch_dims axes. Sums run in the order of p. With picks that carry the batch (gradients of a table), the result
// is the sum of the results of blocks of rows. An index outside [0, length) is an error of the run.

#include <algorithm>

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "ops/pick.h"

namespace gradus {
namespace {

class ScatterAdd final : public TypedOp<op::ScatterAdd> {
 public:
  BatchUse batch_use(const Config& message, absl::Span<const TensorSpec> inputs) const override {
    const auto& config = static_cast<const op::ScatterAdd&>(message);
    if (config.length().batch()) return BatchUse::kMixes;
    const Shape& index = inputs[1].shape;
    const int batch = index.batch_axis();
    return batch >= config.batch_dims() ? BatchUse::kReduces : BatchUse::kRows;
  }
  bool linear_in(const Config&, int input) const override { return input == 0; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec>, int64_t rows) const override {
    return Op::Flops(config, inputs, inputs, rows);
  }

 protected:
  absl::Status Infer(const op::ScatterAdd& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, DType::kInt32));
    const Shape& dy = inputs[0].shape;
    const Shape& index = inputs[1].shape;
    const int batch_dims = config.batch_dims();
    if (batch_dims < 0 || batch_dims > 1) {
      return absl::InvalidArgumentError(absl::StrCat("batch_dims ", batch_dims, " is not 0 or 1"));
    }
    if (config.length().k() < 0) {
      return absl::InvalidArgumentError(absl::StrCat("length ", config.length().k(), " is negative"));
    }
    if (index.rank() < batch_dims || dy.rank() < index.rank() ||
        dy.dims().subspan(0, index.rank()) != index.dims()) {
      return absl::InvalidArgumentError(absl::StrCat(dy.ToString(), " does not begin with the axes of the index ",
                                                     index.ToString()));
    }
    Shape out;
    for (int i = 0; i < batch_dims; ++i) out.Append(dy.dim(i));
    out.Append({config.length().k(), config.length().batch()});
    for (int i = index.rank(); i < dy.rank(); ++i) out.Append(dy.dim(i));
    outputs->push_back({DType::kFloat32, out});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::ScatterAdd& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    op::Gather gather;
    gather.set_batch_dims(config.batch_dims());
    scope->SetInputGradient(0, scope->emit()(gather, {scope->output_gradient(), scope->input(1)}));
    return scope->emit().status();
  }
};
GRADUS_REGISTER_OP(ScatterAdd, op::ScatterAdd);

absl::Status RunScatterAdd(const PickLoop& loop, const float* dy, const int32_t* index, float* dx) {
  for (int64_t row = 0; row < loop.before * loop.length; ++row) {
    std::fill(dx + row * loop.pitch, dx + row * loop.pitch + loop.inner, 0.0f);
  }
  int64_t position = 0;
  for (int64_t b = 0; b < loop.before; ++b) {
    float* table = dx + b * loop.length * loop.pitch;
    for (int64_t p = 0; p < loop.picks; ++p, ++position, dy += loop.inner) {
      const int32_t at = index[position];
      if (at < 0 || at >= loop.length) return OutsideError(loop, at);
      float* row = table + at * loop.pitch;
      for (int64_t i = 0; i < loop.inner; ++i) row[i] += dy[i];
    }
  }
  return absl::OkStatus();
}

// kRows serves matrices whose rows may be padded.
template <bool kRows>
class ScatterAddWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const int batch_dims = static_cast<const op::ScatterAdd&>(*request.config).batch_dims();
    const Operand& dx = request.outputs[0];
    if (kRows && !PicksRows(batch_dims, dx, request)) return {};
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.inputs[1].elements()) * 2 +
                  static_cast<double>(dx.elements() + request.inputs[0].elements()) * 0.1;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int batch_dims = static_cast<const op::ScatterAdd&>(*request.config).batch_dims();
    PickLoop loop = MakePickLoop(batch_dims, request.outputs[0], request.inputs[1]);
    if (kRows) loop.pitch = request.outputs[0].pitch;
    return MakeKernel([loop](const KernelArgs& args) {
      return RunScatterAdd(loop, static_cast<const float*>(args.inputs[0]),
                           static_cast<const int32_t*>(args.inputs[1]),
                           static_cast<float*>(args.outputs[0]));
    });
  }
  bool accepts_pitch() const override { return kRows; }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::ScatterAdd, "loop", ScatterAddWithLoop<false>);
GRADUS_REGISTER_KERNEL(op::ScatterAdd, "rows", ScatterAddWithLoop<true>);

}  // namespace
}  // namespace gradus
