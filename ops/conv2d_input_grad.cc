// The gradient of conv2d in its images, and what is called a transposed convolution.
//
//   dx[n, iy, ix, g, i] = sum over ky, kx, o of dy[n, oy, ox, g, o] k[ky, kx, i, g, o],  oy s - top + ky d = iy, ox s - left + kx d = ix
//   (dy [batch, oh, ow, c_out], k [kh, kw, c_in / groups, c_out]) -> [batch, h, w, c_in]
//   d(dy) = conv2d(g, k), dk = conv2d_kernel_grad(g, dy) for g that arrives at dx
//
// [h, w] stands in the config, as several sizes of an image give the same number of windows.

#include "ops/convolution.h"

namespace gradus {
namespace {

class Conv2dInputGrad final : public TypedOp<op::Conv2dInputGrad> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return ConvolutionFlops(inputs[0].shape, inputs[1].shape, rows);
  }

 protected:
  absl::Status Infer(const op::Conv2dInputGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(CheckConvolution(config));
    GRADUS_RETURN_IF_ERROR(CheckNumbers("image_size", config.image_size(), 2, false, 0));
    GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 0));
    GRADUS_RETURN_IF_ERROR(CheckKernelShape(inputs, 1));
    const Shape& dy = inputs[0].shape;
    const Shape& kernel = inputs[1].shape;
    GRADUS_RETURN_IF_ERROR(CheckGroups(config.groups(), "filters", kernel.dim(3).k));
    if (kernel.dim(3) != dy.dim(3)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "kernel ", kernel.ToString(), " does not give the channels of ", dy.ToString()));
    }
    int64_t channels = 0;
    if (__builtin_mul_overflow(kernel.dim(2).k, config.groups(), &channels)) {
      return absl::InvalidArgumentError(absl::StrCat("kernel ", kernel.ToString(), " in ",
                                                     config.groups(), " groups is too large"));
    }
    const Windows windows = ConvolutionWindows(config, kernel.dim(0).k, kernel.dim(1).k);
    GRADUS_ASSIGN_OR_RETURN(Shape dx,
                            ImagesShape(windows, dy, config.image_size(), Dim{channels, false}));
    outputs->push_back({DType::kFloat32, dx});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Conv2dInputGrad& config,
                             GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value dy = scope->input(0), kernel = scope->input(1), g = scope->output_gradient();
    if (scope->wants(0)) {
      scope->SetInputGradient(0, emit(ConvolutionLike<op::Conv2d>(config), {g, kernel}));
    }
    if (scope->wants(1)) {
      scope->SetInputGradient(1, emit(KernelGradLike(ConvolutionLike<op::Conv2dKernelGrad>(config),
                                                     emit.spec(kernel).shape),
                                      {g, dy}));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Conv2dInputGrad, op::Conv2dInputGrad);

Convolution ConvolutionOf(const Request& request) {
  return Convolution(static_cast<const op::Conv2dInputGrad&>(*request.config), request.outputs[0],
                     request.inputs[1], request.inputs[0]);
}

struct InputGradCall {
  ImageLoop loop;
  int64_t groups;
  bool depthwise;
  const float *dy, *kernel;
  float* swapped;  // The kernel as [kh, kw, g, o, i], so that channels of x lie side by side.
  float* dx;
};

// The window that reads place `at` of an image as its place k, or -1.
GRADUS_INLINE int64_t WindowAt(const WindowAxis& axis, int64_t at, int64_t k, int64_t windows) {
  const int64_t begin = at + axis.before - k * axis.dilation;
  if (begin < 0 || begin % axis.stride != 0) return -1;
  const int64_t window = begin / axis.stride;
  return window < windows ? window : -1;
}

struct InputGradLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const InputGradCall* call) {
    const ImageLoop& loop = call->loop;
    if (!call->depthwise) SwapChannels(*call);
    float* dx = call->dx;
    for (int64_t n = 0; n < loop.n; ++n) {
      for (int64_t iy = 0; iy < loop.h; ++iy) {
        for (int64_t ix = 0; ix < loop.w; ++ix, dx += loop.c) {
          if (call->depthwise) {
            Place<true>(*call, n, iy, ix, 0, loop.c, dx);
          } else {
            for (int64_t g = 0; g < call->groups; ++g) {
              Place<false>(*call, n, iy, ix, g, loop.c / call->groups, dx);
            }
          }
        }
      }
    }
  }

  GRADUS_INLINE static void SwapChannels(const InputGradCall& call) {
    const int64_t channels = call.loop.c / call.groups;
    float* to = call.swapped;
    for (int64_t place = 0; place < call.loop.places(); ++place) {
      const float* from = call.kernel + place * channels * call.loop.oc;
      for (int64_t o = 0; o < call.loop.oc; ++o) {
        for (int64_t i = 0; i < channels; ++i) *to++ = from[i * call.loop.oc + o];
      }
    }
  }

  // `channels` results at one place of an image, those of group g.
  template <bool kDepthwise>
  GRADUS_INLINE static void Place(const InputGradCall& call, int64_t n, int64_t iy, int64_t ix,
                                  int64_t g, int64_t channels, float* dx) {
    const ImageLoop& loop = call.loop;
    const WindowAxis &down = loop.windows[0], &across = loop.windows[1];
    const int64_t filters = kDepthwise ? 1 : loop.oc / call.groups, first = g * channels;
    // What of a place of the kernel belongs to the group: [filters, channels].
    const float* kernel = kDepthwise ? call.kernel : call.swapped + g * filters * channels;
    const int64_t place_size = kDepthwise ? channels : loop.oc * channels;
    const auto for_windows = [&](const auto& add) GRADUS_INLINE_LAMBDA {
      for (int64_t ky = 0; ky < down.size; ++ky) {
        const int64_t oy = WindowAt(down, iy, ky, loop.oh);
        if (oy < 0) continue;
        for (int64_t kx = 0; kx < across.size; ++kx) {
          const int64_t ox = WindowAt(across, ix, kx, loop.ow);
          if (ox < 0) continue;
          add(call.dy + ((n * loop.oh + oy) * loop.ow + ox) * loop.oc + g * filters,
              kernel + (ky * across.size + kx) * place_size);
        }
      }
    };
    const auto block = [&](auto count, int64_t channel) GRADUS_INLINE_LAMBDA {
      constexpr int kVectors = decltype(count)::kVectors;
      ChannelLanes sum[kVectors] = {};
      for_windows([&](const float* dy, const float* k) GRADUS_INLINE_LAMBDA {
        k += channel;
        for (int64_t o = 0; o < filters; ++o, k += channels) {
          for (int v = 0; v < kVectors; ++v) {
            ChannelLanes weights, arrived;
            LoadChannels(k + v * kChannelLanes, &weights);
            if (kDepthwise) {
              LoadChannels(dy + channel + v * kChannelLanes, &arrived);
              sum[v] += arrived * weights;
            } else {
              sum[v] += dy[o] * weights;
            }
          }
        }
      });
      for (int v = 0; v < kVectors; ++v) {
        StoreChannels(sum[v], dx + first + channel + v * kChannelLanes);
      }
    };
    const auto rest = [&](int64_t channel, int count) GRADUS_INLINE_LAMBDA {
      float sum[kChannelLanes] = {};
      for_windows([&](const float* dy, const float* k) GRADUS_INLINE_LAMBDA {
        k += channel;
        for (int64_t o = 0; o < filters; ++o, k += channels) {
          for (int j = 0; j < count; ++j) sum[j] += dy[kDepthwise ? channel + j : o] * k[j];
        }
      });
      for (int j = 0; j < count; ++j) dx[first + channel + j] = sum[j];
    };
    ForChannels(channels, block, rest);
  }
};

class InputGradWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const Convolution convolution = ConvolutionOf(request);
    Choice choice;
    choice.scratch_bytes = convolution.kernel.elements() * static_cast<int64_t>(sizeof(float));
    choice.cost = ConvolutionLoopCost(
        convolution, convolution.depthwise() ? convolution.groups : convolution.kernel.dims[2]);
    choice.cost += 1.0 * static_cast<double>(convolution.kernel.elements());
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const Convolution convolution = ConvolutionOf(request);
    return MakeKernel([loop = convolution.loop(), groups = convolution.groups,
                       depthwise = convolution.depthwise()](const KernelArgs& args) {
      const InputGradCall call{loop,
                               groups,
                               depthwise,
                               static_cast<const float*>(args.inputs[0]),
                               static_cast<const float*>(args.inputs[1]),
                               static_cast<float*>(args.scratch),
                               static_cast<float*>(args.outputs[0])};
      ForIsa<InputGradLoop>(&call);
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Conv2dInputGrad, "loop", InputGradWithLoop);

class InputGradWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const Convolution convolution = ConvolutionOf(request);
    if (!IsForOneDnn(convolution.loop())) return {};
    std::vector<Choice> choices;
    for (const bool any_layout : {true, false}) {
      const auto pd = Describe(convolution, any_layout);
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
    GRADUS_ASSIGN_OR_RETURN(auto pd, Describe(convolution, choice.detail == "reordered"));
    GRADUS_ASSIGN_OR_RETURN(auto made, DescribeLayouts(convolution, pd, pd.weights_desc(), true));
    return GuardOneDnn("convolution", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeConvolution(made, true, dnnl::convolution_backward_data(pd),
                             {{DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), OneDnnArg::kInput, 0},
                              {DNNL_ARG_WEIGHTS, pd.weights_desc(), OneDnnArg::kInput, 1},
                              {DNNL_ARG_DIFF_SRC, pd.diff_src_desc(), OneDnnArg::kOutput, 0}});
    });
  }

 private:
  static absl::StatusOr<dnnl::convolution_backward_data::primitive_desc> Describe(
      const Convolution& convolution, bool any_layout) {
    using Desc = dnnl::convolution_backward_data::primitive_desc;
    GRADUS_ASSIGN_OR_RETURN(auto forward, DescribeConvolution(convolution, any_layout));
    return GuardOneDnn("convolution", [&]() -> absl::StatusOr<Desc> {
      const OneDnnWindows at(convolution.windows);
      const dnnl::convolution_backward_data::desc desc(
          dnnl::algorithm::convolution_direct, ChannelsLastDesc(convolution.x),
          KernelDesc(convolution, any_layout), ChannelsLastDesc(convolution.y), at.strides,
          at.dilates, at.before, at.after);
      return Desc(desc, OneDnnAttributes(), OneDnnEngine(), forward);
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Conv2dInputGrad, "onednn", InputGradWithOneDnn);

}  // namespace
}  // namespace gradus
