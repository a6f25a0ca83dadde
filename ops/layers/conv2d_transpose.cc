// Transposed 2D convolution: what takes the shape of a convolution's results back to that of its images, so that strides enlarge.
//
//   layer { name: "larger" conv2d_transpose { filters: 16 kernel_size: 3 strides: 2 padding: SAME } }
//
// The result is the gradient, in its images, of a convolution with this kernel, stride and padding that gives the input's shape:
//   SAME    h strides                                  rows, of which the convolution with SAME makes h
//   VALID   h strides + max(size - strides, 0)         with the size that a dilated window reaches
//   with output_padding, as in Keras: (h - 1) strides + size - 2 pad + output_padding, pad = size / 2 for SAME, 0 for VALID
// Parameters: `kernel` [height, width, filters, channels], `bias` [filters], stored and initialised as in Keras' Conv2DTranspose.

#include "gradus/graph/layer.h"
#include "ops/layers/transposed.h"

namespace gradus {
namespace {

class Conv2dTranspose final : public TypedLayer<layer::Conv2dTranspose> {
  void Build(const layer::Conv2dTranspose& config, LayerScope* scope) const override {
    LayerWindows windows;
    if (!ExpectLayout(scope, kImages) || !ReadConvolution2d(config, scope, &windows)) return;
    const Value x = scope->input(0);
    const Shape shape = scope->spec(x).shape;
    op::Conv2dInputGrad convolution;
    TwoNumbers output_padding;
    if (!ReadTwo(config.output_padding(), {-1, -1}, "output_padding", scope, &output_padding)) {
      return;
    }
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t length =
          TransposedLength(shape.dim(axis + 1).k, axis, axis + 1, config.padding(),
                           output_padding[axis], scope, &windows);
      if (length < 0) return;
      convolution.add_image_size(length);
    }
    windows.WriteConvolution(1, &convolution);
    const Value kernel = scope->Parameter(
        "kernel",
        Shape::Fixed({windows.size[0], windows.size[1], config.filters(), shape.dim(3).k}),
        InitializerOr(config.kernel_initializer(), GlorotUniform()));
    const Value y = scope->emit()(convolution, {x, kernel});
    scope->SetOutput(WithBiasAndActivation(config, y, config.filters(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.conv2d_transpose", Conv2dTranspose);

}  // namespace
}  // namespace gradus
