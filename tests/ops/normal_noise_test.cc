// normal_noise: what its numbers depend on, their distribution, refusals.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "gradus/base/tensor.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "tests/testing/run_op.h"

namespace gradus {
namespace {

struct Key {
  int64_t seed = 1;
  int64_t step = 0;
  int64_t row_offset = 0;
  int64_t node = 0;
};

std::vector<float> Noise(const Key& key, int64_t rows, int64_t columns) {
  op::NormalNoise config;
  config.set_node(key.node);
  Request request;
  request.config = &config;
  const Operand matrix{DType::kFloat32, {rows, columns}, columns};
  const Operand number{DType::kInt64, {}, 1};
  request.inputs = {matrix, number, number, number};
  request.outputs = {matrix};
  const KernelFactory& factory = *Registry<KernelFactory>::Get().Find("gradus.op.NormalNoise/loop");
  const std::unique_ptr<Kernel> kernel = *factory.Create(request, factory.Candidates(request)[0]);
  const Tensor x = *Tensor::Create(DType::kFloat32, {rows, columns});
  Tensor z = x.Clone();
  const void* inputs[] = {x.raw(), &key.seed, &key.step, &key.row_offset};
  void* outputs[] = {z.mutable_raw()};
  EXPECT_TRUE(kernel->Run({inputs, outputs, nullptr}, nullptr).ok());
  return {z.data<float>().begin(), z.data<float>().end()};
}

TEST(NormalNoise, BlocksOfRowsHaveTheNumbersOfTheWhole) {
  for (const int64_t columns : {1, 3, 64, 67}) {
    const std::vector<float> whole = Noise({}, 10, columns);
    std::vector<float> blocks;
    for (const auto& [from, rows] : {std::pair<int64_t, int64_t>{0, 3}, {3, 6}, {9, 1}}) {
      Key key;
      key.row_offset = from;
      for (float z : Noise(key, rows, columns)) blocks.push_back(z);
    }
    EXPECT_EQ(blocks, whole) << columns;
  }
}

TEST(NormalNoise, EachPartOfTheKeyChangesTheNumbers) {
  const std::vector<float> noise = Noise({}, 8, 32);
  EXPECT_EQ(Noise({}, 8, 32), noise);
  Key seed, step, node, rows;
  seed.seed = 2;
  step.step = 1;
  node.node = 1;
  rows.row_offset = 8;
  for (const Key& key : {seed, step, node, rows}) EXPECT_NE(Noise(key, 8, 32), noise);
}

TEST(NormalNoise, HasTheMomentsAndTheDistributionOfANormal) {
  std::vector<float> z = Noise({}, 1000, 200);
  const auto n = static_cast<double>(z.size());
  double moments[5] = {};
  for (float x : z) {
    for (int k = 1; k <= 4; ++k) moments[k] += std::pow(static_cast<double>(x), k) / n;
  }
  // Five deviations: the k-th power of a normal has the variances 1, 2, 15, 96.
  EXPECT_NEAR(moments[1], 0, 5 / std::sqrt(n));
  EXPECT_NEAR(moments[2], 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(moments[3], 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(moments[4], 3, 5 * std::sqrt(96 / n));
  // Kolmogorov & Smirnov: the largest distance from the normal distribution is below 2 / sqrt(n)
  // in 99.9 of 100 cases.
  std::sort(z.begin(), z.end());
  double distance = 0;
  for (size_t i = 0; i < z.size(); ++i) {
    const double cdf = 0.5 * std::erfc(-z[i] / std::sqrt(2.0));
    distance = std::max(distance, std::abs(cdf - (static_cast<double>(i) + 0.5) / n));
  }
  EXPECT_LT(distance, 2 / std::sqrt(n));
}

TEST(NormalNoise, NeighboursAreIndependent) {
  const std::vector<float> z = Noise({}, 1000, 200);
  for (const size_t apart : {1, 2, 3, 4, 200}) {
    double product = 0;
    const size_t n = z.size() - apart;
    for (size_t i = 0; i < n; ++i) product += static_cast<double>(z[i]) * z[i + apart];
    EXPECT_NEAR(product / static_cast<double>(n), 0, 5 / std::sqrt(static_cast<double>(n)))
        << apart;
  }
}

TEST(NormalNoise, RefusesWhatHasNoRows) {
  const TensorSpec number{DType::kInt64, Shape()};
  EXPECT_EQ(
      InferOp(op::NormalNoise(), {{DType::kFloat32, Shape::Fixed({3})}, number, number, number})
          .message(),
      "input 0 has shape [3], which does not start with the batch");
  EXPECT_EQ(InferOp(op::NormalNoise(), {{DType::kFloat32, Shape::Batched({3})}, number, number})
                .message(),
            "takes 4 inputs, not 3");
  op::NormalNoise config;
  config.set_node(-1);
  EXPECT_EQ(InferOp(config, {}).message(), "node -1 is outside [0, 16777216)");
}

}  // namespace
}  // namespace gradus
