// Cuts a part out of each image at a place that is drawn for it, all places alike. Evaluation and prediction: the part in the middle.
//
//   layer { name: "padded" zero_padding2d { padding: 4 } }
//   layer { name: "moved" random_crop { height: 32 width: 32 } }              the augmentation that is usual for small images

#include "gradus/graph/layer.h"
#include "ops/layers/augment.h"
#include "ops/layers/center_crop.h"

namespace gradus {
namespace {

class RandomCrop final : public TypedLayer<layer::RandomCrop> {
  void Build(const layer::RandomCrop& config, LayerScope* scope) const override {
    if (!ExpectCropFits(config, scope)) return;
    if (scope->mode() == Mode::kInference) {
      scope->SetOutput(CropCenter(config, scope));
      return;
    }
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    const std::vector<Value> drawn = DrawForExamples(2, scope);
    // u (rest + 1) - 1/2 is nearest to each of 0 to rest equally often. The largest u may be rounded to rest + 1/2.
    const auto first = [&](Value uniform, int axis, int64_t length) {
      const auto rest = static_cast<double>(shape.dim(axis).k - length);
      op::Clip at_most;
      at_most.set_max(rest);
      return emit(at_most, {Affine(uniform, rest + 1, -0.5, emit)});
    };
    const Value row = first(drawn[0], 1, config.height());
    const Value column = first(drawn[1], 2, config.width());
    const Value zero = ForAll(0, row, emit), one = ForAll(1, row, emit);
    op::AffineSample sample;
    sample.add_size(config.height());
    sample.add_size(config.width());
    sample.set_fill(op::FILL_NEAREST);  // Nothing lies outside.
    sample.set_bilinear(false);
    scope->SetOutput(Sampled(sample, {one, zero, column, zero, one, row}, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_crop", RandomCrop);

}  // namespace
}  // namespace gradus
