// dropout: the key of the mask, its frequency, refusals.

#include <gtest/gtest.h>

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
  float rate = 0.5f;
  int64_t seed = 1;
  int64_t step = 0;
  int64_t row_offset = 0;
  int64_t node = 0;
};

// The mask of rows x columns.
std::vector<float> Mask(const Key& key, int64_t rows, int64_t columns) {
  op::Dropout config;
  config.set_node(key.node);
  Request request;
  request.config = &config;
  const Operand matrix{DType::kFloat32, {rows, columns}, columns};
  const Operand number{DType::kInt64, {}, 1};
  request.inputs = {matrix, {DType::kFloat32, {}, 1}, number, number, number};
  request.outputs = {matrix, matrix};
  const KernelFactory& factory = *Registry<KernelFactory>::Get().Find("gradus.op.Dropout/loop");
  const std::unique_ptr<Kernel> kernel = *factory.Create(request, factory.Candidates(request)[0]);
  const Tensor x = *Tensor::Create(DType::kFloat32, {rows, columns});
  Tensor y = x.Clone();
  Tensor mask = x.Clone();
  const void* inputs[] = {x.raw(), &key.rate, &key.seed, &key.step, &key.row_offset};
  void* outputs[] = {y.mutable_raw(), mask.mutable_raw()};
  EXPECT_TRUE(kernel->Run({inputs, outputs, nullptr}, nullptr).ok());
  return {mask.data<float>().begin(), mask.data<float>().end()};
}

TEST(Dropout, BlocksOfRowsHaveTheMaskOfTheWhole) {
  for (const int64_t columns : {1, 3, 64, 67}) {
    const std::vector<float> whole = Mask({}, 10, columns);
    std::vector<float> blocks;
    for (const auto& [from, rows] : {std::pair<int64_t, int64_t>{0, 3}, {3, 6}, {9, 1}}) {
      Key key;
      key.row_offset = from;
      for (float m : Mask(key, rows, columns)) blocks.push_back(m);
    }
    EXPECT_EQ(blocks, whole) << columns;
  }
}

TEST(Dropout, EachPartOfTheKeyChangesTheMask) {
  const std::vector<float> mask = Mask({}, 8, 32);
  EXPECT_EQ(Mask({}, 8, 32), mask);
  Key seed, step, node, rows;
  seed.seed = 2;
  step.step = 1;
  node.node = 1;
  rows.row_offset = 8;
  for (const Key& key : {seed, step, node, rows}) EXPECT_NE(Mask(key, 8, 32), mask);
}

TEST(Dropout, DropsWithTheFrequencyOfTheRateAndKeepsTheMean) {
  for (const float rate : {0.1f, 0.5f, 0.9f}) {
    Key key;
    key.rate = rate;
    int dropped = 0;
    const int n = 1000 * 100;
    for (float m : Mask(key, 1000, 100)) {
      if (m == 0) {
        ++dropped;
      } else {
        EXPECT_EQ(m, 1 / (1 - rate));
      }
    }
    // Five standard deviations of a binomial.
    EXPECT_NEAR(dropped, rate * n, 5 * std::sqrt(n * rate * (1 - rate)));
  }
}

TEST(Dropout, RateZeroKeepsAllAndRateOneNothing) {
  Key key;
  key.rate = 0;
  EXPECT_EQ(Mask(key, 4, 9), std::vector<float>(36, 1));
  key.rate = 1;
  EXPECT_EQ(Mask(key, 4, 9), std::vector<float>(36, 0));
}

TEST(Dropout, RefusesWhatHasNoRows) {
  const TensorSpec scalar{DType::kFloat32, Shape()};
  const TensorSpec number{DType::kInt64, Shape()};
  const auto infer = [&](const Shape& shape) {
    return InferOp(op::Dropout(), {{DType::kFloat32, shape}, scalar, number, number, number});
  };
  EXPECT_TRUE(infer(Shape::Batched({3})).ok());
  EXPECT_EQ(infer(Shape::Fixed({3})).message(),
            "input 0 has shape [3], which does not start with the batch");
  EXPECT_EQ(infer(Shape({Dim{2, true}, Dim{3}})).message(),
            "input 0 has shape [2*batch, 3], which does not start with the batch");
  EXPECT_EQ(InferOp(op::Dropout(), {{DType::kFloat32, Shape::Batched({})},
                                    scalar,
                                    number,
                                    number,
                                    {DType::kInt64, Shape::Fixed({1})}})
                .message(),
            "input 4 has shape [1], not []");
  op::Dropout config;
  config.set_node(-1);
  EXPECT_EQ(InferOp(config, {}).message(), "node -1 is outside [0, 16777216)");
}

}  // namespace
}  // namespace gradus
