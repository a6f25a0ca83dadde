// Moves each image by parts of its height and width that are drawn for it. Evaluation and prediction: y = x.
//
//   layer { name: "moved" random_translation { height_factor: 0.1 width_factor: 0.1 } }
//   layer { name: "moved" random_translation { height_factor: [-0.1, 0] width_factor: 0 fill_mode: CONSTANT interpolation: NEAREST } }
//
// Factors above 0 move down and to the right, as in Keras. NEAREST moves by whole pixels.

#include "gradus/graph/layer.h"
#include "ops/layers/augment.h"

namespace gradus {
namespace {

class RandomTranslation final : public TypedLayer<layer::RandomTranslation> {
  void Build(const layer::RandomTranslation& config, LayerScope* scope) const override {
    DrawnRange height, width;
    op::AffineSample sample;
    bool good = ReadRange(config.height_factor(), "height_factor", scope, &height);
    good &= ReadRange(config.width_factor(), "width_factor", scope, &width);
    good &= ReadFill(config, scope, &sample);
    if (!ExpectLayout(scope, kImages) || !good) return;
    if (PassesInputOn(scope)) return;
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    const std::vector<Value> drawn = DrawForExamples(2, scope);
    // What moves down is read from above.
    const Value down =
        Affine(InRange(drawn[0], height, emit), -static_cast<double>(shape.dim(1).k), 0, emit);
    const Value across =
        Affine(InRange(drawn[1], width, emit), -static_cast<double>(shape.dim(2).k), 0, emit);
    const Value zero = ForAll(0, down, emit), one = ForAll(1, down, emit);
    scope->SetOutput(Sampled(sample, {one, zero, across, zero, one, down}, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_translation", RandomTranslation);

}  // namespace
}  // namespace gradus
