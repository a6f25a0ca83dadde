// A learned vector for each whole number: INT32 [batch, ..] becomes [batch, .., output_dim].
//
//   input { name: "word" shape: 20 type: INT32 }
//   layer { name: "vectors" input: "word" embedding { input_dim: 10000 output_dim: 64 } }
//
// Parameter: `embeddings` [input_dim, output_dim]. A number outside [0, input_dim) ends the run
// with an error that names the node.
//
// NOTE: the gradient is a whole table, most of it zeros, and an update goes over all of it.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Embedding final : public TypedLayer<layer::Embedding> {
  void Build(const layer::Embedding& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1)) return;
    const TensorSpec& spec = scope->spec(scope->input(0));
    if (spec.dtype != DType::kInt32) {
      scope->InputError("type", 0,
                        absl::StrCat("embedding reads whole numbers, the input is ",
                                     spec.ToString(), " (input { type: INT32 })"));
      return;
    }
    InitializerConfig uniform;
    uniform.mutable_random_uniform();
    const Value table =
        scope->Parameter("embeddings", Shape::Fixed({config.input_dim(), config.output_dim()}),
                         InitializerOr(config.embeddings_initializer(), uniform));
    scope->SetOutput(scope->emit()(op::Gather(), {table, scope->input(0)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.embedding", Embedding);

}  // namespace
}  // namespace gradus
