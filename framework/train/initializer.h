// The first values of parameters, by Keras' formulas. The random numbers of a parameter depend on
// (seed, parameter name) only.

#ifndef GRADUS_TRAIN_INITIALIZER_H_
#define GRADUS_TRAIN_INITIALIZER_H_

#include "absl/types/span.h"
#include "gradus/graph/graph.h"

namespace gradus {

// Fills the plain row-major values of a parameter. fan_in and fan_out are the last two axes of its
// shape, each times the product of all axes before them; both are the length of a vector. Which
// shapes an initializer serves is checked where the parameter is asked for (LayerScope::Parameter):
// identity wants a matrix, orthogonal two axes or more.
void Initialize(const ParameterSpec& parameter, uint64_t seed, absl::Span<float> values);

}  // namespace gradus

#endif  // GRADUS_TRAIN_INITIALIZER_H_
