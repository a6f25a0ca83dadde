// Each pass by the text of the graph before and after it.

#include "gradus/runtime/passes.h"

#include <gtest/gtest.h>

#include "gradus/graph/print.h"
#include "gradus/op.pb.h"
#include "tests/runtime/pass_testing.h"

namespace gradus {
namespace {

class PassTest : public PassTesting {
 protected:
  PassTest() {
    Graph& g = program_.graph;
    x_ = *g.AddInput("x", {DType::kFloat32, Shape::Batched({3})});
    w_ = *g.AddParameter({"w", Shape::Fixed({3, 2}), {}});
    b_ = *g.AddParameter({"b", Shape::Fixed({2}), {}});
    s_ = *g.AddScalar("s");
  }

  int Operations() const {
    int n = 0;
    for (int i = 0; i < result_.graph.size(); ++i) n += !result_.graph.node(i).leaf.has_value();
    return n;
  }

  Value x_, w_, b_, s_;
};

TEST_F(PassTest, PruneLeavesOutWhatNoFetchNeedsAndKeepsLeavesInOrder) {
  const Value used = emit_(op::Neg(), {x_}, "used");
  emit_(op::Square(), {used}, "unused");
  emit_.Constant(3);
  EXPECT_EQ(After(Prune, {used}), "Neg(x)");
  EXPECT_EQ(PrintText(result_.graph),
            "%0 x = input : FLOAT32 [batch, 3]\n"
            "%1 w = parameter : FLOAT32 [3, 2]\n"
            "%2 b = parameter : FLOAT32 [2]\n"
            "%3 s = scalar : FLOAT32 []\n"
            "%4 used = Neg (%0) : FLOAT32 [batch, 3]\n");
}

TEST_F(PassTest, PruneKeepsTheNextValueOfAStateThatIsFetched) {
  const Value state = *program_.graph.AddState({"state", Shape::Fixed({2}), 0});
  const Value next = emit_(op::Add(), {state, b_});
  ASSERT_TRUE(program_.graph.SetNext(state, next).ok());
  After(Prune, {next});
  EXPECT_TRUE(result_.graph.next(0).valid());
  After(Prune, {x_});
  EXPECT_FALSE(result_.graph.next(0).valid());
}

TEST_F(PassTest, FoldEqualComputesEqualNodesOnce) {
  const Value one = emit_(op::Add(), {emit_(op::Relu(), {x_}), emit_.Constant(2)});
  const Value two = emit_(op::Add(), {emit_(op::Relu(), {x_}), emit_.Constant(2)});
  After(FoldEqual, {emit_(op::Mul(), {one, two})});
  EXPECT_EQ(Operations(), 3);
}

TEST_F(PassTest, FoldEqualKeepsWhatDiffersInConfigInputsOrConstants) {
  op::Elu elu;
  elu.set_alpha(0.5);
  After(FoldEqual, {emit_(op::Elu(), {x_}), emit_(elu, {x_})});
  EXPECT_EQ(Operations(), 2);
  After(FoldEqual, {emit_(op::Sub(), {x_, s_}), emit_(op::Sub(), {s_, x_})});
  EXPECT_EQ(Operations(), 4) << "not even the order of inputs is changed";
  After(FoldEqual,
        {emit_(op::Mul(), {x_, emit_.Constant(2)}), emit_(op::Mul(), {x_, emit_.Constant(3)})});
  EXPECT_EQ(Operations(), 6);
}

TEST_F(PassTest, SimplifyDropsProductsWithOne) {
  EXPECT_EQ(After(Simplify, {emit_(op::Mul(), {x_, emit_.Constant(1)})}), "x");
  EXPECT_EQ(After(Simplify, {emit_(op::Mul(), {emit_.Constant(1), x_})}), "x");
  EXPECT_EQ(After(Simplify, {emit_(op::Div(), {x_, emit_.Constant(1)})}), "x");
}

TEST_F(PassTest, SimplifyKeepsWhatIsNotTheSame) {
  const Value ones = *program_.graph.AddConstant("ones", Tensor::Of<float>({1, 3}, {1, 1, 1}));
  EXPECT_EQ(After(Simplify, {emit_(op::Mul(), {s_, ones})}), "Mul(s, ones)") << "another shape";
  EXPECT_EQ(After(Simplify, {emit_(op::Div(), {ones, x_})}), "Div(ones, x)");
  const Value zero = *program_.graph.AddConstant("zero", Tensor::Of<float>({}, {0}));
  EXPECT_EQ(After(Simplify, {emit_(op::Add(), {x_, zero})}), "Add(x, zero)") << "-0 + 0 is 0";
}

TEST_F(PassTest, SimplifyLetsBinaryOperationsBroadcast) {
  const Value spread = emit_.Broadcast(s_, Shape::Batched({3}));
  EXPECT_EQ(After(Simplify, {emit_(op::Mul(), {spread, x_})}), "Mul(s, x)");
  EXPECT_EQ(After(Simplify, {emit_(op::Mul(), {spread, s_})}), "Mul(Broadcast(s), s)")
      << "one of them must give the shape";
  EXPECT_EQ(After(Simplify, {emit_(op::Relu(), {spread})}), "Relu(Broadcast(s))");
}

TEST_F(PassTest, SimplifyDropsReshapesOfReshapesAndSumsOfNothing) {
  const Value flat = emit_.Reshape(x_, Shape({Dim{3, true}}));
  EXPECT_EQ(After(Simplify, {emit_.Reshape(flat, Shape::Batched({3, 1}))}), "Reshape(x)");
  EXPECT_EQ(After(Simplify, {emit_.Reshape(flat, Shape::Batched({3}))}), "x");
  op::ReduceSum last;
  last.add_axis(-1);
  const Value column = emit_.Reshape(x_, Shape::Batched({3, 1}));
  EXPECT_EQ(After(Simplify, {emit_(last, {column})}), "x");
  EXPECT_EQ(After(Simplify, {emit_(last, {x_})}), "ReduceSum(x)");
  EXPECT_EQ(After(Simplify, {emit_(op::Neg(), {emit_(op::Neg(), {x_})})}), "x");
  EXPECT_EQ(After(Simplify, {emit_(op::StopGradient(), {x_})}), "x");
}

TEST_F(PassTest, FuseDenseTakesProductBiasAndActivation) {
  const Value product = emit_(op::Matmul(), {x_, w_});
  const Value sum = emit_(op::Add(), {product, b_});
  const Value y = emit_(op::Relu(), {sum}, "y");
  EXPECT_EQ(After(FuseDense, {y}), "FusedDense{activation: RELU has_bias: true}(x, w, b)");
  EXPECT_EQ(result_.graph.node(result_.fetches[0]).name, "y");
  EXPECT_EQ(Operations(), 1);
}

TEST_F(PassTest, FuseDenseTakesParts) {
  const auto product = [&] { return emit_(op::Matmul(), {x_, w_}); };
  EXPECT_EQ(After(FuseDense, {emit_(op::Add(), {b_, product()})}),
            "FusedDense{has_bias: true}(x, w, b)");
  op::Elu elu;
  elu.set_alpha(0.25);
  EXPECT_EQ(After(FuseDense, {emit_(elu, {product()})}),
            "FusedDense{activation: ELU alpha: 0.25 has_bias: false}(x, w)");
  EXPECT_EQ(After(FuseDense, {product()}), "Matmul(x, w)");
  EXPECT_EQ(After(FuseDense, {emit_(op::Exp(), {product()})}), "Exp(Matmul(x, w))");
  const Value sum = emit_(op::Add(), {product(), b_});
  EXPECT_EQ(After(FuseDense, {emit_(op::Exp(), {sum})}),
            "Exp(FusedDense{has_bias: true}(x, w, b))");
}

TEST_F(PassTest, FuseDenseLeavesWhatIsReadElsewhere) {
  const Value product = emit_(op::Matmul(), {x_, w_});
  const Value sum = emit_(op::Add(), {product, b_});
  const Value relu = emit_(op::Relu(), {sum});
  EXPECT_EQ(After(FuseDense, {relu, product}), "Relu(Add(Matmul(x, w), b)) | Matmul(x, w)");
  EXPECT_EQ(After(FuseDense, {relu, sum}),
            "Relu(FusedDense{has_bias: true}(x, w, b)) | FusedDense{has_bias: true}(x, w, b)");
}

TEST_F(PassTest, FuseDenseLeavesOtherProducts) {
  op::Matmul transposed;
  transposed.set_transpose_b(true);
  const Value wt = *program_.graph.AddParameter({"wt", Shape::Fixed({2, 3}), {}});
  EXPECT_EQ(After(FuseDense, {emit_(op::Relu(), {emit_(transposed, {x_, wt})})}),
            "Relu(Matmul(x, wt))");
  const Value rows = *program_.graph.AddInput("rows", {DType::kFloat32, Shape::Batched({2})});
  EXPECT_EQ(After(FuseDense, {emit_(op::Add(), {emit_(op::Matmul(), {x_, w_}), rows})}),
            "Add(Matmul(x, w), rows)");
}

TEST(RunPasses, ShowsEachPassAndObeysDisabledOnes) {
  Program program;
  const Value x = *program.graph.AddInput("x", {DType::kFloat32, Shape::Batched({3})});
  program.fetches = {x};
  std::vector<std::string> seen;
  PassOptions options;
  options.observer = [&](absl::string_view pass, const Program&) { seen.emplace_back(pass); };
  options.disabled = {"fuse_dense"};
  ASSERT_TRUE(RunPasses(program, options).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"input", "prune", "simplify", "fold_equal",
                                            "batch_norm_parts", "pool_gradients", "fuse_conv2d",
                                            "prune_again"}));
  options.disabled = {"fuse_dens"};
  EXPECT_EQ(RunPasses(program, options).status().message(),
            "there is no pass \"fuse_dens\" to disable");
}

}  // namespace
}  // namespace gradus
