// Runs a graph for any number of rows. A run may be cut into blocks of rows: each thread computes
// the whole graph on its blocks, and what is summed over rows (parameter gradients) is summed over
// the blocks in a fixed order; where rows need such a sum (batch normalisation), the blocks wait for
// one another. The same block_rows give the same bits on any number of threads.
//
//   auto executor = *Executor::Create(graph, {{loss}, {gradient...}}, options);
//   auto context = *executor->NewContext();
//   executor->Run(context.get(), {parameters, states, inputs, rows, scalars}, &results);
//
// Thread safety: Executor is thread-safe; a Context serves one call at a time. Run is a pure
// function of its bindings: it changes no parameter and no state. After the first run with a number
// of rows nothing of ours allocates.

#ifndef GRADUS_RUNTIME_EXECUTOR_H_
#define GRADUS_RUNTIME_EXECUTOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/thread_pool.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/runtime/pass.h"
#include "gradus/runtime/plan.h"

namespace gradus {

// What a run should give.
struct Fetches {
  std::vector<Value> values;  // Rows, or whole values.
  std::vector<Value>
      gradients;  // As many as there are parameters; invalid Values are left out and give zeros.
  bool next_states = false;  // Whether states' next values are computed.
};

struct ExecutorOptions {
  ThreadPool* pool = nullptr;  // Null: one thread. Not owned; executors may share one.
  int64_t block_rows = 0;      // 0: the rows are cut evenly among the pool's threads.
  PassOptions passes;
};

struct Bindings {
  const float* parameters = nullptr;  // A block in the executor's parameter layout.
  const float* states = nullptr;      // A block in the state layout; null when the graph has none.
  absl::Span<const void* const> inputs;  // In the order of Graph::inputs(), dense, `rows` rows;
                                         // null for one that no fetch depends on.
  int64_t rows = 0;
  absl::Span<const double>
      scalars;  // In the order of Graph::scalars(). "row_offset" is added to by blocks.
};

struct Results {
  std::vector<void*> values;     // Caller's buffers, one per Fetches::values, dense; null to skip
                                 // writing is not allowed.
  float* gradients = nullptr;    // A block in the parameter layout; padding is left alone.
  float* next_states = nullptr;  // A block in the state layout.
};

class Executor {
 public:
  class Context;
  struct ContextDeleter {
    void operator()(Context* context) const;
  };
  using ContextPtr = std::unique_ptr<Context, ContextDeleter>;

  static absl::StatusOr<std::unique_ptr<Executor>> Create(const Graph& graph,
                                                          const Fetches& fetches,
                                                          const ParameterLayout& parameters,
                                                          const ParameterLayout& states,
                                                          const ExecutorOptions& options);
  ~Executor();

  absl::StatusOr<ContextPtr> NewContext() const;

  // Compiles for so many rows now instead of in the first run.
  absl::Status Prepare(Context* context, int64_t rows) const;
  absl::Status Run(Context* context, const Bindings& bindings, const Results& results) const;

  // Runs node by node on one thread and names the first node whose output is not finite, with its
  // origin in the configuration:
  // "" when all are finite. Slow; for --check_numerics and after a run that went wrong.
  absl::StatusOr<std::string> FirstNonFinite(const Bindings& bindings) const;

  // Whether the graph can be cut into blocks of rows, or why not.
  bool splits() const;
  const std::string& why_not_split() const;
  // Bytes of arena and scratch of a context for so many rows.
  absl::StatusOr<int64_t> MemoryBytes(int64_t rows) const;
  // The plans for so many rows as text.
  absl::StatusOr<std::string> PrintPlan(int64_t rows) const;
  const Program& program() const;  // After the passes.

 private:
  struct Impl;
  explicit Executor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_EXECUTOR_H_
