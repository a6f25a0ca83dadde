// y = 1 where a > b, 0 elsewhere (ops/comparison.h).
//
// oneDNN's binary_gt says 1 for NaN > x, so the loop, which is as fast, is the only kernel.

#include "gradus/op.pb.h"
#include "ops/comparison.h"

namespace gradus {
namespace {

using Greater = Comparison<op::Greater>;
GRADUS_REGISTER_OP(Greater, op::Greater);

struct GreaterRule {
  template <class T>
  GRADUS_INLINE float operator()(T a, T b) const {
    return static_cast<float>(a > b);
  }
};
using GreaterLoop = ComparisonLoop<GreaterRule>;
GRADUS_REGISTER_KERNEL(op::Greater, "loop", GreaterLoop);

}  // namespace
}  // namespace gradus
