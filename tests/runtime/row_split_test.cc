// Which graphs can be cut by rows, and why others cannot.

#include "gradus/runtime/row_split.h"

#include <gtest/gtest.h>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/graph/emitter.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"
#include "tests/testing/op_obligations.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

class RowSplitTest : public testing::Test {
 protected:
  std::string WhyNot(std::vector<Value> fetches) {
    EXPECT_TRUE(emit_.status().ok()) << emit_.status();
    Program program{graph_, std::move(fetches)};
    split_ = AnalyseRows(program);
    EXPECT_EQ(split_.splits, split_.why_not.empty());
    return split_.why_not;
  }
  Value SumRows(Value value) {
    op::ReduceSum config;
    config.add_axis(0);
    return emit_(config, {value}, "sum");
  }

  Graph graph_;
  Emitter emit_{&graph_, "", {}};
  Value x_ = *graph_.AddInput("x", {DType::kFloat32, Shape::Batched({3})});
  Value w_ = *graph_.AddParameter({"w", Shape::Fixed({3, 3}), {}});
  RowSplit split_;
};

TEST_F(RowSplitTest, TellsWholeRowsAndPartialSumsApart) {
  const Value whole = emit_(op::Square(), {w_});
  const Value rows = emit_(op::Matmul(), {x_, whole});
  const Value partial = SumRows(rows);
  const Value twice = emit_(op::Add(), {partial, partial});
  const Value negative = emit_(op::Neg(), {twice});
  EXPECT_EQ(WhyNot({whole, rows, partial, negative}), "");
  EXPECT_EQ(split_.of(whole), RowClass::kWhole);
  EXPECT_EQ(split_.of(rows), RowClass::kRows);
  EXPECT_EQ(split_.of(partial), RowClass::kPartial);
  EXPECT_EQ(split_.of(negative), RowClass::kPartial);
}

TEST_F(RowSplitTest, LetsSumsPassThroughWhatIsLinearInAllInputsTogether) {
  const Value partial = SumRows(x_);
  op::Concat concat;
  const Value joined = emit_(concat, {partial, emit_(op::Neg(), {partial})}, "joined");
  EXPECT_EQ(WhyNot({joined, emit_(op::Sub(), {partial, partial})}), "");
  EXPECT_EQ(split_.of(joined), RowClass::kPartial);
  // Of a constant, every block would add its own copy.
  const Value b = *graph_.AddParameter({"b", Shape::Fixed({3}), {}});
  EXPECT_EQ(split_.phases, 1);
  const Value mixed = emit_(concat, {partial, b}, "mixed");
  EXPECT_EQ(WhyNot({mixed}), "");
  EXPECT_EQ(split_.of(mixed), RowClass::kWhole);
  EXPECT_EQ(split_.phases, 2);
}

TEST_F(RowSplitTest, ReadsATotalInTheNextPhaseWhereASumCannotPass) {
  const Value partial = SumRows(x_);
  const Value b = *graph_.AddParameter({"b", Shape::Fixed({3}), {}});
  EXPECT_EQ(WhyNot({emit_(op::Mul(), {partial, b})}), "");
  EXPECT_EQ(split_.phases, 1) << "a product with what is whole is linear";
  EXPECT_TRUE(split_.sums.empty());
  for (const Value reader :
       {emit_(op::Square(), {partial}), emit_(op::Add(), {partial, x_}),
        emit_(op::Mul(), {partial, partial}), emit_(op::Add(), {partial, b})}) {
    EXPECT_EQ(WhyNot({reader}), "");
    EXPECT_EQ(split_.phases, 2);
    EXPECT_EQ(split_.phase_of[partial.node], 0);
    EXPECT_EQ(split_.phase_of[reader.node], 1);
    EXPECT_TRUE(split_.total(reader.node, partial));
    ASSERT_EQ(split_.sums.size(), 1u);
    EXPECT_EQ(split_.sums[0].value, partial);
    EXPECT_EQ(split_.sums[0].floats, 3);
    const bool rows = graph_.spec(reader).shape.batch_axis() == 0;
    EXPECT_EQ(split_.of(reader), rows ? RowClass::kRows : RowClass::kWhole);
  }
}

TEST_F(RowSplitTest, CountsPhasesAlongTheLongestChainOfTotals) {
  const Value mean = SumRows(x_);
  const Value centred = emit_(op::Sub(), {x_, mean});
  const Value squares = SumRows(emit_(op::Square(), {centred}));
  const Value scaled = emit_(op::Mul(), {centred, emit_(op::Sqrt(), {squares})});
  const Value early = emit_(op::Neg(), {x_});
  // A term of the first phase and a total of the second: f(a) + f(b) all the same.
  const Value late = emit_(op::Mul(), {mean, emit_(op::Exp(), {squares})});
  EXPECT_EQ(WhyNot({scaled, early, late, SumRows(scaled)}), "");
  EXPECT_EQ(split_.phases, 3);
  EXPECT_EQ(split_.phase_of[early.node], 0);
  EXPECT_EQ(split_.phase_of[centred.node], 1);
  EXPECT_EQ(split_.phase_of[scaled.node], 2);
  EXPECT_EQ(split_.of(late), RowClass::kPartial);
  EXPECT_FALSE(split_.total(late.node, mean));
  EXPECT_EQ(split_.sum_floats, (std::vector<int64_t>{16, 32, 32}));
  ASSERT_EQ(split_.sums.size(), 2u);
  EXPECT_EQ(split_.sums[1].value, squares);
  EXPECT_EQ(split_.sums[1].offset, 16);
}

TEST_F(RowSplitTest, RefusesMixedRowsOtherAxesAndNothing) {
  op::ReduceMean mean;
  mean.add_axis(0);
  EXPECT_EQ(WhyNot({emit_(mean, {x_}, "mean")}), "node \"mean\" needs all rows at once");
  EXPECT_EQ(WhyNot({emit_(op::Square(), {w_})}), "nothing has a batch axis");
  op::Transpose swap;
  swap.add_permutation(1);
  swap.add_permutation(0);
  const Value turned = emit_(swap, {x_}, "turned");
  EXPECT_EQ(WhyNot({turned}), "node \"turned\" is fetched with its batch axis behind another one");
  EXPECT_EQ(WhyNot({emit_(op::Matmul(), {turned, x_})}), "") << "inside it may be anywhere";
}

TEST_F(RowSplitTest, CutsRowsAsAsked) {
  using Blocks = std::vector<int64_t>;
  EXPECT_EQ(CutRows(10, 4, 2, 0), (Blocks{4, 4, 2}));
  EXPECT_EQ(CutRows(8, 4, 1, 0), (Blocks{4, 4})) << "whatever the threads and the work";
  EXPECT_EQ(CutRows(3, 4, 2, 1e12), (Blocks{3}));
  EXPECT_EQ(CutRows(0, 4, 2, 1e12), (Blocks{0}));
  EXPECT_EQ(CutRows(0, 0, 2, 1e12), (Blocks{0}));
  EXPECT_EQ(CutRows(7, 0, 2, 1e12), (Blocks{4, 3}));
  EXPECT_EQ(CutRows(1, 0, 2, 1e12), (Blocks{1}));
  EXPECT_EQ(CutRows(7, 0, 4, 2.5 * kLeastBlockFlops), (Blocks{4, 3}));
  EXPECT_EQ(CutRows(7, 0, 4, 0.5 * kLeastBlockFlops), (Blocks{7}));
  EXPECT_EQ(CutRows(7, 0, 1, 1e12, 3), (Blocks{3, 2, 2})) << "at most 3";
  EXPECT_EQ(CutRows(7, 0, 2, 1e12, 3), (Blocks{2, 2, 2, 1})) << "as many for each thread";
  EXPECT_EQ(CutRows(8, 0, 2, 1e12, 4), (Blocks{4, 4}));
  EXPECT_EQ(CutRows(3, 0, 2, 1e12, 1), (Blocks{1, 1, 1}));
  EXPECT_EQ(CutRows(7, 0, 1, 2.5 * kLeastBlockFlops, 1), (Blocks{4, 3})) << "enough to do";
  EXPECT_EQ(CutRows(7, 4, 1, 1e12, 1), (Blocks{4, 3})) << "what is given is obeyed";
  EXPECT_EQ(CutRows(0, 0, 1, 1e12, 1), (Blocks{0}));
  EXPECT_EQ(CutRows(1 << 20, 0, 2, 1e15, 1).size(), 2u * kMostBlocksPerThread);
}

// What an op says about the batch axis must be true: if its samples split by that, blocks give what
// one piece gives.
class EveryOp : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Registered, EveryOp, testing::ValuesIn(Registry<Op>::Get().Keys()),
                         [](const auto& info) {
                           return info.param.substr(info.param.rfind('.') + 1);
                         });

TEST_P(EveryOp, SplitByRowsGivesWhatOnePieceGives) {
  const OpSamples* samples = Registry<OpSamples>::Get().Find(GetParam());
  ASSERT_NE(samples, nullptr);
  const Op& op = *Registry<Op>::Get().Find(GetParam());
  const bool random = GetParam() == "gradus.op.Dropout" || GetParam() == "gradus.op.NormalNoise" ||
                      GetParam() == "gradus.op.UniformNoise";
  int split = 0, batched = 0;
  for (const OpSample& sample : (*samples)()) {
    if (sample.rows < 2) continue;
    SCOPED_TRACE(Describe(sample));
    absl::StatusOr<PreparedSample> prepared = Prepare(op, sample, 20);
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    Graph graph;
    ReferenceLeaves leaves;
    std::vector<Value> inputs;
    for (size_t i = 0; i < sample.inputs.size(); ++i) {
      const TensorSpec& spec = sample.inputs[i].spec;
      // The row offset, the last input of what draws random numbers, is what blocks add to.
      const bool offset = random && i + 1 == sample.inputs.size();
      inputs.push_back(offset ? *graph.AddScalar("row_offset", spec.dtype)
                              : *graph.AddInput(absl::StrCat("input_", i), spec));
      leaves[inputs.back()] = prepared->inputs[i];
    }
    Fetches fetches;
    const Value y = *graph.AddNode(*sample.config, inputs);
    for (size_t o = 0; o < prepared->output_specs.size(); ++o) {
      fetches.values.push_back(Value{y.node, static_cast<int32_t>(o)});
    }
    ExecutorOptions options;
    options.block_rows = 1;
    absl::StatusOr<std::unique_ptr<TestRun>> run = TestRun::Create(graph, fetches, options);
    ASSERT_TRUE(run.ok()) << run.status();
    for (const InputSample& input : sample.inputs) batched += input.spec.shape.batch_axis() >= 0;
    if (!(*run)->executor().splits()) continue;
    ++split;
    const absl::Status status = (*run)->Run(leaves, sample.rows);
    ASSERT_TRUE(status.ok()) << status;
    for (size_t o = 0; o < fetches.values.size(); ++o) {
      // Blocks are summed in another order: the sample's own bound, doubled.
      EXPECT_EQ(Differences((*run)->value(static_cast<int>(o)), prepared->expected[o],
                            2 * sample.absolute, 2 * sample.relative),
                "");
    }
  }
  if (batched > 0) {
    EXPECT_GT(split, 0) << "no sample of it splits";
  }
}

TEST(RowsInCache, AreAsManyAsFitUnlessSumsOrProductsWouldSuffer) {
  EXPECT_EQ(RowsInCache(kBlockBytes / 100, 0), 100);
  EXPECT_EQ(RowsInCache(kBlockBytes / 100, kBlockBytes), 800);
  EXPECT_EQ(RowsInCache(kBlockBytes, 0), kLeastCacheRows);
  EXPECT_EQ(RowsInCache(0, 0), kBlockBytes);
  EXPECT_GT(RowsInCache(1, std::numeric_limits<int64_t>::max()), int64_t{1} << 60);
}

TEST(BytesPerRow, CountsWhatIsComputedAndNeeded) {
  Program program;
  Graph& graph = program.graph;
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({5})});
  const Value y = *graph.AddNode(op::Neg(), {x});
  const Value flat = *graph.AddNode(op::Exp(), {y});
  ASSERT_TRUE(graph.AddNode(op::Log(), {y}).ok());  // Nobody wants it.
  op::ReduceSum sum;
  sum.add_axis(0);
  program.fetches = {*graph.AddNode(sum, {flat})};
  EXPECT_EQ(BytesPerRow(program), 2 * 5 * 4);
}

}  // namespace
}  // namespace gradus
