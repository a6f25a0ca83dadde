// Keeps gradients from growing: by value, by the norm of each parameter's, by the norm of all of
// them, or by each parameter's own size. ClipConfig has the formulas.
//
// Norms are taken in double over pieces of a fixed size and added up in a fixed order, so they do not
// depend on the number of threads. A gradient that is not finite stays so.

#ifndef GRADUS_TRAIN_CLIPPING_H_
#define GRADUS_TRAIN_CLIPPING_H_

#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/thread_pool.h"
#include "gradus/optimizer.pb.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/optimizer.h"

namespace gradus {

// Thread safety: used by one thread at a time. Allocates nothing after the first call.
class Clipping {
 public:
  explicit Clipping(const ClipConfig& config) : config_(config) {}

  // Of the groups that are trained. What is the same for all elements of a group goes into its step;
  // what is not is done to the gradients now.
  template <class F>
  void Apply(const ParameterLayout& layout, absl::Span<const int> groups, const F* weights,
             F* gradients, ThreadPool* pool, absl::Span<UpdateStep> steps);

 private:
  ClipConfig config_;
  std::vector<std::pair<int64_t, int64_t>> tiles_;
  std::vector<double> sums_;
};

// The sum of the squares of `count` values, in double, in an order of its own that depends on the
// count alone.
template <class F>
double SumOfSquares(const F* values, int64_t count);

}  // namespace gradus

#endif  // GRADUS_TRAIN_CLIPPING_H_
