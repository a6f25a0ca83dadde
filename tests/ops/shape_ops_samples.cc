// Samples and references of what moves numbers about: reshape, broadcast, transpose, concat, slice,
// pad.

#include <algorithm>

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

template <class ConfigType>
ConfigType To(const Shape& shape) {
  ConfigType config;
  for (const Dim& dim : shape.dims()) {
    op::Dim* out = config.add_shape();
    out->set_k(dim.k);
    out->set_batch(dim.batch);
  }
  return config;
}

// ---- reshape

GRADUS_OP_REFERENCE(op::Reshape, [](const op::Reshape&, absl::Span<const RefTensor> in,
                                    absl::Span<RefTensor> out) { out[0].values = in[0].values; });

GRADUS_OP_SAMPLES(op::Reshape, [] {
  const auto sample = [](const Shape& from, const Shape& to) {
    return Sample(To<op::Reshape>(to), {Floats(from)});
  };
  OpSample integers =
      Sample(To<op::Reshape>(Shape::Fixed({2, 2})), {Indices(Shape::Fixed({4}), 9)}, "INT32");
  return std::vector<OpSample>{sample(Shape(), Shape::Fixed({1})),
                               sample(Shape::Fixed({1, 1}), Shape()),
                               sample(Shape::Fixed({6}), Shape::Fixed({2, 3})),
                               sample(Shape::Batched({2, 3}), Shape::Batched({6})),
                               sample(Shape::Batched({6}), Shape({Dim{6, true}})),
                               sample(Shape::Batched({4}), Shape({Dim{2, false}, Dim{2, true}})),
                               sample(Shape::Batched({}), Shape::Batched({1})),
                               sample(Shape::Fixed({0, 3}), Shape::Fixed({7, 0})),
                               sample(Shape::Fixed({2, 512}), Shape::Fixed({1024})),
      sample(Shape::Fixed({1024}), Shape::Fixed({512, 2})),
                               sample(Shape::Batched({2, 3, 4}), Shape::Batched({4, 6})),
                               sample(Shape::Fixed({5, 3}), Shape::Fixed({3, 5})),
                               integers};
});

// ---- broadcast

GRADUS_OP_REFERENCE(op::Broadcast, [](const op::Broadcast&, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  const size_t added = out[0].dims.size() - in[0].dims.size();
  for (size_t i = 0; i < out[0].values.size(); ++i) {
    std::vector<int64_t> at = IndicesOf(out[0].dims, static_cast<int64_t>(i));
    at.erase(at.begin(), at.begin() + static_cast<int64_t>(added));
    for (size_t a = 0; a < at.size(); ++a) at[a] = in[0].dims[a] == 1 ? 0 : at[a];
    out[0].values[i] = in[0].values[FlatOf(in[0].dims, at)];
  }
});

GRADUS_OP_SAMPLES(op::Broadcast, [] {
  const auto sample = [](const Shape& from, const Shape& to) {
    return Sample(To<op::Broadcast>(to), {Floats(from)});
  };
  return std::vector<OpSample>{sample(Shape(), Shape::Fixed({3})),
                               sample(Shape(), Shape::Batched({})),
                               sample(Shape::Fixed({1}), Shape::Fixed({1})),
                               sample(Shape::Fixed({4}), Shape::Batched({4})),
                               sample(Shape::Batched({1}), Shape::Batched({5})),
                               sample(Shape::Fixed({1, 5}), Shape::Batched({5})),
                               sample(Shape::Fixed({2, 1, 3}), Shape::Fixed({2, 4, 3})),
                               sample(Shape::Fixed({2, 1, 3, 1}), Shape::Fixed({5, 2, 4, 3, 2})),
                               sample(Shape::Fixed({1, 3}), Shape::Fixed({0, 3})),
                               sample(Shape::Fixed({1}), Shape::Fixed({1024})),
                               sample(Shape::Fixed({512}), Shape::Fixed({2, 512})),
      sample(Shape::Fixed({1024}), Shape::Fixed({2, 1024})),
      sample(Shape::Fixed({0}), Shape::Fixed({2, 0})),
                               sample(Shape::Fixed({512, 1}), Shape::Fixed({512, 3}))};
});

// ---- transpose

GRADUS_OP_REFERENCE(op::Transpose, [](const op::Transpose& config, absl::Span<const RefTensor> in,
                                      absl::Span<RefTensor> out) {
  for (size_t i = 0; i < out[0].values.size(); ++i) {
    const std::vector<int64_t> at = IndicesOf(out[0].dims, static_cast<int64_t>(i));
    std::vector<int64_t> from(at.size());
    for (size_t a = 0; a < at.size(); ++a) from[config.permutation(static_cast<int>(a))] = at[a];
    out[0].values[i] = in[0].values[FlatOf(in[0].dims, from)];
  }
});

GRADUS_OP_SAMPLES(op::Transpose, [] {
  const auto sample = [](const Shape& from, std::vector<int> permutation) {
    op::Transpose config;
    for (int axis : permutation) config.add_permutation(axis);
    return Sample(config, {Floats(from)});
  };
  return std::vector<OpSample>{sample(Shape(), {}),
                               sample(Shape::Fixed({5}), {0}),
                               sample(Shape::Fixed({1, 1}), {1, 0}),
                               sample(Shape::Fixed({0, 3}), {1, 0}),
                               sample(Shape::Fixed({2, 3}), {1, 0}),
                               sample(Shape::Batched({5}), {1, 0}),
                               sample(Shape::Batched({2, 4}), {0, 2, 1}),
                               sample(Shape::Batched({2, 4}), {2, 0, 1}),
                               sample(Shape::Fixed({2, 3, 4, 5}), {3, 1, 0, 2}),
                               sample(Shape::Fixed({2, 3, 4, 5}), {0, 2, 1, 3}),
                               sample(Shape::Fixed({2, 1, 3}), {2, 1, 0}),
                               sample(Shape::Fixed({512, 2}), {1, 0}),
                               sample(Shape::Fixed({17, 33}), {1, 0}),
                               sample(Shape::Fixed({1, 1024}), {1, 0})};
});

// ---- concat

GRADUS_OP_REFERENCE(op::Concat, [](const op::Concat& config, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  const size_t axis = config.axis() < 0 ? out[0].dims.size() + config.axis() : config.axis();
  int64_t begin = 0;
  for (const RefTensor& x : in) {
    for (size_t i = 0; i < x.values.size(); ++i) {
      std::vector<int64_t> at = IndicesOf(x.dims, static_cast<int64_t>(i));
      at[axis] += begin;
      out[0].values[FlatOf(out[0].dims, at)] = x.values[i];
    }
    begin += x.dims[axis];
  }
});

GRADUS_OP_SAMPLES(op::Concat, [] {
  const auto sample = [](int axis, std::vector<Shape> shapes) {
    op::Concat config;
    config.set_axis(axis);
    std::vector<InputSample> inputs;
    for (const Shape& shape : shapes) inputs.push_back(Floats(shape));
    return Sample(config, inputs);
  };
  return std::vector<OpSample>{
      sample(0, {Shape::Fixed({1})}),
      sample(0, {Shape::Fixed({2}), Shape::Fixed({3})}),
      sample(-1, {Shape::Batched({2}), Shape::Batched({5}), Shape::Batched({1})}),
      sample(1, {Shape::Batched({2, 3}), Shape::Batched({1, 3})}),
      sample(2, {Shape::Batched({2, 3}), Shape::Batched({2, 4})}),
      sample(0, {Shape::Fixed({2, 3}), Shape::Fixed({4, 3})}),
      sample(0, {Shape::Fixed({0, 3}), Shape::Fixed({4, 3})}),
      sample(1, {Shape::Batched({0}), Shape::Batched({0})}),
      sample(1, {Shape::Fixed({2, 512}), Shape::Fixed({2, 1024})}),
      sample(0, {Shape::Fixed({512}), Shape::Fixed({1})}),
      sample(1,
             {Shape::Batched({1}), Shape::Batched({1}), Shape::Batched({1}), Shape::Batched({1})})};
});

// ---- slice and pad

GRADUS_OP_REFERENCE(op::Slice, [](const op::Slice& config, absl::Span<const RefTensor> in,
                                  absl::Span<RefTensor> out) {
  const size_t axis = config.axis() < 0 ? out[0].dims.size() + config.axis() : config.axis();
  for (size_t i = 0; i < out[0].values.size(); ++i) {
    std::vector<int64_t> at = IndicesOf(out[0].dims, static_cast<int64_t>(i));
    at[axis] += config.begin();
    out[0].values[i] = in[0].values[FlatOf(in[0].dims, at)];
  }
});

GRADUS_OP_SAMPLES(op::Slice, [] {
  const auto sample = [](const Shape& shape, int axis, int64_t begin, int64_t end) {
    op::Slice config;
    config.set_axis(axis);
    config.set_begin(begin);
    config.set_end(end);
    return Sample(config, {Floats(shape)});
  };
  return std::vector<OpSample>{
      sample(Shape::Fixed({1}), 0, 0, 1),        sample(Shape::Fixed({7}), 0, 2, 5),
      sample(Shape::Fixed({7}), 0, 3, 3),        sample(Shape::Fixed({0}), 0, 0, 0),
      sample(Shape::Batched({5}), 1, 0, 2),      sample(Shape::Batched({5}), -1, 4, 5),
      sample(Shape::Batched({4, 3}), 1, 1, 3),   sample(Shape::Batched({4, 3}), 2, 1, 2),
      sample(Shape::Fixed({3, 4}), 0, 1, 3),     sample(Shape::Fixed({1024}), 0, 512, 1024),
      sample(Shape::Fixed({2, 512}), 1, 0, 511), sample(Shape::Batched({2, 3, 4}), 1, 0, 1)};
});

GRADUS_OP_REFERENCE(op::Pad, [](const op::Pad& config, absl::Span<const RefTensor> in,
                                absl::Span<RefTensor> out) {
  const size_t axis = config.axis() < 0 ? out[0].dims.size() + config.axis() : config.axis();
  for (size_t i = 0; i < in[0].values.size(); ++i) {
    std::vector<int64_t> at = IndicesOf(in[0].dims, static_cast<int64_t>(i));
    at[axis] += config.begin();
    out[0].values[FlatOf(out[0].dims, at)] = in[0].values[i];
  }
});

GRADUS_OP_SAMPLES(op::Pad, [] {
  const auto sample = [](const Shape& shape, int axis, int64_t begin, int64_t length) {
    op::Pad config;
    config.set_axis(axis);
    config.set_begin(begin);
    config.set_length(length);
    return Sample(config, {Floats(shape)});
  };
  return std::vector<OpSample>{
      sample(Shape::Fixed({1}), 0, 0, 1),        sample(Shape::Fixed({3}), 0, 2, 7),
      sample(Shape::Fixed({0}), 0, 3, 7),        sample(Shape::Fixed({0}), 0, 0, 0),
      sample(Shape::Batched({2}), 1, 0, 5),      sample(Shape::Batched({1}), -1, 4, 5),
      sample(Shape::Batched({2, 3}), 1, 1, 4),   sample(Shape::Batched({4, 1}), 2, 1, 3),
      sample(Shape::Fixed({2, 4}), 0, 1, 3),     sample(Shape::Fixed({512}), 0, 512, 1024),
      sample(Shape::Fixed({2, 511}), 1, 1, 512), sample(Shape::Batched({1, 3, 4}), 1, 0, 2)};
});

}  // namespace
}  // namespace gradus
