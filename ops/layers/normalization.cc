// (x - mean) / sqrt(variance) with numbers that are given, or x sqrt(variance) + mean.
//
//   layer { name: "normal" normalization { mean: [5.8, 3.1] variance: [0.69, 0.19] } }
//
// keras.layers.Normalization learns them by adapt(); here `standardise` of the data does, which also keeps them out of the steps.

#include <cmath>

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/constants.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Normalization final : public TypedLayer<layer::Normalization> {
  void Build(const layer::Normalization& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    const Value x = scope->input(0);
    const Shape shape = scope->spec(x).shape;
    std::vector<double> mean(config.mean().begin(), config.mean().end());
    std::vector<double> deviation;
    for (double variance : config.variance()) deviation.push_back(std::sqrt(variance));
    if (!Fits(mean, "mean", shape, scope) || !Fits(deviation, "variance", shape, scope)) return;
    Emitter& emit = scope->emit();
    const Value shift = Numbers("mean", mean, scope),
                scale = Numbers("deviation", deviation, scope);
    scope->SetOutput(config.invert() ? emit(op::Add(), {emit(op::Mul(), {x, scale}), shift})
                                     : emit(op::Div(), {emit(op::Sub(), {x, shift}), scale}));
  }

  static bool Fits(const std::vector<double>& numbers, absl::string_view field, const Shape& shape,
                   LayerScope* scope) {
    const size_t count = numbers.size();
    const bool along_last =
        shape.rank() > 1 && static_cast<int64_t>(count) == shape.dim(shape.rank() - 1).k;
    if (count == 1 || along_last) return true;
    scope->Error("count", field,
                 absl::StrCat(field, " has ", count,
                              " numbers, not one or one for each place of the last axis of ",
                              shape.ToString()));
    return false;
  }

  static Value Numbers(absl::string_view name, const std::vector<double>& numbers,
                       LayerScope* scope) {
    if (numbers.size() == 1) return scope->emit().Constant(static_cast<float>(numbers[0]));
    return LayerConstant(name, {static_cast<int64_t>(numbers.size())},
                         {numbers.begin(), numbers.end()}, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.normalization", Normalization);

}  // namespace
}  // namespace gradus
