// 2D convolution of images, channels last.
//
//   layer { name: "edges" conv2d { filters: 16 kernel_size: 3 padding: SAME activation: RELU } }
//   layer { name: "wide" conv2d { filters: 32 kernel_size: [1, 7] strides: [1, 2] groups: 4 } }
//
// Parameters: `kernel` [height, width, channels / groups, filters], `bias` [filters], stored and initialised as in Keras' Conv2D.

#include "gradus/graph/layer.h"
#include "ops/layers/windows.h"

namespace gradus {
namespace {

class Conv2d final : public TypedLayer<layer::Conv2d> {
  void Build(const layer::Conv2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    const Value x = scope->input(0);
    const int64_t channels = scope->spec(x).shape.dim(3).k;
    LayerWindows windows;
    bool good = ReadPaddedConvolution2d(config, scope, &windows);
    good &= ExpectGroups(config.groups(), channels, "channels", scope);
    good &= ExpectGroups(config.groups(), config.filters(), "filters", scope);
    if (!good) return;
    const Value kernel =
        scope->Parameter("kernel",
                         Shape::Fixed({windows.size[0], windows.size[1], channels / config.groups(),
                                       config.filters()}),
                         InitializerOr(config.kernel_initializer(), GlorotUniform()));
    op::Conv2d convolution;
    windows.WriteConvolution(config.groups(), &convolution);
    const Value y = scope->emit()(convolution, {x, kernel});
    scope->SetOutput(WithBiasAndActivation(config, y, config.filters(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.conv2d", Conv2d);

}  // namespace
}  // namespace gradus
