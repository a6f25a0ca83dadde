// The compiled form of a graph for one number of rows: kernels in order, one arena, offsets.
// Immutable and shared between threads. Layout, in-place results and buffer reuse exist only here.

#ifndef GRADUS_RUNTIME_PLAN_H_
#define GRADUS_RUNTIME_PLAN_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/runtime/arena.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/runtime/pass.h"
#include "gradus/runtime/row_split.h"

namespace gradus {

// Where a fetched value is written.
struct FetchTarget {
  enum Kind {
    kRows,      // a caller's buffer with the batch as first axis: a block of rows writes its part
    kWhole,     // a caller's buffer of the whole value, the same or summed over blocks
    kGradient,  // the gradient of parameter `index`, in the parameters' layout
    kState,     // the next value of state `index`, in the states' layout
  };
  Kind kind = kRows;
  int index = 0;
};

struct CompileOptions {
  int64_t rows = 1;
  // Keeps every node's value readable and runs no pass that removes nodes: what check_numerics
  // needs.
  bool keep_all = false;
  // For one of several blocks: the phases that its steps are in. Null for all rows in one piece.
  const RowSplit* split = nullptr;
};

class Plan {
 public:
  // A memory reference of a step: a place in the arena, or a leaf or fetch buffer given with each
  // run.
  struct Place {
    enum Kind {
      kArena,
      kInput,
      kParameter,
      kState,
      kConstant,
      kFetch,
      kTerm,   // the block's own term of a sum that a later phase reads
      kTotal,  // that sum over all blocks
    } kind = kArena;
    int index = 0;  // Of the leaf, fetch or sum.
    // Bytes from the start of the arena, of the block of parameters, states or gradients, of the
    // buffer of terms or totals, or of the one buffer.
    int64_t offset = 0;
  };
  struct Step {
    int32_t node;  // For a copy ("copy" is the choice's factory), the one whose value is copied.
    Choice choice;
    std::unique_ptr<Kernel> kernel;
    std::vector<Place> inputs, outputs;
  };
  // A scalar leaf: where its number is written before each run.
  struct ScalarSlot {
    int index;  // In Graph::scalars().
    DType dtype;
    int64_t offset;
  };

  static absl::StatusOr<std::shared_ptr<const Plan>> Compile(std::shared_ptr<const Program> program,
                                                             absl::Span<const FetchTarget> targets,
                                                             const ParameterLayout& parameters,
                                                             const ParameterLayout& states,
                                                             const CompileOptions& options);

  const Program& program() const { return *program_; }
  int64_t rows() const { return rows_; }
  int64_t arena_bytes() const { return arena_bytes_; }
  int64_t scratch_bytes() const { return scratch_bytes_; }
  const std::vector<Step>& steps() const { return steps_; }
  // By phase, the step behind its last one. Between two phases terms become totals.
  const std::vector<int>& phase_ends() const { return phase_ends_; }
  const std::vector<ScalarSlot>& scalars() const { return scalars_; }
  const std::vector<FetchTarget>& targets() const { return targets_; }
  // What lies in the arena, and from which step to which it is in use.
  const std::vector<ArenaBuffer>& buffers() const { return buffers_; }
  // One line per step: node, kernel, shapes, places.
  std::string ToString() const;

 private:
  friend class PlanBuilder;
  Plan() = default;
  std::shared_ptr<const Program> program_;
  int64_t rows_ = 0;
  int64_t arena_bytes_ = 0;
  int64_t scratch_bytes_ = 0;
  std::vector<Step> steps_;
  std::vector<int> phase_ends_;
  std::vector<ScalarSlot> scalars_;
  std::vector<FetchTarget> targets_;
  std::vector<ArenaBuffer> buffers_;
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_PLAN_H_
