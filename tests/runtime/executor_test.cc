// Runs against the plain reference, cut and whole, on any number of threads.

#include "gradus/runtime/executor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/thread_pool.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

// Values stay near one and chains are some ten operations long, so a hundred roundings of 2^-24 is
// plenty; sums over at most 40 rows and five layers of gradients add as many terms again.
constexpr double kAbsolute = 1e-4;
constexpr double kRelative = 1e-4;

void ExpectLikeReference(const RandomGraph& random, const ReferenceLeaves& leaves, int64_t rows,
                         const TestRun& run) {
  absl::StatusOr<std::vector<RefTensor>> expected =
      EvaluateReference(random.graph, leaves, rows, random.all);
  ASSERT_TRUE(expected.ok()) << expected.status();
  size_t at = 0;
  for (size_t i = 0; i < random.fetches.values.size(); ++i, ++at) {
    EXPECT_EQ(Differences(run.value(static_cast<int>(i)), (*expected)[at], kAbsolute, kRelative),
              "")
        << "value " << i;
  }
  for (size_t i = 0; i < random.fetches.gradients.size(); ++i) {
    const RefTensor actual = run.gradient(static_cast<int>(i));
    if (!random.fetches.gradients[i].valid()) {
      for (double x : actual.values) EXPECT_EQ(x, 0);
      continue;
    }
    EXPECT_EQ(Differences(actual, (*expected)[at++], kAbsolute, kRelative), "") << "gradient " << i;
  }
}

class RandomGraphs : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphs, testing::Range(0, 40));

TEST_P(RandomGraphs, ComputeWhatTheReferenceComputes) {
  const RandomGraph random = MakeRandomGraph(GetParam(), 12);
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    absl::StatusOr<std::unique_ptr<TestRun>> run =
        TestRun::Create(random.graph, random.fetches, {}, isa);
    ASSERT_TRUE(run.ok()) << run.status();
    // 5 again: a plan that was used before.
    for (int64_t rows : {5, 1, 0, 5, 33}) {
      const ReferenceLeaves leaves = RandomLeaves(random.graph, rows, GetParam());
      const absl::Status status = (*run)->Run(leaves, rows);
      ASSERT_TRUE(status.ok()) << status;
      ExpectLikeReference(random, leaves, rows, **run);
    }
  }
}

TEST_P(RandomGraphs, ComputeTheSameWithoutPasses) {
  const RandomGraph random = MakeRandomGraph(GetParam(), 12);
  ExecutorOptions options;
  for (const Pass& pass : Passes()) options.passes.disabled.push_back(pass.name);
  absl::StatusOr<std::unique_ptr<TestRun>> run =
      TestRun::Create(random.graph, random.fetches, options);
  ASSERT_TRUE(run.ok()) << run.status();
  const ReferenceLeaves leaves = RandomLeaves(random.graph, 6, GetParam());
  ASSERT_TRUE((*run)->Run(leaves, 6).ok());
  ExpectLikeReference(random, leaves, 6, **run);
}

TEST_P(RandomGraphs, SplitByRowsComputeTheSameAndTheSameBitsOnAnyNumberOfThreads) {
  const RandomGraph random = MakeRandomGraph(GetParam(), 12);
  for (int64_t rows : {8, 3, 1, 0, 37}) {
    const ReferenceLeaves leaves = RandomLeaves(random.graph, rows, GetParam());
    std::string bits;
    for (int threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      ExecutorOptions options;
      options.pool = &pool;
      options.block_rows = 4;
      std::unique_ptr<TestRun> run = *TestRun::Create(random.graph, random.fetches, options);
      ASSERT_TRUE(run->executor().splits()) << run->executor().why_not_split();
      ASSERT_TRUE(run->Run(leaves, rows).ok());
      ExpectLikeReference(random, leaves, rows, *run);
      if (threads == 1) bits = run->bits();
      EXPECT_EQ(run->bits(), bits) << threads << " threads";
    }
  }
}

TEST(Executor, SumsMoreBlocksThanOneSubtreeHolds) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({3})});
  op::ReduceSum config;
  config.add_axis(0);
  const Value sum = *graph.AddNode(config, {x});
  Fetches fetches;
  fetches.values = {sum};
  ExecutorOptions options;
  options.block_rows = 1;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  for (int64_t rows : {2, 63, 64, 65, 129, 200}) {
    RefTensor numbers{{rows, 3}, {}};
    for (int64_t i = 0; i < rows * 3; ++i) numbers.values.push_back(static_cast<double>(i));
    ASSERT_TRUE(run->Run({{x, numbers}}, rows).ok());
    // 0 + 3 + 6 + ...: whole numbers below 2^24, so exact.
    const double first = 3.0 * static_cast<double>(rows * (rows - 1) / 2);
    const std::vector<double> expected = {first, first + rows, first + 2.0 * rows};
    EXPECT_EQ(run->value(0).values, expected) << rows;
  }
}

// Blocks of one row each, summed in the promised order: neighbours, pairs of neighbours, and so on.
float TreeSum(const std::vector<double>& numbers, int64_t begin, int64_t end) {
  if (end - begin == 1) return static_cast<float>(numbers[begin]);
  int64_t half = 1;
  while (half * 2 < end - begin) half *= 2;
  return TreeSum(numbers, begin, begin + half) + TreeSum(numbers, begin + half, end);
}

TEST(Executor, SumsBlocksInTheFixedTreeInMemoryThatGrowsLikeItsDepth) {
  constexpr int64_t kColumns = 20000;  // Enough for several threads to sum.
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({})});
  op::ReduceSum config;
  config.add_axis(0);
  const Value sum = *graph.AddNode(config, {x});
  const Value wide = Emitter(&graph, "", {}).Broadcast(sum, Shape::Fixed({kColumns}));
  Fetches fetches;
  fetches.values = {sum, wide};
  for (int threads : {1, 2, 3, 40}) {
    ThreadPool pool(threads);
    ExecutorOptions options;
    options.pool = &pool;
    options.block_rows = 1;
    std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
    ASSERT_TRUE(run->executor().splits()) << run->executor().why_not_split();
    for (int64_t rows : {2, 3, 4, 5, 7, 8, 9, 11, 16, 23, 31, 33, 64, 77, 100, 129, 200}) {
      const ReferenceLeaves leaves = RandomLeaves(graph, rows, static_cast<uint64_t>(rows));
      ASSERT_TRUE(run->Run(leaves, rows).ok());
      const double expected = TreeSum(leaves.at(x).values, 0, rows);
      EXPECT_EQ(run->value(0).values, std::vector<double>(1, expected)) << rows;
      EXPECT_EQ(run->value(1).values, std::vector<double>(kColumns, expected)) << rows;
    }
    const int64_t buffer = kColumns * sizeof(float);
    EXPECT_LE(*run->executor().MemoryBytes(1024) - *run->executor().MemoryBytes(256), 4 * buffer);
    EXPECT_LE(*run->executor().MemoryBytes(1024), (8 * threads + 10 + threads) * 2 * buffer);
  }
}

TEST(Executor, GivesEachBlockItsRowOffset) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({8})});
  const Value rate = *graph.AddScalar("rate");
  const Value seed = *graph.AddScalar("seed", DType::kInt64);
  const Value step = *graph.AddScalar("step", DType::kInt64);
  const Value offset = *graph.AddScalar("row_offset", DType::kInt64);
  const Value y = *graph.AddNode(op::Dropout(), {x, rate, seed, step, offset});
  Fetches fetches;
  fetches.values = {y};
  ReferenceLeaves leaves = RandomLeaves(graph, 10, 3);
  leaves[rate].values = {0.5};
  leaves[seed].values = {12345};
  leaves[step].values = {7};
  leaves[offset].values = {100};
  std::string bits;
  for (int64_t block_rows : {0, 1, 3, 10}) {
    ExecutorOptions options;
    options.block_rows = block_rows;
    std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
    ASSERT_TRUE(run->executor().splits()) << run->executor().why_not_split();
    ASSERT_TRUE(run->Run(leaves, 10).ok());
    if (block_rows == 0) bits = run->bits();
    EXPECT_EQ(run->bits(), bits) << block_rows;
  }
  // And a different offset gives another mask.
  leaves[offset].values = {101};
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, {});
  ASSERT_TRUE(run->Run(leaves, 10).ok());
  EXPECT_NE(run->bits(), bits);
}

TEST(Executor, CutsRowsEvenlyOnlyWhereTheWorkIsWorthIt) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({256})});
  const Value w = *graph.AddParameter({"w", Shape::Fixed({256, 256}), {}});
  const Value y = *graph.AddNode(op::Matmul(), {x, w});
  Fetches fetches;
  fetches.values = {y};
  ThreadPool pool(2);
  ExecutorOptions options;
  options.pool = &pool;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  // 2 * 256 * 256 * 8 is 1 MFLOP, enough for one block; 64 rows are enough for two.
  EXPECT_EQ(run->executor().PrintPlan(8)->substr(0, 18), "8 rows in 1 block ");
  EXPECT_EQ(run->executor().PrintPlan(65)->substr(0, 32), "65 rows in 2 blocks on 2 threads");
  const ReferenceLeaves leaves = RandomLeaves(graph, 65, 1);
  ASSERT_TRUE(run->Run(leaves, 65).ok());
  const std::vector<RefTensor> expected = *EvaluateReference(graph, leaves, 65, {y});
  EXPECT_EQ(Differences(run->value(0), expected[0], 1e-4, 1e-4), "");
}

TEST(Executor, CommitsNothingAndGivesNextStates) {
  Graph graph;
  const Value state = *graph.AddState({"average", Shape::Fixed({3}), 1.5});
  const Value kept = *graph.AddState({"kept", Shape::Fixed({2}), 0});
  const Value next = *graph.AddNode(op::Square(), {state});
  ASSERT_TRUE(graph.SetNext(state, next).ok());
  Fetches fetches;
  fetches.values = {state};
  fetches.next_states = true;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, {});
  const ReferenceLeaves leaves = {{state, {{3}, {1, 2, 3}}}, {kept, {{2}, {4, 5}}}};
  ASSERT_TRUE(run->Run(leaves, 1).ok());
  EXPECT_EQ(run->next_state(0).values, (std::vector<double>{1, 4, 9}));
  EXPECT_EQ(run->next_state(1).values, (std::vector<double>{4, 5}));
  EXPECT_EQ(run->value(0).values, (std::vector<double>{1, 2, 3}));
}

TEST(Executor, RefusesBindingsThatDoNotFitAndNamesTheInput) {
  const RandomGraph random = MakeRandomGraph(1, 6);
  std::unique_ptr<TestRun> run = *TestRun::Create(random.graph, random.fetches, {});
  run->Bind(RandomLeaves(random.graph, 4, 1), 4);
  const auto with = [&](auto change) {
    Bindings bindings = run->bindings();
    Results results = run->results();
    std::vector<const void*> inputs(bindings.inputs.begin(), bindings.inputs.end());
    change(&bindings, &results, &inputs);
    bindings.inputs = inputs;
    return run->executor().Run(run->context(), bindings, results);
  };
  EXPECT_TRUE(with([](Bindings*, Results*, auto*) {}).ok());
  EXPECT_EQ(with([](Bindings*, Results*, auto* in) { (*in)[0] = nullptr; }).message(),
            "input \"x\" is not bound");
  EXPECT_EQ(with([](Bindings*, Results*, auto* in) { in->pop_back(); }).message(),
            "1 inputs are bound, the graph has 2");
  EXPECT_EQ(with([](Bindings* b, Results*, auto*) { b->parameters = nullptr; }).message(),
            "the parameters are not bound");
  EXPECT_EQ(with([](Bindings* b, Results*, auto*) { b->scalars = {}; }).message(),
            "0 scalars are bound, the graph has 1");
  EXPECT_EQ(with([](Bindings* b, Results*, auto*) { b->rows = -1; }).message(),
            "-1 rows are negative");
  EXPECT_EQ(with([](Bindings*, Results* r, auto*) { r->values[1] = nullptr; }).message(),
            "the buffer of fetch 1 is null");
  EXPECT_EQ(with([](Bindings*, Results* r, auto*) { r->gradients = nullptr; }).message(),
            "the buffer of the gradients is null");
}

TEST(Executor, DoesNotNeedAnInputThatNoFetchDependsOn) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({2})});
  const Value label = *graph.AddInput("label", {DType::kFloat32, Shape::Batched({2})});
  const Value y = *graph.AddNode(op::Neg(), {x});
  ASSERT_TRUE(graph.AddNode(op::Mul(), {y, label}).ok());
  Fetches fetches;
  fetches.values = {y};
  ExecutorOptions options;
  options.passes.disabled = {"prune", "prune_again"};
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  run->Bind(RandomLeaves(graph, 2, 1), 2);
  std::vector<const void*> inputs = {run->bindings().inputs[0], nullptr};
  Bindings bindings = run->bindings();
  bindings.inputs = inputs;
  EXPECT_TRUE(run->executor().Run(run->context(), bindings, run->results()).ok());
}

TEST(Executor, NamesTheNodeWhoseKernelFails) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({3})});
  const Value label = *graph.AddInput("label", {DType::kInt32, Shape::Batched({})});
  op::Gather config;
  config.set_batch_dims(1);
  const Value picked = *graph.AddNode(config, {x, label}, "picked");
  Fetches fetches;
  fetches.values = {picked};
  ExecutorOptions options;
  options.block_rows = 1;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  ReferenceLeaves leaves = RandomLeaves(graph, 2, 1);
  leaves[label].values = {0, 3};
  const absl::Status status = run->Run(leaves, 2);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "node \"picked\": index 3 is outside [0, 3) []") << status;
  leaves[label].values = {0, 2};
  EXPECT_TRUE(run->Run(leaves, 2).ok()) << "a failed run leaves nothing behind";
}

TEST(FirstNonFinite, NamesTheFirstNodeAndNothingWhenAllIsFinite) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({2})});
  const Value log = *graph.AddNode(op::Log(), {x}, "log", *ConfigPath::Parse("model.layer[a]"));
  const Value relu = *graph.AddNode(op::Relu(), {log}, "relu");
  Fetches fetches;
  fetches.values = {relu};
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, {});
  run->Bind({{x, {{2, 2}, {1, 2, 3, 4}}}}, 2);
  EXPECT_EQ(*run->executor().FirstNonFinite(run->bindings()), "");
  run->Bind({{x, {{2, 2}, {1, 2, 0, 4}}}}, 2);
  EXPECT_EQ(*run->executor().FirstNonFinite(run->bindings()),
            "node \"log\" (Log): 1 of 4 numbers are not finite, the first is -inf at [1, 0] "
            "[model.layer[a]]");
  run->Bind({{x, {{2, 2}, {1, NAN, NAN, 4}}}}, 2);
  EXPECT_EQ(*run->executor().FirstNonFinite(run->bindings()),
            "input \"x\": 2 of 4 numbers are not finite, the first is nan at [0, 1]");
  run->Bind({}, 0);
  EXPECT_EQ(*run->executor().FirstNonFinite(run->bindings()), "");
}

TEST(Executor, ServesSeveralThreadsWithAContextEach) {
  const RandomGraph random = MakeRandomGraph(5, 20);
  ThreadPool pool(2);
  ExecutorOptions options;
  options.pool = &pool;
  options.block_rows = 4;
  // One executor for all; each caller compares with what one caller alone gets.
  const ReferenceLeaves leaves = RandomLeaves(random.graph, 19, 5);
  std::unique_ptr<TestRun> alone = *TestRun::Create(random.graph, random.fetches, options);
  ASSERT_TRUE(alone->Run(leaves, 19).ok());
  const std::vector<double> expected = alone->value(0).values;
  const Executor& executor = alone->executor();
  std::vector<std::thread> callers;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&, t] {
      Executor::ContextPtr context = *executor.NewContext();
      std::vector<std::vector<float>> values(5, std::vector<float>(19 * 4));
      std::vector<float> gradients(alone->layout().floats());
      Results results;
      for (std::vector<float>& value : values) results.values.push_back(value.data());
      results.gradients = gradients.data();
      for (int round = 0; round < 50; ++round) {
        if (!executor.Run(context.get(), alone->bindings(), results).ok()) ++wrong[t];
        for (size_t i = 0; i < expected.size(); ++i) wrong[t] += values[0][i] != expected[i];
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Executor, SharesAPoolWithOtherExecutors) {
  ThreadPool pool(2);
  ExecutorOptions options;
  options.pool = &pool;
  options.block_rows = 4;
  std::vector<int> wrong(3, 0);
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&, t] {
      const RandomGraph random = MakeRandomGraph(static_cast<uint64_t>(t), 20);
      const ReferenceLeaves leaves = RandomLeaves(random.graph, 19, 5);
      ExecutorOptions alone = options;
      alone.pool = nullptr;
      std::unique_ptr<TestRun> expected = *TestRun::Create(random.graph, random.fetches, alone);
      wrong[t] += !expected->Run(leaves, 19).ok();
      std::unique_ptr<TestRun> run = *TestRun::Create(random.graph, random.fetches, options);
      for (int round = 0; round < 50; ++round) {
        wrong[t] += !run->Run(leaves, 19).ok() || run->bits() != expected->bits();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, std::vector<int>(3, 0));
}

}  // namespace
}  // namespace gradus
