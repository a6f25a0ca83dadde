// What it reads: a name for a place in the model, or a part that another configuration replaces.
//
//   layer { name: "skip" input: "x" identity {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"

namespace gradus {
namespace {

class Identity final : public TypedLayer<layer::Identity> {
  void Build(const layer::Identity&, LayerScope* scope) const override {
    if (scope->ExpectInputs(1, 1)) scope->SetOutput(scope->input(0));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.identity", Identity);

}  // namespace
}  // namespace gradus
