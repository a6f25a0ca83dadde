// A plan with the memory of one thread, or of one block: argument lists with pointers in them, and the kernels'
// states. Pointers into the arena are set when it moves, pointers to leaves and results when the
// caller gives other ones; a run then only calls kernels.

#ifndef GRADUS_RUNTIME_BOUND_PLAN_H_
#define GRADUS_RUNTIME_BOUND_PLAN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/runtime/plan.h"

namespace gradus {

// Where a plan's places lie in one run. Null where nothing is needed.
struct PlanBases {
  const void* const* inputs = nullptr;  // The block's first row of each.
  const float* parameters = nullptr;
  const float* states = nullptr;
  void* const* fetches = nullptr;  // By target; those of gradients and states are unused.
  float* gradients = nullptr;
  float* next_states = nullptr;
  float* terms = nullptr;         // The block's own, of sums that later phases read.
  const float* totals = nullptr;  // The same of all blocks.
};

class BoundPlan {
 public:
  static absl::StatusOr<std::unique_ptr<BoundPlan>> Create(std::shared_ptr<const Plan> plan);

  const Plan& plan() const { return *plan_; }
  // What an arena for this plan must have; scratch included.
  static int64_t ArenaBytes(const Plan& plan);

  // `scalars` are in the order of Graph::scalars(); the one with index `row_offset_scalar` is
  // raised by row_begin.
  absl::Status Run(void* arena, const PlanBases& bases, absl::Span<const double> scalars,
                   int row_offset_scalar, int64_t row_begin);

  // The same in parts: Prepare once, then each phase. Nothing it was given may move in between.
  void Prepare(void* arena, const PlanBases& bases, absl::Span<const double> scalars,
               int row_offset_scalar, int64_t row_begin);
  absl::Status RunPhase(int phase);

  // Step by step, with `check(step)` after each one; for finding where something went wrong.
  template <class F>
  absl::Status RunChecked(void* arena, const PlanBases& bases, absl::Span<const double> scalars,
                          int row_offset_scalar, F check) {
    Prepare(arena, bases, scalars, row_offset_scalar, 0);
    for (size_t s = 0; s < calls_.size(); ++s) {
      GRADUS_RETURN_IF_ERROR(RunStep(s));
      if (!check(static_cast<int>(s), calls_[s].args)) break;
    }
    return absl::OkStatus();
  }

 private:
  struct Call {
    const Kernel* kernel;
    KernelState* state;
    KernelArgs args;
  };
  // A pointer to be set: pointers_[slot] = base + offset.
  struct Patch {
    int slot;
    int64_t offset;
  };
  // All pointers that depend on one base.
  struct Base {
    char* now = nullptr;
    int begin = 0, end = 0;  // In patches_.
  };

  explicit BoundPlan(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  int BaseOf(const Plan::Place& place) const;
  absl::Status Bind();
  absl::Status RunSteps(size_t begin, size_t end);
  absl::Status RunStep(size_t step);
  absl::Status Annotate(size_t step, const absl::Status& status) const;
  void Set(int base, const void* pointer) {
    char* p = static_cast<char*>(const_cast<void*>(pointer));
    if (bases_[base].now != p) Move(base, p);
  }
  void Move(int base, char* pointer);

  const std::shared_ptr<const Plan> plan_;
  std::vector<void*> pointers_;
  std::vector<Patch> patches_;
  std::vector<Base> bases_;  // Arena, parameters, states, gradients, next states, terms, totals,
                             // inputs, fetches.
  std::vector<std::unique_ptr<KernelState>> states_;
  std::vector<Call> calls_;
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_BOUND_PLAN_H_
