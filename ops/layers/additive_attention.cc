// Attention by sums (Bahdanau, Cho & Bengio 2015, arXiv:1409.0473), as keras.layers.AdditiveAttention:
//
//   score_ij = sum scale * tanh(query_i + key_j)     y = dropout(softmax(score)) value
//
//   layer { name: "context" input: ["question", "document"] additive_attention {} }
//
// Parameter: `scale` [features], with use_scale.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/attention.h"

namespace gradus {
namespace {

class AdditiveAttention final : public TypedLayer<layer::AdditiveAttention> {
  void Build(const layer::AdditiveAttention& config, LayerScope* scope) const override {
    AttentionInputs in;
    if (!ReadAttentionInputs(config.attention_mask(), scope, &in)) return;
    const Shape query = scope->spec(in.query).shape, key = scope->spec(in.key).shape;
    const Dim features = query.dim(2), one{1, false};
    if (features != key.dim(2)) {
      scope->InputError(
          "shape", scope->input_count() > 2 ? 2 : scope->input_count() - 1,
          absl::StrCat("the query has ", features.k, " features, the key ", key.dim(2).k));
      return;
    }
    Emitter& emit = scope->emit();
    const Value down = emit.Reshape(in.query, {query.dim(0), in.targets, one, features});
    const Value across = emit.Reshape(in.key, {query.dim(0), one, in.sources, features});
    Value terms = emit(op::Tanh(), {emit(op::Add(), {down, across})});
    if (config.use_scale()) {
      InitializerConfig glorot;
      glorot.set_scaled(InitializerConfig::GLOROT_UNIFORM);
      terms = emit(op::Mul(), {terms, scope->Parameter("scale", Shape({features}), glorot)});
    }
    op::ReduceSum over_features;
    over_features.add_axis(-1);
    const Value scores = emit(over_features, {terms});
    scope->SetOutput(emit(op::Matmul(), {AttentionWeights(config, in, scores, scope), in.value}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.additive_attention", AdditiveAttention);

}  // namespace
}  // namespace gradus
