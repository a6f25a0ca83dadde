// ReLU with everything that keras.layers.ReLU has; `activation { function: RELU }` is the plain one.
//
//   y = min(x, max_value) for x >= threshold, negative_slope (x - threshold) elsewhere
//
//   layer { name: "relu6" relu { max_value: 6 } }
//   layer { name: "thresholded" relu { threshold: 1 } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Relu final : public TypedLayer<layer::Relu> {
  void Build(const layer::Relu& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    if (config.has_max_value() && config.max_value() < config.threshold()) {
      scope->Error("out-of-range", "max_value",
                   absl::StrCat("max_value ", config.max_value(), " is below the threshold ",
                                config.threshold()));
      return;
    }
    Emitter& emit = scope->emit();
    const Value x = scope->input(0);
    Value above = x;
    if (config.has_max_value()) {
      op::Clip at_most;
      at_most.set_max(config.max_value());
      above = emit(at_most, {x});
    }
    if (config.threshold() == 0) {
      Value y = emit(op::Relu(), {above});
      if (config.negative_slope() > 0) {
        op::LeakyRelu leaky;
        leaky.set_negative_slope(config.negative_slope());
        y = emit(leaky, {above});
      }
      scope->SetOutput(y);
      return;
    }
    const Value threshold = emit.Constant(static_cast<float>(config.threshold()));
    const Value slope = emit.Constant(static_cast<float>(config.negative_slope()));
    const Value below = emit(op::Mul(), {emit(op::Sub(), {x, threshold}), slope});
    scope->SetOutput(emit(op::Select(), {emit(op::Greater(), {threshold, x}), below, above}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.relu", Relu);

}  // namespace
}  // namespace gradus
