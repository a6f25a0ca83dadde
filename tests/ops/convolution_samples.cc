// Samples and references of conv2d and its two gradients, the same convolutions for all three with another operand left out, and of
// fused_conv2d.

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

// What the config says, with its defaults.
struct Geometry {
  std::array<int64_t, 2> stride = {1, 1}, dilation = {1, 1};
  std::array<int64_t, 4> padding = {0, 0, 0, 0};
  int64_t groups = 1;

  template <class Config>
  static Geometry Of(const Config& config) {
    Geometry g;
    for (int i = 0; i < config.stride_size(); ++i) g.stride[i] = config.stride(i);
    for (int i = 0; i < config.dilation_size(); ++i) g.dilation[i] = config.dilation(i);
    for (int i = 0; i < config.padding_size(); ++i) g.padding[i] = config.padding(i);
    g.groups = config.groups();
    return g;
  }
};

// Calls term(place in x, place in the kernel, place in y) for every product of the convolution.
template <class Term>
void ForEachProduct(const Geometry& at, const std::vector<int64_t>& x,
                    const std::vector<int64_t>& k, const std::vector<int64_t>& y,
                    const Term& term) {
  const int64_t filters = y[3] / at.groups;
  for (int64_t n = 0; n < x[0]; ++n) {
    for (int64_t oy = 0; oy < y[1]; ++oy) {
      for (int64_t ox = 0; ox < y[2]; ++ox) {
        for (int64_t o = 0; o < y[3]; ++o) {
          for (int64_t ky = 0; ky < k[0]; ++ky) {
            for (int64_t kx = 0; kx < k[1]; ++kx) {
              const int64_t iy = oy * at.stride[0] - at.padding[0] + ky * at.dilation[0];
              const int64_t ix = ox * at.stride[1] - at.padding[2] + kx * at.dilation[1];
              if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
              for (int64_t i = 0; i < k[2]; ++i) {
                term(FlatOf(x, {n, iy, ix, o / filters * k[2] + i}), FlatOf(k, {ky, kx, i, o}),
                     FlatOf(y, {n, oy, ox, o}));
              }
            }
          }
        }
      }
    }
  }
}

GRADUS_OP_REFERENCE(op::Conv2d, [](const op::Conv2d& config, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  ForEachProduct(Geometry::Of(config), in[0].dims, in[1].dims, out[0].dims,
                 [&](int64_t x, int64_t k, int64_t y) {
                   out[0].values[y] += in[0].values[x] * in[1].values[k];
                 });
});

double Activated(const op::FusedConv2d& config, double y) {
  switch (config.activation()) {
    case op::FusedDense::NONE:
      return y;
    case op::FusedDense::RELU:
      return std::max(y, 0.0);
    case op::FusedDense::ELU:
      return y > 0 ? y : config.alpha() * std::expm1(y);
    case op::FusedDense::SIGMOID:
      return 1 / (1 + std::exp(-y));
    case op::FusedDense::TANH:
      return std::tanh(y);
  }
  return y;
}

GRADUS_OP_REFERENCE(op::FusedConv2d,
                    [](const op::FusedConv2d& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      ForEachProduct(Geometry::Of(config), in[0].dims, in[1].dims, out[0].dims,
                                     [&](int64_t x, int64_t k, int64_t y) {
                                       out[0].values[y] += in[0].values[x] * in[1].values[k];
                                     });
                      const int64_t filters = out[0].dims[3];
                      for (size_t i = 0; i < out[0].values.size(); ++i) {
                        double& y = out[0].values[i];
                        if (config.has_bias()) {
                          y += in[2].values[static_cast<int64_t>(i) % filters];
                        }
                        y = Activated(config, y);
                      }
                    });

GRADUS_OP_REFERENCE(op::Conv2dInputGrad,
                    [](const op::Conv2dInputGrad& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      ForEachProduct(Geometry::Of(config), out[0].dims, in[1].dims, in[0].dims,
                                     [&](int64_t x, int64_t k, int64_t y) {
                                       out[0].values[x] += in[0].values[y] * in[1].values[k];
                                     });
                    });

GRADUS_OP_REFERENCE(op::Conv2dKernelGrad,
                    [](const op::Conv2dKernelGrad& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      ForEachProduct(Geometry::Of(config), in[0].dims, out[0].dims, in[1].dims,
                                     [&](int64_t x, int64_t k, int64_t y) {
                                       out[0].values[k] += in[0].values[x] * in[1].values[y];
                                     });
                    });

struct ConvolutionCase {
  const char* note;
  Shape x;
  int64_t kernel_height, kernel_width, filters;
  Geometry at;
  Shape kernel, y;

  ConvolutionCase(const char* what, const Shape& images, std::array<int64_t, 2> size,
                  int64_t channels, const Geometry& geometry = Geometry())
      : note(what),
        x(images),
        kernel_height(size[0]),
        kernel_width(size[1]),
        filters(channels),
        at(geometry),
        kernel(Shape::Fixed({size[0], size[1], images.dim(3).k / geometry.groups, channels})),
        y(images) {
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t padded =
          images.dim(axis + 1).k + at.padding[2 * axis] + at.padding[2 * axis + 1];
      y.Set(axis + 1,
            {(padded - (size[axis] - 1) * at.dilation[axis] - 1) / at.stride[axis] + 1, false});
    }
    y.Set(3, {channels, false});
  }

  template <class Config>
  Config Make() const {
    Config config;
    for (int64_t s : at.stride) config.add_stride(s);
    for (int64_t d : at.dilation) config.add_dilation(d);
    for (int64_t p : at.padding) config.add_padding(p);
    config.set_groups(at.groups);
    return config;
  }
};

std::vector<ConvolutionCase> Cases() {
  using Pair = std::array<int64_t, 2>;
  const Pair one = {1, 1}, two = {2, 2};
  const std::array<int64_t, 4> none = {0, 0, 0, 0}, around = {1, 1, 1, 1};
  return {
      {"size 1", Shape::Fixed({1, 1, 1, 1}), {1, 1}, 1},
      {"plain", Shape::Batched({5, 5, 3}), {3, 3}, 4},
      {"same", Shape::Batched({6, 5, 2}), {3, 2}, 3, {{2, 1}, one, {1, 1, 0, 1}, 1}},
      {"dilated", Shape::Batched({7, 8, 2}), {3, 3}, 2, {one, {2, 3}, none, 1}},
      {"dilated, strided, padded",
       Shape::Batched({7, 6, 2}),
       {2, 3},
       3,
       {{2, 3}, {3, 2}, {2, 0, 1, 3}, 1}},
      {"groups", Shape::Batched({4, 5, 4}), {3, 3}, 6, {one, one, around, 2}},
      {"wide groups", Shape::Batched({4, 4, 32}), {3, 3}, 32, {one, one, around, 2}},
      {"depthwise", Shape::Batched({5, 6, 8}), {3, 3}, 8, {one, one, around, 8}},
      {"wide depthwise, strided", Shape::Batched({5, 5, 119}), {3, 3}, 119, {two, one, none, 119}},
      {"depthwise, two for each channel",
       Shape::Batched({4, 4, 3}),
       {2, 2},
       6,
       {one, one, none, 3}},
      {"wide filters", Shape::Batched({3, 3, 2}), {2, 2}, 117},
      {"wide channels", Shape::Batched({3, 3, 117}), {1, 2}, 3},
      {"padding larger than the kernel",
       Shape::Batched({2, 2, 1}),
       {1, 2},
       2,
       {one, one, {2, 1, 3, 0}, 1}},
      {"stride larger than the kernel",
       Shape::Batched({7, 7, 2}),
       {2, 1},
       2,
       {{3, 2}, one, none, 1}},
      {"places that no window reads", Shape::Batched({6, 6, 16}), {3, 3}, 16, {two, one, none, 1}},
      {"a row of 512", Shape::Fixed({1, 1, 512, 1}), {1, 3}, 2, {one, one, {0, 0, 1, 1}, 1}},
      {"a row of 1024", Shape::Fixed({1, 1, 1024, 2}), {1, 5}, 16, {{1, 3}, one, none, 1}},
      {"512 channels", Shape::Fixed({2, 2, 1, 512}), {2, 1}, 3},
      {"no images", Shape::Fixed({0, 4, 4, 2}), {3, 3}, 2},
      {"images without rows", Shape::Fixed({1, 0, 3, 2}), {1, 1}, 2, {one, one, {1, 0, 0, 0}, 1}},
  };
}

GRADUS_OP_SAMPLES(op::Conv2d, [] {
  std::vector<OpSample> samples;
  for (const ConvolutionCase& c : Cases()) {
    OpSample sample = Sample(c.Make<op::Conv2d>(), {Floats(c.x), Floats(c.kernel)}, c.note);
    sample.absolute =
        SumTolerance(static_cast<double>(c.kernel_height * c.kernel_width * c.kernel.dim(2).k));
    samples.push_back(std::move(sample));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::Conv2dInputGrad, [] {
  std::vector<OpSample> samples;
  for (const ConvolutionCase& c : Cases()) {
    auto config = c.Make<op::Conv2dInputGrad>();
    config.add_image_size(c.x.dim(1).k);
    config.add_image_size(c.x.dim(2).k);
    OpSample sample = Sample(config, {Floats(c.y), Floats(c.kernel)}, c.note);
    sample.absolute = SumTolerance(
        static_cast<double>(c.kernel_height * c.kernel_width * c.filters / c.at.groups));
    samples.push_back(std::move(sample));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::Conv2dKernelGrad, [] {
  std::vector<OpSample> samples;
  for (const ConvolutionCase& c : Cases()) {
    auto config = c.Make<op::Conv2dKernelGrad>();
    config.add_kernel_size(c.kernel_height);
    config.add_kernel_size(c.kernel_width);
    OpSample sample = Sample(config, {Floats(c.x), Floats(c.y)}, c.note);
    sample.absolute =
        SumTolerance(static_cast<double>(c.x.dim(0).At(sample.rows) * c.y.dim(1).k * c.y.dim(2).k));
    samples.push_back(std::move(sample));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::FusedConv2d, [] {
  std::vector<OpSample> samples;
  int number = 0;
  for (const ConvolutionCase& c : Cases()) {
    for (const bool has_bias : {false, true}) {
      auto config = c.Make<op::FusedConv2d>();
      // Each activation on several shapes, with a bias and without.
      config.set_activation(static_cast<op::FusedDense::Activation>(number++ * 2 % 5));
      config.set_alpha(0.7);
      config.set_has_bias(has_bias);
      std::vector<InputSample> inputs = {Floats(c.x), Floats(c.kernel)};
      if (has_bias) inputs.push_back(Floats(Shape::Fixed({c.filters})));
      // Made after differentiation: no gradient goes through it.
      for (InputSample& input : inputs) input.differentiable = false;
      OpSample sample = Sample(config, inputs, c.note);
      // oneDNN's elu is off by 1.4e-3 relative near 0, and its sigmoid and tanh by some 1e-6.
      sample.absolute =
          SumTolerance(static_cast<double>(c.kernel_height * c.kernel_width * c.kernel.dim(2).k)) +
          4e-6;
      samples.push_back(std::move(sample));
    }
  }
  return samples;
});

}  // namespace
}  // namespace gradus
