// From gradients to weights: one update of all groups. What stands around the rules has one order,
// whatever the rule (OptimizerConfig has the settings):
//
//   g <- g - mean over inputs         centralize_gradients
//   clipping                          by norm, or within +-value
//   g <- g + l2 w + l1 sign(w)        COUPLED decay, l1
//   w <- w - decay w                  other decay
//   the rule
//   slow <- ..., w <- slow            lookahead, every few updates
//   average <- average + part (w - average)
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
#include "gradus/optimizer.pb.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/clipping.h"
#include "gradus/train/lookahead.h"
#include "gradus/train/tiles.h"
#include "gradus/train/update_memory.h"
#include "gradus/train/update_rules.h"
#include "gradus/train/update_settings.h"

namespace gradus {

// Thread safety: used by one thread at a time. Itself allocates nothing after the first update.
template <class F>
class Updater {
 public:
  // Blocks in the layout's geometry.
  struct Blocks {
    F* weights = nullptr;
    F* gradients = nullptr;  // Changed by what stands before the rule and is no part of its pass.
    UpdateMemory<F>* memory = nullptr;
    // For rules that ask for it: the loss at the present weights; writes its gradient.
    std::function<absl::StatusOr<double>()> loss;
  };

  // `rules` has been through Finish. Nothing is owned; `pool` may be null.
  Updater(const OptimizerConfig& config, const UpdateRules* rules, const ParameterLayout* layout,
          ThreadPool* pool);

  // One update with the numbers of each group. An error of a rule leaves weights and memory unusable.
  absl::StatusOr<UpdateWatch> Run(absl::Span<const GroupNumbers> numbers, const Blocks& blocks);

  // Whether the weights to evaluate and save are others than those that are trained.
  bool has_evaluation_weights() const;
  // Those, into `out` in the layout's geometry; before the first update the weights themselves.
  absl::Status EvaluationWeights(const Blocks& blocks, F* out);

 private:
  // Those that the average has seen: a state that was restored has fewer than the run.
  int64_t AveragedUpdates(const Blocks& blocks) const;
  void FillStep(const UpdateRules::Use& use, size_t k, const Blocks& blocks);
  void Begin(const UpdateRules::Use& use, const Blocks& blocks);
  absl::Status UpdateElements(const UpdateRules::Use& use, int group, const UpdateStep& step,
                              const Blocks& blocks, UpdateWatch* watch);
  absl::Status UpdateViews(const UpdateRules::Use& use, const Blocks& blocks, UpdateWatch* watch);
  void FillViews(const UpdateRules::Use& use, const Blocks& blocks);
  // The average's block at an offset, or null when this update has no part in it.
  F* AverageAt(const Blocks& blocks, int64_t offset, const UpdateStep& step) const;
  void Average(const Blocks& blocks, int group) const;

  const OptimizerConfig config_;
  const UpdateRules& rules_;
  const ParameterLayout& layout_;
  ThreadPool* const pool_;
  const Clipping clipping_;
  const LookaheadStage<F> lookahead_;
  const std::vector<int> groups_;  // That are trained.
  Tiles tiles_;                    // Of their elements.
  std::vector<UpdateStep> steps_;
  std::vector<F*> slot_pointers_;
  std::vector<ParameterView<F>> views_;
  std::vector<Workspace> workspaces_;  // By thread.
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_UPDATER_H_
