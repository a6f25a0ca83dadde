// What depthwise and separable convolutions share: the convolution of each channel by itself.

#ifndef GRADUS_OPS_LAYERS_DEPTHWISE_H_
#define GRADUS_OPS_LAYERS_DEPTHWISE_H_

#include "ops/layers/windows.h"

namespace gradus {

// Invalid after a finding. As many groups as channels; the parameter [height, width, channels, multiplier] lies in memory as the kernel
// [height, width, 1, channels multiplier] of that convolution does.
template <class Config>
Value Depthwise(const Config& config, LayerScope* scope) {
  LayerWindows windows;
  if (!ReadPaddedConvolution2d(config, scope, &windows)) return Value();
  Emitter& emit = scope->emit();
  const Value x = scope->input(0);
  const int64_t channels = scope->spec(x).shape.dim(3).k, multiplier = config.depth_multiplier();
  const Value kernel = scope->Parameter(
      "depthwise", Shape::Fixed({windows.size[0], windows.size[1], channels, multiplier}),
      InitializerOr(config.depthwise_initializer(), GlorotUniform()));
  if (!kernel.valid()) return Value();  // More filters than a shape may have, among others.
  op::Conv2d convolution;
  windows.WriteConvolution(channels, &convolution);
  return emit(convolution, {x, emit.Reshape(kernel, Shape::Fixed({windows.size[0], windows.size[1],
                                                                  1, channels * multiplier}))});
}

// The same of sequences, as images of height 1.
template <class Config>
Value Depthwise1d(const Config& config, LayerScope* scope) {
  Emitter& emit = scope->emit();
  const Value x = AsImages(scope->input(0), emit);
  const Shape shape = scope->spec(x).shape;
  LayerWindows windows;
  windows.size[1] = config.kernel_size();
  windows.stride[1] = config.strides();
  windows.dilation[1] = config.dilation_rate();
  if (config.padding() == layer::SAME) windows.PadSame(1, shape.dim(2).k);
  if (!ExpectWindowFits(windows, x, "kernel_size", scope)) return Value();
  const int64_t channels = shape.dim(3).k, multiplier = config.depth_multiplier();
  const Value kernel =
      scope->Parameter("depthwise", Shape::Fixed({windows.size[1], channels, multiplier}),
                       InitializerOr(config.depthwise_initializer(), GlorotUniform()));
  if (!kernel.valid()) return Value();
  op::Conv2d convolution;
  windows.WriteConvolution(channels, &convolution);
  return emit(convolution,
              {x, emit.Reshape(kernel, Shape::Fixed({1, windows.size[1], 1, channels * multiplier}))});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_DEPTHWISE_H_
