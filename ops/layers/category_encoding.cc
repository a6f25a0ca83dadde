// Whole numbers as zeros and ones.
//
//   input { name: "genres" shape: 5 type: INT32 }
//   layer { name: "which" input: "genres" category_encoding { num_tokens: 20 } }
//
//   ONE_HOT     [batch, ..] becomes [batch, .., num_tokens]
//   MULTI_HOT   [batch, n] becomes [batch, num_tokens]: 1 where a number occurs
//   COUNT       the same with how often it occurs

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class CategoryEncoding final : public TypedLayer<layer::CategoryEncoding> {
  void Build(const layer::CategoryEncoding& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1)) return;
    const TensorSpec spec = scope->spec(scope->input(0));
    if (spec.dtype != DType::kInt32) {
      scope->InputError("type", 0,
                        absl::StrCat("category_encoding reads whole numbers, the input is ",
                                     spec.ToString(), " (input { type: INT32 })"));
      return;
    }
    const bool one_hot = config.output_mode() == layer::CategoryEncoding::ONE_HOT;
    if (!one_hot && spec.shape.rank() > 2) {
      scope->InputError("shape", 0,
                        absl::StrCat("with output_mode ",
                                     layer::CategoryEncoding::OutputMode_Name(config.output_mode()),
                                     " it reads [batch, n], the input is ", spec.shape.ToString()));
      return;
    }
    Emitter& emit = scope->emit();
    op::OneHot encode;
    encode.set_depth(config.num_tokens());
    Value y = emit(encode, {scope->input(0)});
    if (!one_hot && spec.shape.rank() == 2) {
      op::ReduceSum count;
      op::ReduceMax occurs;
      count.add_axis(1);
      occurs.add_axis(1);
      const bool counts = config.output_mode() == layer::CategoryEncoding::COUNT;
      y = counts ? emit(count, {y}) : emit(occurs, {y});
    }
    scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.category_encoding", CategoryEncoding);

}  // namespace
}  // namespace gradus
