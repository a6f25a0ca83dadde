// Counts heap allocations in a run, by who asks for them: oneDNN 2.6.3 and the OpenMP library
// allocate in every primitive; what is left is ours and must be nothing after the first run with a
// number of rows.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <tuple>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/thread_pool.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"
#include "tests/testing/allocation_counter.h"

namespace gradus {
namespace {

// A training step of a classifier: dense, relu, dense, cross-entropy, gradients. With a norm, blocks
// wait for one another.
void MakeStep(bool norm, Graph* graph, Fetches* fetches) {
  Emitter emit(graph, "", {});
  const Value x = *graph->AddInput("x", {DType::kFloat32, Shape::Batched({30})});
  const Value label = *graph->AddInput("label", {DType::kInt32, Shape::Batched({})});
  const Value w1 = *graph->AddParameter({"w1", Shape::Fixed({30, 64}), {}});
  const Value b1 = *graph->AddParameter({"b1", Shape::Fixed({64}), {}});
  const Value w2 = *graph->AddParameter({"w2", Shape::Fixed({64, 10}), {}});
  const Value b2 = *graph->AddParameter({"b2", Shape::Fixed({10}), {}});
  Value hidden = emit(op::Relu(), {emit(op::Add(), {emit(op::Matmul(), {x, w1}), b1})});
  if (norm) hidden = emit(op::BatchNorm(), {hidden, b1, b1, b1, b1});
  const Value logits = emit(op::Add(), {emit(op::Matmul(), {hidden, w2}), b2});
  op::Gather pick;
  pick.set_batch_dims(1);
  const Value loss = emit(op::Neg(), {emit(pick, {emit(op::LogSoftmax(), {logits}), label})});
  ASSERT_TRUE(emit.status().ok()) << emit.status();
  const Value seed = emit.Broadcast(*graph->AddScalar("seed"), Shape::Batched({}));
  fetches->values = {loss};
  fetches->gradients = AddGradients(graph, {loss}, {seed}, graph->parameters())->of;
}

class Allocations : public testing::TestWithParam<std::tuple<int, bool>> {};
INSTANTIATE_TEST_SUITE_P(ThreadsAndPhases, Allocations,
                         testing::Combine(testing::Values(1, 2), testing::Bool()));

TEST_P(Allocations, NoneOfOursAfterTheFirstRun) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  Graph graph;
  Fetches fetches;
  const auto [threads, norm] = GetParam();
  MakeStep(norm, &graph, &fetches);
  ThreadPool pool(threads);
  ExecutorOptions options;
  options.pool = &pool;
  options.block_rows = 16;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  ReferenceLeaves leaves = RandomLeaves(graph, 64, 1);
  for (double& label : leaves[graph.inputs()[1]].values) label = 3;
  ASSERT_TRUE(run->Run(leaves, 64).ok());
  // A short last batch in between, then both again: row counts that were seen before.
  Bindings short_batch = run->bindings();
  short_batch.rows = 37;
  ASSERT_TRUE(run->executor().Run(run->context(), short_batch, run->results()).ok());
  AllocationCounter::Reset();
  ASSERT_TRUE(AllocationCounter::knows_onednn()) << "libdnnl is not a shared library here";
  AllocationCounter::Count(true);
  bool ok = true;
  for (int i = 0; i < 5; ++i) {
    ok &= run->executor().Run(run->context(), run->bindings(), run->results()).ok();
    ok &= run->executor().Run(run->context(), short_batch, run->results()).ok();
  }
  AllocationCounter::Count(false);
  EXPECT_TRUE(ok);
  EXPECT_EQ(AllocationCounter::ours(), 0) << AllocationCounter::FirstOfOurs();
  RecordProperty("allocations_by_onednn_in_10_runs",
                 std::to_string(AllocationCounter::theirs()));
  // The counter counts.
  AllocationCounter::Count(true);
  std::free(std::malloc(1));
  std::string* text = new std::string(100, 'x');
  AllocationCounter::Count(false);
  delete text;
  EXPECT_GE(AllocationCounter::ours(), 2);
}

}  // namespace
}  // namespace gradus
