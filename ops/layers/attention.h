// What the attention layers share: their inputs, what is not seen, and weights out of scores.

#ifndef GRADUS_OPS_LAYERS_ATTENTION_H_
#define GRADUS_OPS_LAYERS_ATTENTION_H_

#include "ops/layers/constants.h"
#include "ops/layers/random.h"

namespace gradus {

struct AttentionInputs {
  Value query, value, key;  // [batch, targets, ..], [batch, sources, ..], [batch, sources, ..]
  Value mask;               // Invalid where there is none.
  Dim targets, sources;
};

// query, or query and value, or query, value and key; then the mask. False after a finding.
inline bool ReadAttentionInputs(bool with_mask, LayerScope* scope, AttentionInputs* in) {
  const int most = with_mask ? 4 : 3;
  if (!scope->ExpectInputs(with_mask ? 2 : 1, most)) return false;
  const int count = scope->input_count() - (with_mask ? 1 : 0);
  for (int i = 0; i < count; ++i) {
    if (!scope->ExpectFloat(scope->input(i), absl::StrCat("input ", i))) return false;
    const Shape& shape = scope->spec(scope->input(i)).shape;
    if (shape.rank() == 3) continue;
    scope->InputError("shape", i,
                      absl::StrCat(KindOf(*scope), " reads [batch, steps, features], input ", i,
                                   " is ", shape.ToString()));
    return false;
  }
  in->query = scope->input(0);
  in->value = scope->input(count > 1 ? 1 : 0);
  in->key = scope->input(count > 2 ? 2 : count > 1 ? 1 : 0);
  if (with_mask) in->mask = scope->input(count);
  in->targets = scope->spec(in->query).shape.dim(1);
  in->sources = scope->spec(in->value).shape.dim(1);
  if (scope->spec(in->key).shape.dim(1) == in->sources) return true;
  scope->InputError("shape", 2,
                    absl::StrCat("the key has ", scope->spec(in->key).shape.dim(1).k,
                                 " steps, the value ", in->sources.k));
  return false;
}

// Ones on and below the diagonal, zeros above it: [targets, sources].
inline Value CausalMask(int64_t targets, int64_t sources, LayerScope* scope) {
  // Scores are as many for each head and example, so this is far beyond what runs.
  constexpr int64_t kMost = int64_t{1} << 28;
  if (sources > kMost / targets) {
    scope->Error("out-of-range", "use_causal_mask",
                 absl::StrCat("a mask of ", targets, " x ", sources, " is too large"));
    return Value();
  }
  std::vector<float> mask(static_cast<size_t>(targets * sources), 0.0f);
  for (int64_t i = 0; i < targets; ++i) {
    for (int64_t j = 0; j < sources && j <= i; ++j) mask[i * sources + j] = 1;
  }
  return LayerConstant("causal_mask", {targets, sources}, mask, scope);
}

// The mask in a shape that meets scores [batch, targets, sources] or [batch, heads, targets, sources]. Invalid after a finding.
inline Value MaskForScores(const AttentionInputs& in, const Shape& scores, LayerScope* scope) {
  Emitter& emit = scope->emit();
  const Shape shape = emit.spec(in.mask).shape;
  const Dim batch = scores.dim(0), one{1, false};
  Shape meeting = scores;
  if (shape == Shape({batch, in.sources})) {
    meeting =
        scores.rank() == 3 ? Shape({batch, one, in.sources}) : Shape({batch, one, one, in.sources});
  } else if (shape == Shape({batch, in.targets, in.sources})) {
    if (scores.rank() == 4) meeting = Shape({batch, one, in.targets, in.sources});
  } else if (shape != scores) {
    scope->InputError(
        "shape", scope->input_count() - 1,
        absl::StrCat("the mask is ", shape.ToString(), ", not [batch, ", in.sources.k,
                     "], [batch, ", in.targets.k, ", ", in.sources.k, "] or ", scores.ToString()));
    return Value();
  }
  const bool whole = emit.spec(in.mask).dtype == DType::kInt32;
  return emit.Reshape(whole ? emit(op::Cast(), {in.mask}) : in.mask, meeting);
}

// Scores to weights: what is not seen gets a score as low as Keras gives it, then softmax and, while training, dropout. Of nothing but
// such scores all are alike. Invalid after a finding.
template <class Config>
Value AttentionWeights(const Config& config, const AttentionInputs& in, Value scores,
                       LayerScope* scope) {
  constexpr float kUnseen = -1e9f;
  Emitter& emit = scope->emit();
  if (!scores.valid()) return Value();
  Value seen;
  if (in.mask.valid()) {
    seen = MaskForScores(in, emit.spec(scores).shape, scope);
    if (!seen.valid()) return Value();
  }
  if (config.use_causal_mask()) {
    const Value causal = CausalMask(in.targets.k, in.sources.k, scope);
    if (!causal.valid()) return Value();
    seen = seen.valid() ? emit(op::Mul(), {seen, causal}) : causal;
  }
  if (seen.valid()) scores = emit(op::Select(), {seen, scores, emit.Constant(kUnseen)});
  const Value weights = emit(op::Softmax(), {scores});
  if (!config.has_dropout() || scope->mode() == Mode::kInference) return weights;
  return Dropped(weights, "dropout", config.dropout(), scope);
}

inline op::Matmul TimesTransposed() {
  op::Matmul product;
  product.set_transpose_b(true);
  return product;
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_ATTENTION_H_
