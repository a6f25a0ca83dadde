// One activation function on its own.
//
//   layer { name: "relu" activation { function: RELU } }

#include "gradus/graph/activation.h"

#include "gradus/base/status.h"
#include "gradus/graph/layer.h"

namespace gradus {
namespace {

class Activation final : public TypedLayer<layer::ActivationLayer> {
  void Build(const layer::ActivationLayer& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1) || !scope->ExpectFloat(scope->input(0), "input")) return;
    const Shape& shape = scope->spec(scope->input(0)).shape;
    const char* over_last_axis = config.function() == layer::SOFTMAX       ? "softmax"
                                 : config.function() == layer::LOG_SOFTMAX ? "log_softmax"
                                                                           : nullptr;
    if (over_last_axis != nullptr && shape.rank() < 2) {
      scope->InputError("shape", 0,
                        absl::StrCat(over_last_axis, " needs an axis behind the batch, the input is ",
                                     shape.ToString(), "; `shape: 1` or flatten gives it one"));
      return;
    }
    scope->SetOutput(ApplyActivation(config.function(), scope->input(0), scope->emit()));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.activation", Activation);

}  // namespace
}  // namespace gradus
