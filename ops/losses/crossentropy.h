// What the cross-entropies share: probabilities within Keras' bounds, and labels that are smoothed.

#ifndef GRADUS_OPS_LOSSES_CROSSENTROPY_H_
#define GRADUS_OPS_LOSSES_CROSSENTROPY_H_

#include "gradus/graph/per_example.h"

namespace gradus {

// p clipped to [1e-7, 1 - 1e-7]; 1e-7 is keras.config.epsilon().
inline Value ClippedProbability(Value p, Emitter& emit) {
  constexpr double kEpsilon = 1e-7;
  op::Clip clip;
  clip.set_min(kEpsilon);
  clip.set_max(1 - kEpsilon);
  return emit(clip, {p});
}

// p / sum(p) over the last axis, clipped.
inline Value ClassProbabilities(Value p, Emitter& emit) {
  op::ReduceSum sum;
  sum.add_axis(-1);
  sum.set_keep_dims(true);
  return ClippedProbability(emit(op::Div(), {p, emit(sum, {p})}), emit);
}

// softplus(z) - z y.
inline Value BinaryCrossentropyOfLogits(Value z, Value y, Emitter& emit) {
  return emit(op::Sub(), {emit(op::Softplus(), {z}), emit(op::Mul(), {z, y})});
}

// -(y log q + (1 - y) log(1 - q)), q = p clipped.
inline Value BinaryCrossentropyOfProbabilities(Value p, Value y, Emitter& emit) {
  const Value one = emit.Constant(1);
  const Value q = ClippedProbability(p, emit);
  const Value yes = emit(op::Mul(), {y, emit(op::Log(), {q})});
  const Value no =
      emit(op::Mul(), {emit(op::Sub(), {one, y}), emit(op::Log(), {emit(op::Sub(), {one, q})})});
  return emit(op::Neg(), {emit(op::Add(), {yes, no})});
}

// y (1 - a) + a / choices, where a is the number of the run "label_smoothing"; y itself when the
// text does not set it.
template <class Config>
Value SmoothedLabel(const Config& config, Value y, float choices, LayerScope* scope) {
  if (!config.has_label_smoothing()) return y;
  Emitter& emit = scope->emit();
  const Value a = scope->Hyperparameter("label_smoothing", config.label_smoothing());
  return emit(op::Add(), {emit(op::Mul(), {y, emit(op::Sub(), {emit.Constant(1), a})}),
                          emit(op::Mul(), {a, emit.Constant(1 / choices)})});
}

inline float ClassesOf(Value prediction, const LayerScope& scope) {
  return static_cast<float>(scope.spec(prediction).shape.dims().back().k);
}

}  // namespace gradus

#endif  // GRADUS_OPS_LOSSES_CROSSENTROPY_H_
