// select: all three inputs broadcast in every way.

#include "tests/ops/elementwise_reference.h"
#include "tests/ops/sample_builders.h"

namespace gradus {
namespace {

GRADUS_OP_REFERENCE(op::Select, [](const op::Select&, absl::Span<const RefTensor> in,
                                   absl::Span<RefTensor> out) {
  const std::vector<int64_t>& dims = out[0].dims;
  for (size_t i = 0; i < out[0].values.size(); ++i) {
    const bool first = in[0].values[BroadcastIndex(in[0], dims, i)] != 0;
    const RefTensor& taken = in[first ? 1 : 2];
    out[0].values[i] = taken.values[BroadcastIndex(taken, dims, i)];
  }
});

OpSample Case(const Shape& condition, const Shape& a, const Shape& b, const char* note) {
  OpSample sample = Sample(op::Select(), {Floats(condition), Floats(a), Floats(b)}, note);
  int64_t n = 1;
  for (int64_t d : condition.At(sample.rows)) n *= d;
  for (int64_t i = 0; i < n; ++i) sample.inputs[0].values.push_back(i % 5 % 2 == 0 ? 0 : 1 - i % 3);
  sample.inputs[0].differentiable = false;
  return sample;
}

GRADUS_OP_SAMPLES(op::Select, [] {
  std::vector<OpSample> samples;
  for (const Shape& shape : StandardShapes()) samples.push_back(Case(shape, shape, shape, "alike"));
  const Shape large = Shape::Batched({2, 3, 4}), row = Shape::Fixed({4}), one = Shape();
  const Shape column = Shape::Batched({2, 3, 1}), middle = Shape::Fixed({3, 1});
  samples.push_back(Case(large, one, one, "two numbers"));
  samples.push_back(Case(large, large, one, "a number below"));
  samples.push_back(Case(large, one, large, "a number above"));
  samples.push_back(Case(one, large, large, "one condition"));
  samples.push_back(Case(column, large, row, "a condition a row"));
  samples.push_back(Case(row, column, large, "a condition a column"));
  samples.push_back(Case(column, row, middle, "nothing of the result's shape"));
  samples.push_back(Case(middle, row, column, "the condition around a middle axis"));
  samples.push_back(
      Case(Shape::Batched({1024}), Shape::Fixed({1024}), Shape::Batched({1}), "large"));
  samples.push_back(Case(Shape::Batched({1}), Shape::Batched({0}), one, "nothing"));
  return samples;
});

}  // namespace
}  // namespace gradus
