// Plans: kernels, views, copies, places.

#include "gradus/runtime/plan.h"

#include <gtest/gtest.h>

#include <tuple>

#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

using Place = Plan::Place;

struct Compiled {
  std::shared_ptr<const Plan> plan;
  const Plan::Step& step(int i) const { return plan->steps()[i]; }
  int size() const { return static_cast<int>(plan->steps().size()); }
};

class PlanTest : public testing::Test {
 protected:
  Compiled Compile(std::vector<Value> fetches, std::vector<FetchTarget> targets, int64_t rows = 4,
                   bool keep_all = false) {
    EXPECT_TRUE(emit_.status().ok()) << emit_.status();
    auto program = std::make_shared<Program>();
    program->graph = graph_;
    program->fetches = std::move(fetches);
    CompileOptions options;
    options.rows = rows;
    options.keep_all = keep_all;
    absl::StatusOr<std::shared_ptr<const Plan>> plan =
        Plan::Compile(program, targets, *ParameterLayout::OfParameters(graph_, Isa::kAvx2),
                      *ParameterLayout::OfStates(graph_), options);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return {*plan};
  }
  static FetchTarget Rows(int i) { return {FetchTarget::kRows, i}; }

  Graph graph_;
  Emitter emit_{&graph_, "", {}};
  Value x_ = *graph_.AddInput("x", {DType::kFloat32, Shape::Batched({8})});
};

TEST_F(PlanTest, OverwritesAnInputThatNobodyReadsLater) {
  const Value a = emit_(op::Exp(), {x_});
  const Value b = emit_(op::Tanh(), {a});
  const Value c = emit_(op::Neg(), {b});
  const Compiled p = Compile({c}, {Rows(0)});
  ASSERT_EQ(p.size(), 3);
  EXPECT_EQ(p.step(1).inputs[0].offset, p.step(1).outputs[0].offset) << p.plan->ToString();
  EXPECT_EQ(p.step(2).outputs[0].kind, Place::kFetch);
  EXPECT_EQ(p.plan->arena_bytes(), 4 * 8 * 4);
  // All stays readable when that is asked for.
  const Compiled kept = Compile({c}, {Rows(0)}, 4, true);
  EXPECT_NE(kept.step(1).inputs[0].offset, kept.step(1).outputs[0].offset);
}

TEST_F(PlanTest, DoesNotOverwriteWhatIsReadLaterOrFetchedOrALeaf) {
  const Value a = emit_(op::Exp(), {x_});
  const Value b = emit_(op::Tanh(), {a});
  const Value c = emit_(op::Mul(), {a, b});
  const Value d = emit_(op::Neg(), {c});
  const Compiled p = Compile({d, c}, {Rows(0), Rows(1)});
  ASSERT_EQ(p.size(), 4);
  EXPECT_EQ(p.step(0).inputs[0].kind, Place::kInput);
  EXPECT_EQ(p.step(0).outputs[0].kind, Place::kArena);
  EXPECT_NE(p.step(1).inputs[0].offset, p.step(1).outputs[0].offset);
  EXPECT_EQ(p.step(2).outputs[0].kind, Place::kFetch) << "c is computed where it is fetched";
  EXPECT_EQ(p.step(3).inputs[0].kind, Place::kFetch) << "and read there";
}

TEST_F(PlanTest, ViewsShareMemoryWithoutAStep) {
  const Value a = emit_(op::Exp(), {x_});
  const Value view = emit_.Reshape(a, Shape::Batched({2, 4}));
  const Value b = emit_(op::Neg(), {view});
  const Compiled p = Compile({b, a}, {Rows(0), Rows(1)});
  ASSERT_EQ(p.size(), 2) << p.plan->ToString();
  EXPECT_EQ(p.step(1).inputs[0].kind, Place::kFetch);
  EXPECT_EQ(p.step(1).inputs[0].index, 1);
  // A fetched view is computed in place as well.
  const Compiled q = Compile({view}, {Rows(0)});
  ASSERT_EQ(q.size(), 1);
  EXPECT_EQ(q.step(0).outputs[0].kind, Place::kFetch);
}

TEST_F(PlanTest, CopiesOnlyLeavesAndSecondFetches) {
  const Value a = emit_(op::Exp(), {x_});
  const Compiled p = Compile({a, a, x_}, {Rows(0), Rows(1), Rows(2)});
  ASSERT_EQ(p.size(), 3) << p.plan->ToString();
  EXPECT_EQ(p.step(0).outputs[0].index, 0);
  EXPECT_EQ(p.step(1).choice.factory, "copy");
  EXPECT_EQ(p.step(1).outputs[0].index, 1);
  EXPECT_EQ(p.step(2).choice.factory, "copy");
  EXPECT_EQ(p.step(2).inputs[0].kind, Place::kInput);
}

TEST_F(PlanTest, RunsNothingForEmptyOutputs) {
  const Value a = emit_(op::Exp(), {x_});
  op::ReduceSum all;
  const Value sum = emit_(all, {a});
  const Compiled p = Compile({a, sum}, {Rows(0), {FetchTarget::kWhole, 1}}, 0);
  ASSERT_EQ(p.size(), 1) << p.plan->ToString();
  EXPECT_EQ(p.plan->program().graph.node(p.step(0).node).config->GetDescriptor()->name(),
            "ReduceSum");
}

TEST_F(PlanTest, PrintsATable) {
  const Value a = emit_(op::Exp(), {x_}, "a");
  const Value b = emit_(op::Neg(), {a}, "b");
  const Compiled p = Compile({b}, {Rows(0)});
  const std::string text = p.plan->ToString();
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "plan for 4 rows: 2 steps, arena 128 bytes, scratch 0 bytes");
  EXPECT_NE(text.find("[4, 8] input:x  [4, 8] arena+0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[4, 8] arena+0  [4, 8] fetch:0\n"), std::string::npos) << text;
}

TEST_F(PlanTest, NamesTheNodeThatBecomesTooLarge) {
  auto program = std::make_shared<Program>();
  program->graph = graph_;
  program->fetches = {x_};
  CompileOptions options;
  options.rows = int64_t{1} << 47;
  const FetchTarget target = Rows(0);
  const absl::Status status =
      Plan::Compile(program, {target}, ParameterLayout(), ParameterLayout(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("node \"x\""), absl::string_view::npos) << status;
}

// oneDNN 2.6.3 divides by zero when it describes a product of 2^35 rows.
TEST_F(PlanTest, RefusesWhatNoMemoryHoldsBeforeAKernelSeesIt) {
  const Value w = *graph_.AddParameter({"w", Shape::Fixed({8, 4}), {}});
  const Value y = emit_(op::Matmul(), {x_, w});
  ASSERT_TRUE(emit_.status().ok()) << emit_.status();
  auto program = std::make_shared<Program>();
  program->graph = graph_;
  program->fetches = {y};
  const ParameterLayout parameters = *ParameterLayout::OfParameters(graph_, Isa::kBaseline);
  const auto compile = [&](int64_t rows) {
    CompileOptions options;
    options.rows = rows;
    return Plan::Compile(program, {Rows(0)}, parameters, ParameterLayout(), options).status();
  };
  const int64_t most = int64_t{1} << 30;
  EXPECT_TRUE(compile(most).ok()) << compile(most);
  for (int64_t rows : {most + 1, most << 5, most << 15}) {
    const absl::Status status = compile(rows);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(status.message(),
              absl::StrCat("node \"matmul\": gradus.op.Matmul of (FLOAT32 [", rows,
                           ", 8], FLOAT32 [8, 4]): an input takes more than 2^40 bytes, "
                           "or has an axis longer than 2^30 []"));
  }
}

// Parameters whose rows are padded, in every role: read by a product, by an element-wise operation,
// through a reshape, and as gradients.
TEST(PaddedParameters, ComputeWhatTheReferenceComputes) {
  Graph graph;
  Emitter emit(&graph, "", {});
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({3})});
  const Value w = *graph.AddParameter({"w", Shape::Fixed({3, 512}), {}});
  const Value v = *graph.AddParameter({"v", Shape::Fixed({3, 512}), {}});
  const Value y = emit(op::Matmul(), {x, w});
  const Value squared = emit(op::Square(), {w});
  const Value turned = emit(op::Neg(), {emit.Reshape(v, Shape::Fixed({512, 3}))});
  const Value back = emit.Reshape(turned, Shape::Fixed({3, 512}));
  op::Matmul by_rows;
  by_rows.set_transpose_a(true);
  const Value product = emit(by_rows, {x, y});
  const Value mixed = emit(op::Add(), {emit(op::Mul(), {back, squared}), w});
  ASSERT_TRUE(emit.status().ok()) << emit.status();
  // (value, gradient of w, gradient of v): computed, a leaf, a view, and one value twice.
  const std::vector<std::tuple<Value, Value, Value>> cases = {
      {y, product, mixed}, {w, w, back}, {squared, squared, squared}, {turned, back, v}};
  const ReferenceLeaves leaves = RandomLeaves(graph, 4, 2);
  for (const auto& [value, first, second] : cases) {
    Fetches fetches;
    fetches.values = {value};
    fetches.gradients = {first, second};
    std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, {}, Isa::kAvx2);
    ASSERT_EQ(run->layout().place(0).pitch, 528);
    const absl::Status status = run->Run(leaves, 4);
    ASSERT_TRUE(status.ok()) << status;
    const std::vector<RefTensor> expected =
        *EvaluateReference(graph, leaves, 4, {value, first, second});
    EXPECT_EQ(Differences(run->value(0), expected[0], 1e-5, 1e-5), "");
    EXPECT_EQ(Differences(run->gradient(0), expected[1], 1e-5, 1e-5), "");
    EXPECT_EQ(Differences(run->gradient(1), expected[2], 1e-5, 1e-5), "");
  }
}

// What a step reads must still be there: every byte of the arena is followed through the steps of
// real plans.
TEST(ArenaOfAPlan, NothingIsOverwrittenBeforeItsLastReader) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RandomGraph random = MakeRandomGraph(seed, 25);
    auto program = std::make_shared<Program>();
    program->graph = random.graph;
    program->fetches = {random.fetches.values[0]};
    const FetchTarget target{FetchTarget::kRows, 0};
    CompileOptions options;
    options.rows = 7;
    std::shared_ptr<const Plan> plan =
        *Plan::Compile(program, {target}, *ParameterLayout::OfParameters(random.graph, Isa::kAvx2),
                       *ParameterLayout::OfStates(random.graph), options);
    // The value that each arena byte holds: the root that wrote it.
    const auto root = [&](Value v) {
      while (!random.graph.node(v).leaf.has_value() &&
             random.graph.node(v).config->GetDescriptor() == op::Reshape::descriptor()) {
        v = random.graph.node(v).inputs[0];
      }
      return v;
    };
    std::vector<Value> holds(plan->arena_bytes());
    const auto write = [&](int64_t offset, Value value) {
      int64_t bytes = *ElementCount(random.graph.spec(value).shape.At(7)) * 4;
      for (int64_t b = offset; b < offset + bytes; ++b) holds[b] = value;
    };
    for (const Plan::ScalarSlot& slot : plan->scalars()) {
      write(slot.offset, random.graph.scalars()[slot.index]);
    }
    for (const Plan::Step& step : plan->steps()) {
      const Node& node = random.graph.node(step.node);
      for (size_t i = 0; i < step.inputs.size(); ++i) {
        if (step.inputs[i].kind != Place::kArena || step.choice.factory == "copy") continue;
        const Value value = root(node.inputs[i]);
        int64_t bytes = *ElementCount(random.graph.spec(value).shape.At(7)) * 4;
        for (int64_t b = step.inputs[i].offset; b < step.inputs[i].offset + bytes; ++b) {
          ASSERT_EQ(holds[b], value) << plan->ToString();
        }
      }
      for (size_t o = 0; o < step.outputs.size(); ++o) {
        if (step.outputs[o].kind != Place::kArena) continue;
        write(step.outputs[o].offset, Value{step.node, static_cast<int32_t>(o)});
      }
    }
  }
}

}  // namespace
}  // namespace gradus
