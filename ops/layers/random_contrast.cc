// y = (x - mean) f + mean, the mean of each channel of the image, f drawn for each image. Evaluation and prediction: y = x.
//
//   layer { name: "contrast" random_contrast { factor: 0.2 } }                          f between 0.8 and 1.2
//   layer { name: "contrast" random_contrast { factor: [0.1, 0.3] value_range: [0, 1] } }      between 0.9 and 1.3, limited

#include "gradus/graph/layer.h"
#include "ops/layers/value_range.h"

namespace gradus {
namespace {

class RandomContrast final : public TypedLayer<layer::RandomContrast> {
  void Build(const layer::RandomContrast& config, LayerScope* scope) const override {
    DrawnRange factor, limits;
    bool good = ReadValueRange(config.value_range(), scope, &limits);
    if (config.factor_size() > 2) {
      scope->Error("count", "factor",
                   absl::StrCat("factor has ", config.factor_size(), " numbers, not 1 or 2"));
      good = false;
    }
    if (!ExpectLayout(scope, kImages) || !good) return;
    if (PassesInputOn(scope)) return;
    factor = {1 - config.factor(0), 1 + config.factor(config.factor_size() - 1)};
    Emitter& emit = scope->emit();
    const Value x = scope->input(0);
    const Value f = ForImages(InRange(DrawForExamples(1, scope)[0], factor, emit), emit);
    const Value mean = emit(MeanOver({1, 2}, true), {x});
    const Value spread = emit(op::Mul(), {emit(op::Sub(), {x, mean}), f});
    const Value y = emit(op::Add(), {spread, mean});
    scope->SetOutput(config.value_range().empty() ? y : Limited(y, limits, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.random_contrast", RandomContrast);

}  // namespace
}  // namespace gradus
