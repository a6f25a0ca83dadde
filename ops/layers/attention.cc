// Attention by products (Luong, Pham & Manning 2015, arXiv:1508.04025), as keras.layers.Attention:
//
//   y = dropout(softmax(scale query key^T)) value
//
//   layer { name: "context" input: ["question", "document"] attention { use_scale: true } }
//
// Parameter: `scale` [1], with use_scale.

#include "ops/layers/attention.h"

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"

namespace gradus {
namespace {

class Attention final : public TypedLayer<layer::Attention> {
  void Build(const layer::Attention& config, LayerScope* scope) const override {
    AttentionInputs in;
    if (!ReadAttentionInputs(config.attention_mask(), scope, &in)) return;
    const Dim query = scope->spec(in.query).shape.dim(2), key = scope->spec(in.key).shape.dim(2);
    if (query != key) {
      scope->InputError("shape", scope->input_count() > 2 ? 2 : scope->input_count() - 1,
                        absl::StrCat("the query has ", query.k, " features, the key ", key.k));
      return;
    }
    Emitter& emit = scope->emit();
    Value scores = emit(TimesTransposed(), {in.query, in.key});
    if (config.use_scale()) {
      const Value scale = scope->Parameter("scale", Shape::Fixed({1}), ConstantInitializer(1));
      scores = emit(op::Mul(), {scores, scale});
    }
    scope->SetOutput(emit(op::Matmul(), {AttentionWeights(config, in, scores, scope), in.value}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.attention", Attention);

}  // namespace
}  // namespace gradus
