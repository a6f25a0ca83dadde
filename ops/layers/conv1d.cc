// 1D convolution of sequences: a 2D one of images of height 1.
//
//   layer { name: "words" conv1d { filters: 64 kernel_size: 5 activation: RELU } }
//   layer { name: "past" conv1d { filters: 64 kernel_size: 2 dilation_rate: 4 padding: CAUSAL } }
//
// Parameters: `kernel` [size, channels / groups, filters], `bias` [filters], stored and initialised as in Keras' Conv1D.

#include "gradus/graph/layer.h"
#include "ops/layers/windows.h"

namespace gradus {
namespace {

class Conv1d final : public TypedLayer<layer::Conv1d> {
  void Build(const layer::Conv1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    Emitter& emit = scope->emit();
    const Shape shape = scope->spec(scope->input(0)).shape;
    const int64_t channels = shape.dim(2).k, size = config.kernel_size();
    LayerWindows windows;
    windows.size[1] = size;
    windows.stride[1] = config.strides();
    windows.dilation[1] = config.dilation_rate();
    if (config.padding() == layer::Conv1d::SAME) windows.PadSame(1, shape.dim(1).k);
    if (config.padding() == layer::Conv1d::CAUSAL) windows.padding[2] = windows.reach(1) - 1;
    const Value x = AsImages(scope->input(0), emit);
    bool good = ExpectWindowFits(windows, x, "kernel_size", scope);
    good &= ExpectGroups(config.groups(), channels, "channels", scope);
    good &= ExpectGroups(config.groups(), config.filters(), "filters", scope);
    if (!good) return;
    const Shape own = Shape::Fixed({size, channels / config.groups(), config.filters()});
    const Value kernel = scope->Parameter(
        "kernel", own, InitializerOr(config.kernel_initializer(), GlorotUniform()));
    op::Conv2d convolution;
    windows.WriteConvolution(config.groups(), &convolution);
    const Value y =
        emit(convolution,
             {x, emit.Reshape(kernel, {Dim{1, false}, own.dim(0), own.dim(1), own.dim(2)})});
    // Bias and activation before the images become sequences again, so that the runtime can fuse them.
    scope->SetOutput(AsSequences(WithBiasAndActivation(config, y, config.filters(), scope), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.conv1d", Conv1d);

}  // namespace
}  // namespace gradus
