// What layers that draw random numbers share.
//
// What is drawn is a function of (seed, step, layer's name, row), so threads, blocks of rows, resuming and other layers do not change it.

#ifndef GRADUS_OPS_LAYERS_RANDOM_H_
#define GRADUS_OPS_LAYERS_RANDOM_H_

#include <utility>
#include <vector>

#include "ops/layers/layer_inputs.h"

namespace gradus {

// A random op on its own inputs; behind them it reads the numbers of the step.
template <class Op>
Value EmitRandom(Op op, std::vector<Value> inputs, LayerScope* scope) {
  op.set_node(scope->StreamId());
  for (const char* scalar : {"seed", "step", "row_offset"}) {
    inputs.push_back(scope->StepScalar(scalar));
  }
  return scope->emit()(op, inputs);
}

// x with elements dropped, at the rate "<layer>/<field>", so that a schedule can move it. The mask is the node's second output.
inline Value Dropped(Value x, absl::string_view field, double rate, LayerScope* scope) {
  return EmitRandom(op::Dropout(), {x, scope->Hyperparameter(field, rate)}, scope);
}

// A standard normal number for each element of x.
inline Value NoiseLike(Value x, LayerScope* scope) {
  return EmitRandom(op::NormalNoise(), {x}, scope);
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_RANDOM_H_
