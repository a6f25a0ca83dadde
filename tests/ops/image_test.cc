// uniform_noise and affine_sample by hand: what the numbers depend on and how they are spread; exact shifts; refusals.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

std::vector<float> Uniform(int64_t rows, int64_t count, int64_t seed, int64_t step,
                           int64_t row_offset, int64_t node) {
  op::UniformNoise config;
  config.set_node(node);
  config.set_count(count);
  // RunOp has fixed extents only, and the noise wants a batch: the kernel is asked for by hand.
  Request request;
  request.config = &config;
  const Operand number{DType::kInt64, {}, 1};
  request.inputs = {{DType::kFloat32, {rows, 2}, 2}, number, number, number};
  request.outputs = {{DType::kFloat32, {rows, count}, count}};
  const KernelFactory& factory =
      *Registry<KernelFactory>::Get().Find("gradus.op.UniformNoise/loop");
  const std::unique_ptr<Kernel> kernel = *factory.Create(request, factory.Candidates(request)[0]);
  std::vector<float> u(static_cast<size_t>(rows * count));
  const void* inputs[] = {nullptr, &seed, &step, &row_offset};
  void* outputs[] = {u.data()};
  EXPECT_TRUE(kernel->Run({inputs, outputs, nullptr}, nullptr).ok());
  return u;
}

TEST(UniformNoise, BlocksOfRowsHaveTheNumbersOfTheWhole) {
  for (const int64_t count : {1, 2, 3, 67}) {
    const std::vector<float> whole = Uniform(10, count, 1, 2, 0, 3);
    std::vector<float> blocks;
    for (const auto& [from, rows] : {std::pair<int64_t, int64_t>{0, 3}, {3, 6}, {9, 1}}) {
      for (float u : Uniform(rows, count, 1, 2, from, 3)) blocks.push_back(u);
    }
    EXPECT_EQ(blocks, whole) << count;
  }
}

TEST(UniformNoise, EachPartOfTheKeyChangesTheNumbers) {
  const std::vector<float> u = Uniform(8, 4, 1, 2, 0, 3);
  EXPECT_EQ(Uniform(8, 4, 1, 2, 0, 3), u);
  EXPECT_NE(Uniform(8, 4, 2, 2, 0, 3), u);
  EXPECT_NE(Uniform(8, 4, 1, 3, 0, 3), u);
  EXPECT_NE(Uniform(8, 4, 1, 2, 1, 3), u);
  EXPECT_NE(Uniform(8, 4, 1, 2, 0, 4), u);
}

TEST(UniformNoise, IsSpreadEvenlyBelowOne) {
  std::vector<float> u = Uniform(1000, 10, 7, 0, 0, 0);
  std::sort(u.begin(), u.end());
  EXPECT_GE(u.front(), 0);
  EXPECT_LT(u.back(), 1);
  double most = 0;  // Kolmogorov's distance; beyond 1.95 / sqrt(n) in one of a thousand samples.
  for (size_t i = 0; i < u.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(i) / 1e4 - u[i]));
  }
  EXPECT_LT(most, 1.95 / 100);
}

TEST(AffineSample, ShiftsAndMirrorsAreExact) {
  const Tensor x = Tensor::Of<float>({1, 2, 3, 1}, {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f});
  op::AffineSample config;
  const auto run = [&](std::vector<float> transform) {
    std::vector<float> y;
    for (const OpRun& run : RunOp(config, {x, Tensor::Of<float>({6}, transform)})) {
      EXPECT_TRUE(run.status.ok());
      y = Floats(run.outputs[0]);
    }
    return y;
  };
  EXPECT_EQ(run({1, 0, 0, 0, 1, 0}), Floats(x));
  EXPECT_EQ(run({-1, 0, 2, 0, 1, 0}), (std::vector<float>{0.3f, 0.2f, 0.1f, 0.6f, 0.5f, 0.4f}));
  EXPECT_EQ(run({1, 0, -1, 0, 1, 0}), (std::vector<float>{0, 0.1f, 0.2f, 0, 0.4f, 0.5f}));
  EXPECT_EQ(run({1, 0, 0, 0, -1, 1}), (std::vector<float>{0.4f, 0.5f, 0.6f, 0.1f, 0.2f, 0.3f}));
}

TEST(AffineSample, WhatIsNotFiniteReadsOutside) {
  op::AffineSample config;
  config.set_fill_value(7);
  const float nan = std::nanf(""), infinite = HUGE_VALF;
  for (const float place : {nan, infinite, -infinite, 1e30f}) {
    for (const OpRun& run : RunOp(config, {Tensor::Of<float>({1, 1, 1, 1}, {3}),
                                           Tensor::Of<float>({6}, {1, 0, place, 0, 1, 0})})) {
      EXPECT_EQ(Floats(run.outputs[0]), std::vector<float>{7});
    }
  }
}

TEST(AffineSample, SaysWhatIsWrong) {
  op::AffineSample config;
  const TensorSpec images = FloatSpec(Shape::Batched({4, 5, 3}));
  EXPECT_EQ(InferError(config, {images, FloatSpec(Shape::Fixed({5}))}),
            "transform [5] of images [batch, 4, 5, 3] is neither [6] nor one of 6 each");
  EXPECT_EQ(InferError(config, {FloatSpec(Shape::Batched({4, 5})), FloatSpec(Shape::Fixed({6}))}),
            "[batch, 4, 5] are not images [batch, height, width, channels]");
  config.add_size(3);
  EXPECT_EQ(InferError(config, {images, FloatSpec(Shape::Fixed({6}))}),
            "size is not a height and a width");
}

}  // namespace
}  // namespace gradus
