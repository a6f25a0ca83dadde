// The passes that are about images: by the text of the graph after them, and by the numbers of a network's gradients with them and
// without.

#include <gtest/gtest.h>

#include <cmath>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/random.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/rewriter.h"
#include "tests/runtime/pass_testing.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

class ImagePassTest : public PassTesting {
 protected:
  ImagePassTest() {
    Graph& g = program_.graph;
    x_ = *g.AddInput("x", {DType::kFloat32, Shape::Batched({4, 4, 1})});
    k_ = *g.AddParameter({"k", Shape::Fixed({3, 3, 1, 2}), {}});
    b_ = *g.AddParameter({"b", Shape::Fixed({2}), {}});
    dp_ = *g.AddInput("dp", {DType::kFloat32, Shape::Batched({2, 2, 2})});
    around_.mutable_padding()->Resize(4, 1);
    halves_.mutable_window()->Resize(2, 2);
    halves_.mutable_stride()->Resize(2, 2);
  }

  Value Pool(Value y) { return emit_(halves_, {y}); }
  Value PoolGradient(Value dp, Value pool) {
    op::MaxPool2dGrad config;
    config.mutable_window()->Resize(2, 2);
    config.mutable_stride()->Resize(2, 2);
    config.mutable_image_size()->Resize(2, 4);
    return emit_(config, {dp, Value{pool.node, 1}});
  }
  static op::ReduceSum SumOver(std::vector<int> axes) {
    op::ReduceSum sum;
    for (int axis : axes) sum.add_axis(axis);
    return sum;
  }

  Value x_, k_, b_, dp_;
  op::Conv2d around_;
  op::MaxPool2d halves_;
};

TEST_F(ImagePassTest, FuseConv2dTakesBiasAndActivation) {
  const Value conv = emit_(around_, {x_, k_});
  const Value y = emit_(op::Relu(), {emit_(op::Add(), {conv, b_})}, "y");
  EXPECT_EQ(After(FuseConv2d, {y}),
            "FusedConv2d{padding: 1 padding: 1 padding: 1 padding: 1 activation: RELU has_bias: "
            "true}(x, k, b)");
  EXPECT_EQ(result_.graph.node(result_.fetches[0]).name, "y");
}

TEST_F(ImagePassTest, FuseConv2dTakesPartsAndLeavesWhatIsReadElsewhere) {
  around_.clear_padding();
  const auto conv = [&] { return emit_(around_, {x_, k_}); };
  EXPECT_EQ(After(FuseConv2d, {emit_(op::Tanh(), {conv()})}),
            "FusedConv2d{activation: TANH has_bias: false}(x, k)");
  EXPECT_EQ(After(FuseConv2d, {emit_(op::Add(), {b_, conv()})}),
            "FusedConv2d{has_bias: true}(x, k, b)");
  EXPECT_EQ(After(FuseConv2d, {conv()}), "Conv2d(x, k)");
  const Value twice = conv();
  EXPECT_EQ(After(FuseConv2d, {emit_(op::Relu(), {twice}), twice}),
            "Relu(Conv2d(x, k)) | Conv2d(x, k)");
  const Value images = *program_.graph.AddInput("i", {DType::kFloat32, Shape::Batched({2, 2, 2})});
  EXPECT_EQ(After(FuseConv2d, {emit_(op::Add(), {conv(), images})}), "Add(Conv2d(x, k), i)");
}

TEST_F(ImagePassTest, PoolGradientsAreKeptOrDroppedInTheWindows) {
  const Value y = emit_(op::Relu(), {emit_(around_, {x_, k_})});
  const Value pool = Pool(y);
  const std::string pooled = "(Relu(Conv2d(x, k)))";
  EXPECT_EQ(
      After(PoolGradients, {emit_(op::ReluGrad(), {PoolGradient(dp_, pool), y})}),
      absl::StrCat("MaxPool2dGrad(ReluGrad(dp, MaxPool2d", pooled, "), MaxPool2d.1", pooled, ")"));
}

TEST_F(ImagePassTest, PoolGradientsOfAnotherActivationOrOfOtherImagesStay) {
  const Value y = emit_(op::Tanh(), {emit_(around_, {x_, k_})});
  const Value gradient = PoolGradient(dp_, Pool(y));
  const std::string text = "MaxPool2dGrad(dp, MaxPool2d.1(Tanh(Conv2d(x, k))))";
  EXPECT_EQ(After(PoolGradients, {emit_(op::TanhGrad(), {gradient, y})}),
            absl::StrCat("TanhGrad(", text, ", Tanh(Conv2d(x, k)))"));
  const Value other = emit_(op::Relu(), {y});
  EXPECT_EQ(After(PoolGradients, {emit_(op::ReluGrad(), {gradient, other})}),
            absl::StrCat("ReluGrad(", text, ", Relu(Tanh(Conv2d(x, k))))"));
}

TEST_F(ImagePassTest, SumsOfPoolGradientsAreSumsOfTheWindows) {
  const Value gradient = PoolGradient(dp_, Pool(emit_(around_, {x_, k_})));
  EXPECT_EQ(After(PoolGradients, {emit_(SumOver({0, 1, 2}), {gradient})}), "ReduceSum(dp)");
  EXPECT_EQ(After(PoolGradients, {emit_(SumOver({-2, 0, 1}), {gradient})}), "ReduceSum(dp)");
  const std::string text = "ReduceSum(MaxPool2dGrad(dp, MaxPool2d.1(Conv2d(x, k))))";
  for (const std::vector<int>& axes :
       {std::vector<int>{1, 2}, {0, 1, 2, 3}, {}, {0, 1}, {0, 2, 3}}) {
    EXPECT_EQ(After(PoolGradients, {emit_(SumOver(axes), {gradient})}), text);
  }
}

// The gradients of a small network, by the passes that are not disabled.
std::vector<RefTensor> Gradients(int64_t window, int64_t stride,
                                 const std::vector<std::string>& disabled) {
  Graph graph;
  Emitter emit(&graph, "", {});
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({6, 6, 1})});
  const auto layer = [&](Value in, int64_t channels, int64_t filters, const char* name) {
    const Value k = *graph.AddParameter(
        {absl::StrCat(name, "/k"), Shape::Fixed({3, 3, channels, filters}), {}});
    const Value b = *graph.AddParameter({absl::StrCat(name, "/b"), Shape::Fixed({filters}), {}});
    op::Conv2d conv;
    conv.mutable_padding()->Resize(4, 1);
    return emit(op::Add(), {emit(conv, {in, k}), b});
  };
  op::MaxPool2d pool;
  pool.mutable_window()->Resize(2, window);
  pool.mutable_stride()->Resize(2, stride);
  const Value pooled = emit(pool, {emit(op::Relu(), {layer(x, 1, 17, "one")})});
  const Value y = emit(op::Tanh(), {layer(pooled, 17, 3, "two")});
  op::ReduceSum sum;
  for (int axis : {1, 2, 3}) sum.add_axis(axis);
  const Value loss = emit(sum, {emit(op::Square(), {y})});
  const Value seed = emit.Broadcast(emit.Constant(1), Shape::Batched({}));
  EXPECT_TRUE(emit.status().ok()) << emit.status();
  Fetches fetches;
  fetches.values = {loss};
  fetches.gradients = AddGradients(&graph, {loss}, {seed}, graph.parameters())->of;
  ExecutorOptions options;
  options.passes.disabled = disabled;
  const auto run = *TestRun::Create(graph, fetches, options);
  EXPECT_TRUE(run->Run(RandomLeaves(graph, 5, 3), 5).ok());
  std::vector<RefTensor> results = {run->value(0)};
  for (int i = 0; i < 4; ++i) results.push_back(run->gradient(i));
  return results;
}

TEST(ImagePasses, ChangeNothingButTheOrderOfSums) {
  for (const auto& [window, stride] : {std::pair<int64_t, int64_t>{2, 2}, {3, 1}, {3, 2}, {2, 3}}) {
    const auto with = Gradients(window, stride, {});
    const auto without = Gradients(window, stride, {"pool_gradients", "fuse_conv2d"});
    ASSERT_EQ(with.size(), without.size());
    for (size_t i = 0; i < with.size(); ++i) {
      double most = 0;
      for (double v : without[i].values) most = std::max(most, std::abs(v));
      EXPECT_GT(most, 0.01);
      // Sums of up to 5 x 36 x 17 products in two orders: some thousand roundings of 2^-24 of the largest.
      EXPECT_EQ(Differences(with[i], without[i], 1e-5 * (1 + most), 1e-5), "")
          << window << " " << stride << " " << i;
    }
  }
}

}  // namespace
}  // namespace gradus
