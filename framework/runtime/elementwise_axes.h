// The loop over broadcast and padded operands with as few axes as possible: [batch, 8, 16] + [8,
// 16] is two axes, two dense operands of one shape are one.

#ifndef GRADUS_RUNTIME_ELEMENTWISE_AXES_H_
#define GRADUS_RUNTIME_ELEMENTWISE_AXES_H_

#include <cstdint>
#include <vector>

#include "gradus/runtime/kernel.h"

namespace gradus {

struct ElementwiseAxes {
  std::vector<int64_t> extents;  // Outermost first; never empty.
  std::vector<std::vector<int64_t>>
      strides;  // [operand][axis], in elements; 0 where the operand is repeated.
};

// The operands are broadcast against output 0: inputs first, then outputs. Along the last axis
// every stride is 0 or 1.
ElementwiseAxes CollapseAxes(const Request& request);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_ELEMENTWISE_AXES_H_
