// y = x limited to [min, max]; a bound that is not set does not bind. The bounds are rounded to
// FLOAT32.
//
// Gradient, from the input: dx = dy where min <= x <= max, 0 elsewhere.

#include <limits>

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

struct Bounds {
  float min;
  float max;
};

template <class ConfigType>
Bounds BoundsOf(const ConfigType& config) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return {config.has_min() ? static_cast<float>(config.min()) : -kInfinity,
          config.has_max() ? static_cast<float>(config.max()) : kInfinity};
}

template <class ConfigType>
absl::Status CheckBounds(const ConfigType& config) {
  if (!config.has_min() && !config.has_max()) {
    return absl::InvalidArgumentError("has neither min nor max");
  }
  const Bounds bounds = BoundsOf(config);
  if (bounds.min <= bounds.max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("min ", bounds.min, " is not at most max ", bounds.max));
}

class Clip final : public UnaryOp<op::Clip> {
 protected:
  absl::Status Infer(const op::Clip& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckBounds(config));
    return UnaryOp::Infer(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::Clip& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    op::ClipGrad gradient;
    if (config.has_min()) gradient.set_min(config.min());
    if (config.has_max()) gradient.set_max(config.max());
    scope->SetInputGradient(0,
                            scope->emit()(gradient, {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Clip, op::Clip);

class ClipGrad final : public UnaryGradientOp<op::ClipGrad> {
 protected:
  absl::Status Infer(const op::ClipGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckBounds(config));
    return UnaryGradientOp::Infer(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::ClipGrad& config, GradientScope* scope) const override {
    // Piecewise constant in x: no gradient flows there.
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(0, scope->emit()(config, {scope->output_gradient(), scope->input(1)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(ClipGrad, op::ClipGrad);

struct ClipRule {
  static constexpr double kCost = 0.035;
  explicit ClipRule(const op::Clip& config) : bounds(BoundsOf(config)) {}
  GRADUS_INLINE float operator()(float x) const {
    const float below = vector_math::Select(x < bounds.min, bounds.min, x);
    return vector_math::Select(x > bounds.max, bounds.max, below);
  }
  Bounds bounds;
};
using ClipLoop = ElementwiseLoop<op::Clip, ClipRule, 1>;
GRADUS_REGISTER_KERNEL(op::Clip, "loop", ClipLoop);

// oneDNN's backward clip has derivative 0 at the lower bound, so the loop is the only one.
struct ClipGradRule {
  static constexpr double kCost = 0.055;
  explicit ClipGradRule(const op::ClipGrad& config) : bounds(BoundsOf(config)) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    const float above = vector_math::Select(x < bounds.min, 0.0f, dy);
    return vector_math::Select(x > bounds.max, 0.0f, above);
  }
  Bounds bounds;
};
using ClipGradLoop = ElementwiseLoop<op::ClipGrad, ClipGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::ClipGrad, "loop", ClipGradLoop);

class ClipOneDnn final : public EltwiseForward<op::Clip, dnnl::algorithm::eltwise_clip> {
 protected:
  EltwiseNumbers Numbers(const op::Clip& config) const override {
    const Bounds bounds = BoundsOf(config);
    return {bounds.min, bounds.max};
  }
};
GRADUS_REGISTER_KERNEL(op::Clip, "onednn", ClipOneDnn);

}  // namespace
}  // namespace gradus
