// The first values of parameters, by Keras' formulas. The random numbers of a parameter depend on
// (seed, parameter name) only.

#ifndef GRADUS_TRAIN_INITIALIZER_H_
#define GRADUS_TRAIN_INITIALIZER_H_

#include "absl/types/span.h"
#include "gradus/graph/graph.h"

namespace gradus {

// Fills the plain row-major values of a parameter. The scaled kinds want rank 1 or 2 and up: fan_in
// is the product of all axes but the last, fan_out the last; both are the length for rank 1.
void Initialize(const ParameterSpec& parameter, uint64_t seed, absl::Span<float> values);

}  // namespace gradus

#endif  // GRADUS_TRAIN_INITIALIZER_H_
