// What convolution and pooling layers share: numbers for one axis or two, padding, activation and bias.

#ifndef GRADUS_OPS_LAYERS_WINDOWS_H_
#define GRADUS_OPS_LAYERS_WINDOWS_H_

#include <algorithm>
#include <array>

#include "gradus/graph/activation.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {

// Vertical and horizontal.
using TwoNumbers = std::array<int64_t, 2>;

// One number for both, or two; none is `unset`. A finding and false for any other count.
inline bool ReadTwo(const google::protobuf::RepeatedField<int32_t>& numbers, TwoNumbers unset,
                    absl::string_view field, LayerScope* scope, TwoNumbers* two) {
  if (numbers.size() > 2) {
    scope->Error("count", field,
                 absl::StrCat(field, " has ", numbers.size(), " numbers, not 1 or 2"));
    return false;
  }
  *two = unset;
  if (numbers.size() == 1) *two = {numbers[0], numbers[0]};
  if (numbers.size() == 2) *two = {numbers[0], numbers[1]};
  return true;
}

// How the windows of a layer lie.
struct LayerWindows {
  TwoNumbers size = {1, 1}, stride = {1, 1}, dilation = {1, 1};
  std::array<int64_t, 4> padding = {0, 0, 0, 0};  // [top, bottom, left, right]

  int64_t reach(int axis) const { return (size[axis] - 1) * dilation[axis] + 1; }

  // SAME over so many places: as many windows as places divided by the stride, rounded up; the odd place is behind, as in Keras.
  void PadSame(int axis, int64_t length) {
    const int64_t windows = (length + stride[axis] - 1) / stride[axis];
    const int64_t all = std::max<int64_t>((windows - 1) * stride[axis] + reach(axis) - length, 0);
    padding[2 * axis] = all / 2;
    padding[2 * axis + 1] = all - all / 2;
  }

  // What op messages have in common.
  template <class Op>
  void Write(Op* op) const {
    for (int64_t n : stride) op->add_stride(n);
    for (int64_t n : padding) op->add_padding(n);
  }
  template <class Op>
  void WriteConvolution(int64_t groups, Op* op) const {
    Write(op);
    for (int64_t n : dilation) op->add_dilation(n);
    op->set_groups(groups);
  }
};

// A finding and false when a window is larger than the images `x`, which are the layer's input, or made of it by AsImages. `field` is
// where the size stands.
inline bool ExpectWindowFits(const LayerWindows& windows, Value x, absl::string_view field,
                             LayerScope* scope) {
  const Shape& images = scope->spec(x).shape;
  const Shape& input = scope->spec(scope->input(0)).shape;
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t padding = windows.padding[2 * axis] + windows.padding[2 * axis + 1];
    if (windows.reach(axis) <= images.dim(axis + 1).k + padding) continue;
    const std::string dilated = windows.dilation[axis] == 1
                                    ? ""
                                    : absl::StrCat(" with dilation_rate ", windows.dilation[axis]);
    scope->Error("out-of-range", field,
                 absl::StrCat(field, " ", windows.size[axis], dilated, " is larger than axis ",
                              input.rank() == 3 ? 1 : axis + 1, " of ", input.ToString(),
                              "; with padding: SAME a window may reach beyond it"));
    return false;
  }
  return true;
}

// A finding and false when the number does not divide what is cut.
inline bool ExpectGroups(int64_t groups, int64_t count, absl::string_view what, LayerScope* scope) {
  if (count % groups == 0) return true;
  scope->Error("out-of-range", "groups",
               absl::StrCat("groups ", groups, " does not divide the ", count, " ", what));
  return false;
}

inline InitializerConfig GlorotUniform() {
  InitializerConfig glorot;
  glorot.set_scaled(InitializerConfig::GLOROT_UNIFORM);
  return glorot;
}

// activation(y + bias), where the config has a bias.
template <class Config>
Value WithBiasAndActivation(const Config& config, Value y, int64_t filters, LayerScope* scope) {
  Emitter& emit = scope->emit();
  if (config.use_bias()) {
    const Value bias =
        scope->Parameter("bias", Shape::Fixed({filters}),
                         InitializerOr(config.bias_initializer(), ConstantInitializer(0)));
    y = emit(op::Add(), {y, bias});
  }
  return ApplyActivation(config.activation(), y, emit);
}

// Sequences [batch, steps, channels] as images of height 1, and back.
inline Value AsImages(Value x, Emitter& emit) {
  const Shape shape = emit.spec(x).shape;
  return emit.Reshape(x, {shape.dim(0), Dim{1, false}, shape.dim(1), shape.dim(2)});
}
inline Value AsSequences(Value x, Emitter& emit) {
  if (!x.valid()) return x;
  const Shape shape = emit.spec(x).shape;
  return emit.Reshape(x, {shape.dim(0), shape.dim(2), shape.dim(3)});
}

// kernel_size, strides, dilation_rate and padding of a 2D convolution over the input.
template <class Config>
bool ReadConvolution2d(const Config& config, LayerScope* scope, LayerWindows* windows) {
  bool good = ReadTwo(config.kernel_size(), {1, 1}, "kernel_size", scope, &windows->size);
  good &= ReadTwo(config.strides(), {1, 1}, "strides", scope, &windows->stride);
  good &= ReadTwo(config.dilation_rate(), {1, 1}, "dilation_rate", scope, &windows->dilation);
  return good;
}
template <class Config>
bool ReadPaddedConvolution2d(const Config& config, LayerScope* scope, LayerWindows* windows) {
  if (!ReadConvolution2d(config, scope, windows)) return false;
  const Value x = scope->input(0);
  if (config.padding() == layer::SAME) {
    for (int axis = 0; axis < 2; ++axis) {
      windows->PadSame(axis, scope->spec(x).shape.dim(axis + 1).k);
    }
  }
  return ExpectWindowFits(*windows, x, "kernel_size", scope);
}

// A pool over images, the op's other fields set.
template <class Op, class Config>
Value Pool2d(const Config& config, LayerScope* scope) {
  LayerWindows windows;
  bool good = ReadTwo(config.pool_size(), {2, 2}, "pool_size", scope, &windows.size);
  good = good && ReadTwo(config.strides(), windows.size, "strides", scope, &windows.stride);
  if (!good) return Value();
  const Value x = scope->input(0);
  if (config.padding() == layer::SAME) {
    for (int axis = 0; axis < 2; ++axis)
      windows.PadSame(axis, scope->spec(x).shape.dim(axis + 1).k);
  }
  if (!ExpectWindowFits(windows, x, "pool_size", scope)) return Value();
  Op op;
  for (int64_t n : windows.size) op.add_window(n);
  windows.Write(&op);
  return scope->emit()(op, {x});
}

// A pool over sequences.
template <class Op, class Config>
Value Pool1d(const Config& config, LayerScope* scope) {
  Emitter& emit = scope->emit();
  const Value x = AsImages(scope->input(0), emit);
  LayerWindows windows;
  windows.size[1] = config.pool_size();
  windows.stride[1] = config.has_strides() ? config.strides() : config.pool_size();
  if (config.padding() == layer::SAME) windows.PadSame(1, scope->spec(x).shape.dim(2).k);
  if (!ExpectWindowFits(windows, x, "pool_size", scope)) return Value();
  Op op;
  for (int64_t n : windows.size) op.add_window(n);
  windows.Write(&op);
  return AsSequences(emit(op, {x}), emit);
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_WINDOWS_H_
