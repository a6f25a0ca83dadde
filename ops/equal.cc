// y = 1 where a == b, 0 elsewhere (ops/comparison.h). NaN equals nothing.

#include "gradus/op.pb.h"
#include "gradus/runtime/onednn_eltwise.h"
#include "ops/comparison.h"

namespace gradus {
namespace {

using Equal = Comparison<op::Equal>;
GRADUS_REGISTER_OP(Equal, op::Equal);

struct EqualRule {
  template <class T>
  GRADUS_INLINE float operator()(T a, T b) const {
    return static_cast<float>(a == b);
  }
};
using EqualLoop = ComparisonLoop<EqualRule>;
GRADUS_REGISTER_KERNEL(op::Equal, "loop", EqualLoop);

using EqualOneDnn = BinaryPrimitive<dnnl::algorithm::binary_eq>;
GRADUS_REGISTER_KERNEL(op::Equal, "onednn", EqualOneDnn);

}  // namespace
}  // namespace gradus
