// y = x + f (high - low), limited to [low, high], f drawn for each image. Evaluation and prediction: y = x.
//
//   layer { name: "light" random_brightness { factor: 0.2 value_range: [0, 1] } }

#include "gradus/graph/layer.h"
#include "ops/layers/value_range.h"

namespace gradus {
namespace {

class RandomBrightness final : public TypedLayer<layer::RandomBrightness> {
  void Build(const layer::RandomBrightness& config, LayerScope* scope) const override {
    DrawnRange factor, limits{0, 255};
    bool good = ReadRange(config.factor(), "factor", scope, &factor);
    good &= ReadValueRange(config.value_range(), scope, &limits);
    if (!ExpectLayout(scope, kImages) || !good) return;
    if (PassesInputOn(scope)) return;
    Emitter& emit = scope->emit();
    const double width = limits.high - limits.low;
    const Value f =
        InRange(DrawForExamples(1, scope)[0], {factor.low * width, factor.high * width}, emit);
    const Value y = emit(op::Add(), {scope->input(0), ForImages(f, emit)});
    scope->SetOutput(Limited(y, limits, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_brightness", RandomBrightness);

}  // namespace
}  // namespace gradus
