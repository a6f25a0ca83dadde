// Turns each image around its centre by an angle that is drawn for it. Evaluation and prediction: y = x.
//
//   layer { name: "turned" random_rotation { factor: 0.05 } }             up to 18 degrees in both directions
//
// With the angle a, counter-clockwise, and the centre (cy, cx) = ((h - 1) / 2, (w - 1) / 2), place (i, j) is read at
//
//   column = cx + cos a (j - cx) - sin a (i - cy)     row = cy + sin a (j - cx) + cos a (i - cy)
//
// in which rows are counted downwards. The graph has no cosine; a is made of half angles' series, which end in float's last bit for |a| <= pi:
// see Turn.

#include <cmath>

#include "gradus/graph/layer.h"
#include "ops/layers/augment.h"

namespace gradus {
namespace {

// sin(a) and cos(a).
struct Turn {
  Value sine, cosine;
};

// By Taylor's series of a / 8, to the seventh and eighth power (off by less than 1e-9), doubled three times:
// sin 2b = 2 sin b cos b, cos 2b = 1 - 2 sin^2 b.
Turn TurnBy(Value angle, Emitter& emit) {
  const Value b = Affine(angle, 0.125, 0, emit);
  const Value z = emit(op::Square(), {b});
  const auto series = [&](const std::vector<double>& coefficients) {
    Value sum = ForAll(coefficients.back(), z, emit);
    for (size_t i = coefficients.size() - 1; i-- > 0;) {
      sum = Affine(emit(op::Mul(), {sum, z}), 1, coefficients[i], emit);
    }
    return sum;
  };
  Turn turn;
  turn.sine = emit(op::Mul(), {b, series({1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040})});
  turn.cosine = series({1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320});
  for (int i = 0; i < 3; ++i) {
    const Value sine = Affine(emit(op::Mul(), {turn.sine, turn.cosine}), 2, 0, emit);
    turn.cosine = Affine(emit(op::Square(), {turn.sine}), -2, 1, emit);
    turn.sine = sine;
  }
  return turn;
}

class RandomRotation final : public TypedLayer<layer::RandomRotation> {
  void Build(const layer::RandomRotation& config, LayerScope* scope) const override {
    DrawnRange factor;
    op::AffineSample sample;
    bool good = ReadRange(config.factor(), "factor", scope, &factor);
    good &= ReadFill(config, scope, &sample);
    if (!ExpectLayout(scope, kImages) || !good) return;
    if (PassesInputOn(scope)) return;
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    const double cy = static_cast<double>(shape.dim(1).k - 1) / 2;
    const double cx = static_cast<double>(shape.dim(2).k - 1) / 2;
    const double full = 2 * std::acos(-1.0);
    const Value part = InRange(DrawForExamples(1, scope)[0], factor, emit);
    const Turn turn = TurnBy(Affine(part, full, 0, emit), emit);
    const Value minus_sine = Affine(turn.sine, -1, 0, emit);
    // cx - cos cx + sin cy and cy - sin cx - cos cy.
    const Value column =
        emit(op::Add(), {Affine(turn.cosine, -cx, cx, emit), Affine(turn.sine, cy, 0, emit)});
    const Value row =
        emit(op::Add(), {Affine(turn.cosine, -cy, cy, emit), Affine(turn.sine, -cx, 0, emit)});
    scope->SetOutput(
        Sampled(sample, {turn.cosine, minus_sine, column, turn.sine, turn.cosine, row}, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_rotation", RandomRotation);

}  // namespace
}  // namespace gradus
