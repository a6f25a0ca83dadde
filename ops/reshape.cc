// The same numbers in another shape.
//
//   y = x, in the order of memory     as many elements, the batch counted as a factor: [batch, 2, 3] -> [batch, 6] -> [6*batch]
//   dx = dy in x's shape
//
// A view: no kernel runs where the numbers already lie densely.

#include <cstring>

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
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

// For results that must lie somewhere else, and padded operands.
class ReshapeByCopy final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.inputs[0].elements()) * 0.1;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int64_t size = ByteSize(request.inputs[0].dtype);
    const int64_t elements = request.inputs[0].elements();
    const Rows in = RowsOf(request.inputs[0], size), out = RowsOf(request.outputs[0], size);
    return MakeKernel([=](const KernelArgs& args) {
      const char* from = static_cast<const char*>(args.inputs[0]);
      char* to = static_cast<char*>(args.outputs[0]);
      if (from == to) return;
      if (in.pitch == in.bytes && out.pitch == out.bytes) {
        std::memcpy(to, from, static_cast<size_t>(elements * size));
        return;
      }
      for (int64_t i = 0; i < elements; ++i) {
        const int64_t at = i * size;
        std::memcpy(to + at / out.bytes * out.pitch + at % out.bytes,
                    from + at / in.bytes * in.pitch + at % in.bytes, static_cast<size_t>(size));
      }
    });
  }
  bool accepts_pitch() const override { return true; }

 private:
  struct Rows {
    int64_t bytes, pitch;
  };
  static Rows RowsOf(const Operand& x, int64_t size) {
    if (x.dense()) return {x.elements() * size, x.elements() * size};
    return {x.dims.back() * size, x.pitch * size};
  }
};
GRADUS_REGISTER_KERNEL(op::Reshape, "loop", ReshapeByCopy);

}  // namespace
}  // namespace gradus
