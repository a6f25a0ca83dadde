// A learned vector added to each step of [batch, steps, features], so that attention knows where a step stands.
//
//   layer { name: "placed" position_embedding {} }
//
// Parameter: `embeddings` [steps, features]. NOTE: keras_hub.layers.PositionEmbedding gives the vectors; adding them is left to its user.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class PositionEmbedding final : public TypedLayer<layer::PositionEmbedding> {
  void Build(const layer::PositionEmbedding& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, "[batch, steps, features]")) return;
    const Shape& shape = scope->spec(scope->input(0)).shape;
    InitializerConfig glorot;
    glorot.set_scaled(InitializerConfig::GLOROT_UNIFORM);
    const Value table = scope->Parameter("embeddings", Shape({shape.dim(1), shape.dim(2)}),
                                         InitializerOr(config.embeddings_initializer(), glorot));
    scope->SetOutput(scope->emit()(op::Add(), {scope->input(0), table}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.position_embedding", PositionEmbedding);

}  // namespace
}  // namespace gradus
