// Where parameters, slots and states start, and how they are read and written.

#include "gradus/train/parameter_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

// Sanitizers' allocators give null for too much, as the system's does.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

namespace gradus {
namespace {

Graph TwoLayers() {
  Graph graph;
  const auto add = [&](const std::string& name, std::vector<int64_t> dims, double constant) {
    ParameterSpec spec;
    spec.name = name;
    spec.shape = Shape::Fixed(dims);
    if (constant != 0) {
      spec.initializer.set_constant(constant);
    } else {
      spec.initializer.set_scaled(InitializerConfig::GLOROT_UNIFORM);
    }
    ASSERT_TRUE(graph.AddParameter(spec).ok());
  };
  add("a/kernel", {3, 5}, 0);
  add("a/bias", {5}, 0.5);
  add("b/kernel", {4, 512}, 0);  // A pitch of its own where the machine wants one.
  add("none", {0, 7}, 0);
  add("scalar", {}, 2);
  EXPECT_TRUE(graph.AddState({"mean", Shape::Fixed({3}), 0.25}).ok());
  return graph;
}

ParameterStore Make(const Graph& graph, uint64_t seed = 1, std::vector<SlotSpec> slots = {}) {
  auto store = ParameterStore::Create(graph, seed, std::move(slots));
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

TEST(ParameterStoreTest, SaysWhichParameterIsTheLargestWhenThereIsNoMemory) {
  Graph graph = TwoLayers();
  // 2^48 bytes, more than a process has addresses for.
  ASSERT_TRUE(graph.AddParameter({"c/kernel", Shape::Fixed({1 << 23, 1 << 23}), {}}).ok());
  ASSERT_TRUE(graph.AddParameter({"c/bias", Shape::Fixed({1 << 23}), {}}).ok());
  const auto store = ParameterStore::Create(graph, 1, {});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(store.status().message()),
              testing::HasSubstr(" bytes for the parameters, of which the largest is "
                                 "\"c/kernel\" [8388608, 8388608]"));
}

TEST(ParameterStoreTest, EverythingStartsAtItsNumber) {
  ParameterStore store = Make(TwoLayers(), 1, {{"momentum"}, {"accumulator", 0.125}});
  const ParameterLayout& layout = store.layout();
  EXPECT_EQ(store.Read(layout, layout.Find("a/bias"), store.weights())->data<float>(),
            std::vector<float>(5, 0.5f));
  EXPECT_EQ(store.Read(layout, layout.Find("scalar"), store.weights())->data<float>()[0], 2);
  EXPECT_EQ(store.Read(layout, layout.Find("b/kernel"), store.memory().At(1, 0))->data<float>(),
            std::vector<float>(4 * 512, 0.125f));
  EXPECT_EQ(store.Read(layout, layout.Find("b/kernel"), store.memory().At(0, 0))->data<float>(),
            std::vector<float>(4 * 512, 0));
  EXPECT_EQ(store.Read(store.state_layout(), 0, store.states())->data<float>(),
            std::vector<float>(3, 0.25f));
}

TEST(ParameterStoreTest, BlocksAreAlignedAndPaddingIsZero) {
  ParameterStore store = Make(TwoLayers());
  for (const float* block : {store.weights(), store.gradients()}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
  }
  double inside = 0;
  for (int i = 0; i < store.layout().count(); ++i) {
    const Tensor tensor = *store.Read(store.layout(), i, store.weights());
    for (float v : tensor.data<float>()) inside += v;
  }
  const double all = std::accumulate(store.weights(), store.weights() + store.floats(), double{0});
  EXPECT_NEAR(all, inside, 1e-9);  // The same numbers in another order.
}

TEST(ParameterStoreTest, AParameterStartsTheSameWhateverStandsBesideIt) {
  const Graph whole = TwoLayers();
  Graph alone;
  ParameterSpec spec = whole.parameter(2);
  ASSERT_TRUE(alone.AddParameter(spec).ok());
  ParameterStore many = Make(whole), one = Make(alone);
  EXPECT_EQ(many.Read(many.layout(), 2, many.weights())->data<float>(),
            one.Read(one.layout(), 0, one.weights())->data<float>());
  ParameterStore other_seed = Make(alone, 2);
  EXPECT_NE(other_seed.Read(one.layout(), 0, other_seed.weights())->data<float>(),
            one.Read(one.layout(), 0, one.weights())->data<float>());
}

TEST(ParameterStoreTest, WhatIsWrittenIsReadAndAMisfitIsRefused) {
  ParameterStore store = Make(TwoLayers());
  std::vector<float> numbers(15);
  std::iota(numbers.begin(), numbers.end(), 1);
  ASSERT_TRUE(
      ParameterStore::Write(store.layout(), 0, Tensor::Of<float>({3, 5}, numbers), store.weights())
          .ok());
  EXPECT_EQ(store.Read(store.layout(), 0, store.weights())->data<float>(), numbers);
  EXPECT_EQ(
      ParameterStore::Write(store.layout(), 0, Tensor::Of<float>({5, 3}, numbers), store.weights())
          .message(),
      "\"a/kernel\" is FLOAT32 [3, 5], the given tensor is FLOAT32 [5, 3]");
  EXPECT_EQ(ParameterStore::Write(store.layout(), 1, Tensor::Of<double>({5}, {1, 2, 3, 4, 5}),
                                  store.weights())
                .message(),
            "\"a/bias\" is FLOAT32 [5], the given tensor is FLOAT64 [5]");
}

TEST(ParameterStoreTest, AcceptedStatesChangePlaces) {
  ParameterStore store = Make(TwoLayers());
  store.next_states()[0] = 9;
  EXPECT_EQ(store.states()[0], 0.25f);
  store.AcceptStates();
  EXPECT_EQ(store.states()[0], 9);
}

}  // namespace
}  // namespace gradus
