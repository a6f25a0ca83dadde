// The gradient of conv2d in its kernel.
//
//   dk[ky, kx, i, g, o] = sum over n, oy, ox of x[n, oy s - top + ky d, ox s - left + kx d, g, i] dy[n, oy, ox, g, o]
//   (x [batch, h, w, c_in], dy [batch, oh, ow, c_out]) -> [kh, kw, c_in / groups, c_out]
//   dx = conv2d_input_grad(dy, g), d(dy) = conv2d(x, g) for g that arrives at dk
//
// A sum over images: blocks of rows give terms of it. The loop sums each image by itself first, which loses less to rounding.

#include "ops/convolution.h"

namespace gradus {
namespace {

class Conv2dKernelGrad final : public TypedOp<op::Conv2dKernelGrad> {
 public:
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    return inputs[0].shape.batch_axis() >= 0 ? BatchUse::kReduces : BatchUse::kRows;
  }
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return ConvolutionFlops(inputs[1].shape, outputs[0].shape, rows);
  }

 protected:
  absl::Status Infer(const op::Conv2dKernelGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(CheckConvolution(config));
    GRADUS_RETURN_IF_ERROR(CheckNumbers("kernel_size", config.kernel_size(), 2, false, 1));
    GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 0));
    GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 1));
    const Shape& x = inputs[0].shape;
    const Shape& dy = inputs[1].shape;
    GRADUS_RETURN_IF_ERROR(CheckGroups(config.groups(), "channels", x.dim(3).k));
    GRADUS_RETURN_IF_ERROR(CheckGroups(config.groups(), "filters", dy.dim(3).k));
    const Windows windows =
        ConvolutionWindows(config, config.kernel_size(0), config.kernel_size(1));
    GRADUS_ASSIGN_OR_RETURN(Shape y, WindowedShape(windows, x, dy.dim(3)));
    if (y != dy) {
      return absl::InvalidArgumentError(
          absl::StrCat("images ", x.ToString(), " give ", y.ToString(), ", not ", dy.ToString()));
    }
    outputs->push_back(
        {DType::kFloat32, Shape::Fixed({config.kernel_size(0), config.kernel_size(1),
                                        x.dim(3).k / config.groups(), dy.dim(3).k})});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Conv2dKernelGrad& config,
                             GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value x = scope->input(0), dy = scope->input(1), g = scope->output_gradient();
    if (scope->wants(0)) {
      scope->SetInputGradient(
          0, emit(InputGradLike(ConvolutionLike<op::Conv2dInputGrad>(config), emit.spec(x).shape),
                  {dy, g}));
    }
    if (scope->wants(1)) {
      scope->SetInputGradient(1, emit(ConvolutionLike<op::Conv2d>(config), {x, g}));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Conv2dKernelGrad, op::Conv2dKernelGrad);

Convolution ConvolutionOf(const Request& request) {
  return Convolution(static_cast<const op::Conv2dKernelGrad&>(*request.config), request.inputs[0],
                     request.outputs[0], request.inputs[1]);
}

struct KernelGradCall {
  ImageLoop loop;
  int64_t groups;
  bool depthwise;
  const float *x, *dy;
  float* dk;
};

struct KernelGradLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const KernelGradCall* call) {
    const ImageLoop& loop = call->loop;
    const int64_t inputs = loop.c / call->groups;
    std::fill(call->dk, call->dk + loop.places() * inputs * loop.oc, 0.0f);
    for (int64_t n = 0; n < loop.n; ++n) {
      float* dk = call->dk;
      for (int64_t ky = 0; ky < loop.windows[0].size; ++ky) {
        for (int64_t kx = 0; kx < loop.windows[1].size; ++kx) {
          for (int64_t i = 0; i < inputs; ++i, dk += loop.oc) {
            if (call->depthwise) {
              Image<true>(*call, n, ky, kx, 0, loop.oc, dk);
              continue;
            }
            for (int64_t g = 0; g < call->groups; ++g) {
              Image<false>(*call, n, ky, kx, g * inputs + i, loop.oc / call->groups,
                           dk + g * (loop.oc / call->groups));
            }
          }
        }
      }
    }
  }

  // The windows [*begin, *end) whose place k lies in the image.
  GRADUS_INLINE static void WindowsWith(const WindowAxis& axis, int64_t k, int64_t length,
                                        int64_t windows, int64_t* begin, int64_t* end) {
    const int64_t offset = k * axis.dilation - axis.before;  // Of window 0.
    *begin = offset >= 0 ? 0 : (-offset + axis.stride - 1) / axis.stride;
    const int64_t room = length - offset;
    *end = room <= 0 ? 0 : std::min(windows, (room + axis.stride - 1) / axis.stride);
  }

  // Adds what image n gives for one place of the kernel and one channel of x, to `channels` filters; a depthwise one has a channel of x
  // for each filter.
  template <bool kDepthwise>
  GRADUS_INLINE static void Image(const KernelGradCall& call, int64_t n, int64_t ky, int64_t kx,
                                  int64_t x_channel, int64_t channels, float* dk) {
    const ImageLoop& loop = call.loop;
    const WindowAxis &down = loop.windows[0], &across = loop.windows[1];
    int64_t oy_begin, oy_end, ox_begin, ox_end;
    WindowsWith(down, ky, loop.h, loop.oh, &oy_begin, &oy_end);
    WindowsWith(across, kx, loop.w, loop.ow, &ox_begin, &ox_end);
    const int64_t group = kDepthwise ? 0 : x_channel / (loop.c / call.groups) * channels;
    const auto for_windows = [&](const auto& add) GRADUS_INLINE_LAMBDA {
      for (int64_t oy = oy_begin; oy < oy_end; ++oy) {
        const int64_t iy = oy * down.stride - down.before + ky * down.dilation;
        for (int64_t ox = ox_begin; ox < ox_end; ++ox) {
          const int64_t ix = ox * across.stride - across.before + kx * across.dilation;
          add(call.x + ((n * loop.h + iy) * loop.w + ix) * loop.c + x_channel,
              call.dy + ((n * loop.oh + oy) * loop.ow + ox) * loop.oc + group);
        }
      }
    };
    const auto block = [&](auto count, int64_t channel) GRADUS_INLINE_LAMBDA {
      constexpr int kVectors = decltype(count)::kVectors;
      ChannelLanes sum[kVectors] = {};
      for_windows([&](const float* x, const float* dy) GRADUS_INLINE_LAMBDA {
        for (int v = 0; v < kVectors; ++v) {
          ChannelLanes arrived, places;
          LoadChannels(dy + channel + v * kChannelLanes, &arrived);
          if (kDepthwise) {
            LoadChannels(x + channel + v * kChannelLanes, &places);
            sum[v] += places * arrived;
          } else {
            sum[v] += x[0] * arrived;
          }
        }
      });
      for (int v = 0; v < kVectors; ++v) {
        float* to = dk + channel + v * kChannelLanes;
        ChannelLanes before;
        LoadChannels(to, &before);
        StoreChannels(before + sum[v], to);
      }
    };
    const auto rest = [&](int64_t channel, int count) GRADUS_INLINE_LAMBDA {
      float sum[kChannelLanes] = {};
      for_windows([&](const float* x, const float* dy) GRADUS_INLINE_LAMBDA {
        for (int j = 0; j < count; ++j) sum[j] += x[kDepthwise ? channel + j : 0] * dy[channel + j];
      });
      for (int j = 0; j < count; ++j) dk[channel + j] += sum[j];
    };
    ForChannels(channels, block, rest);
  }
};

class KernelGradWithLoop final : public KernelFactory {
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
      const KernelGradCall call{loop,
                                groups,
                                depthwise,
                                static_cast<const float*>(args.inputs[0]),
                                static_cast<const float*>(args.inputs[1]),
                                static_cast<float*>(args.outputs[0])};
      ForIsa<KernelGradLoop>(&call);
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Conv2dKernelGrad, "loop", KernelGradWithLoop);

class KernelGradWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const Convolution convolution = ConvolutionOf(request);
    if (!IsForOneDnn(convolution.loop())) return {};
    std::vector<Choice> choices;
    for (const bool any_layout : {true, false}) {
      const auto pd = Describe(convolution, any_layout);
      if (!pd.ok()) continue;
      const auto made = DescribeLayouts(convolution, *pd, pd->diff_weights_desc(), false);
      if (!made.ok() || (any_layout && !made->reorders())) continue;
      choices.push_back(OneDnnConvolutionChoice(convolution, *made));
      choices.back().detail = any_layout ? "reordered" : "plain";
    }
    return choices;
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice& choice) const override {
    const Convolution convolution = ConvolutionOf(request);
    GRADUS_ASSIGN_OR_RETURN(auto pd, Describe(convolution, choice.detail == "reordered"));
    GRADUS_ASSIGN_OR_RETURN(auto made,
                            DescribeLayouts(convolution, pd, pd.diff_weights_desc(), false));
    return GuardOneDnn("convolution", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeConvolution(
          made, false, dnnl::convolution_backward_weights(pd),
          {{DNNL_ARG_SRC, pd.src_desc(), OneDnnArg::kInput, 0},
           {DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), OneDnnArg::kInput, 1},
           {DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc(), OneDnnArg::kOutput, 0}});
    });
  }

 private:
  static absl::StatusOr<dnnl::convolution_backward_weights::primitive_desc> Describe(
      const Convolution& convolution, bool any_layout) {
    using Desc = dnnl::convolution_backward_weights::primitive_desc;
    GRADUS_ASSIGN_OR_RETURN(auto forward, DescribeConvolution(convolution, any_layout));
    return GuardOneDnn("convolution", [&]() -> absl::StatusOr<Desc> {
      const OneDnnWindows at(convolution.windows);
      const dnnl::convolution_backward_weights::desc desc(
          dnnl::algorithm::convolution_direct, ChannelsLastDesc(convolution.x),
          KernelDesc(convolution, any_layout), ChannelsLastDesc(convolution.y), at.strides,
          at.dilates, at.before, at.after);
      return Desc(desc, OneDnnAttributes(), OneDnnEngine(), forward);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Conv2dKernelGrad, "onednn", KernelGradWithOneDnn);

}  // namespace
}  // namespace gradus
