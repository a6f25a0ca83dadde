// What the Gaussian layers share: a standard normal number for each element of the input.

#ifndef GRADUS_OPS_LAYERS_NOISE_H_
#define GRADUS_OPS_LAYERS_NOISE_H_

#include "ops/layers/layer_inputs.h"

namespace gradus {

inline Value NoiseLike(Value x, LayerScope* scope) {
  op::NormalNoise noise;
  noise.set_node(scope->StreamId());
  return scope->emit()(noise, {x, scope->StepScalar("seed"), scope->StepScalar("step"),
                               scope->StepScalar("row_offset")});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_NOISE_H_
