// Mirrors each image with a chance of 1/2, in one direction or in each of both by itself. Evaluation and prediction: y = x.
//
//   layer { name: "mirrored" random_flip { mode: HORIZONTAL } }

#include "gradus/graph/layer.h"
#include "ops/layers/augment.h"

namespace gradus {
namespace {

class RandomFlip final : public TypedLayer<layer::RandomFlip> {
  void Build(const layer::RandomFlip& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    if (PassesInputOn(scope)) return;
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    const std::vector<Value> drawn = DrawForExamples(2, scope);
    const Value half = emit.Constant(0.5f);
    // 0 or 1; a flipped axis is read from its end: place n - 1 - i.
    const Value down = emit(op::Greater(), {half, drawn[0]});
    const Value across = emit(op::Greater(), {half, drawn[1]});
    const Value zero = ForAll(0, down, emit), one = ForAll(1, down, emit);
    const auto last = [&](int axis) { return static_cast<double>(shape.dim(axis).k - 1); };
    const bool vertical = config.mode() != layer::RandomFlip::HORIZONTAL;
    const bool horizontal = config.mode() != layer::RandomFlip::VERTICAL;
    op::AffineSample sample;
    sample.set_fill(op::FILL_NEAREST);  // Nothing lies outside.
    sample.set_bilinear(false);
    scope->SetOutput(Sampled(sample,
                             {horizontal ? Affine(across, -2, 1, emit) : one, zero,
                              horizontal ? Affine(across, last(2), 0, emit) : zero, zero,
                              vertical ? Affine(down, -2, 1, emit) : one,
                              vertical ? Affine(down, last(1), 0, emit) : zero},
                             scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_flip", RandomFlip);

}  // namespace
}  // namespace gradus
