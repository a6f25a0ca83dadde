// What Executor and Context are made of; only for the files of this room.

#ifndef GRADUS_RUNTIME_EXECUTOR_IMPL_H_
#define GRADUS_RUNTIME_EXECUTOR_IMPL_H_

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gradus/base/tensor.h"
#include "gradus/runtime/bound_plan.h"
#include "gradus/runtime/executor.h"
#include "gradus/runtime/row_split.h"

namespace gradus {

// How many numbers of rows a Context and an Executor keep plans for: the batch, the short last one,
// and what a predictor meets.
constexpr int kCachedRowCounts = 8;

struct Executor::Impl {
  // A fetched value that is not rows has a place in the buffer that each block but the first has
  // for itself.
  struct Whole {
    int target;
    int64_t offset;  // Bytes in the block's buffer; for gradients and states that of the whole
                     // block of them.
    int64_t bytes;
    bool summed;
  };
  // A range of floats that is summed over blocks.
  struct Segment {
    FetchTarget::Kind kind;
    int target;         // For a value.
    int64_t to_offset;  // Floats from the caller's block or buffer.
    int64_t offset;     // Floats in the blocks' buffers.
    int64_t floats;
  };

  ExecutorOptions options;
  ParameterLayout parameters, states;
  std::shared_ptr<const Program> original;  // Before the passes, for FirstNonFinite.
  std::shared_ptr<const Program> program;
  std::vector<FetchTarget> targets;
  int value_count = 0;
  bool fetches_gradients = false;
  bool fetches_states = false;
  std::vector<std::pair<int64_t, int64_t>> zero_gradients;  // Ranges of floats without a gradient.
  RowSplit split;

  int row_offset_scalar = -1;
  bool needs_parameters = false, needs_states = false;
  std::vector<bool> needs_input;
  std::vector<Dim> input_bytes;  // Of an input, as k or k times the rows.
  std::vector<Dim> value_bytes;  // Of a fetched value.
  std::vector<RowClass> value_class;
  std::vector<Segment> segments;
  int64_t summed_floats = 0;
  int64_t gradients_offset = 0, states_offset = 0;  // Bytes in the blocks' buffers.
  std::vector<int64_t> value_offset;                // -1 for rows.
  int64_t block_bytes = 0;

  std::mutex plans_mutex;  // Held while looking plans up, not while one is compiled.
  struct PlanKey {
    int64_t rows;
    bool in_phases;
    bool operator==(const PlanKey& other) const {
      return rows == other.rows && in_phases == other.in_phases;
    }
  };
  std::list<std::pair<PlanKey, std::shared_ptr<const Plan>>> plans;  // Last used first.

  // Whether so many blocks wait for one another within a run. Then all of them are one round, and
  // each has memory of its own from its first phase to its last.
  bool InPhases(int blocks) const { return split.splits && split.phases > 1 && blocks > 1; }
  int64_t TermBytes() const {
    return split.sums.empty() ? 0 : split.sum_floats.back() * static_cast<int64_t>(sizeof(float));
  }
  // Blocks run in rounds. What a round summed stays in one buffer until its neighbour in the tree
  // is there too (a binary counter), so that memory grows with the logarithm of the number of
  // blocks.
  int BlocksPerRound(int blocks) const;       // A power of two when there are several rounds.
  int BlockBuffers(int blocks) const;         // How many buffers of block_bytes that takes.
  int BufferOf(int block, int blocks) const;  // -1: the caller's.
  int ArenaOf(int block, int blocks) const;   // Which of a context's arenas a block runs in.

  absl::Status Init(const Graph& graph, const Fetches& fetches);
  void LayOutBlocks();
  int threads() const { return options.pool == nullptr ? 1 : options.pool->threads(); }
  std::vector<int64_t> Cut(int64_t rows) const;
  std::shared_ptr<const Plan> FindPlan(PlanKey key);  // Null; under plans_mutex.
  absl::StatusOr<std::shared_ptr<const Plan>> PlanFor(PlanKey key);
  absl::StatusOr<int64_t> MemoryBytes(int64_t rows);
  absl::StatusOr<std::string> PrintPlan(int64_t rows);
  absl::Status Check(const Bindings& bindings, const Results& results) const;
  absl::Status CheckBindings(const Bindings& bindings) const;
};

class Executor::Context {
 public:
  struct Block {
    int64_t begin = 0;
    int64_t rows = 0;
    int arena = 0;
    std::shared_ptr<BoundPlan> plan;
    std::vector<const void*> inputs;
    std::vector<void*> fetches;
    absl::Status status;
  };
  struct Cut {
    int64_t rows = 0;
    std::vector<Block> blocks;
    std::vector<float*> terms;  // By block; empty for one phase. Totals are the first one's.
  };
  struct Arena {
    AlignedBuffer memory;
    int64_t bytes = 0;
  };

  explicit Context(Impl* impl) : impl_(impl), arenas_(impl->threads()) {}

  const Impl* impl() const { return impl_; }
  // The cut for so many rows, made when there is none yet.
  absl::StatusOr<Cut*> CutFor(int64_t rows);
  absl::Status Run(Cut* cut, const Bindings& bindings, const Results& results);

 private:
  absl::StatusOr<Cut> MakeCut(int64_t rows);
  std::shared_ptr<BoundPlan> FindBound(const Cut& cut, int arena, int64_t rows,
                                       bool in_phases) const;
  // The block's memory for this run, and its plan with all addresses.
  PlanBases BasesOf(Cut* cut, int index, const Bindings& bindings, const Results& results);
  void RunBlock(Cut* cut, int index, const Bindings& bindings, const Results& results);
  void RunBlockPhase(Cut* cut, int index, int phase, const Bindings& bindings,
                     const Results& results);
  absl::Status RunPhases(Cut* cut, const Bindings& bindings, const Results& results);
  // Calls f(i) for each i, on the pool if there is one.
  template <class F>
  void ForEach(int count, F& f);
  // Calls sum(begin, end) for all of [0, floats), on several threads if it is worth it.
  template <class F>
  void SumInParts(int64_t floats, F sum);
  // Sums the round of `count` blocks from `first` on, and with the rounds before it as far as the
  // tree goes.
  void Sum(const Cut& cut, int first, int count, const Results& results);
  void SumRange(const Cut& cut, int first, int count, const Results& results, int64_t begin,
                int64_t end);

  Impl* const impl_;
  std::vector<Arena> arenas_;           // By thread; where there are phases, by block.
  std::list<Cut> cuts_;                 // Last used first.
  std::vector<AlignedBuffer> buffers_;  // What is not rows, of a round's blocks but the first; then
                                        // of rounds that wait for their neighbour.
  std::vector<AlignedBuffer> terms_;    // By block, what is added up between phases.
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_EXECUTOR_IMPL_H_
