// cumsum: each of the four ways along first, middle and last axes.

#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

GRADUS_OP_REFERENCE(op::Cumsum, [](const op::Cumsum& config, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  const std::vector<int64_t>& dims = in[0].dims;
  const size_t axis = config.axis() < 0 ? dims.size() + config.axis() : config.axis();
  for (size_t flat = 0; flat < in[0].values.size(); ++flat) {
    std::vector<int64_t> at = IndicesOf(dims, static_cast<int64_t>(flat));
    const int64_t own = at[axis];
    double sum = 0;
    for (int64_t i = 0; i < dims[axis]; ++i) {
      const bool before = config.reverse() ? i > own : i < own;
      if (!before && (i != own || config.exclusive())) continue;
      at[axis] = i;
      sum += in[0].values[FlatOf(dims, at)];
    }
    out[0].values[flat] = sum;
  }
});

GRADUS_OP_SAMPLES(op::Cumsum, [] {
  const std::pair<Shape, int> cases[] = {
      {Shape::Fixed({1}), 0},       {Shape::Fixed({7}), 0},       {Shape::Fixed({0}), 0},
      {Shape::Batched({1}), 1},     {Shape::Batched({5}), -1},    {Shape::Batched({0}), 1},
      {Shape::Batched({2, 3}), 1},  {Shape::Batched({2, 3}), -1}, {Shape::Batched({2, 3, 4}), 2},
      {Shape::Fixed({4, 17}), 0},   {Shape::Fixed({512}), 0},     {Shape::Fixed({3, 1024}), 0},
      {Shape::Fixed({2, 1024}), 1}, {Shape::Batched({0, 3}), 2}};
  std::vector<OpSample> samples;
  for (const auto& c : cases) {
    for (int way = 0; way < 4; ++way) {
      op::Cumsum config;
      config.set_axis(c.second);
      config.set_exclusive(way % 2 == 1);
      config.set_reverse(way / 2 == 1);
      OpSample sample = Sample(config, {Floats(c.first)});
      const int axis = c.second < 0 ? c.first.rank() + c.second : c.second;
      sample.absolute = SumTolerance(static_cast<double>(c.first.dim(axis).k));
      samples.push_back(std::move(sample));
    }
  }
  return samples;
});

}  // namespace
}  // namespace gradus
