// Running sums along an axis, which is not the batch.
//
//   y_i = x_0 + .. + x_i        exclusive: without x_i;   reverse: from the last element to the
//   first dx = cumsum(dy), reverse where this one was not
//
// The sums are added up from the beginning, one after the other, on every instruction set: the same
// bits.

#include "gradus/base/isa.h"
#include "ops/slices.h"

namespace gradus {
namespace {

class Cumsum final : public TypedOp<op::Cumsum> {
 public:
  bool linear_in(const Config&, int) const override { return true; }

 protected:
  absl::Status Infer(const op::Cumsum& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    GRADUS_RETURN_IF_ERROR(FixedAxis(config.axis(), inputs[0].shape).status());
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Cumsum& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    op::Cumsum back = config;
    back.set_reverse(!config.reverse());
    scope->SetInputGradient(0, scope->emit()(back, {scope->output_gradient()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Cumsum, op::Cumsum);

struct CumsumLoop {
  AxisBlocks blocks;
  bool exclusive;
  bool reverse;
};

struct RunCumsum {
  template <Isa>
  GRADUS_INLINE static void Run(const CumsumLoop* loop, const float* x, float* y) {
    const int64_t n = loop->blocks.length, inner = loop->blocks.inner;
    for (int64_t o = 0; o < loop->blocks.outer; ++o, x += n * inner, y += n * inner) {
      if (n == 0) continue;
      const int64_t step = loop->reverse ? -inner : inner;
      const float* from = loop->reverse ? x + (n - 1) * inner : x;
      float* to = loop->reverse ? y + (n - 1) * inner : y;
      for (int64_t j = 0; j < inner; ++j) to[j] = loop->exclusive ? 0.0f : from[j];
      for (int64_t i = 1; i < n; ++i) {
        // What is added to the sum before: this element, or the one before it.
        const float* added = loop->exclusive ? from : from + step;
        float* next = to + step;
        for (int64_t j = 0; j < inner; ++j) next[j] = to[j] + added[j];
        from += step;
        to = next;
      }
    }
  }
};

class CumsumWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    // One addition after the other where the axis is the last one.
    choice.cost = 20 + static_cast<double>(request.outputs[0].elements());
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::Cumsum&>(*request.config);
    const CumsumLoop loop = {BlocksOf(request.inputs[0], config.axis()), config.exclusive(),
                             config.reverse()};
    return MakeKernel([loop](const KernelArgs& args) {
      ForIsa<RunCumsum>(&loop, static_cast<const float*>(args.inputs[0]),
                        static_cast<float*>(args.outputs[0]));
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Cumsum, "loop", CumsumWithLoop);

}  // namespace
}  // namespace gradus
