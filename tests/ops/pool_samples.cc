// Samples and references of max_pool2d, avg_pool2d and their gradients.

#include <array>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

// Calls place(place in the images, result) for every place of every window that lies in the images, a window's in a row.
template <class Config, class Place>
void ForEachPlace(const Config& config, const std::vector<int64_t>& x,
                  const std::vector<int64_t>& y, const Place& place) {
  const auto at = [](const auto& numbers, int i, int64_t unset) {
    return numbers.empty() ? unset : numbers.Get(i);
  };
  for (int64_t flat = 0; flat < y[0] * y[1] * y[2] * y[3]; ++flat) {
    const std::vector<int64_t> o = IndicesOf(y, flat);
    for (int64_t ky = 0; ky < config.window(0); ++ky) {
      for (int64_t kx = 0; kx < config.window(1); ++kx) {
        const int64_t iy = o[1] * at(config.stride(), 0, 1) - at(config.padding(), 0, 0) + ky;
        const int64_t ix = o[2] * at(config.stride(), 1, 1) - at(config.padding(), 2, 0) + kx;
        if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
        place(FlatOf(x, {o[0], iy, ix, o[3]}), flat);
      }
    }
  }
}

GRADUS_OP_REFERENCE(op::MaxPool2d, [](const op::MaxPool2d& config, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  const std::vector<int64_t>& dims = in[0].dims;
  const int64_t image = dims[1] * dims[2] * dims[3];
  std::vector<double>& y = out[0].values;
  y.assign(y.size(), -1e300);
  ForEachPlace(config, dims, out[0].dims, [&](int64_t at, int64_t result) {
    if (in[0].values[at] <= y[result]) return;
    y[result] = in[0].values[at];
    out[1].values[result] = static_cast<double>(at % image);
  });
});

// How many places a window's mean is over.
template <class Config>
std::vector<double> Counts(const Config& config, const std::vector<int64_t>& x,
                           const RefTensor& y) {
  std::vector<double> counts(y.values.size(), 0.0);
  ForEachPlace(config, x, y.dims, [&](int64_t, int64_t result) { counts[result] += 1; });
  if (config.count_padding()) {
    counts.assign(counts.size(), static_cast<double>(config.window(0) * config.window(1)));
  }
  return counts;
}

GRADUS_OP_REFERENCE(op::AvgPool2d, [](const op::AvgPool2d& config, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  const std::vector<double> counts = Counts(config, in[0].dims, out[0]);
  ForEachPlace(config, in[0].dims, out[0].dims, [&](int64_t at, int64_t result) {
    out[0].values[result] += in[0].values[at] / counts[result];
  });
});

GRADUS_OP_REFERENCE(op::AvgPool2dGrad, [](const op::AvgPool2dGrad& config,
                                          absl::Span<const RefTensor> in,
                                          absl::Span<RefTensor> out) {
  const std::vector<double> counts = Counts(config, out[0].dims, in[0]);
  ForEachPlace(config, out[0].dims, in[0].dims, [&](int64_t at, int64_t result) {
    out[0].values[at] += in[0].values[result] / counts[result];
  });
});

GRADUS_OP_REFERENCE(op::MaxPool2dGrad, [](const op::MaxPool2dGrad&, absl::Span<const RefTensor> in,
                                          absl::Span<RefTensor> out) {
  const int64_t picks = in[0].dims[1] * in[0].dims[2] * in[0].dims[3];
  const int64_t places = out[0].dims[1] * out[0].dims[2] * out[0].dims[3];
  for (size_t i = 0; i < in[0].values.size(); ++i) {
    const int64_t image = static_cast<int64_t>(i) / picks;
    out[0].values[image * places + static_cast<int64_t>(in[1].values[i])] += in[0].values[i];
  }
});

struct PoolCase {
  const char* note;
  Shape x;
  std::array<int64_t, 2> window, stride;
  std::array<int64_t, 4> padding = {0, 0, 0, 0};

  template <class Config>
  Config Make() const {
    Config config;
    for (int64_t n : window) config.add_window(n);
    for (int64_t n : stride) config.add_stride(n);
    for (int64_t n : padding) config.add_padding(n);
    return config;
  }
  Shape Pooled() const {
    Shape y = x;
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t padded = x.dim(axis + 1).k + padding[2 * axis] + padding[2 * axis + 1];
      y.Set(axis + 1, {(padded - window[axis]) / stride[axis] + 1, false});
    }
    return y;
  }
};

std::vector<PoolCase> Cases() {
  return {{"size 1", Shape::Fixed({1, 1, 1, 1}), {1, 1}, {1, 1}},
          {"quarters", Shape::Batched({4, 6, 3}), {2, 2}, {2, 2}},
          {"a row and a column left over", Shape::Batched({5, 7, 2}), {2, 2}, {2, 2}},
          {"overlapping", Shape::Batched({5, 5, 4}), {3, 3}, {2, 1}},
          {"same", Shape::Batched({5, 4, 3}), {3, 2}, {1, 1}, {1, 1, 0, 1}},
          {"padded", Shape::Batched({4, 5, 2}), {3, 4}, {2, 3}, {2, 1, 3, 2}},
          {"apart", Shape::Batched({7, 8, 1}), {2, 1}, {3, 4}},
          {"channels", Shape::Batched({4, 4, 37}), {2, 2}, {2, 2}},
          {"whole images", Shape::Batched({3, 5, 16}), {3, 5}, {1, 1}},
          {"a row of 512", Shape::Fixed({1, 1, 512, 2}), {1, 2}, {1, 2}},
          {"a row of 1024", Shape::Fixed({2, 1, 1024, 1}), {1, 3}, {1, 3}, {0, 0, 1, 1}},
          {"1024 channels", Shape::Fixed({1, 2, 2, 1024}), {2, 2}, {2, 2}},
          {"no images", Shape::Fixed({0, 4, 4, 2}), {2, 2}, {2, 2}},
          {"no channels", Shape::Batched({4, 4, 0}), {2, 2}, {2, 2}}};
}

GRADUS_OP_SAMPLES(op::MaxPool2d, [] {
  std::vector<OpSample> samples;
  for (const PoolCase& c : Cases()) {
    samples.push_back(Sample(c.Make<op::MaxPool2d>(), {Distinct(c.x)}, c.note));
  }
  OpSample ties = Sample(PoolCase{"", Shape(), {1, 2}, {1, 1}}.Make<op::MaxPool2d>(),
                         {Floats(Shape::Fixed({1, 1, 4, 1}))}, "the first of equals");
  ties.inputs[0].values = {0.5, 0.5, -1, -1};
  ties.inputs[0].differentiable = false;  // There the derivative jumps.
  samples.push_back(ties);
  return samples;
});

// Some place of each window: the first, the last, the second from the front, ..
std::vector<double> SomePlaces(const op::MaxPool2dGrad& config, const Shape& x, const Shape& y,
                               int64_t rows) {
  const std::vector<int64_t> x_dims = x.At(rows), y_dims = y.At(rows);
  int64_t results = 1;
  for (int64_t d : y_dims) results *= d;
  std::vector<std::vector<int64_t>> places(results);
  ForEachPlace(config, x_dims, y_dims,
               [&](int64_t at, int64_t result) { places[result].push_back(at); });
  std::vector<double> index;
  for (int64_t i = 0; i < results; ++i) {
    const auto count = static_cast<int64_t>(places[i].size());
    const int64_t place = places[i][(i % 3 == 1 ? count - 1 : i / 3) % count];
    index.push_back(static_cast<double>(place % (x_dims[1] * x_dims[2] * x_dims[3])));
  }
  return index;
}

GRADUS_OP_SAMPLES(op::MaxPool2dGrad, [] {
  std::vector<OpSample> samples;
  for (const PoolCase& c : Cases()) {
    auto config = c.Make<op::MaxPool2dGrad>();
    config.add_image_size(c.x.dim(1).k);
    config.add_image_size(c.x.dim(2).k);
    OpSample sample = Sample(config, {Floats(c.Pooled()), Indices(c.Pooled(), 0)}, c.note);
    sample.inputs[1].values = SomePlaces(config, c.x, c.Pooled(), sample.rows);
    samples.push_back(std::move(sample));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::AvgPool2d, [] {
  std::vector<OpSample> samples;
  for (const PoolCase& c : Cases()) {
    for (const bool count_padding : {false, true}) {
      auto config = c.Make<op::AvgPool2d>();
      config.set_count_padding(count_padding);
      samples.push_back(Sample(config, {Floats(c.x)}, c.note));
    }
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::AvgPool2dGrad, [] {
  std::vector<OpSample> samples;
  for (const PoolCase& c : Cases()) {
    for (const bool count_padding : {false, true}) {
      auto config = c.Make<op::AvgPool2dGrad>();
      config.set_count_padding(count_padding);
      config.add_image_size(c.x.dim(1).k);
      config.add_image_size(c.x.dim(2).k);
      samples.push_back(Sample(config, {Floats(c.Pooled())}, c.note));
    }
  }
  return samples;
});

}  // namespace
}  // namespace gradus
