// Runs a graph through passes, plan and executor with leaves given as doubles, so that results
// stand beside the reference evaluator's.

#ifndef GRADUS_TESTS_RUNTIME_RUNTIME_TESTING_H_
#define GRADUS_TESTS_RUNTIME_RUNTIME_TESTING_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/tensor.h"
#include "gradus/graph/graph.h"
#include "gradus/runtime/executor.h"
#include "tests/testing/reference_executor.h"

namespace gradus {

// An executor with the memory of everything that a run reads and writes.
class TestRun {
 public:
  static absl::StatusOr<std::unique_ptr<TestRun>> Create(const Graph& graph, const Fetches& fetches,
                                                         const ExecutorOptions& options,
                                                         Isa isa = Isa::kBaseline);

  // Computes for `rows`; leaves that are not given are zero. `values` then holds the fetched
  // values, `gradients` the gradients.
  absl::Status Run(const ReferenceLeaves& leaves, int64_t rows);
  // Only sets the memory up, as Run does before it runs.
  void Bind(const ReferenceLeaves& leaves, int64_t rows);

  Executor& executor() { return *executor_; }
  Executor::Context* context() { return context_.get(); }
  const Bindings& bindings() const { return bindings_; }
  const Results& results() const { return results_; }
  const ParameterLayout& layout() const { return parameters_; }

  RefTensor value(int i) const;
  RefTensor gradient(int i) const;
  RefTensor next_state(int i) const;
  // The bits of all results.
  std::string bits() const;

 private:
  TestRun() = default;

  Graph graph_;
  Fetches fetches_;
  ParameterLayout parameters_, states_;
  std::unique_ptr<Executor> executor_;
  Executor::ContextPtr context_;
  std::vector<float> parameter_block_, state_block_, gradient_block_, next_block_;
  std::vector<Tensor> inputs_, values_;
  std::vector<const void*> input_pointers_;
  std::vector<double> scalars_;
  Bindings bindings_;
  Results results_;
};

// A graph of about `size` random operations over two inputs, parameters of several shapes and a
// scalar, with the gradients of a loss.
struct RandomGraph {
  Graph graph;
  Fetches fetches;
  // All fetches in one list: values, then gradients that exist.
  std::vector<Value> all;
};
RandomGraph MakeRandomGraph(uint64_t seed, int size);
// Numbers for its leaves.
ReferenceLeaves RandomLeaves(const Graph& graph, int64_t rows, uint64_t seed);

// "" or the first place where they differ by more than absolute + relative * |expected|.
std::string Differences(const RefTensor& actual, const RefTensor& expected, double absolute,
                        double relative);

}  // namespace gradus

#endif  // GRADUS_TESTS_RUNTIME_RUNTIME_TESTING_H_
