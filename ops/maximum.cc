// y = the larger of a and b with NumPy's broadcasting; NaN where one of them is NaN.
//
// Gradient (ops/extremum.h): to the larger one, half to each of equals; summed over the axes along
// which the input was repeated.
//
// oneDNN's binary_max drops a NaN in its first operand, so the loop, which is as fast, is the only
// kernel.

#include "gradus/base/vector_math.h"
#include "gradus/runtime/elementwise_loop.h"
#include "ops/extremum.h"

namespace gradus {
namespace {

using Maximum = Extremum<op::Maximum, true>;
GRADUS_REGISTER_OP(Maximum, op::Maximum);

struct MaximumRule {
  static constexpr double kCost = 0.07;
  explicit MaximumRule(const op::Maximum&) {}
  GRADUS_INLINE float operator()(float a, float b) const {
    // Neither comparison holds when one is NaN, and then the sum is NaN.
    return vector_math::Select(a > b, a, vector_math::Select(b >= a, b, a + b));
  }
};
using MaximumLoop = ElementwiseLoop<op::Maximum, MaximumRule, 2>;
GRADUS_REGISTER_KERNEL(op::Maximum, "loop", MaximumLoop);

}  // namespace
}  // namespace gradus
