// The mean of each window of an image, channel by channel, and its gradient.
//
//   y[n, oy, ox, c] = 1 / m sum over ky, kx of x[n, oy s - top + ky, ox s - left + kx, c];   m counts the places that lie in the image, or
//                     all of the window with count_padding
//   dx[n, iy, ix, c] = sum of dy / m over the windows that have the place;   d(dy) = avg_pool2d(g) for g that arrives at dx

#include "gradus/base/isa.h"
#include "gradus/runtime/kernel.h"
#include "ops/pool.h"

namespace gradus {
namespace {

template <class To, class From>
To PoolLike(const From& from) {
  To to;
  *to.mutable_window() = from.window();
  *to.mutable_stride() = from.stride();
  *to.mutable_padding() = from.padding();
  to.set_count_padding(from.count_padding());
  return to;
}

class AvgPool2d final : public TypedOp<op::AvgPool2d> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return PoolFlops(static_cast<const op::AvgPool2d&>(config), inputs[0].shape, outputs[0].shape,
                     rows);
  }

 protected:
  absl::Status Infer(const op::AvgPool2d& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_ASSIGN_OR_RETURN(Shape y, PooledShape(config, inputs));
    outputs->push_back({DType::kFloat32, y});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::AvgPool2d& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    const Shape x = scope->emit().spec(scope->input(0)).shape;
    auto gradient = PoolLike<op::AvgPool2dGrad>(config);
    gradient.add_image_size(x.dim(1).k);
    gradient.add_image_size(x.dim(2).k);
    scope->SetInputGradient(0, scope->emit()(gradient, {scope->output_gradient()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(AvgPool2d, op::AvgPool2d);

class AvgPool2dGrad final : public TypedOp<op::AvgPool2dGrad> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return PoolFlops(static_cast<const op::AvgPool2dGrad&>(config), outputs[0].shape,
                     inputs[0].shape, rows);
  }

 protected:
  absl::Status Infer(const op::AvgPool2dGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(CheckPool(config));
    GRADUS_RETURN_IF_ERROR(CheckNumbers("image_size", config.image_size(), 2, false, 1));
    GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 0));
    const Shape& dy = inputs[0].shape;
    GRADUS_ASSIGN_OR_RETURN(Shape dx,
                            ImagesShape(PoolWindows(config), dy, config.image_size(), dy.dim(3)));
    outputs->push_back({DType::kFloat32, dx});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::AvgPool2dGrad& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(PoolLike<op::AvgPool2d>(config), {scope->output_gradient()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(AvgPool2dGrad, op::AvgPool2dGrad);

// Both directions walk over the windows and their places; `images` is read by one and written by the other.
struct AvgPoolCall {
  ImageLoop loop;
  bool count_padding;
  const float* from;
  float* to;
};

template <bool kBackward>
struct AvgPoolLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const AvgPoolCall* call) {
    const ImageLoop& loop = call->loop;
    const WindowAxis &down = loop.windows[0], &across = loop.windows[1];
    const int64_t channels = loop.c, image = loop.h * loop.w * channels;
    if (kBackward) std::fill(call->to, call->to + loop.n * image, 0.0f);
    int64_t pooled = 0;  // Where the window's result stands.
    for (int64_t n = 0; n < loop.n; ++n) {
      for (int64_t oy = 0; oy < loop.oh; ++oy) {
        for (int64_t ox = 0; ox < loop.ow; ++ox, pooled += channels) {
          const int64_t ky_begin = down.First(oy), ky_end = down.Last(oy, loop.h);
          const int64_t kx_begin = across.First(ox), kx_end = across.Last(ox, loop.w);
          const int64_t counted =
              call->count_padding ? loop.places() : (ky_end - ky_begin) * (kx_end - kx_begin);
          const float share = 1.0f / static_cast<float>(counted);
          if (!kBackward) std::fill(call->to + pooled, call->to + pooled + channels, 0.0f);
          for (int64_t ky = ky_begin; ky < ky_end; ++ky) {
            const int64_t iy = oy * down.stride - down.before + ky;
            for (int64_t kx = kx_begin; kx < kx_end; ++kx) {
              const int64_t ix = ox * across.stride - across.before + kx;
              const int64_t place = n * image + (iy * loop.w + ix) * channels;
              if (kBackward) {
                AddScaled(call->from + pooled, share, channels, call->to + place);
              } else {
                AddScaled(call->from + place, 1.0f, channels, call->to + pooled);
              }
            }
          }
          if (!kBackward) {
            for (int64_t c = 0; c < channels; ++c) call->to[pooled + c] *= share;
          }
        }
      }
    }
  }
  GRADUS_INLINE static void AddScaled(const float* from, float factor, int64_t channels,
                                      float* __restrict to) {
    for (int64_t c = 0; c < channels; ++c) to[c] += factor * from[c];
  }
};

template <class Config>
struct PoolOf {
  static constexpr bool kBackward = std::is_same<Config, op::AvgPool2dGrad>::value;
  const Config& config;
  const Operand &images, &pooled;
  ImageLoop loop;

  explicit PoolOf(const Request& request)
      : config(static_cast<const Config&>(*request.config)),
        images(kBackward ? request.outputs[0] : request.inputs[0]),
        pooled(kBackward ? request.inputs[0] : request.outputs[0]),
        loop(PoolWindows(config), images, pooled) {}
};

template <class Config>
class AvgPoolWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const PoolOf<Config> pool(request);
    Choice choice;
    // A guess, as are those of oneDNN.
    choice.cost = 20 + pool.loop.visits() * (4 + static_cast<double>(pool.loop.c) *
                                                     (CurrentIsa() == Isa::kBaseline ? 0.4 : 0.1));
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const PoolOf<Config> pool(request);
    return MakeKernel(
        [loop = pool.loop, count_padding = pool.config.count_padding()](const KernelArgs& args) {
          const AvgPoolCall call{loop, count_padding, static_cast<const float*>(args.inputs[0]),
                                 static_cast<float*>(args.outputs[0])};
          ForIsa<AvgPoolLoop<PoolOf<Config>::kBackward>>(&call);
        });
  }
};
using AvgPool2dWithLoop = AvgPoolWithLoop<op::AvgPool2d>;
using AvgPool2dGradWithLoop = AvgPoolWithLoop<op::AvgPool2dGrad>;
GRADUS_REGISTER_KERNEL(op::AvgPool2d, "loop", AvgPool2dWithLoop);
GRADUS_REGISTER_KERNEL(op::AvgPool2dGrad, "loop", AvgPool2dGradWithLoop);

template <class Config>
class AvgPoolWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const PoolOf<Config> pool(request);
    if (!IsForOneDnn(pool.loop)) return {};
    absl::StatusOr<Choice> choice = GuardOneDnn("pooling", [&]() -> absl::StatusOr<Choice> {
      Choice made;
      const auto forward = Forward(pool);
      const bool reference = absl::string_view(forward.impl_info_str()).substr(0, 3) == "ref";
      const double elements = pool.loop.visits() * static_cast<double>(pool.loop.c);
      // With few channels it has been 5 to 50 times slower than this.
      made.cost = 500 + elements * (reference || pool.loop.c < 8 ? 3 : 0.06);
      made.scratch_bytes = static_cast<int64_t>(PoolOf<Config>::kBackward
                                                    ? Backward(pool).scratchpad_desc().get_size()
                                                    : forward.scratchpad_desc().get_size());
      return made;
    });
    if (!choice.ok()) return {};
    return {*choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const PoolOf<Config> pool(request);
    return GuardOneDnn("pooling", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      if (PoolOf<Config>::kBackward) {
        const auto pd = Backward(pool);
        return MakeOneDnnKernel(dnnl::pooling_backward(pd), pd.scratchpad_desc(),
                                {{DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), OneDnnArg::kInput, 0},
                                 {DNNL_ARG_DIFF_SRC, pd.diff_src_desc(), OneDnnArg::kOutput, 0}});
      }
      const auto pd = Forward(pool);
      return MakeOneDnnKernel(dnnl::pooling_forward(pd), pd.scratchpad_desc(),
                              {{DNNL_ARG_SRC, pd.src_desc(), OneDnnArg::kInput, 0},
                               {DNNL_ARG_DST, pd.dst_desc(), OneDnnArg::kOutput, 0}});
    });
  }

 private:
  static dnnl::algorithm Algorithm(const PoolOf<Config>& pool) {
    return pool.config.count_padding() ? dnnl::algorithm::pooling_avg_include_padding
                                       : dnnl::algorithm::pooling_avg_exclude_padding;
  }
  static dnnl::pooling_forward::primitive_desc Forward(const PoolOf<Config>& pool) {
    const OneDnnWindows at(pool.loop.windows);
    const dnnl::pooling_forward::desc desc(
        dnnl::prop_kind::forward_training, Algorithm(pool), ChannelsLastDesc(pool.images),
        ChannelsLastDesc(pool.pooled), at.strides, at.size, at.before, at.after);
    return dnnl::pooling_forward::primitive_desc(desc, OneDnnAttributes(), OneDnnEngine());
  }
  static dnnl::pooling_backward::primitive_desc Backward(const PoolOf<Config>& pool) {
    const OneDnnWindows at(pool.loop.windows);
    const dnnl::pooling_backward::desc desc(Algorithm(pool), ChannelsLastDesc(pool.images),
                                            ChannelsLastDesc(pool.pooled), at.strides, at.size,
                                            at.before, at.after);
    return dnnl::pooling_backward::primitive_desc(desc, OneDnnAttributes(), OneDnnEngine(),
                                                  Forward(pool));
  }
};
using AvgPool2dWithOneDnn = AvgPoolWithOneDnn<op::AvgPool2d>;
using AvgPool2dGradWithOneDnn = AvgPoolWithOneDnn<op::AvgPool2dGrad>;
GRADUS_REGISTER_KERNEL(op::AvgPool2d, "onednn", AvgPool2dWithOneDnn);
GRADUS_REGISTER_KERNEL(op::AvgPool2dGrad, "onednn", AvgPool2dGradWithOneDnn);

}  // namespace
}  // namespace gradus
