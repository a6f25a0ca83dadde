// Training: y = x * mask / (1 - rate), mask 0 with probability `rate`, else 1. Evaluation and prediction: y = x.
// Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, JMLR 15; scaled while training, as in Keras.
//
//   layer { name: "drop" dropout { rate: 0.3 } }
//
// The rate is a number of the run, "<layer>/rate", so that a schedule can move it. The mask is a function of (seed, step, layer's
// name, row), so threads, resuming and other layers do not change it.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/random.h"

namespace gradus {
namespace {

class Dropout final : public TypedLayer<layer::Dropout> {
  void Build(const layer::Dropout& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    if (PassesInputOn(scope)) return;
    scope->SetOutput(Dropped(scope->input(0), "rate", config.rate(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.dropout", Dropout);

}  // namespace
}  // namespace gradus
