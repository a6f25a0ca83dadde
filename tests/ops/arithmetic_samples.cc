// add, sub, mul, div, minimum, maximum, pow, greater, equal: broadcasting of every kind, equal
// shapes of every size.

#include <cmath>

#include "gradus/op.pb.h"
#include "tests/ops/elementwise_reference.h"
#include "tests/testing/op_samples.h"

namespace gradus {
namespace {

const bool kReferences =
    RegisterReference<op::Add>(BinaryReference([](double a, double b) { return a + b; })) &&
    RegisterReference<op::Sub>(BinaryReference([](double a, double b) { return a - b; })) &&
    RegisterReference<op::Mul>(BinaryReference([](double a, double b) { return a * b; })) &&
    RegisterReference<op::Div>(BinaryReference([](double a, double b) { return a / b; })) &&
    RegisterReference<op::Pow>(
        BinaryReference([](double a, double b) { return std::pow(a, b); })) &&
    RegisterReference<op::Minimum>(BinaryReference([](double a, double b) {
      return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
    })) &&
    RegisterReference<op::Maximum>(BinaryReference([](double a, double b) {
      return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
    })) &&
    RegisterReference<op::Greater>(
        BinaryReference([](double a, double b) { return a > b ? 1.0 : 0.0; })) &&
    RegisterReference<op::Equal>(
        BinaryReference([](double a, double b) { return a == b ? 1.0 : 0.0; }));

template <class ConfigType>
OpSample Pair(InputSample a, const Shape& shape_a, InputSample b, const Shape& shape_b,
              const char* note) {
  OpSample sample;
  sample.note = note;
  sample.config = std::make_shared<ConfigType>();
  a.spec.shape = shape_a;
  b.spec.shape = shape_b;
  sample.inputs = {std::move(a), std::move(b)};
  return sample;
}

template <class ConfigType>
std::vector<OpSample> PairSamples(const InputSample& a, const InputSample& b) {
  std::vector<OpSample> samples = ElementwiseSamples(ConfigType(), {a, b});
  const auto add = [&](const Shape& shape_a, const Shape& shape_b, const char* note) {
    samples.push_back(Pair<ConfigType>(a, shape_a, b, shape_b, note));
    samples.push_back(Pair<ConfigType>(a, shape_b, b, shape_a, note));
  };
  add(Shape::Batched({5}), Shape(), "a number");
  add(Shape::Batched({5}), Shape::Fixed({5}), "a row");
  add(Shape::Batched({40}), Shape::Fixed({40}), "a row, longer than a vector");
  add(Shape::Batched({5}), Shape::Fixed({1}), "a number of rank 1");
  add(Shape::Batched({5}), Shape::Batched({1}), "a column");
  add(Shape::Batched({33}), Shape::Batched({1}), "a column, longer than a vector");
  add(Shape::Batched({1}), Shape::Fixed({4}), "column and row");
  add(Shape::Batched({2, 3, 4}), Shape::Fixed({3, 1}), "a middle axis");
  add(Shape::Batched({2, 3, 4}), Shape::Fixed({2, 1, 4}), "around a middle axis");
  add(Shape::Batched({2, 1, 4}), Shape::Fixed({1, 3, 1}), "alternating");
  add(Shape::Batched({1024}), Shape::Fixed({1024}), "a large row");
  add(Shape::Fixed({512, 3}), Shape::Fixed({512, 1}), "a large column");
  add(Shape::Batched({0}), Shape::Batched({1}), "nothing");
  samples.push_back(Pair<ConfigType>(a, Shape::Fixed({3, 2, 2, 2, 2}), b,
                                     Shape::Fixed({1, 2, 1, 2, 1}), "five axes"));
  return samples;
}

InputSample Range(double low, double high) {
  InputSample input;
  input.low = low;
  input.high = high;
  return input;
}

GRADUS_OP_SAMPLES(op::Add, [] { return PairSamples<op::Add>({}, {}); });
GRADUS_OP_SAMPLES(op::Sub, [] { return PairSamples<op::Sub>({}, {}); });
GRADUS_OP_SAMPLES(op::Mul, [] { return PairSamples<op::Mul>({}, {}); });
// Away from the pole of the second input.
GRADUS_OP_SAMPLES(op::Div, [] { return PairSamples<op::Div>({}, Range(0.5, 2)); });

// Powers of one size, away from a = 0, where the gradients are infinite or taken from one side
// (ops/pow.cc).
GRADUS_OP_SAMPLES(op::Pow, [] { return PairSamples<op::Pow>(Range(0.5, 2), Range(-2, 3)); });

// Multiples of 1/8, and 1/16 beside them: no two are nearer than that, so that no difference
// crosses a tie.
std::vector<double> Grid(const Shape& shape, int64_t rows, int64_t stride, double offset) {
  int64_t n = 1;
  for (int64_t d : shape.At(rows)) n *= d;
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) {
    values.push_back(static_cast<double>(stride * i % 17 - 8) / 8 + offset);
  }
  return values;
}

template <class ConfigType>
std::vector<OpSample> ExtremumSamples() {
  std::vector<OpSample> samples = PairSamples<ConfigType>({}, {});
  for (OpSample& sample : samples) {
    InputSample& a = sample.inputs[0];
    InputSample& b = sample.inputs[1];
    a.values = Grid(a.spec.shape, sample.rows, 7, 0);
    b.values = Grid(b.spec.shape, sample.rows, 5, 1.0 / 16);
  }
  OpSample ties = Pair<ConfigType>({}, Shape::Fixed({7}), {}, Shape::Fixed({7}), "ties and NaN");
  ties.inputs[0].values = {0, 1, -0.5, 3, NAN, 1, NAN};
  ties.inputs[1].values = {0, 1, 0.5, 3, 1, NAN, NAN};
  for (InputSample& input : ties.inputs) input.differentiable = false;
  samples.push_back(std::move(ties));
  return samples;
}

GRADUS_OP_SAMPLES(op::Minimum, [] { return ExtremumSamples<op::Minimum>(); });
GRADUS_OP_SAMPLES(op::Maximum, [] { return ExtremumSamples<op::Maximum>(); });

// Both element types, and equal numbers among them.
template <class ConfigType>
std::vector<OpSample> ComparisonSamples() {
  std::vector<OpSample> samples = PairSamples<ConfigType>({}, {});
  InputSample small;
  small.spec.dtype = DType::kInt32;
  small.low = -2;
  small.high = 2;
  for (OpSample& sample : PairSamples<ConfigType>(small, small)) samples.push_back(sample);
  // Not representable as FLOAT32: a comparison by way of float would call them equal.
  OpSample large = Pair<ConfigType>(small, Shape::Fixed({3}), small, Shape::Fixed({3}), "large");
  large.inputs[0].values = {16777217, 2147483647, -16777217};
  large.inputs[1].values = {16777216, 2147483646, -16777217};
  samples.push_back(std::move(large));
  OpSample ties = Pair<ConfigType>({}, Shape::Fixed({4}), {}, Shape::Fixed({4}), "ties");
  ties.inputs[0].values = {0, 1, -0.5, 3};
  ties.inputs[1].values = {-0.0, 1, 0.5, 3};
  samples.push_back(std::move(ties));
  return samples;
}

GRADUS_OP_SAMPLES(op::Greater, [] { return ComparisonSamples<op::Greater>(); });
GRADUS_OP_SAMPLES(op::Equal, [] { return ComparisonSamples<op::Equal>(); });

}  // namespace
}  // namespace gradus
