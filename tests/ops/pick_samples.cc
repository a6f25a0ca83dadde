// Samples and references of what works by position: gather, scatter_add, argmax, one_hot.

#include <algorithm>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

struct Sizes {
  int64_t before = 1, length = 1, picks = 1, inner = 1;
};
Sizes SizesOf(int batch_dims, const std::vector<int64_t>& table,
              const std::vector<int64_t>& index) {
  Sizes s;
  for (size_t i = 0; i < table.size(); ++i) {
    const int at = static_cast<int>(i);
    (at < batch_dims ? s.before : at == batch_dims ? s.length : s.inner) *= table[i];
  }
  for (size_t i = batch_dims; i < index.size(); ++i) s.picks *= index[i];
  return s;
}

GRADUS_OP_REFERENCE(op::Gather, [](const op::Gather& config, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  const Sizes s = SizesOf(config.batch_dims(), in[0].dims, in[1].dims);
  for (int64_t b = 0; b < s.before; ++b) {
    for (int64_t p = 0; p < s.picks; ++p) {
      const int64_t at = static_cast<int64_t>(in[1].values[b * s.picks + p]);
      for (int64_t i = 0; i < s.inner; ++i) {
        out[0].values[(b * s.picks + p) * s.inner + i] =
            in[0].values[(b * s.length + at) * s.inner + i];
      }
    }
  }
});

GRADUS_OP_REFERENCE(op::ScatterAdd, [](const op::ScatterAdd& config, absl::Span<const RefTensor> in,
                                       absl::Span<RefTensor> out) {
  const Sizes s = SizesOf(config.batch_dims(), out[0].dims, in[1].dims);
  for (int64_t b = 0; b < s.before; ++b) {
    for (int64_t p = 0; p < s.picks; ++p) {
      const int64_t at = static_cast<int64_t>(in[1].values[b * s.picks + p]);
      for (int64_t i = 0; i < s.inner; ++i) {
        out[0].values[(b * s.length + at) * s.inner + i] +=
            in[0].values[(b * s.picks + p) * s.inner + i];
      }
    }
  }
});

struct PickCase {
  int batch_dims;
  Shape table, index, picked;
  int length;
};
std::vector<PickCase> PickCases() {
  return {{0, Shape::Fixed({4}), Shape::Fixed({3}), Shape::Fixed({3}), 4},
          {0, Shape::Fixed({1}), Shape(), Shape(), 1},
          {0, Shape::Fixed({5, 3}), Shape::Batched({}), Shape::Batched({3}), 5},
          {0, Shape::Fixed({5, 3}), Shape::Batched({2}), Shape::Batched({2, 3}), 5},
          {0, Shape::Fixed({5, 2, 2}), Shape::Fixed({4}), Shape::Fixed({4, 2, 2}), 5},
          {1, Shape::Batched({10}), Shape::Batched({}), Shape::Batched({}), 10},
          {1, Shape::Batched({10}), Shape::Batched({2}), Shape::Batched({2}), 10},
          {1, Shape::Batched({4, 3}), Shape::Batched({2}), Shape::Batched({2, 3}), 4},
          {0, Shape::Fixed({512, 2}), Shape::Fixed({7}), Shape::Fixed({7, 2}), 512},
          {0, Shape::Fixed({3, 1024}), Shape::Fixed({2}), Shape::Fixed({2, 1024}), 3},
          {0, Shape::Fixed({5, 3}), Shape::Fixed({0}), Shape::Fixed({0, 3}), 5},
          {1, Shape::Fixed({0, 3}), Shape::Fixed({0}), Shape::Fixed({0}), 3},
          {0, Shape::Fixed({2, 3}), Shape::Fixed({9}), Shape::Fixed({9, 3}), 2},
          {0, Shape::Fixed({4}), Shape::Fixed({512}), Shape::Fixed({512}), 4}};
}

GRADUS_OP_SAMPLES(op::Gather, [] {
  std::vector<OpSample> samples;
  for (const PickCase& c : PickCases()) {
    op::Gather config;
    config.set_batch_dims(c.batch_dims);
    samples.push_back(Sample(config, {Floats(c.table), Indices(c.index, c.length - 1)}));
  }
  return samples;
});

GRADUS_OP_SAMPLES(op::ScatterAdd, [] {
  std::vector<OpSample> samples;
  for (const PickCase& c : PickCases()) {
    op::ScatterAdd config;
    config.set_batch_dims(c.batch_dims);
    config.mutable_length()->set_k(c.length);
    samples.push_back(Sample(config, {Floats(c.picked), Indices(c.index, c.length - 1)}));
  }
  op::ScatterAdd whole;
  whole.mutable_length()->set_k(2);
  whole.mutable_length()->set_batch(true);
  samples.push_back(Sample(whole, {Floats(Shape::Batched({})), Indices(Shape::Batched({}), 5)},
                           "length with the batch"));
  return samples;
});

GRADUS_OP_REFERENCE(op::Argmax, [](const op::Argmax&, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  const int64_t n = in[0].dims.back();
  for (size_t i = 0; i < out[0].values.size(); ++i) {
    const auto row = in[0].values.begin() + static_cast<int64_t>(i) * n;
    out[0].values[i] = static_cast<double>(std::max_element(row, row + n) - row);
  }
});

GRADUS_OP_SAMPLES(op::Argmax, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape :
       {Shape::Fixed({1}), Shape::Fixed({7}), Shape::Batched({}), Shape::Batched({1}),
        Shape::Batched({5}), Shape::Batched({10}), Shape::Batched({2, 3}), Shape::Fixed({0, 4}),
        Shape::Fixed({512}), Shape::Fixed({2, 1024}), Shape::Batched({2, 3, 4})}) {
    samples.push_back(Sample(op::Argmax(), {Distinct(shape)}));
  }
  OpSample ties = Sample(op::Argmax(), {Floats(Shape::Fixed({2, 3}))}, "ties");
  ties.inputs[0].values = {1, 2, 2, 0, 0, 0};
  samples.push_back(ties);
  return samples;
});

GRADUS_OP_REFERENCE(op::OneHot, [](const op::OneHot& config, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  for (size_t i = 0; i < in[0].values.size(); ++i) {
    for (int64_t k = 0; k < config.depth(); ++k) {
      out[0].values[i * static_cast<size_t>(config.depth()) + static_cast<size_t>(k)] =
          in[0].values[i] == static_cast<double>(k) ? 1 : 0;
    }
  }
});

GRADUS_OP_SAMPLES(op::OneHot, [] {
  std::vector<OpSample> samples;
  const std::pair<Shape, int> cases[] = {
      {Shape(), 3},           {Shape::Fixed({1}), 1},    {Shape::Fixed({0}), 4},
      {Shape::Fixed({7}), 5}, {Shape::Batched({}), 10},  {Shape::Batched({1}), 2},
      {Shape::Batched({5}), 3}, {Shape::Batched({2, 3}), 4}, {Shape::Batched({2, 3, 4}), 2},
      {Shape::Fixed({512}), 3}, {Shape::Batched({2}), 1024}, {Shape::Batched({}), 512}};
  for (const auto& c : cases) {
    op::OneHot config;
    config.set_depth(c.second);
    samples.push_back(Sample(config, {Indices(c.first, c.second - 1)}));
  }
  return samples;
});

}  // namespace
}  // namespace gradus
