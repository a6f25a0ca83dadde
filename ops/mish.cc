// y = x t, t = tanh(log(1 + e^x)) (Misra 2019, arXiv:1908.08681).
//
//   t = w / (w + 2) with w = e^x (e^x + 2): one exponential, and no digits lost on either side
//
// Gradient, from the input: dx = dy (t + x 4 e^x (e^x + 1) / (w + 2)^2).
// Its own gradient in x, with s = 1 / (1 + e^-x): g dy (1 - t^2) s (2 + x (1 - s - 2 t s)).
//
// oneDNN 2.6.3's mish takes the logarithm of 1 + e^x as it stands: mish(-16.64) = -9.9e-7 becomes
// 0. So the loop is the only forward kernel. Its gradient is right to 1.2e-6 of itself down to
// x = -86, but infinite at 1e30, where it should be 1.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

// e^x for x up to 20, from where on tanh(log(1 + e^x)) is 1 in float and (w + 2)^2 is still a
// float.
GRADUS_INLINE float LimitedExp(float x) {
  return vector_math::Exp(vector_math::Select(x > 20.0f, 20.0f, x));
}

class Mish final : public UnaryOp<op::Mish> {
 protected:
  absl::Status Differentiate(const op::Mish&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::MishGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Mish, op::Mish);

class MishGrad final : public UnaryGradientOp<op::MishGrad> {
 protected:
  absl::Status Differentiate(const op::MishGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value x = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::MishGrad(), {g, x}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value one = emit.Constant(1);
    const Value s = emit(op::Sigmoid(), {x});
    const Value t = emit(op::Tanh(), {emit(op::Softplus(), {x})});
    const Value rise = emit(op::Mul(), {emit(op::Sub(), {one, emit(op::Square(), {t})}), s});
    const Value twice = emit(op::Mul(), {emit(op::Add(), {t, t}), s});
    const Value rest = emit(op::Sub(), {emit(op::Sub(), {one, s}), twice});
    const Value bend = emit(op::Add(), {emit(op::Mul(), {x, rest}), emit.Constant(2)});
    const Value slope = emit(op::Mul(), {rise, bend});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), slope}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(MishGrad, op::MishGrad);

struct MishRule {
  static constexpr double kCost = 0.3;
  explicit MishRule(const op::Mish&) {}
  GRADUS_INLINE float operator()(float x) const {
    const float e = LimitedExp(x);
    const float w = e * (e + 2.0f);
    // Below -104 the result is 0, and -infinity times 0 would be NaN.
    return vector_math::Select(x < -104.0f, -0.0f, x * (w / (w + 2.0f)));
  }
};
using MishLoop = ElementwiseLoop<op::Mish, MishRule, 1>;
GRADUS_REGISTER_KERNEL(op::Mish, "loop", MishLoop);

struct MishGradRule {
  static constexpr double kCost = 0.414;
  explicit MishGradRule(const op::MishGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    const float e = LimitedExp(x);
    const float w = e * (e + 2.0f);
    const float inverse = 1.0f / (w + 2.0f);
    // At infinity the product would be NaN; from 104 on it is 0.
    const float limited = vector_math::Select(vector_math::Magnitude(x) > 104.0f, 0.0f, x);
    const float rise = 4.0f * (e * inverse) * ((e + 1.0f) * inverse);
    return dy * (w * inverse + limited * rise);
  }
};
using MishGradLoop = ElementwiseLoop<op::MishGrad, MishGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::MishGrad, "loop", MishGradLoop);

class MishGradOneDnn final : public EltwiseBackward<op::MishGrad, dnnl::algorithm::eltwise_mish> {};
GRADUS_REGISTER_KERNEL(op::MishGrad, "onednn", MishGradOneDnn);

}  // namespace
}  // namespace gradus
