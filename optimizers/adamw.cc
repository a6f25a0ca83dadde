// AdamW: Adam with a weight decay that does not pass through its averages.
//
//   w <- w - rate weight_decay w, and then as adam.cc
//
// Loshchilov & Hutter 2019, arXiv:1711.05101.
// NOTE: The decay is the framework's, which every rule has; AdamW is the one that has a decay,
// 0.004 as in Keras, when the text gives none (PyTorch 0.01, optax 0.0001). It is multiplied by the
// rate in force, as in all three libraries; the paper multiplies it by the schedule's factor only.
//
//   optimizer { adamw { beta2: 0.95 } learning_rate { constant: 0.001 } weight_decay: 0.01 }

#include "optimizers/adam.h"

namespace gradus {
namespace {

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adamw", internal::PlainAdam<optimizer::Adamw>,
                            internal::Amsgrad<optimizer::Adamw>);

}  // namespace
}  // namespace gradus
