// Samples and references of batch_norm and its gradient.

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

GRADUS_OP_REFERENCE(op::BatchNorm, [](const op::BatchNorm& config, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  const int64_t c = in[0].dims.back();
  const int64_t n = c == 0 ? 0 : static_cast<int64_t>(in[0].values.size()) / c;
  const double keep = config.momentum();
  for (int64_t j = 0; j < c; ++j) {
    const auto x = [&](int64_t i) { return in[0].values[i * c + j]; };
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < n; ++i) mean += x(i) / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i)
      variance += (x(i) - mean) * (x(i) - mean) / static_cast<double>(n);
    const double r = 1 / std::sqrt(variance + config.epsilon());
    for (int64_t i = 0; i < n; ++i) {
      out[0].values[i * c + j] = in[1].values[j] * (x(i) - mean) * r + in[2].values[j];
    }
    out[1].values[j] = mean;
    out[2].values[j] = r;
    out[3].values[j] = keep * in[3].values[j] + (1 - keep) * mean;
    out[4].values[j] = keep * in[4].values[j] + (1 - keep) * variance;
  }
});

GRADUS_OP_REFERENCE(op::BatchNormGrad, [](const op::BatchNormGrad&, absl::Span<const RefTensor> in,
                                          absl::Span<RefTensor> out) {
  const int64_t c = in[1].dims.back();
  const int64_t n = c == 0 ? 0 : static_cast<int64_t>(in[1].values.size()) / c;
  for (int64_t j = 0; j < c; ++j) {
    const double gamma = in[2].values[j], mean = in[3].values[j], r = in[4].values[j];
    const auto dy = [&](int64_t i) { return in[0].values[i * c + j]; };
    const auto z = [&](int64_t i) { return (in[1].values[i * c + j] - mean) * r; };
    double& dgamma = out[1].values[j];
    double& dbeta = out[2].values[j];
    for (int64_t i = 0; i < n; ++i) dgamma += dy(i) * z(i);
    for (int64_t i = 0; i < n; ++i) dbeta += dy(i);
    for (int64_t i = 0; i < n; ++i) {
      out[0].values[i * c + j] =
          gamma * r * (dy(i) - (dbeta + z(i) * dgamma) / static_cast<double>(n));
    }
  }
});

std::vector<Shape> Shapes() {
  return {Shape::Fixed({1, 1}),   Shape::Batched({1}),    Shape::Batched({5}),     Shape::Batched({16}),
          Shape::Batched({17}),   Shape::Batched({2, 3}),  Shape::Batched({2, 2, 4}),
          Shape::Fixed({1, 3}),   Shape::Fixed({7, 1}),    Shape::Fixed({512, 2}),
          Shape::Fixed({3, 512}), Shape::Fixed({2, 1024}), Shape::Batched({0})};
}

// Variances of a few numbers may be small, and 1/r^3 enlarges roundings: an epsilon of 0.1 keeps r
// below 3.2.
GRADUS_OP_SAMPLES(op::BatchNorm, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    op::BatchNorm config;
    config.set_epsilon(0.1);
    config.set_momentum(0.9);
    const Shape channels({shape.dim(shape.rank() - 1)});
    samples.push_back(
        Sample(config, {Floats(shape, -2, 2), Floats(channels, 0.5, 1.5), Floats(channels),
                        Floats(channels), Floats(channels, 0.5, 2)}));
    samples.back().absolute =
        1e-5;  // A handful of roundings, enlarged by r gamma < 5; sums of 512 in oneDNN.
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::BatchNormGrad, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : Shapes()) {
    op::BatchNormGrad config;
    config.set_epsilon(0.1);
    const Shape channels({shape.dim(shape.rank() - 1)});
    samples.push_back(
        Sample(config, {Floats(shape), Floats(shape, -2, 2), Floats(channels, 0.5, 1.5),
                        Floats(channels, -0.2, 0.2), Floats(channels, 0.5, 1.5)}));
    // Sums over up to 512 rows of terms up to 3.
    samples.back().absolute = SumTolerance(1024);
  }
  return samples;
});

}  // namespace
}  // namespace gradus
