// What resizing and up_sampling2d share: images in another size. Pixels are squares whose middles are their places, as in Keras: place i of n
// new ones is read at (i + 1/2) old / n - 1/2, and what lies outside of the outermost place is the outermost.

#ifndef GRADUS_OPS_LAYERS_RESIZE_H_
#define GRADUS_OPS_LAYERS_RESIZE_H_

#include "ops/layers/constants.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {

inline Value ResizeImages(Value x, int64_t height, int64_t width, bool bilinear,
                          LayerScope* scope) {
  Emitter& emit = scope->emit();
  const Shape shape = emit.spec(x).shape;
  const auto numbers = [&](int axis, int64_t length, double* factor, double* shift) {
    *factor = static_cast<double>(shape.dim(axis).k) / static_cast<double>(length);
    *shift = (*factor - 1) / 2;
  };
  double down, row, across, column;
  numbers(1, height, &down, &row);
  numbers(2, width, &across, &column);
  std::vector<float> transform;
  for (double number : {across, 0.0, column, 0.0, down, row}) {
    transform.push_back(static_cast<float>(number));
  }
  op::AffineSample sample;
  sample.add_size(height);
  sample.add_size(width);
  sample.set_fill(op::FILL_NEAREST);
  sample.set_bilinear(bilinear);
  return emit(sample, {x, LayerConstant("transform", {6}, transform, scope)});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_RESIZE_H_
