// Short forms for writing samples and references of operations.

#ifndef GRADUS_TESTS_OPS_SAMPLE_BUILDERS_H_
#define GRADUS_TESTS_OPS_SAMPLE_BUILDERS_H_

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gradus/op.pb.h"
#include "tests/testing/op_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {

inline InputSample Floats(const Shape& shape, double low = -1, double high = 1) {
  InputSample input;
  input.spec.shape = shape;
  input.low = low;
  input.high = high;
  return input;
}

inline InputSample Distinct(const Shape& shape) {
  InputSample input = Floats(shape);
  input.distinct = true;
  return input;
}

// Whole numbers from 0 to high.
inline InputSample Indices(const Shape& shape, int high) {
  InputSample input;
  input.spec.dtype = DType::kInt32;
  input.spec.shape = shape;
  input.low = 0;
  input.high = high;
  return input;
}

template <class ConfigType>
OpSample Sample(const ConfigType& config, const std::vector<InputSample>& inputs,
                const std::string& note = "") {
  OpSample sample;
  sample.note = note;
  sample.config = std::make_shared<ConfigType>(config);
  sample.inputs = inputs;
  return sample;
}

// A sum of n products of size one in float: partial sums grow like sqrt(n), each addition rounds by
// 2^-24 of that, and the roundings add up like a random walk: n 2^-24 with room to spare.
inline double SumTolerance(double n) { return 1e-6 + n * 0x1p-24; }

// ---- For references.

// The distance in a row-major array from one index of each axis to the next.
inline std::vector<int64_t> RowMajor(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size());
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = step;
    step *= dims[i];
  }
  return strides;
}

// The indices of the flat-th element.
inline std::vector<int64_t> IndicesOf(const std::vector<int64_t>& dims, int64_t flat) {
  std::vector<int64_t> indices(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    indices[i] = flat % dims[i];
    flat /= dims[i];
  }
  return indices;
}

inline int64_t FlatOf(const std::vector<int64_t>& dims, const std::vector<int64_t>& indices) {
  int64_t flat = 0;
  for (size_t i = 0; i < dims.size(); ++i) flat = flat * dims[i] + indices[i];
  return flat;
}

// Which axes a reduction's config names, by plain counting.
template <class ConfigType>
std::vector<bool> NamedAxes(const ConfigType& config, size_t rank) {
  std::vector<bool> named(rank, config.axis_size() == 0);
  for (int axis : config.axis()) named[axis < 0 ? axis + static_cast<int>(rank) : axis] = true;
  return named;
}

// Where element `flat` of x goes in the reduced result.
inline int64_t ReducedPlace(const std::vector<int64_t>& dims, const std::vector<bool>& named,
                            int64_t flat) {
  const std::vector<int64_t> at = IndicesOf(dims, flat);
  int64_t place = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!named[i]) place = place * dims[i] + at[i];
  }
  return place;
}

// The shapes on which all reductions are tried. `make(axes, keep_dims)` gives the config.
template <class ConfigType>
std::vector<OpSample> ReductionSamples(bool distinct, bool of_nothing) {
  const auto make = [](std::vector<int> axes, bool keep_dims = false) {
    ConfigType config;
    for (int axis : axes) config.add_axis(axis);
    config.set_keep_dims(keep_dims);
    return config;
  };
  const auto in = [distinct](const Shape& shape) {
    InputSample input = Floats(shape);
    input.distinct = distinct;
    return input;
  };
  std::vector<OpSample> samples;
  samples.push_back(Sample(make({}), {in(Shape())}, "scalar"));
  samples.push_back(Sample(make({}), {in(Shape::Fixed({1}))}, "size 1"));
  samples.push_back(Sample(make({}), {in(Shape::Fixed({7}))}, "all"));
  samples.push_back(Sample(make({0}), {in(Shape::Batched({5}))}, "columns over the batch"));
  samples.push_back(Sample(make({1}), {in(Shape::Batched({5}))}, "rows"));
  samples.push_back(Sample(make({-1}, true), {in(Shape::Batched({17}))}, "rows, kept"));
  samples.push_back(Sample(make({0}, true), {in(Shape::Batched({2, 3}))}, "batch, kept"));
  samples.push_back(Sample(make({0, 2}), {in(Shape::Batched({2, 3, 4}))}, "not neighbours"));
  samples.push_back(Sample(make({1, 3}), {in(Shape::Batched({2, 3, 4}))}, "not neighbours, last"));
  samples.push_back(Sample(make({1, 2}), {in(Shape::Batched({4, 5}))}, "neighbours"));
  samples.push_back(Sample(make({1}), {in(Shape::Fixed({3, 1, 4}))}, "an axis of length 1"));
  samples.push_back(Sample(make({0}), {in(Shape::Fixed({33, 67}))}, "odd columns"));
  samples.push_back(Sample(make({1}), {in(Shape::Fixed({3, 512}))}, "rows of 512"));
  samples.push_back(Sample(make({0}), {in(Shape::Fixed({512, 2}))}, "columns of 512"));
  samples.push_back(Sample(make({}), {in(Shape::Fixed({2, 1024}))}, "all of 2 x 1024"));
  samples.push_back(Sample(make({1}), {in(Shape::Fixed({0, 4}))}, "no results"));
  if (of_nothing) samples.push_back(Sample(make({0}), {in(Shape::Fixed({0, 4}))}, "of nothing"));
  return samples;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_OPS_SAMPLE_BUILDERS_H_
