// References for operations that work element by element: one function of doubles, broadcast by
// NumPy's rules.

#ifndef GRADUS_TESTS_OPS_ELEMENTWISE_REFERENCE_H_
#define GRADUS_TESTS_OPS_ELEMENTWISE_REFERENCE_H_

#include <cstdint>
#include <type_traits>
#include <vector>

#include "tests/testing/op_reference.h"

namespace gradus {

// f(x) or f(config, x).
template <class F>
auto UnaryReference(F f) {
  return [f](const auto& config, absl::Span<const RefTensor> in, absl::Span<RefTensor> out) {
    for (size_t i = 0; i < out[0].values.size(); ++i) {
      if constexpr (std::is_invocable<F, double>::value) {
        (void)config;
        out[0].values[i] = f(in[0].values[i]);
      } else {
        out[0].values[i] = f(config, in[0].values[i]);
      }
    }
  };
}

// Which element of `tensor` stands at place `flat` of an output with `dims`.
inline size_t BroadcastIndex(const RefTensor& tensor, const std::vector<int64_t>& dims,
                             size_t flat) {
  size_t index = 0;
  size_t stride = 1;
  const size_t missing = dims.size() - tensor.dims.size();
  for (size_t axis = dims.size(); axis-- > 0;) {
    const size_t at = flat % static_cast<size_t>(dims[axis]);
    flat /= static_cast<size_t>(dims[axis]);
    if (axis < missing) continue;
    if (tensor.dims[axis - missing] != 1) index += at * stride;
    stride *= static_cast<size_t>(tensor.dims[axis - missing]);
  }
  return index;
}

// f(a, b) or f(config, a, b).
template <class F>
auto BinaryReference(F f) {
  return [f](const auto& config, absl::Span<const RefTensor> in, absl::Span<RefTensor> out) {
    for (size_t i = 0; i < out[0].values.size(); ++i) {
      const double a = in[0].values[BroadcastIndex(in[0], out[0].dims, i)];
      const double b = in[1].values[BroadcastIndex(in[1], out[0].dims, i)];
      if constexpr (std::is_invocable<F, double, double>::value) {
        (void)config;
        out[0].values[i] = f(a, b);
      } else {
        out[0].values[i] = f(config, a, b);
      }
    }
  };
}

}  // namespace gradus

#endif  // GRADUS_TESTS_OPS_ELEMENTWISE_REFERENCE_H_
