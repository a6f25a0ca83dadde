// Graphs whose blocks wait for one another: rows that read a sum over all rows. Batch normalisation
// is the one that people train with.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/thread_pool.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

// Two normalised layers, of which the second's product comes back behind it, so that one gradient
// is a sum of terms of different phases.
struct Network {
  Graph graph;
  Fetches fetches;
  std::vector<Value> all;  // Values, gradients, next states.
  Value label, picked;

  Network() {
    Emitter emit(&graph, "", {});
    const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({6})});
    label = *graph.AddInput("label", {DType::kInt32, Shape::Batched({})});
    const auto parameter = [&](const char* name, std::vector<int64_t> dims) {
      return *graph.AddParameter({name, Shape::Fixed(dims), {}});
    };
    const Value w1 = parameter("w1", {6, 8}), w2 = parameter("w2", {8, 8});
    const auto normalise = [&](Value in, const std::string& name) {
      const Value mean = *graph.AddState({name + "/mean", Shape::Fixed({8}), 0});
      const Value variance = *graph.AddState({name + "/variance", Shape::Fixed({8}), 1});
      op::BatchNorm config;
      config.set_epsilon(0.1);
      config.set_momentum(0.9);
      const Value gamma = parameter((name + "/gamma").c_str(), {8});
      const Value beta = parameter((name + "/beta").c_str(), {8});
      const Value y = emit(config, {in, gamma, beta, mean, variance}, name);
      EXPECT_TRUE(graph.SetNext(mean, {y.node, 3}).ok());
      EXPECT_TRUE(graph.SetNext(variance, {y.node, 4}).ok());
      return y;
    };
    const Value first = emit(op::Tanh(), {normalise(emit(op::Matmul(), {x, w1}), "norm_1")});
    const Value second = emit(op::Tanh(), {normalise(emit(op::Matmul(), {first, w2}), "norm_2")});
    const Value out = emit(op::Matmul(), {second, w2});
    op::Gather pick;
    pick.set_batch_dims(1);
    picked = emit(pick, {out, label}, "picked");
    // A constant that batch normalisation uses, too, and that comes behind it.
    const Value loss = emit(op::Mul(), {emit(op::Square(), {picked}), emit.Constant(0.9f)});
    op::ReduceSum sum;
    sum.add_axis(0);
    const Value seed = emit.Broadcast(*graph.AddScalar("seed"), Shape::Batched({}));
    fetches.values = {loss, out, emit(sum, {out}), {first.node - 1, 1}};
    fetches.gradients = AddGradients(&graph, {loss}, {seed}, graph.parameters())->of;
    fetches.next_states = true;
    EXPECT_TRUE(emit.status().ok()) << emit.status();
    all = fetches.values;
    all.insert(all.end(), fetches.gradients.begin(), fetches.gradients.end());
    for (int i = 0; i < 4; ++i) all.push_back(graph.next(i));
  }

  ReferenceLeaves Leaves(int64_t rows) const {
    ReferenceLeaves leaves = RandomLeaves(graph, rows, static_cast<uint64_t>(rows));
    std::vector<double>& labels = leaves[label].values;
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<double>(i * 3 % 8);
    leaves[graph.scalars()[0]].values = {0.25};
    return leaves;
  }

  void ExpectLikeReference(const TestRun& run, const ReferenceLeaves& leaves, int64_t rows) const {
    const std::vector<RefTensor> expected = *EvaluateReference(graph, leaves, rows, all);
    size_t at = 0;
    // Sums of up to 13 products of numbers of size one, twice enlarged by 1 / sqrt(0.1).
    const auto expect = [&](const RefTensor& actual) {
      EXPECT_EQ(Differences(actual, expected[at], 5e-5, 5e-5), "") << at;
      ++at;
    };
    for (size_t i = 0; i < fetches.values.size(); ++i) expect(run.value(static_cast<int>(i)));
    for (size_t i = 0; i < fetches.gradients.size(); ++i) expect(run.gradient(static_cast<int>(i)));
    for (int i = 0; i < 4; ++i) expect(run.next_state(i));
  }
};

std::unique_ptr<TestRun> Create(const Network& network, ThreadPool* pool, int64_t block_rows) {
  ExecutorOptions options;
  options.pool = pool;
  options.block_rows = block_rows;
  return *TestRun::Create(network.graph, network.fetches, options);
}

TEST(Phases, GiveWhatOnePieceGivesAndTheSameBitsOnAnyNumberOfThreads) {
  const Network network;
  // One block, a short last one, one of a single row, and many.
  for (const int64_t rows : {4, 11, 9, 13, 2, 1}) {
    SCOPED_TRACE(rows);
    const ReferenceLeaves leaves = network.Leaves(rows);
    const auto whole = Create(network, nullptr, 0);
    ASSERT_TRUE(whole->Run(leaves, rows).ok());
    network.ExpectLikeReference(*whole, leaves, rows);
    for (const int64_t block_rows : {4, 1}) {
      std::string bits;
      for (const int threads : {1, 2, 3}) {
        ThreadPool pool(threads);
        const auto run = Create(network, &pool, block_rows);
        ASSERT_TRUE(run->executor().splits()) << run->executor().why_not_split();
        for (int again = 0; again < 3; ++again) {
          ASSERT_TRUE(run->Run(leaves, rows).ok());
          if (bits.empty()) bits = run->bits();
          EXPECT_EQ(run->bits(), bits) << threads << " threads";
        }
        network.ExpectLikeReference(*run, leaves, rows);
      }
    }
  }
}

TEST(Phases, OneContextServesPiecesAndBlocksInTurn) {
  const Network network;
  ThreadPool pool(2);
  const auto run = Create(network, &pool, 4);
  std::map<int64_t, std::string> bits;
  for (const int64_t rows : {9, 4, 13, 9, 3, 4, 13, 9}) {
    ASSERT_TRUE(run->Run(network.Leaves(rows), rows).ok());
    std::string& first = bits[rows];
    if (first.empty()) first = run->bits();
    EXPECT_EQ(run->bits(), first) << rows;
  }
}

TEST(Phases, AFailureEndsTheRunAfterItsPhaseAndLeavesNothingBehind) {
  const Network network;
  ThreadPool pool(2);
  const auto run = Create(network, &pool, 4);
  const ReferenceLeaves good = network.Leaves(11);
  ASSERT_TRUE(run->Run(good, 11).ok());
  const std::string bits = run->bits();
  ReferenceLeaves bad = good;
  bad[network.label].values[10] = 8;  // Of the last block, behind both sums.
  const absl::Status status = run->Run(bad, 11);
  EXPECT_EQ(status.message(), "node \"picked\": index 8 is outside [0, 8) []") << status;
  ASSERT_TRUE(run->Run(good, 11).ok());
  EXPECT_EQ(run->bits(), bits);
}

TEST(Phases, SayWhatTheyTake) {
  const Network network;
  const auto run = Create(network, nullptr, 4);
  const std::string one = *run->executor().PrintPlan(4), three = *run->executor().PrintPlan(11);
  EXPECT_EQ(one.find("phase"), std::string::npos) << one;
  EXPECT_NE(three.find(" steps in 7 phases, "), std::string::npos) << three;
  EXPECT_NE(three.find("\n  -- phase 6"), std::string::npos) << three;
  EXPECT_NE(three.find("[8] total:"), std::string::npos) << three;
  EXPECT_NE(three.find("  term:"), std::string::npos) << three;
  // Each block has an arena of its own: as many times the memory, not once as for one thread.
  const int64_t four = *run->executor().MemoryBytes(4 * 4);
  const int64_t eight = *run->executor().MemoryBytes(4 * 8);
  EXPECT_GT(eight, four + four * 3 / 4);
}

TEST(Phases, LeaveGraphsAloneInWhichNoTotalIsRead) {
  const RandomGraph random = MakeRandomGraph(3, 12);
  ExecutorOptions options;
  options.block_rows = 4;
  const auto run = *TestRun::Create(random.graph, random.fetches, options);
  EXPECT_EQ(run->executor().PrintPlan(13)->find("phase"), std::string::npos);
}

TEST(Phases, AddUpManyBlocksOfWideSums) {
  constexpr int64_t kColumns = 20000;  // Enough for several threads to add up.
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({kColumns})});
  op::ReduceSum config;
  config.add_axis(0);
  const Value sum = *graph.AddNode(config, {x});
  const Value square = *graph.AddNode(op::Square(), {sum});
  const Value less = *graph.AddNode(op::Sub(), {x, square});
  Fetches fetches;
  fetches.values = {sum, square, less};
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    ExecutorOptions options;
    options.pool = &pool;
    options.block_rows = 1;
    const auto run = *TestRun::Create(graph, fetches, options);
    for (const int64_t rows : {2, 65, 70}) {
      RefTensor numbers{{rows, kColumns}, {}};
      for (int64_t i = 0; i < rows * kColumns; ++i) {
        numbers.values.push_back(static_cast<double>(i * 7 % 11));
      }
      ASSERT_TRUE(run->Run({{x, numbers}}, rows).ok());
      // Whole numbers below 2^24: exact.
      const std::vector<RefTensor> expected =
          *EvaluateReference(graph, {{x, numbers}}, rows, fetches.values);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(run->value(i).values, expected[i].values) << rows;
    }
  }
}

TEST(Phases, KeepTheVarianceOfNumbersFarFromZero) {
  Graph graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({1})});
  const Value zero = *graph.AddConstant("zero", Tensor::Of<float>({1}, {0}));
  op::BatchNorm config;
  config.set_epsilon(0);
  config.set_momentum(0);
  const Value y = *graph.AddNode(config, {x, zero, zero, zero, zero});
  Fetches fetches;
  fetches.values = {{y.node, 3}, {y.node, 4}};
  ThreadPool pool(2);
  ExecutorOptions options;
  options.pool = &pool;
  options.block_rows = 16;
  const auto run = *TestRun::Create(graph, fetches, options);
  RefTensor numbers{{64, 1}, {}};
  for (int i = 0; i < 64; ++i) numbers.values.push_back(i % 2 == 0 ? 4095 : 4097);
  ASSERT_TRUE(run->Run({{x, numbers}}, 64).ok());
  // Mean of squares less square of the mean would be 16777217 - 16777216 with an error of some units.
  EXPECT_EQ(run->value(0).values, std::vector<double>{4096});
  EXPECT_EQ(run->value(1).values, std::vector<double>{1});
}

}  // namespace
}  // namespace gradus
