// y = the smaller of a and b with NumPy's broadcasting; NaN where one of them is NaN.
//
// Gradient (ops/extremum.h): to the smaller one, half to each of equals; summed over the axes along
// which the input was repeated.
//
// oneDNN's binary_min drops a NaN in its first operand, so the loop, which is as fast, is the only
// kernel.

#include "gradus/base/vector_math.h"
#include "gradus/runtime/elementwise_loop.h"
#include "ops/extremum.h"

namespace gradus {
namespace {

using Minimum = Extremum<op::Minimum, false>;
GRADUS_REGISTER_OP(Minimum, op::Minimum);

struct MinimumRule {
  static constexpr double kCost = 0.07;
  explicit MinimumRule(const op::Minimum&) {}
  GRADUS_INLINE float operator()(float a, float b) const {
    // Neither comparison holds when one is NaN, and then the sum is NaN.
    return vector_math::Select(a < b, a, vector_math::Select(b <= a, b, a + b));
  }
};
using MinimumLoop = ElementwiseLoop<op::Minimum, MinimumRule, 2>;
GRADUS_REGISTER_KERNEL(op::Minimum, "loop", MinimumLoop);

}  // namespace
}  // namespace gradus
