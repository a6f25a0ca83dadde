// Gradients of gradients: for each operation the gradient graph is differentiated once more and compared with central differences of
// the first gradients.

#include <gtest/gtest.h>

#include "gradus/autodiff/add_gradients.h"
#include "tests/ops/sample_builders.h"
#include "tests/testing/gradient_checker.h"
#include "tests/testing/op_obligations.h"

namespace gradus {
namespace {

// "" or what is wrong with the second derivatives of a sample's op.
std::string CheckSecond(const OpSample& sample) {
  Graph graph;
  ReferenceLeaves leaves;
  std::vector<Value> inputs, floats, outputs, seeds;
  const std::vector<RefTensor> numbers = DrawInputs(sample, 7);
  for (size_t i = 0; i < sample.inputs.size(); ++i) {
    inputs.push_back(*graph.AddInput(absl::StrCat("input ", i), sample.inputs[i].spec));
    leaves[inputs.back()] = numbers[i];
    if (sample.inputs[i].spec.dtype != DType::kFloat32) continue;
    if (sample.inputs[i].differentiable) floats.push_back(inputs.back());
  }
  const absl::StatusOr<Value> node = graph.AddNode(*sample.config, inputs, "node");
  if (!node.ok()) return std::string(node.status().message());
  const int count = static_cast<int>(graph.node(*node).outputs.size());
  for (int o = 0; o < count; ++o) {
    const TensorSpec spec = graph.spec({node->node, o});
    if (spec.dtype != DType::kFloat32) continue;
    outputs.push_back({node->node, o});
    seeds.push_back(*graph.AddInput(absl::StrCat("first seed ", o), spec));
    RefTensor seed{spec.shape.At(sample.rows), {}};
    int64_t elements = 1;
    for (int64_t d : seed.dims) elements *= d;
    for (int64_t i = 0; i < elements; ++i) seed.values.push_back(std::sin(1.7 * static_cast<double>(i + o + 1)));
    leaves[seeds.back()] = seed;
  }
  const absl::StatusOr<Gradients> gradients = AddGradients(&graph, outputs, seeds, floats);
  if (!gradients.ok()) return std::string(gradients.status().message());
  std::vector<Value> first, wrt = floats;
  for (Value gradient : gradients->of) {
    if (gradient.valid()) first.push_back(gradient);
  }
  wrt.insert(wrt.end(), seeds.begin(), seeds.end());
  return CheckGradients(graph, first, leaves, sample.rows, wrt, GradientCheckOptions());
}

template <class ConfigType>
void CheckAllSmall() {
  const OpSamples* samples = Registry<OpSamples>::Get().Find(ConfigType::descriptor()->full_name());
  ASSERT_NE(samples, nullptr);
  int checked = 0;
  for (const OpSample& sample : (*samples)()) {
    if (sample.inputs[0].spec.dtype != DType::kFloat32) continue;
    int64_t most = 0;
    for (const InputSample& input : sample.inputs) {
      for (int64_t d : input.spec.shape.At(sample.rows)) most = std::max(most, d);
    }
    if (most > 32) continue;
    EXPECT_EQ(CheckSecond(sample), "") << Describe(sample);
    ++checked;
  }
  EXPECT_GT(checked, 3);
}

TEST(SecondDerivatives, OfMatmul) { CheckAllSmall<op::Matmul>(); }
TEST(SecondDerivatives, OfReduceSum) { CheckAllSmall<op::ReduceSum>(); }
TEST(SecondDerivatives, OfReduceMean) { CheckAllSmall<op::ReduceMean>(); }
TEST(SecondDerivatives, OfReduceMax) { CheckAllSmall<op::ReduceMax>(); }
TEST(SecondDerivatives, OfSoftmax) { CheckAllSmall<op::Softmax>(); }
TEST(SecondDerivatives, OfSoftmaxGrad) { CheckAllSmall<op::SoftmaxGrad>(); }
TEST(SecondDerivatives, OfLogSoftmax) { CheckAllSmall<op::LogSoftmax>(); }
TEST(SecondDerivatives, OfLogSoftmaxGrad) { CheckAllSmall<op::LogSoftmaxGrad>(); }
TEST(SecondDerivatives, OfReshape) { CheckAllSmall<op::Reshape>(); }
TEST(SecondDerivatives, OfBroadcast) { CheckAllSmall<op::Broadcast>(); }
TEST(SecondDerivatives, OfTranspose) { CheckAllSmall<op::Transpose>(); }
TEST(SecondDerivatives, OfConcat) { CheckAllSmall<op::Concat>(); }
TEST(SecondDerivatives, OfSlice) { CheckAllSmall<op::Slice>(); }
TEST(SecondDerivatives, OfPad) { CheckAllSmall<op::Pad>(); }
TEST(SecondDerivatives, OfGather) { CheckAllSmall<op::Gather>(); }
TEST(SecondDerivatives, OfScatterAdd) { CheckAllSmall<op::ScatterAdd>(); }
TEST(SecondDerivatives, OfCumsum) { CheckAllSmall<op::Cumsum>(); }
TEST(SecondDerivatives, OfPow) { CheckAllSmall<op::Pow>(); }
TEST(SecondDerivatives, OfConv2d) { CheckAllSmall<op::Conv2d>(); }
TEST(SecondDerivatives, OfConv2dInputGrad) { CheckAllSmall<op::Conv2dInputGrad>(); }
TEST(SecondDerivatives, OfConv2dKernelGrad) { CheckAllSmall<op::Conv2dKernelGrad>(); }
TEST(SecondDerivatives, OfMaxPool2d) { CheckAllSmall<op::MaxPool2d>(); }
TEST(SecondDerivatives, OfMaxPool2dGrad) { CheckAllSmall<op::MaxPool2dGrad>(); }
TEST(SecondDerivatives, OfAvgPool2d) { CheckAllSmall<op::AvgPool2d>(); }
TEST(SecondDerivatives, OfAvgPool2dGrad) { CheckAllSmall<op::AvgPool2dGrad>(); }
TEST(SecondDerivatives, OfAffineSample) { CheckAllSmall<op::AffineSample>(); }
TEST(SecondDerivatives, OfAffineSampleGrad) { CheckAllSmall<op::AffineSampleGrad>(); }
TEST(SecondDerivatives, OfBatchNorm) { CheckAllSmall<op::BatchNorm>(); }
TEST(SecondDerivatives, OfBatchNormGrad) { CheckAllSmall<op::BatchNormGrad>(); }

}  // namespace
}  // namespace gradus
