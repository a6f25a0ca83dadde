// What goes wrong inside of an executor comes out as a Status, and leaves the executor and its
// contexts as they were.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/base/thread_pool.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/onednn.h"
#include "tests/runtime/runtime_testing.h"

// Sanitizers' allocators give null for too much, as the system's does.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

namespace gradus {
namespace {

// Rows which a plan still takes, of so many numbers, and so many such values at a time that no
// address space holds them.
constexpr int64_t kTooManyRows = int64_t{1} << 30;
constexpr int64_t kColumns = 10000;
constexpr int kTooManyValues = 900;

enum class Trouble { kNone, kBadAlloc, kOneDnn };

void Make(Trouble trouble) {
  if (trouble == Trouble::kBadAlloc) throw std::bad_alloc();
  if (trouble == Trouble::kOneDnn) throw dnnl::error(dnnl_runtime_error, "trouble");
}

// What the kernel of a node "troubled" does. Set by tests between runs.
struct Control {
  Trouble candidates = Trouble::kNone, create = Trouble::kNone, new_state = Trouble::kNone,
          run = Trouble::kNone;
  // Compiling for so many rows waits until `passed`.
  int64_t held_rows = -1;
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false, passed = false, gave_up = false;
};
Control control;

class TroubledKernel final : public Kernel {
 public:
  absl::StatusOr<std::unique_ptr<KernelState>> NewState() const override {
    Make(control.new_state);
    return std::unique_ptr<KernelState>();
  }
  absl::Status Run(const KernelArgs&, KernelState*) const override {
    Make(control.run);
    return absl::OkStatus();
  }
};

class TroubledNeg final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    if (request.node != "troubled") return {};
    Make(control.candidates);
    Choice choice;
    choice.cost = -1;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    Make(control.create);
    if (request.inputs[0].dims[0] == control.held_rows) {
      std::unique_lock<std::mutex> lock(control.mutex);
      control.held = true;
      control.changed.notify_all();
      // Only a failing test waits so long.
      control.gave_up =
          !control.changed.wait_for(lock, std::chrono::seconds(60), [] { return control.passed; });
    }
    return std::unique_ptr<Kernel>(new TroubledKernel);
  }
};
GRADUS_REGISTER_KERNEL(op::Neg, "troubled", TroubledNeg);

Fetches FetchTroubled(Graph* graph) {
  const Value x = *graph->AddInput("x", {DType::kFloat32, Shape::Batched({2})});
  Fetches fetches;
  fetches.values = {*graph->AddNode(op::Neg(), {x}, "troubled")};
  return fetches;
}

TEST(ExecutorFailures, AContextThatRanOutOfMemoryServesTheRowsItServedBefore) {
  Graph graph;
  Emitter emit(&graph, "", {});
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({kColumns})});
  Fetches fetches;
  // All of them are there before the first product is.
  std::vector<Value> factors = {x};
  for (int i = 0; i < kTooManyValues; ++i) factors.push_back(emit(op::Tanh(), {factors.back()}));
  Value product = x;
  for (Value factor : factors) product = emit(op::Mul(), {product, factor});
  fetches.values = {product};
  ASSERT_TRUE(emit.status().ok());
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, {});
  const ReferenceLeaves leaves = RandomLeaves(graph, 4, 1);
  ASSERT_TRUE(run->Run(leaves, 4).ok());
  const std::string bits = run->bits();
  const absl::Status status = run->executor().Prepare(run->context(), kTooManyRows);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  ASSERT_TRUE(run->Run(leaves, 4).ok());
  EXPECT_EQ(run->bits(), bits);
}

TEST(ExecutorFailures, CompilingForNewRowsHoldsNobodyElseUp) {
  Graph graph;
  const Fetches fetches = FetchTroubled(&graph);
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, {});
  Executor& executor = run->executor();
  Executor::ContextPtr other = *executor.NewContext();
  ASSERT_TRUE(executor.Prepare(other.get(), 5).ok());
  control.held_rows = 7;
  absl::Status held_status;
  std::thread held([&] { held_status = executor.Prepare(run->context(), 7); });
  {
    std::unique_lock<std::mutex> lock(control.mutex);
    control.changed.wait(lock, [] { return control.held; });
  }
  // A plan that exists, for a context that does not have it yet, and a new one.
  Executor::ContextPtr third = *executor.NewContext();
  EXPECT_TRUE(executor.Prepare(third.get(), 5).ok());
  EXPECT_TRUE(executor.Prepare(third.get(), 6).ok());
  {
    std::lock_guard<std::mutex> lock(control.mutex);
    control.passed = true;
  }
  control.changed.notify_all();
  held.join();
  control.held_rows = -1;
  EXPECT_TRUE(held_status.ok()) << held_status;
  EXPECT_FALSE(control.gave_up);
}

class Doors : public testing::TestWithParam<Trouble> {
 protected:
  void ExpectTrouble(const absl::Status& status) {
    if (GetParam() == Trouble::kBadAlloc) {
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
      EXPECT_NE(status.message().find("out of memory"), absl::string_view::npos) << status;
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
      EXPECT_NE(status.message().find("trouble"), absl::string_view::npos) << status;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Troubles, Doors, testing::Values(Trouble::kBadAlloc, Trouble::kOneDnn),
                         [](const auto& info) {
                           return info.param == Trouble::kBadAlloc ? "OutOfMemory" : "OneDnn";
                         });

TEST_P(Doors, TurnWhatIsThrownIntoAStatusAndLeaveNothingBehind) {
  Graph graph;
  const Fetches fetches = FetchTroubled(&graph);
  ThreadPool pool(2);
  ExecutorOptions options;
  options.pool = &pool;
  options.block_rows = 2;
  std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
  Executor& executor = run->executor();
  run->Bind(RandomLeaves(graph, 8, 1), 8);
  for (Trouble* where : {&control.candidates, &control.create}) {
    *where = GetParam();
    ExpectTrouble(executor.Prepare(run->context(), 8));
    ExpectTrouble(executor.Run(run->context(), run->bindings(), run->results()));
    ExpectTrouble(executor.MemoryBytes(8).status());
    ExpectTrouble(executor.PrintPlan(8).status());
    ExpectTrouble(executor.FirstNonFinite(run->bindings()).status());
    *where = Trouble::kNone;
  }
  control.new_state = GetParam();
  ExpectTrouble(executor.Prepare(run->context(), 8));
  control.new_state = Trouble::kNone;
  control.run = GetParam();
  ExpectTrouble(executor.Run(run->context(), run->bindings(), run->results()));
  control.run = Trouble::kNone;
  EXPECT_TRUE(executor.Run(run->context(), run->bindings(), run->results()).ok());
}

}  // namespace
}  // namespace gradus
