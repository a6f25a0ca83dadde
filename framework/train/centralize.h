// Gradient centralisation: of the gradient of every parameter of two dimensions or more the mean over
// all of them but the last is taken away, so that the weights of each output keep their sum.
//
//   g <- g - mean(g over the inputs of the output)
//
//   optimizer { adam {} centralize_gradients: true }
//
// Yong, Huang, Hua & Zhang, "Gradient Centralization", ECCV 2020, arXiv:2004.01461. Kernels are
// (inputs..., outputs) here; biases and other vectors stay as they are.

#ifndef GRADUS_TRAIN_CENTRALIZE_H_
#define GRADUS_TRAIN_CENTRALIZE_H_

#include "absl/types/span.h"
#include "gradus/base/thread_pool.h"
#include "gradus/runtime/parameter_layout.h"

namespace gradus {

// Of the parameters of these groups; the padding of the layout stays as it is. Means are taken in
// double, in one order whatever the pool. Allocates nothing. `pool` may be null.
template <class F>
void CentralizeGradients(const ParameterLayout& layout, absl::Span<const int> groups, F* gradients,
                         ThreadPool* pool);

}  // namespace gradus

#endif  // GRADUS_TRAIN_CENTRALIZE_H_
