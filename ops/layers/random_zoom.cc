// Makes each image larger or smaller around its centre by factors that are drawn for it. Evaluation and prediction: y = x.
//
//   layer { name: "zoomed" random_zoom { height_factor: 0.1 } }                         the same factor for both
//   layer { name: "zoomed" random_zoom { height_factor: [-0.2, 0] width_factor: [-0.2, 0] } }
//
// The result shows 1 + f of the image's height: f above 0 zooms out, as in Keras. Place i is read at c + (1 + f) (i - c), c the centre.

#include "gradus/graph/layer.h"
#include "ops/layers/augment.h"

namespace gradus {
namespace {

class RandomZoom final : public TypedLayer<layer::RandomZoom> {
  void Build(const layer::RandomZoom& config, LayerScope* scope) const override {
    DrawnRange height, width;
    op::AffineSample sample;
    const bool own_width = config.width_factor_size() > 0;
    bool good = ReadRange(config.height_factor(), "height_factor", scope, &height);
    if (own_width) good &= ReadRange(config.width_factor(), "width_factor", scope, &width);
    good &= ReadFill(config, scope, &sample);
    if (!ExpectLayout(scope, kImages) || !good) return;
    if (PassesInputOn(scope)) return;
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    const std::vector<Value> drawn = DrawForExamples(own_width ? 2 : 1, scope);
    const Value down = InRange(drawn[0], height, emit);
    const Value across = own_width ? InRange(drawn[1], width, emit) : down;
    // c - (1 + f) c = -f c.
    const auto shift = [&](Value f, int axis) {
      return Affine(f, -static_cast<double>(shape.dim(axis).k - 1) / 2, 0, emit);
    };
    const Value zero = ForAll(0, down, emit);
    scope->SetOutput(Sampled(sample,
                             {Affine(across, 1, 1, emit), zero, shift(across, 2), zero,
                              Affine(down, 1, 1, emit), shift(down, 1)},
                             scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_zoom", RandomZoom);

}  // namespace
}  // namespace gradus
