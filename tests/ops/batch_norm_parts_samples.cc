// Samples and references of the parts of batch_norm and of its gradient. They are made after
// differentiation: no gradient goes through them.

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

// x is input `at`; numbers of channel j are x(i, j).
struct Rows {
  Rows(absl::Span<const RefTensor> in, int at) : values(in[at].values), c(in[at].dims.back()) {
    for (size_t axis = 0; axis + 1 < in[at].dims.size(); ++axis) n *= in[at].dims[axis];
  }
  double operator()(int64_t i, int64_t j) const { return values[i * c + j]; }

  const std::vector<double>& values;
  int64_t c, n = 1;
};

GRADUS_OP_REFERENCE(op::BatchNormSum, [](const op::BatchNormSum&, absl::Span<const RefTensor> in,
                                         absl::Span<RefTensor> out) {
  const Rows x(in, 0);
  for (int64_t j = 0; j < x.c; ++j) {
    for (int64_t i = 0; i < x.n; ++i) out[0].values[j] += x(i, j);
  }
  out[1].values[0] = static_cast<double>(x.n);
});

GRADUS_OP_REFERENCE(op::BatchNormSquares,
                    [](const op::BatchNormSquares&, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      const Rows x(in, 0);
                      for (int64_t j = 0; j < x.c; ++j) {
                        for (int64_t i = 0; i < x.n; ++i) {
                          const double centred = x(i, j) - in[1].values[j];
                          out[0].values[j] += centred * centred;
                        }
                      }
                    });

GRADUS_OP_REFERENCE(op::BatchNormApply,
                    [](const op::BatchNormApply&, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      const Rows x(in, 0);
                      for (int64_t i = 0; i < x.n; ++i) {
                        for (int64_t j = 0; j < x.c; ++j) {
                          const double z = (x(i, j) - in[3].values[j]) * in[4].values[j];
                          out[0].values[i * x.c + j] = in[1].values[j] * z + in[2].values[j];
                        }
                      }
                    });

GRADUS_OP_REFERENCE(op::BatchNormGradSums,
                    [](const op::BatchNormGradSums&, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      const Rows dy(in, 0), x(in, 1);
                      for (int64_t j = 0; j < x.c; ++j) {
                        for (int64_t i = 0; i < x.n; ++i) {
                          const double z = (x(i, j) - in[2].values[j]) * in[3].values[j];
                          out[0].values[j] += dy(i, j) * z;
                          out[1].values[j] += dy(i, j);
                        }
                      }
                      out[2].values[0] = static_cast<double>(x.n);
                    });

GRADUS_OP_REFERENCE(op::BatchNormGradApply, [](const op::BatchNormGradApply&,
                                               absl::Span<const RefTensor> in,
                                               absl::Span<RefTensor> out) {
  const Rows dy(in, 0), x(in, 1);
  const double n = in[7].values[0];
  for (int64_t i = 0; i < x.n; ++i) {
    for (int64_t j = 0; j < x.c; ++j) {
      const double gamma = in[2].values[j], r = in[4].values[j];
      const double z = (x(i, j) - in[3].values[j]) * r;
      const double mean_dy = in[6].values[j] / n;
      const double mean_product = in[5].values[j] / n;
      out[0].values[i * x.c + j] = gamma * r * (dy(i, j) - mean_dy - z * mean_product);
    }
  }
});

// Channels that fill vectors in every way, rows that are left over, and sums of thousands.
std::vector<Shape> Shapes() {
  return {Shape::Fixed({1, 1}),      Shape::Batched({1}),      Shape::Batched({5}),
          Shape::Batched({16}),      Shape::Batched({17}),     Shape::Batched({2, 3}),
          Shape::Batched({9, 9, 4}), Shape::Batched({40, 32}), Shape::Batched({33, 96}),
          Shape::Fixed({1, 3}),      Shape::Fixed({777, 1}),   Shape::Fixed({512, 2}),
          Shape::Fixed({3, 512}),    Shape::Fixed({2, 1024}),  Shape::Fixed({5000, 10}),
          Shape::Batched({0})};
}

template <class ConfigType>
OpSample WithoutGradient(const ConfigType& config, std::vector<InputSample> inputs,
                         double absolute) {
  for (InputSample& input : inputs) input.differentiable = false;
  OpSample sample = Sample(config, std::move(inputs));
  sample.absolute = absolute;
  return sample;
}

Shape ChannelsOf(const Shape& shape) { return Shape({shape.dim(shape.rank() - 1)}); }

// Sums of up to 5000 numbers of size 2 to 5, in float over 64 and in double beyond, and once more
// in float over blocks of rows: 64 roundings of numbers up to 300 each, which mostly cancel.
constexpr double kSums = 2e-3;

GRADUS_OP_SAMPLES(op::BatchNormSum, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    samples.push_back(WithoutGradient(op::BatchNormSum(), {Floats(shape, -2, 2)}, kSums));
  }
  // The mean of many numbers far from 0 keeps its digits.
  samples.push_back(WithoutGradient(op::BatchNormSum(), {Floats(Shape::Fixed({4096, 3}), 99, 101)},
                                    0.1));  // Half a unit in the last place of 409600, and more.
  return samples;
});

GRADUS_OP_SAMPLES(op::BatchNormSquares, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    samples.push_back(WithoutGradient(op::BatchNormSquares(),
                                      {Floats(shape, -2, 2), Floats(ChannelsOf(shape), -0.2, 0.2)},
                                      kSums));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::BatchNormApply, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    const Shape c = ChannelsOf(shape);
    // Four roundings of numbers up to 6.
    samples.push_back(WithoutGradient(op::BatchNormApply(),
                                      {Floats(shape, -2, 2), Floats(c, 0.5, 1.5), Floats(c),
                                       Floats(c, -0.2, 0.2), Floats(c, 0.5, 1.5)},
                                      3e-6));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::BatchNormGradSums, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    const Shape c = ChannelsOf(shape);
    samples.push_back(WithoutGradient(
        op::BatchNormGradSums(),
        {Floats(shape), Floats(shape, -2, 2), Floats(c, -0.2, 0.2), Floats(c, 0.5, 1.5)}, kSums));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::BatchNormGradApply, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    const Shape c = ChannelsOf(shape);
    // Some roundings of numbers up to 20.
    samples.push_back(WithoutGradient(
        op::BatchNormGradApply(),
        {Floats(shape), Floats(shape, -2, 2), Floats(c, 0.5, 1.5), Floats(c, -0.2, 0.2),
         Floats(c, 0.5, 1.5), Floats(c, -3, 3), Floats(c, -3, 3), Floats(Shape(), 2, 9)},
        1e-5));
  }
  return samples;
});

}  // namespace
}  // namespace gradus
