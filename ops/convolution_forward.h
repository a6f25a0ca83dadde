// What conv2d and fused_conv2d share: a loop of ours that has the results of one window in registers, and the forward convolution of oneDNN.

#ifndef GRADUS_OPS_CONVOLUTION_FORWARD_H_
#define GRADUS_OPS_CONVOLUTION_FORWARD_H_

#include "ops/convolution.h"

namespace gradus {

// The shape rule of a convolution of images, which are inputs[0], with a kernel, which is inputs[1].
template <class Config>
absl::StatusOr<Shape> ConvolvedShape(const Config& config, absl::Span<const TensorSpec> inputs) {
  GRADUS_RETURN_IF_ERROR(CheckConvolution(config));
  GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 0));
  GRADUS_RETURN_IF_ERROR(CheckKernelShape(inputs, 1));
  const Shape& x = inputs[0].shape;
  const Shape& kernel = inputs[1].shape;
  GRADUS_RETURN_IF_ERROR(CheckGroups(config.groups(), "channels", x.dim(3).k));
  GRADUS_RETURN_IF_ERROR(CheckGroups(config.groups(), "filters", kernel.dim(3).k));
  if (kernel.dim(2).k != x.dim(3).k / config.groups()) {
    return absl::InvalidArgumentError(absl::StrCat("kernel ", kernel.ToString(),
                                                   " is not for the channels of ", x.ToString(),
                                                   " in ", config.groups(), " groups"));
  }
  const Windows windows = ConvolutionWindows(config, kernel.dim(0).k, kernel.dim(1).k);
  return WindowedShape(windows, x, kernel.dim(3));
}

struct Conv2dCall {
  ImageLoop loop;
  int64_t groups;
  bool depthwise;
  const float *x, *kernel;
  float* y;
};

// One window: the places of the kernel that lie in the image, and where the image's first one is.
struct WindowCall {
  int64_t x;  // Where place [0, 0] of the window would be in x; it may lie outside.
  int64_t ky_begin, ky_end, kx_begin, kx_end;
  int64_t row, column;  // From a place of the kernel to the next, in x.
};

struct Conv2dLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const Conv2dCall* call) {
    const ImageLoop& loop = call->loop;
    const WindowAxis &down = loop.windows[0], &across = loop.windows[1];
    float* y = call->y;
    for (int64_t n = 0; n < loop.n; ++n) {
      for (int64_t oy = 0; oy < loop.oh; ++oy) {
        for (int64_t ox = 0; ox < loop.ow; ++ox, y += loop.oc) {
          const int64_t iy = oy * down.stride - down.before;
          const int64_t ix = ox * across.stride - across.before;
          WindowCall at;
          at.x = ((n * loop.h + iy) * loop.w + ix) * loop.c;
          at.ky_begin = down.First(oy);
          at.ky_end = down.Last(oy, loop.h);
          at.kx_begin = across.First(ox);
          at.kx_end = across.Last(ox, loop.w);
          at.row = down.dilation * loop.w * loop.c;
          at.column = across.dilation * loop.c;
          if (call->depthwise) {
            Window<true>(*call, at, 0, loop.oc, y);
          } else {
            for (int64_t g = 0; g < call->groups; ++g) {
              Window<false>(*call, at, g, loop.oc / call->groups, y);
            }
          }
        }
      }
    }
  }

  // `channels` results of a window, those of group g.
  template <bool kDepthwise>
  GRADUS_INLINE static void Window(const Conv2dCall& call, const WindowCall& at, int64_t g,
                                   int64_t channels, float* y) {
    const int64_t inputs = kDepthwise ? 1 : call.loop.c / call.groups;
    const int64_t filters = call.loop.oc, first = g * channels;
    const int64_t kernel_row = call.loop.windows[1].size;
    const auto block = [&](auto count, int64_t channel) GRADUS_INLINE_LAMBDA {
      constexpr int kVectors = decltype(count)::kVectors;
      ChannelLanes sum[kVectors] = {};
      for (int64_t ky = at.ky_begin; ky < at.ky_end; ++ky) {
        for (int64_t kx = at.kx_begin; kx < at.kx_end; ++kx) {
          const float* x = call.x + (at.x + ky * at.row + kx * at.column + g * inputs);
          const float* k =
              call.kernel + (ky * kernel_row + kx) * inputs * filters + first + channel;
          for (int64_t i = 0; i < inputs; ++i, k += filters) {
            for (int v = 0; v < kVectors; ++v) {
              ChannelLanes weights, places;
              LoadChannels(k + v * kChannelLanes, &weights);
              if (kDepthwise) {
                LoadChannels(x + channel + v * kChannelLanes, &places);
                sum[v] += places * weights;
              } else {
                sum[v] += x[i] * weights;
              }
            }
          }
        }
      }
      for (int v = 0; v < kVectors; ++v)
        StoreChannels(sum[v], y + first + channel + v * kChannelLanes);
    };
    const auto rest = [&](int64_t channel, int count) GRADUS_INLINE_LAMBDA {
      float sum[kChannelLanes] = {};
      for (int64_t ky = at.ky_begin; ky < at.ky_end; ++ky) {
        for (int64_t kx = at.kx_begin; kx < at.kx_end; ++kx) {
          const float* x = call.x + (at.x + ky * at.row + kx * at.column + g * inputs);
          const float* k =
              call.kernel + (ky * kernel_row + kx) * inputs * filters + first + channel;
          for (int64_t i = 0; i < inputs; ++i, k += filters) {
            for (int j = 0; j < count; ++j) sum[j] += x[kDepthwise ? channel + j : i] * k[j];
          }
        }
      }
      for (int j = 0; j < count; ++j) y[first + channel + j] = sum[j];
    };
    ForChannels(channels, block, rest);
  }
};

inline Choice ForwardLoopChoice(const Convolution& convolution) {
  Choice choice;
  choice.cost = ConvolutionLoopCost(convolution, convolution.depthwise()
                                                     ? convolution.groups
                                                     : convolution.y.dims[3] / convolution.groups);
  return choice;
}

// ---- oneDNN.

inline std::vector<Choice> OneDnnForwardChoices(const Convolution& convolution,
                                                const ConvolutionEpilogue& epilogue) {
  if (!IsForOneDnn(convolution.loop())) return {};
  std::vector<Choice> choices;
  for (const bool any_layout : {true, false}) {
    const auto pd = DescribeConvolution(convolution, any_layout, epilogue);
    if (!pd.ok()) continue;
    const auto made = DescribeLayouts(convolution, *pd, pd->weights_desc(), true);
    if (!made.ok() || (any_layout && !made->reorders())) continue;
    choices.push_back(OneDnnConvolutionChoice(convolution, *made));
    choices.back().detail = any_layout ? "reordered" : "plain";
  }
  return choices;
}

inline absl::StatusOr<std::unique_ptr<Kernel>> MakeOneDnnForward(
    const Convolution& convolution, const ConvolutionEpilogue& epilogue, const Choice& choice) {
  GRADUS_ASSIGN_OR_RETURN(auto pd,
                          DescribeConvolution(convolution, choice.detail == "reordered", epilogue));
  GRADUS_ASSIGN_OR_RETURN(auto made, DescribeLayouts(convolution, pd, pd.weights_desc(), true));
  return GuardOneDnn("convolution", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
    std::vector<OneDnnArg> args = {{DNNL_ARG_SRC, pd.src_desc(), OneDnnArg::kInput, 0},
                                   {DNNL_ARG_WEIGHTS, pd.weights_desc(), OneDnnArg::kInput, 1},
                                   {DNNL_ARG_DST, pd.dst_desc(), OneDnnArg::kOutput, 0}};
    if (epilogue.has_bias) {
      args.push_back({DNNL_ARG_BIAS, BiasDesc(convolution), OneDnnArg::kInput, 2});
    }
    return MakeConvolution(made, true, dnnl::convolution_forward(pd), std::move(args));
  });
}

}  // namespace gradus

#endif  // GRADUS_OPS_CONVOLUTION_FORWARD_H_
