// Transposed 1D convolution of sequences: a 2D one of images of height 1 (conv2d_transpose.cc).
//
//   layer { name: "longer" conv1d_transpose { filters: 16 kernel_size: 3 strides: 2 padding: SAME } }
//
// Parameters: `kernel` [size, filters, channels], `bias` [filters], stored and initialised as in Keras' Conv1DTranspose.

#include "gradus/graph/layer.h"
#include "ops/layers/transposed.h"

namespace gradus {
namespace {

class Conv1dTranspose final : public TypedLayer<layer::Conv1dTranspose> {
  void Build(const layer::Conv1dTranspose& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    LayerWindows windows;
    windows.size[1] = config.kernel_size();
    windows.stride[1] = config.strides();
    windows.dilation[1] = config.dilation_rate();
    const int64_t length = TransposedLength(
        shape.dim(1).k, 1, 1, config.padding(),
        config.has_output_padding() ? config.output_padding() : -1, scope, &windows);
    if (length < 0) return;
    op::Conv2dInputGrad convolution;
    convolution.add_image_size(1);
    convolution.add_image_size(length);
    windows.WriteConvolution(1, &convolution);
    const int64_t filters = config.filters();
    const Shape own = Shape::Fixed({windows.size[1], filters, shape.dim(2).k});
    const Value kernel = scope->Parameter(
        "kernel", own, InitializerOr(config.kernel_initializer(), GlorotUniform()));
    const Value y = emit(
        convolution, {AsImages(scope->input(0), emit),
                      emit.Reshape(kernel, {Dim{1, false}, own.dim(0), own.dim(1), own.dim(2)})});
    scope->SetOutput(WithBiasAndActivation(config, AsSequences(y, emit), filters, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.conv1d_transpose", Conv1dTranspose);

}  // namespace
}  // namespace gradus
