// Repeats a tensor to a larger shape.
//
//   y[.., i, ..] = x[.., 0 or i, ..]     NumPy's rules: axes are aligned at the end, length 1 is repeated
//   dx = dy summed over the repeated axes

#include <algorithm>

#include "gradus/base/isa.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "ops/shape_config.h"

namespace gradus {
namespace {

class Broadcast final : public TypedOp<op::Broadcast> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Broadcast& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_ASSIGN_OR_RETURN(Shape to, ShapeFromConfig(config));
    const auto both = BroadcastShapes(inputs[0].shape, to);
    if (!both.ok() || *both != to) {
      return absl::InvalidArgumentError(
          absl::StrCat(inputs[0].shape.ToString(), " does not broadcast to ", to.ToString()));
    }
    outputs->push_back({DType::kFloat32, to});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Broadcast&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape shape = emit.spec(scope->input(0)).shape;
    scope->SetInputGradient(0, emit.SumTo(scope->output_gradient(), shape));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Broadcast, op::Broadcast);

// The result as rows of the last axis, or of all trailing axes that are repeated or copied as a whole.
struct BroadcastLoop {
  std::vector<int64_t> extent, distance;  // Of the rows, innermost first; 0 for repeated axes.
  int64_t rows = 1;
  int64_t row = 1;
  bool repeats = false;  // Whether a row is one number.
};

struct RunBroadcast {
  template <Isa>
  GRADUS_INLINE static void Run(const BroadcastLoop* loop, const float* x, float* y) {
    const int64_t n = loop->row;
    for (int64_t i = 0; i < loop->rows; ++i, y += n) {
      int64_t rest = i, offset = 0;
      for (size_t axis = 0; axis < loop->extent.size(); ++axis) {
        offset += rest % loop->extent[axis] * loop->distance[axis];
        rest /= loop->extent[axis];
      }
      const float* from = x + offset;
      if (loop->repeats) {
        const float value = *from;
        for (int64_t j = 0; j < n; ++j) y[j] = value;
      } else {
        for (int64_t j = 0; j < n; ++j) y[j] = from[j];
      }
    }
  }
};

BroadcastLoop MakeBroadcastLoop(const Operand& x, const Operand& y) {
  BroadcastLoop loop;
  std::vector<int64_t> extent, distance;
  int64_t step = 1;
  for (size_t i = 1; i <= y.dims.size(); ++i) {
    const int64_t to = y.dims[y.dims.size() - i];
    const int64_t from = i <= x.dims.size() ? x.dims[x.dims.size() - i] : 1;
    const int64_t at = from == 1 ? 0 : step;
    step *= i == 1 && x.dims.size() > 1 && x.pitch > 0 ? x.pitch : from;
    if (to == 1) continue;
    if (!extent.empty() && at == distance.back() * extent.back()) {
      extent.back() *= to;
    } else {
      extent.push_back(to);
      distance.push_back(at);
    }
  }
  if (!extent.empty() && distance[0] <= 1) {
    loop.row = extent[0];
    loop.repeats = distance[0] == 0;
    extent.erase(extent.begin());
    distance.erase(distance.begin());
  }
  for (int64_t e : extent) loop.rows *= e;
  loop.extent = std::move(extent);
  loop.distance = std::move(distance);
  return loop;
}

class BroadcastWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.outputs[0].elements()) * 0.06;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const BroadcastLoop loop = MakeBroadcastLoop(request.inputs[0], request.outputs[0]);
    return MakeKernel([loop](const KernelArgs& args) {
      ForIsa<RunBroadcast>(&loop, static_cast<const float*>(args.inputs[0]),
                           static_cast<float*>(args.outputs[0]));
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Broadcast, "loop", BroadcastWithLoop);

}  // namespace
}  // namespace gradus
