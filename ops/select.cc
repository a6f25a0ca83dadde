// y = a where the condition is not 0 (NaN is not), b elsewhere; NumPy's broadcasting of all three.
//
// Gradient: da = dy where the condition is not 0 and 0 elsewhere, db the other way round, each
// summed over the axes along which the input was repeated. None goes to the condition.
//
// NOTE: what is not taken is computed all the same; where it is infinite or NaN its own gradient is
// NaN, because 0 times infinity is.

#include <memory>
#include <vector>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/base/vector_math.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_axes.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {
namespace {

class Select final : public TypedOp<op::Select> {
 public:
  bool MayOverwrite(const Config&, int, int) const override { return true; }

 protected:
  absl::Status Infer(const op::Select&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 3));
    Shape shape;
    for (int i = 0; i < 3; ++i) {
      GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
      GRADUS_ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, inputs[i].shape));
    }
    GRADUS_RETURN_IF_ERROR(shape.Elements().status());
    outputs->assign({TensorSpec{DType::kFloat32, shape}});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Select&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    const Value condition = scope->input(0);
    for (int i = 1; i < 3; ++i) {
      if (!scope->wants(i)) continue;
      const Value zero = emit.Constant(0);
      const Value part = i == 1 ? emit(op::Select(), {condition, dy, zero})
                                : emit(op::Select(), {condition, zero, dy});
      scope->SetInputGradient(i, emit.SumTo(part, emit.spec(scope->input(i)).shape));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Select, op::Select);

// One row; `repeated` has bit i set when input i is one number.
template <int repeated>
struct SelectRow {
  template <Isa>
  GRADUS_INLINE static void Run(const float* c, const float* a, const float* b, float* y,
                                int64_t n) {
    constexpr int kStepC = (repeated & 1) == 0, kStepA = (repeated & 2) == 0,
                  kStepB = (repeated & 4) == 0;
#pragma GCC ivdep  // y is another buffer or exactly one of the inputs.
    for (int64_t i = 0; i < n; ++i) {
      y[i] = vector_math::Select(c[i * kStepC] != 0.0f, a[i * kStepA], b[i * kStepB]);
    }
  }
};

class SelectKernel final : public Kernel {
  using RunFunction = void (*)(const float*, const float*, const float*, float*, int64_t);

 public:
  explicit SelectKernel(const Request& request) : axes_(CollapseAxes(request)) {
    static constexpr RunFunction kRows[] = {&Row<0>, &Row<1>, &Row<2>, &Row<3>,
                                            &Row<4>, &Row<5>, &Row<6>, &Row<7>};
    int repeated = 0;
    for (int i = 0; i < 3; ++i) repeated |= axes_.strides[i].back() == 0 ? 1 << i : 0;
    row_ = kRows[repeated];
  }

  absl::Status Run(const KernelArgs& args, KernelState*) const override {
    RunAxis(0, static_cast<const float*>(args.inputs[0]), static_cast<const float*>(args.inputs[1]),
            static_cast<const float*>(args.inputs[2]), static_cast<float*>(args.outputs[0]));
    return absl::OkStatus();
  }

 private:
  template <int repeated>
  static void Row(const float* c, const float* a, const float* b, float* y, int64_t n) {
    ForIsa<SelectRow<repeated>>(c, a, b, y, n);
  }

  void RunAxis(size_t axis, const float* c, const float* a, const float* b, float* y) const {
    const int64_t n = axes_.extents[axis];
    if (axis + 1 == axes_.extents.size()) {
      row_(c, a, b, y, n);
      return;
    }
    for (int64_t i = 0; i < n; ++i) {
      RunAxis(axis + 1, c, a, b, y);
      c += axes_.strides[0][axis];
      a += axes_.strides[1][axis];
      b += axes_.strides[2][axis];
      y += axes_.strides[3][axis];
    }
  }

  const ElementwiseAxes axes_;
  RunFunction row_;
};

class SelectLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = ElementwiseLoopCost(0.09, request);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return std::make_unique<SelectKernel>(request);
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Select, "loop", SelectLoop);

}  // namespace
}  // namespace gradus
