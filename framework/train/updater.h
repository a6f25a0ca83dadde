// From gradients to weights: one update of all groups. What stands around the rules has one order,
// whatever the rule:
//
//   g <- g * gradient_scale           1 without clipping by norms
//   g <- g within +-clip_value
//   g <- g + l2 w + l1 sign(w)        coupled decay
//   w <- w - decay w                  decoupled decay
//   the rule
//   average <- average + average_part (w - average)
//
// For rules that work element by element all of it is one pass over memory; the others get passes
// of their own before and after. Results do not depend on the number of threads.

#ifndef GRADUS_TRAIN_UPDATER_H_
#define GRADUS_TRAIN_UPDATER_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/thread_pool.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/update_memory.h"
#include "gradus/train/update_rules.h"

namespace gradus {

// Thread safety: used by one thread at a time. Allocates nothing after the first update.
template <class F>
class Updater {
 public:
  // Blocks in the layout's geometry.
  struct Blocks {
    F* weights = nullptr;
    F* gradients = nullptr;  // Changed by what stands before rules that are not element by element.
    F* average = nullptr;    // Null: there is none.
    UpdateMemory<F>* memory = nullptr;
    // For rules that ask for it: the loss at the present weights; writes its gradient.
    std::function<absl::StatusOr<double>()> loss;
  };

  // Nothing is owned; `pool` may be null.
  Updater(const UpdateRules* rules, const ParameterLayout* layout, ThreadPool* pool);

  // One update. Of `steps`, one a group, rate, decay and what else stands around the rule are given,
  // the rest is filled in. An error of a rule leaves weights and memory unusable.
  absl::StatusOr<UpdateWatch> Run(absl::Span<UpdateStep> steps, const Blocks& blocks);

 private:
  void Begin(const UpdateRules::Use& use, absl::Span<UpdateStep> steps, const Blocks& blocks);
  absl::Status UpdateElements(const UpdateRules::Use& use, int group, const UpdateStep& step,
                              const Blocks& blocks, UpdateWatch* watch);
  absl::Status UpdateViews(const UpdateRules::Use& use, absl::Span<const UpdateStep> steps,
                           const Blocks& blocks, UpdateWatch* watch);
  void FillViews(const UpdateRules::Use& use, absl::Span<const UpdateStep> steps,
                 const Blocks& blocks);

  const UpdateRules& rules_;
  const ParameterLayout& layout_;
  ThreadPool* const pool_;
  std::vector<F*> slot_pointers_;
  std::vector<ParameterView<F>> views_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_UPDATER_H_
