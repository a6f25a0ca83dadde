// Keeps gradients from growing: by value, by the norm of each parameter's, by the norm of all of
// them, or by each parameter's own size. ClipConfig has the formulas.
//
// Norms are taken in double over pieces of a fixed size and added up in a fixed order, so they do not
// depend on the number of threads. A gradient that is not finite stays so.

#ifndef GRADUS_TRAIN_CLIPPING_H_
#define GRADUS_TRAIN_CLIPPING_H_

#include "absl/types/span.h"
#include "gradus/base/thread_pool.h"
#include "gradus/optimizer.pb.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/tiles.h"

namespace gradus {

// Thread safety: immutable. Allocates nothing.
class Clipping {
 public:
  explicit Clipping(const ClipConfig& config) : config_(config) {}

  // Of the groups that are trained, whose elements are in `tiles`. What is the same for all elements of
  // a group goes into its step; what is not is done to the gradients now.
  template <class F>
  void Apply(const ParameterLayout& layout, absl::Span<const int> groups, Tiles* tiles,
             const F* weights, F* gradients, ThreadPool* pool, absl::Span<UpdateStep> steps) const;

 private:
  const ClipConfig config_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_CLIPPING_H_
