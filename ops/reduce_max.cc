// Maxima over axes.
//
//   y = max_a x               [.., a, ..] -> [..], or [.., 1, ..] with keep_dims; no axis named means all of them
//   dx = e dy / sum_a e, e = 1 where x is the maximum and 0 elsewhere: equal parts among ties
//
// Over the batch it needs all rows. NaN when there is one; the maximum of nothing is -infinity.

#include <limits>

#include "gradus/base/vector_math.h"
#include "gradus/op.pb.h"
#include "ops/reduction.h"

namespace gradus {
namespace {

class ReduceMax final : public TypedOp<op::ReduceMax> {
 public:
  BatchUse batch_use(const Config& config, absl::Span<const TensorSpec> inputs) const override {
    return ReducesBatch(static_cast<const op::ReduceMax&>(config), inputs[0].shape)
               ? BatchUse::kMixes
               : BatchUse::kRows;
  }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec>, int64_t rows) const override {
    return Op::Flops(config, inputs, inputs, rows);
  }

 protected:
  absl::Status Infer(const op::ReduceMax& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    return InferReduction(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::ReduceMax& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Value x = scope->input(0);
    const Shape shape = emit.spec(x).shape;
    GRADUS_ASSIGN_OR_RETURN(std::vector<bool> reduced, ReducedAxes(config, shape.rank()));
    const Value largest = emit(op::Equal(), {x, Expand(emit, scope->output(), shape, reduced)});
    op::ReduceSum count;
    *count.mutable_axis() = config.axis();
    count.set_keep_dims(config.keep_dims());
    const Value share = emit(op::Div(), {scope->output_gradient(), emit(count, {largest})});
    scope->SetInputGradient(0, emit(op::Mul(), {largest, Expand(emit, share, shape, reduced)}));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(ReduceMax, op::ReduceMax);

struct Max {
  static constexpr int kLanes = 64;
  struct Lanes {
    float at[kLanes];
  };
  GRADUS_INLINE static void IntoLanes(Lanes& most, const Lanes& x) {
    for (int l = 0; l < kLanes; ++l) Into(most.at[l], x.at[l]);
  }
  static float Identity() { return -std::numeric_limits<float>::infinity(); }
  GRADUS_INLINE static void Into(float& most, float x) {
    most = vector_math::Select((x > most) | (x != x), x, most);
  }
  GRADUS_INLINE static float Finish(float most, int64_t) { return most; }
};

using MaxWithLoop = ReduceWithLoop<op::ReduceMax, Max>;
GRADUS_REGISTER_KERNEL(op::ReduceMax, "loop", MaxWithLoop);

class MaxWithOneDnn final : public ReduceWithOneDnn<op::ReduceMax> {
 public:
  MaxWithOneDnn() : ReduceWithOneDnn(dnnl::algorithm::reduction_max) {}
};
GRADUS_REGISTER_KERNEL(op::ReduceMax, "onednn", MaxWithOneDnn);

}  // namespace
}  // namespace gradus
