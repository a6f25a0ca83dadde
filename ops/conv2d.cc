// 2D convolution, channels last (a cross-correlation: the kernel is not mirrored).
//
//   y[n, oy, ox, g, o] = sum over ky, kx, i of x[n, oy s - top + ky d, ox s - left + kx d, g, i] k[ky, kx, i, g, o]
//   (x [batch, h, w, c_in], k [kh, kw, c_in / groups, c_out]) -> [batch, oh, ow, c_out];  oh = floor((h + top + bottom - (kh - 1) d - 1) / s) + 1
//   dx = conv2d_input_grad(dy, k), dk = conv2d_kernel_grad(x, dy)
//
// What lies outside of the image is 0. With as many groups as channels it is a depthwise convolution.

#include "ops/convolution.h"

namespace gradus {
namespace {

class Conv2d final : public TypedOp<op::Conv2d> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return ConvolutionFlops(outputs[0].shape, inputs[1].shape, rows);
  }

 protected:
  absl::Status Infer(const op::Conv2d& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
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
    GRADUS_ASSIGN_OR_RETURN(Shape y, WindowedShape(windows, x, kernel.dim(3)));
    outputs->push_back({DType::kFloat32, y});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Conv2d& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value x = scope->input(0), kernel = scope->input(1), dy = scope->output_gradient();
    if (scope->wants(0)) {
      scope->SetInputGradient(
          0, emit(InputGradLike(ConvolutionLike<op::Conv2dInputGrad>(config), emit.spec(x).shape),
                  {dy, kernel}));
    }
    if (scope->wants(1)) {
      scope->SetInputGradient(1, emit(KernelGradLike(ConvolutionLike<op::Conv2dKernelGrad>(config),
                                                     emit.spec(kernel).shape),
                                      {x, dy}));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Conv2d, op::Conv2d);

Convolution ConvolutionOf(const Request& request) {
  return Convolution(static_cast<const op::Conv2d&>(*request.config), request.inputs[0],
                     request.inputs[1], request.outputs[0]);
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

class Conv2dWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const Convolution convolution = ConvolutionOf(request);
    Choice choice;
    choice.cost = ConvolutionLoopCost(
        convolution,
        convolution.depthwise() ? convolution.groups : convolution.y.dims[3] / convolution.groups);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const Convolution convolution = ConvolutionOf(request);
    return MakeKernel([loop = convolution.loop(), groups = convolution.groups,
                       depthwise = convolution.depthwise()](const KernelArgs& args) {
      const Conv2dCall call{loop,
                            groups,
                            depthwise,
                            static_cast<const float*>(args.inputs[0]),
                            static_cast<const float*>(args.inputs[1]),
                            static_cast<float*>(args.outputs[0])};
      ForIsa<Conv2dLoop>(&call);
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Conv2d, "loop", Conv2dWithLoop);

class Conv2dWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const Convolution convolution = ConvolutionOf(request);
    if (convolution.loop().empty()) return {};
    std::vector<Choice> choices;
    for (const bool any_layout : {true, false}) {
      const auto pd = DescribeConvolution(convolution, any_layout);
      if (!pd.ok()) continue;
      const auto made = DescribeLayouts(convolution, *pd, pd->weights_desc(), true);
      if (!made.ok() || (any_layout && !made->reorders())) continue;
      choices.push_back(OneDnnConvolutionChoice(convolution, *made));
      choices.back().detail = any_layout ? "reordered" : "plain";
    }
    return choices;
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice& choice) const override {
    const Convolution convolution = ConvolutionOf(request);
    GRADUS_ASSIGN_OR_RETURN(auto pd,
                            DescribeConvolution(convolution, choice.detail == "reordered"));
    GRADUS_ASSIGN_OR_RETURN(auto made, DescribeLayouts(convolution, pd, pd.weights_desc(), true));
    return GuardOneDnn("convolution", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeConvolution(made, true, dnnl::convolution_forward(pd),
                             {{DNNL_ARG_SRC, pd.src_desc(), OneDnnArg::kInput, 0},
                              {DNNL_ARG_WEIGHTS, pd.weights_desc(), OneDnnArg::kInput, 1},
                              {DNNL_ARG_DST, pd.dst_desc(), OneDnnArg::kOutput, 0}});
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Conv2d, "onednn", Conv2dWithOneDnn);

}  // namespace
}  // namespace gradus
