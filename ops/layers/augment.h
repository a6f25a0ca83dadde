// What the layers that change images at random share: numbers drawn for each example, and affine maps made of them (ops/affine_sample.h).

#ifndef GRADUS_OPS_LAYERS_AUGMENT_H_
#define GRADUS_OPS_LAYERS_AUGMENT_H_

#include <array>

#include "gradus/layer.pb.h"
#include "ops/layers/random.h"

namespace gradus {

// Between which numbers something is drawn.
struct DrawnRange {
  double low = 0, high = 0;
};

// Two numbers; or one, f: [-f, f]. A finding and false for any other count, or when they do not ascend.
inline bool ReadRange(const google::protobuf::RepeatedField<double>& numbers,
                      absl::string_view field, LayerScope* scope, DrawnRange* range) {
  if (numbers.size() < 1 || numbers.size() > 2) {
    scope->Error("count", field,
                 absl::StrCat(field, " has ", numbers.size(), " numbers, not 1 or 2"));
    return false;
  }
  if (numbers.size() == 1) {
    const double f = std::abs(numbers[0]);
    *range = {-f, f};
    return true;
  }
  *range = {numbers[0], numbers[1]};
  if (numbers[0] <= numbers[1]) return true;
  scope->Error("out-of-range", field,
               absl::StrCat(field, " ", numbers[0], " to ", numbers[1], " is no range"));
  return false;
}

// `count` uniform numbers in [0, 1) for each example, each [batch, 1].
inline std::vector<Value> DrawForExamples(int count, LayerScope* scope) {
  Emitter& emit = scope->emit();
  op::UniformNoise noise;
  noise.set_count(count);
  const Value drawn = EmitRandom(noise, {scope->input(0)}, scope);
  std::vector<Value> numbers;
  for (int i = 0; i < count; ++i) {
    op::Slice one;
    one.set_axis(1);
    one.set_begin(i);
    one.set_end(i + 1);
    numbers.push_back(count == 1 ? drawn : emit(one, {drawn}));
  }
  return numbers;
}

// factor x + offset, with numbers that are given.
inline Value Affine(Value x, double factor, double offset, Emitter& emit) {
  if (factor != 1) x = emit(op::Mul(), {x, emit.Constant(static_cast<float>(factor))});
  if (offset != 0) x = emit(op::Add(), {x, emit.Constant(static_cast<float>(offset))});
  return x;
}
inline Value InRange(Value uniform, const DrawnRange& range, Emitter& emit) {
  return Affine(uniform, range.high - range.low, range.low, emit);
}

// A number that all examples have, as those that are drawn.
inline Value ForAll(double number, Value like, Emitter& emit) {
  return emit.Broadcast(emit.Constant(static_cast<float>(number)), emit.spec(like).shape);
}

inline op::Fill FillOf(layer::FillMode mode) {
  switch (mode) {
    case layer::CONSTANT:
      return op::FILL_CONSTANT;
    case layer::WRAP:
      return op::FILL_WRAP;
    case layer::NEAREST_EDGE:
      return op::FILL_NEAREST;
    case layer::REFLECT:
      break;
  }
  return op::FILL_REFLECT;
}

// fill_value without CONSTANT says nothing.
template <class Config>
bool ReadFill(const Config& config, LayerScope* scope, op::AffineSample* sample) {
  sample->set_fill(FillOf(config.fill_mode()));
  sample->set_bilinear(config.interpolation() == layer::BILINEAR);
  if (config.fill_mode() == layer::CONSTANT) sample->set_fill_value(config.fill_value());
  if (!config.has_fill_value() || config.fill_mode() == layer::CONSTANT) return true;
  scope->Error("conflict", "fill_value",
               absl::StrCat("fill_value is of fill_mode: CONSTANT, not of ",
                            layer::FillMode_Name(config.fill_mode())));
  return false;
}

// The images under the map of six numbers, each [batch, 1].
inline Value Sampled(const op::AffineSample& sample, const std::array<Value, 6>& transform,
                     LayerScope* scope) {
  Emitter& emit = scope->emit();
  op::Concat six;
  six.set_axis(1);
  return emit(sample, {scope->input(0), emit(six, transform)});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_AUGMENT_H_
