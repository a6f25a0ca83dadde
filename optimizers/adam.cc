// Adam, with AMSGrad as a variant.
//
//   m <- m + (1 - beta1) (g - m)
//   v <- v + (1 - beta2) (g^2 - v),  c = 1 - beta2^t
//   w <- w - a m / (sqrt(v + epsilon_root) + epsilon),  a = rate sqrt(c) / (1 - beta1^t)
//   epsilon_after_correction: epsilon sqrt(c) and epsilon_root c in their places, which is
//     w <- w - rate m / (1 - beta1^t) / (sqrt(v / c + epsilon_root) + epsilon)
//   amsgrad: h <- max(h, v), and h in the place of v in the last line
//   amsgrad_corrected: h <- max(h, v / c), and h c in the place of v
//
// Kingma & Ba 2015, arXiv:1412.6980; Reddi, Kale & Kumar 2018, arXiv:1904.09237.
// NOTE: As in Keras and Caffe, epsilon is the paper's "epsilon hat" (it is not bias-corrected)
// unless epsilon_after_correction, which is the paper's algorithm and PyTorch's and optax'. AMSGrad
// keeps the maximum of the uncorrected v as Keras and PyTorch do, with amsgrad_corrected as optax
// does. epsilon_root is optax'. Powers of beta are computed in double, where Keras takes float32.
//
//   optimizer { adam { beta1: 0.9 beta2: 0.999 } learning_rate { constant: 0.001 } }

#include "optimizers/adam.h"

namespace gradus {
namespace {

GRADUS_REGISTER_ELEMENTWISE("gradus.OptimizerConfig.adam", internal::PlainAdam<optimizer::Adam>,
                            internal::Amsgrad<optimizer::Adam>);

}  // namespace
}  // namespace gradus
