// Samples and references of softmax, log_softmax and their gradients.

#include <algorithm>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

// For each row of the last axis: f(first element's place, length).
template <class F>
void ForRows(const RefTensor& x, F f) {
  const int64_t n = x.dims.back();
  for (int64_t begin = 0; begin < static_cast<int64_t>(x.values.size()); begin += n) f(begin, n);
}

GRADUS_OP_REFERENCE(op::LogSoftmax, [](const op::LogSoftmax&, absl::Span<const RefTensor> in,
                                       absl::Span<RefTensor> out) {
  const std::vector<double>& x = in[0].values;
  ForRows(in[0], [&](int64_t begin, int64_t n) {
    const double most = *std::max_element(x.begin() + begin, x.begin() + begin + n);
    double sum = 0;
    for (int64_t i = begin; i < begin + n; ++i) sum += std::exp(x[i] - most);
    for (int64_t i = begin; i < begin + n; ++i) out[0].values[i] = x[i] - most - std::log(sum);
  });
});

GRADUS_OP_REFERENCE(op::Softmax, [](const op::Softmax&, absl::Span<const RefTensor> in,
                                    absl::Span<RefTensor> out) {
  const std::vector<double>& x = in[0].values;
  ForRows(in[0], [&](int64_t begin, int64_t n) {
    const double most = *std::max_element(x.begin() + begin, x.begin() + begin + n);
    double sum = 0;
    for (int64_t i = begin; i < begin + n; ++i) sum += std::exp(x[i] - most);
    for (int64_t i = begin; i < begin + n; ++i) out[0].values[i] = std::exp(x[i] - most) / sum;
  });
});

GRADUS_OP_REFERENCE(op::SoftmaxGrad, [](const op::SoftmaxGrad&, absl::Span<const RefTensor> in,
                                        absl::Span<RefTensor> out) {
  const std::vector<double>&dy = in[0].values, &y = in[1].values;
  ForRows(in[0], [&](int64_t begin, int64_t n) {
    double s = 0;
    for (int64_t i = begin; i < begin + n; ++i) s += dy[i] * y[i];
    for (int64_t i = begin; i < begin + n; ++i) out[0].values[i] = y[i] * (dy[i] - s);
  });
});

GRADUS_OP_REFERENCE(op::LogSoftmaxGrad,
                    [](const op::LogSoftmaxGrad&, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      const std::vector<double>&dy = in[0].values, &y = in[1].values;
                      ForRows(in[0], [&](int64_t begin, int64_t n) {
                        double s = 0;
                        for (int64_t i = begin; i < begin + n; ++i) s += dy[i];
                        for (int64_t i = begin; i < begin + n; ++i)
                          out[0].values[i] = dy[i] - std::exp(y[i]) * s;
                      });
                    });

std::vector<Shape> LastAxisShapes() {
  return {Shape::Fixed({1}),         Shape::Fixed({7}),      Shape::Fixed({0}),
          Shape::Batched({}),        Shape::Batched({1}),    Shape::Batched({2}),
          Shape::Batched({10}),      Shape::Batched({17}),   Shape::Batched({2, 3}),
          Shape::Batched({2, 3, 4}), Shape::Fixed({2, 512}), Shape::Fixed({1, 1024}),
          Shape::Batched({0}),       Shape::Fixed({0, 4}),   Shape::Fixed({64, 10})};
}

// Sums of up to 1024 terms of size one; `inputs` get the shape.
template <class ConfigType>
std::vector<OpSample> LastAxisSamples(const std::vector<InputSample>& inputs) {
  std::vector<OpSample> samples;
  for (const Shape& shape : LastAxisShapes()) {
    OpSample sample = Sample(ConfigType(), inputs);
    for (InputSample& input : sample.inputs) input.spec.shape = shape;
    sample.absolute = SumTolerance(1024);
    samples.push_back(std::move(sample));
  }
  return samples;
}

GRADUS_OP_SAMPLES(op::Softmax, [] {
  std::vector<OpSample> samples = LastAxisSamples<op::Softmax>({Floats(Shape(), -4, 4)});
  OpSample extreme = Sample(op::Softmax(), {Floats(Shape::Fixed({2, 3}))}, "far apart");
  extreme.inputs[0].values = {3e38, -3e38, 0, -1e30, -1e30, -2e30};
  extreme.inputs[0].differentiable = false;  // A step of 1e-5 does not change 1e30.
  samples.push_back(extreme);
  return samples;
});
GRADUS_OP_SAMPLES(op::LogSoftmax, [] {
  std::vector<OpSample> samples = LastAxisSamples<op::LogSoftmax>({Floats(Shape(), -4, 4)});
  OpSample large = Sample(op::LogSoftmax(), {Floats(Shape::Fixed({2, 3}))}, "far from 0");
  large.inputs[0].values = {1e4, 1e4, 9999, -1e4, -1e4, -9999};
  // The difference quotient loses ten digits of 1e4 to its step: 1e-16 1e4 / 1e-5.
  large.gradient_absolute = 1e-6;
  samples.push_back(large);
  return samples;
});
GRADUS_OP_SAMPLES(op::SoftmaxGrad, [] {
  return LastAxisSamples<op::SoftmaxGrad>({Floats(Shape()), Floats(Shape(), 0, 1)});
});
GRADUS_OP_SAMPLES(op::LogSoftmaxGrad, [] {
  return LastAxisSamples<op::LogSoftmaxGrad>({Floats(Shape()), Floats(Shape(), -4, 0)});
});

}  // namespace
}  // namespace gradus
