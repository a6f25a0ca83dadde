// Samples and references of uniform_noise, affine_sample and its gradient. The reference of the noise draws from Philox() of
// base/random.h, a number at a time; that of the samples walks over all places of an image made larger on all sides.

#include <cmath>

#include "gradus/base/random.h"
#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

GRADUS_OP_REFERENCE(op::UniformNoise,
                    [](const op::UniformNoise& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      const auto whole = [&](int i) {
                        return static_cast<uint64_t>(static_cast<int64_t>(in[i].values[0]));
                      };
                      const uint64_t stream = static_cast<uint64_t>(config.node()) << 40 | whole(2);
                      const uint64_t first = whole(3) * static_cast<uint64_t>(config.count());
                      for (size_t i = 0; i < out[0].values.size(); ++i) {
                        const uint64_t element = first + i;
                        const uint32_t bits = Philox(whole(1), stream, element / 4)[element % 4];
                        out[0].values[i] = std::floor(static_cast<double>(bits) / 256) / 16777216;
                      }
                    });

GRADUS_OP_SAMPLES(op::UniformNoise, [] {
  std::vector<OpSample> samples;
  int number = 0;
  for (const Shape& shape :
       {Shape::Batched({}), Shape::Batched({1}), Shape::Batched({0}), Shape::Batched({2, 3}),
        Shape::Batched({4, 4, 3}), Shape::Batched({17}), Shape::Batched({2}), Shape::Batched({3}),
        Shape::Batched({512}), Shape::Batched({1024}), Shape::Batched({5, 1}),
        Shape::Batched({9})}) {
    op::UniformNoise config;
    config.set_node(number % 5);
    config.set_count(number % 4 == 0 ? 1 : number * 13);
    InputSample scalar;
    scalar.spec.dtype = DType::kInt64;
    OpSample sample = Sample(config, {Floats(shape), scalar, scalar, scalar});
    sample.rows = number % 3 == 0 ? 1 : 4;
    sample.inputs[1].values = {static_cast<double>(number * 1000003LL - 17)};
    sample.inputs[2].values = {static_cast<double>(number)};
    sample.inputs[3].values = {static_cast<double>(number % 4 * 3)};
    sample.absolute = sample.relative = 0;  // 24 bits are a float.
    samples.push_back(std::move(sample));
    ++number;
  }
  return samples;
});

// Which place of [0, n) stands at place i of the endless axis, or -1: found by laying the axis down again and again.
int64_t Stands(op::Fill fill, int64_t i, int64_t n) {
  if (fill == op::FILL_NEAREST) return std::min(std::max<int64_t>(i, 0), n - 1);
  for (int64_t copy = -100; copy <= 100; ++copy) {
    for (int64_t at = 0; at < n; ++at) {
      if (copy * n + at != i) continue;
      if (fill == op::FILL_CONSTANT) return copy == 0 ? at : -1;
      return fill == op::FILL_WRAP || copy % 2 == 0 ? at : n - 1 - at;
    }
  }
  return -1;
}

// The weight of place `place` of the endless axis for a reading at `position`: a hat, or a box.
double Weight(bool bilinear, double position, int64_t place) {
  const double distance = position - static_cast<double>(place);
  if (bilinear) return std::max(0.0, 1 - std::abs(distance));
  return distance >= -0.5 && distance < 0.5 ? 1 : 0;
}

// Calls at(result, place of the image or -1, weight).
template <class Config, class F>
void ForEachReading(const Config& config, const std::vector<int64_t>& x,
                    const std::vector<int64_t>& y, const RefTensor& transform, const F& at) {
  const int64_t far = 40;  // Samples read no farther outside.
  for (int64_t flat = 0; flat < y[0] * y[1] * y[2] * y[3]; ++flat) {
    const std::vector<int64_t> o = IndicesOf(y, flat);
    const double* t = transform.values.data() + (transform.dims.size() == 2 ? 6 * o[0] : 0);
    const double i = static_cast<double>(o[1]), j = static_cast<double>(o[2]);
    const double row = t[3] * j + t[4] * i + t[5], column = t[0] * j + t[1] * i + t[2];
    for (int64_t a = std::max<int64_t>(-far, static_cast<int64_t>(row) - 3);
         a <= static_cast<int64_t>(row) + 3; ++a) {
      const double down = Weight(config.bilinear(), row, a);
      if (down == 0) continue;
      for (int64_t b = static_cast<int64_t>(column) - 3; b <= static_cast<int64_t>(column) + 3;
           ++b) {
        const double across = Weight(config.bilinear(), column, b);
        if (across == 0) continue;
        const int64_t r = Stands(config.fill(), a, x[1]), c = Stands(config.fill(), b, x[2]);
        at(flat, r < 0 || c < 0 ? -1 : FlatOf(x, {o[0], r, c, o[3]}), down * across);
      }
    }
  }
}

GRADUS_OP_REFERENCE(op::AffineSample, [](const op::AffineSample& config,
                                         absl::Span<const RefTensor> in,
                                         absl::Span<RefTensor> out) {
  ForEachReading(
      config, in[0].dims, out[0].dims, in[1], [&](int64_t result, int64_t place, double weight) {
        out[0].values[result] += weight * (place < 0 ? config.fill_value() : in[0].values[place]);
      });
});

GRADUS_OP_REFERENCE(op::AffineSampleGrad,
                    [](const op::AffineSampleGrad& config, absl::Span<const RefTensor> in,
                       absl::Span<RefTensor> out) {
                      ForEachReading(config, out[0].dims, in[0].dims, in[1],
                                     [&](int64_t result, int64_t place, double weight) {
                                       if (place >= 0)
                                         out[0].values[place] += weight * in[0].values[result];
                                     });
                    });

struct AffineCase {
  const char* note;
  Shape x;
  std::vector<double>
      transform;  // Six; each example has its own, a little larger each, when `own`.
  bool own = false;
  std::vector<int64_t> size = {};

  Shape Result() const {
    if (size.empty()) return x;
    return Shape({x.dim(0), Dim{size[0], false}, Dim{size[1], false}, x.dim(3)});
  }
  InputSample Transform(int64_t rows) const {
    InputSample t = Floats(own ? Shape({x.dim(0), Dim{6, false}}) : Shape::Fixed({6}));
    t.differentiable = false;
    const int64_t count = own ? x.dim(0).At(rows) : 1;
    for (int64_t example = 0; example < count; ++example) {
      for (double number : transform) {
        t.values.push_back(number + (example > 0 ? 0.0625 * static_cast<double>(example) : 0));
      }
    }
    return t;
  }
};

std::vector<AffineCase> Cases() {
  const std::vector<double> same = {1, 0, 0, 0, 1, 0};
  return {{"size 1", Shape::Fixed({1, 1, 1, 1}), same},
          {"as it is", Shape::Batched({4, 5, 3}), same},
          {"whole pixels", Shape::Batched({5, 4, 2}), {1, 0, 2, 0, 1, -1}},
          {"parts of pixels", Shape::Batched({5, 6, 2}), {1, 0, 1.3, 0, 1, -0.4}, true},
          {"mirrored", Shape::Batched({4, 7, 3}), {-1, 0, 6, 0, 1, 0}},
          {"turned", Shape::Batched({6, 6, 2}), {0.8, -0.6, 1.9, 0.6, 0.8, -1.1}, true},
          {"smaller", Shape::Batched({7, 8, 1}), {1.7, 0, 0.35, 0, 2.1, 0.55}, false, {3, 4}},
          {"larger", Shape::Batched({3, 2, 4}), {0.4, 0, -0.3, 0, 0.45, -0.275}, false, {7, 5}},
          {"far outside", Shape::Batched({2, 3, 2}), {1, 0, -11.2, 0, 1, 9.7}},
          {"a row of 512", Shape::Fixed({1, 1, 512, 1}), {1, 0, 0.7, 0, 1, 0}},
          {"1024 channels", Shape::Fixed({2, 2, 1, 1024}), {1, 0, 0, 0, 1, 0.25}, true},
          {"no images", Shape::Fixed({0, 4, 4, 2}), same},
          {"no channels", Shape::Batched({4, 4, 0}), same}};
}

template <class Config, class Make>
std::vector<OpSample> AffineSamples(const Make& make) {
  std::vector<OpSample> samples;
  for (const AffineCase& c : Cases()) {
    for (int fill = 0; fill < 4; ++fill) {
      for (const bool bilinear : {true, false}) {
        Config config;
        config.set_fill(static_cast<op::Fill>(fill));
        config.set_bilinear(bilinear);
        OpSample sample = make(c, config);
        sample.inputs.push_back(c.Transform(sample.rows));
        // Weights are floats; at most four of them meet in a result, a few dozen in a gradient.
        sample.absolute = 1e-5;
        samples.push_back(std::move(sample));
      }
    }
  }
  return samples;
}

GRADUS_OP_SAMPLES(op::AffineSample, [] {
  return AffineSamples<op::AffineSample>([](const AffineCase& c, op::AffineSample config) {
    for (int64_t n : c.size) config.add_size(n);
    if (config.fill() == op::FILL_CONSTANT) config.set_fill_value(0.5);
    return Sample(config, {Floats(c.x)}, c.note);
  });
});

GRADUS_OP_SAMPLES(op::AffineSampleGrad, [] {
  return AffineSamples<op::AffineSampleGrad>([](const AffineCase& c, op::AffineSampleGrad config) {
    config.add_image_size(c.x.dim(1).k);
    config.add_image_size(c.x.dim(2).k);
    return Sample(config, {Floats(c.Result())}, c.note);
  });
});

}  // namespace
}  // namespace gradus
