// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762), with the parameters of keras.layers.MultiHeadAttention; with
// num_key_value_heads those of GroupQueryAttention (Ainslie et al. 2023, arXiv:2305.13245).
//
//   q_h = query query_kernel_h + query_bias_h     k_h, v_h alike
//   y   = sum_h dropout(softmax(q_h k_h^T / sqrt(key_dim))) v_h output_kernel_h + output_bias
//
//   layer { name: "attention" input: "words" multi_head_attention { num_heads: 4 key_dim: 16 } }
//   layer { name: "decoder" input: ["translated", "encoded", "not_padding"]
//           multi_head_attention { num_heads: 4 key_dim: 16 attention_mask: true } }
//
// All heads are one product for each projection and one stack of products, [batch, heads, .., ..], for scores and sums.

#include <cmath>

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/attention.h"

namespace gradus {
namespace {

class MultiHeadAttention final : public TypedLayer<layer::MultiHeadAttention> {
  void Build(const layer::MultiHeadAttention& config, LayerScope* scope) const override {
    const int64_t heads = config.num_heads(), key_dim = config.key_dim();
    const int64_t groups = config.has_num_key_value_heads() ? config.num_key_value_heads() : heads;
    if (heads % groups != 0) {
      scope->Error(
          "out-of-range", "num_key_value_heads",
          absl::StrCat("num_key_value_heads ", groups, " does not divide the ", heads, " heads"));
    }
    AttentionInputs in;
    if (!ReadAttentionInputs(config.attention_mask(), scope, &in) || heads % groups != 0) return;
    const int64_t value_dim = config.has_value_dim() ? config.value_dim() : key_dim;
    const Dim batch = scope->spec(in.query).shape.dim(0);
    const Dim features = scope->spec(in.query).shape.dim(2);
    const int64_t outputs = config.has_output_dim() ? config.output_dim() : features.k;
    Emitter& emit = scope->emit();

    Value query = Project("query", in.query, heads, key_dim, config, scope);
    const Value key = Project("key", in.key, groups, key_dim, config, scope);
    const Value value = Project("value", in.value, groups, value_dim, config, scope);
    if (!query.valid() || !key.valid() || !value.valid()) return;
    const double scale = 1 / std::sqrt(static_cast<double>(key_dim));
    query = emit(op::Mul(), {query, emit.Constant(static_cast<float>(scale))});

    const Shape score_shape = {batch, {heads, false}, in.targets, in.sources};
    const Value scores = emit.Reshape(emit(TimesTransposed(), {Apart(query, heads, groups, emit),
                                                               Apart(key, heads, groups, emit)}),
                                      score_shape);
    const Value weights = AttentionWeights(config, in, scores, scope);
    const Value sums = emit.Reshape(emit(op::Matmul(), {Apart(weights, heads, groups, emit),
                                                        Apart(value, heads, groups, emit)}),
                                    {batch, {heads, false}, in.targets, {value_dim, false}});

    op::Transpose steps_first;
    for (int axis : {0, 2, 1, 3}) steps_first.add_permutation(axis);
    const Value together =
        emit.Reshape(emit(steps_first, {sums}),
                     {Dim{batch.k * in.targets.k, batch.batch}, Dim{heads * value_dim, false}});
    const Value kernel = Kernel("output_kernel", {heads, value_dim, outputs}, 2, config, scope);
    Value y = emit(op::Matmul(), {together, kernel});
    if (config.use_bias()) {
      const Value bias =
          scope->Parameter("output_bias", Shape::Fixed({outputs}),
                           InitializerOr(config.bias_initializer(), ConstantInitializer(0)));
      y = emit(op::Add(), {y, bias});
    }
    scope->SetOutput(emit.Reshape(y, {batch, in.targets, {outputs, false}}));
  }

  // A kernel as the matrix that its first `rows` axes and the others make.
  static Value Kernel(absl::string_view name, const std::vector<int64_t>& dims, size_t rows,
                      const layer::MultiHeadAttention& config, LayerScope* scope) {
    InitializerConfig glorot;
    glorot.set_scaled(InitializerConfig::GLOROT_UNIFORM);
    const Value kernel = scope->Parameter(name, Shape::Fixed(dims),
                                          InitializerOr(config.kernel_initializer(), glorot));
    if (!kernel.valid()) return kernel;
    int64_t down = 1, across = 1;
    for (size_t i = 0; i < dims.size(); ++i) (i < rows ? down : across) *= dims[i];
    return scope->emit().Reshape(kernel, Shape::Fixed({down, across}));
  }

  // [batch, steps, features] to [batch, heads, steps, size].
  static Value Project(absl::string_view name, Value x, int64_t heads, int64_t size,
                       const layer::MultiHeadAttention& config, LayerScope* scope) {
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(x).shape;
    const Value kernel =
        Kernel(absl::StrCat(name, "_kernel"), {shape.dim(2).k, heads, size}, 1, config, scope);
    if (!kernel.valid()) return Value();
    const Dim rows{shape.dim(0).k * shape.dim(1).k, shape.dim(0).batch};
    Value y = emit(op::Matmul(), {emit.Reshape(x, {rows, shape.dim(2)}), kernel});
    if (config.use_bias()) {
      const Value bias =
          scope->Parameter(absl::StrCat(name, "_bias"), Shape::Fixed({heads, size}),
                           InitializerOr(config.bias_initializer(), ConstantInitializer(0)));
      y = emit(op::Add(), {y, emit.Reshape(bias, Shape::Fixed({heads * size}))});
    }
    op::Transpose heads_first;
    for (int axis : {0, 2, 1, 3}) heads_first.add_permutation(axis);
    return emit(heads_first,
                {emit.Reshape(y, {shape.dim(0), shape.dim(1), {heads, false}, {size, false}})});
  }

  // Where heads share keys: [batch, heads, a, b] as [batch, groups, heads / groups, a, b], so that the keys are repeated by broadcasting.
  static Value Apart(Value x, int64_t heads, int64_t groups, Emitter& emit) {
    if (!x.valid() || heads == groups) return x;
    const Shape shape = emit.spec(x).shape;
    return emit.Reshape(x, {shape.dim(0),
                            {groups, false},
                            {shape.dim(1).k / groups, false},
                            shape.dim(2),
                            shape.dim(3)});
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.multi_head_attention", MultiHeadAttention);

}  // namespace
}  // namespace gradus
