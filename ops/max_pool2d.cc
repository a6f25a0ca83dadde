// The largest number of each window of an image, channel by channel, and where it stands.
//
//   y[n, oy, ox, c] = max over ky, kx of x[n, oy s - top + ky, ox s - left + kx, c]     over what lies in the image
//   index[n, oy, ox, c] = (iy w + ix) c_in + c, the place of the first of the largest in [h w c_in]
//   dx = max_pool2d_grad(dy, index)
//
// NaN where a window has one. The index is an output of the graph, so that the gradient is a function of values like any other. oneDNN is
// not used: its pooling keeps the index in a form of its own, which no other operation reads.

#include <limits>

#include "gradus/runtime/kernel.h"
#include "ops/channels.h"
#include "ops/pool.h"

namespace gradus {
namespace {

class MaxPool2d final : public TypedOp<op::MaxPool2d> {
 public:
  double Flops(const Config& message, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    const auto& config = static_cast<const op::MaxPool2d&>(message);
    return static_cast<double>(config.window(0)) * static_cast<double>(config.window(1)) *
           Op::Flops(message, inputs, outputs.subspan(0, 1), rows);
  }

 protected:
  absl::Status Infer(const op::MaxPool2d& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_ASSIGN_OR_RETURN(Shape y, PooledShape(config, inputs));
    const Shape& x = inputs[0].shape;
    GRADUS_ASSIGN_OR_RETURN(Dim places, Shape(x.dims().subspan(1)).Elements());
    if (places.k > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError(
          absl::StrCat("images ", x.ToString(), " have more places than an INT32 counts"));
    }
    outputs->assign({{DType::kFloat32, y}, {DType::kInt32, y}});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::MaxPool2d& config, GradientScope* scope) const override {
    const Value dy = scope->output_gradient(0);
    if (!scope->wants(0) || !dy.valid()) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape x = emit.spec(scope->input(0)).shape;
    op::MaxPool2dGrad gradient;
    *gradient.mutable_window() = config.window();
    *gradient.mutable_stride() = config.stride();
    *gradient.mutable_padding() = config.padding();
    gradient.add_image_size(x.dim(1).k);
    gradient.add_image_size(x.dim(2).k);
    scope->SetInputGradient(0, emit(gradient, {dy, scope->output(1)}));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(MaxPool2d, op::MaxPool2d);

struct MaxPoolCall {
  ImageLoop loop;
  const float* x;
  float* y;
  int32_t* index;
};

struct MaxPoolLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const MaxPoolCall* call) {
    const ImageLoop& loop = call->loop;
    const WindowAxis &down = loop.windows[0], &across = loop.windows[1];
    float* y = call->y;
    int32_t* index = call->index;
    for (int64_t n = 0; n < loop.n; ++n) {
      const float* image = call->x + n * loop.h * loop.w * loop.c;
      for (int64_t oy = 0; oy < loop.oh; ++oy) {
        const int64_t top = oy * down.stride - down.before;
        const int64_t iy_begin = top + down.First(oy), iy_end = top + down.Last(oy, loop.h);
        for (int64_t ox = 0; ox < loop.ow; ++ox, y += loop.c, index += loop.c) {
          const int64_t left = ox * across.stride - across.before;
          Window(loop, image, iy_begin, iy_end, left + across.First(ox),
                 left + across.Last(ox, loop.w), y, index);
        }
      }
    }
  }

  // The largest of the places [iy_begin, iy_end) x [ix_begin, ix_end), of which there is one at least.
  GRADUS_INLINE static void Window(const ImageLoop& loop, const float* image, int64_t iy_begin,
                                   int64_t iy_end, int64_t ix_begin, int64_t ix_end, float* y,
                                   int32_t* index) {
    const int64_t first = (iy_begin * loop.w + ix_begin) * loop.c;
    const auto block = [&](auto count, int64_t channel) GRADUS_INLINE_LAMBDA {
      constexpr int kVectors = decltype(count)::kVectors;
      ChannelLanes most[kVectors];
      IndexLanes at[kVectors];
      for (int v = 0; v < kVectors; ++v) {
        LoadChannels(image + first + channel + v * kChannelLanes, &most[v]);
        at[v] = IndexLanes() + static_cast<int32_t>(first);
      }
      for (int64_t iy = iy_begin; iy < iy_end; ++iy) {
        for (int64_t ix = ix_begin; ix < ix_end; ++ix) {
          const int64_t place = (iy * loop.w + ix) * loop.c;
          for (int v = 0; v < kVectors; ++v) {
            ChannelLanes x;
            LoadChannels(image + place + channel + v * kChannelLanes, &x);
            // A NaN is larger than all, and no number is larger than a NaN.
            const IndexLanes larger = (x > most[v]) | (x != x);
            most[v] = larger ? x : most[v];
            at[v] = larger ? IndexLanes() + static_cast<int32_t>(place) : at[v];
          }
        }
      }
      IndexLanes lane;
      for (int j = 0; j < kChannelLanes; ++j) lane[j] = static_cast<int32_t>(channel) + j;
      for (int v = 0; v < kVectors; ++v, lane += kChannelLanes) {
        StoreChannels(most[v], y + channel + v * kChannelLanes);
        StoreIndices(at[v] + lane, index + channel + v * kChannelLanes);
      }
    };
    const auto rest = [&](int64_t channel, int count) GRADUS_INLINE_LAMBDA {
      for (int64_t c = channel; c < channel + count; ++c) {
        float most = image[first + c];
        int64_t at = first;
        for (int64_t iy = iy_begin; iy < iy_end; ++iy) {
          for (int64_t ix = ix_begin; ix < ix_end; ++ix) {
            const int64_t place = (iy * loop.w + ix) * loop.c;
            const float x = image[place + c];
            const bool larger = (x > most) | (x != x);
            most = larger ? x : most;
            at = larger ? place : at;
          }
        }
        y[c] = most;
        index[c] = static_cast<int32_t>(at + c);
      }
    };
    ForChannels(loop.c, block, rest);
  }
};

class MaxPoolWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const ImageLoop loop = LoopOf(request);
    Choice choice;
    // A guess: two loads and stores and a comparison for each place of a window.
    choice.cost =
        20 + static_cast<double>(loop.pixels() * loop.places()) *
                 (4 + static_cast<double>(loop.c) * (CurrentIsa() == Isa::kBaseline ? 0.8 : 0.15));
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeKernel([loop = LoopOf(request)](const KernelArgs& args) {
      const MaxPoolCall call{loop, static_cast<const float*>(args.inputs[0]),
                             static_cast<float*>(args.outputs[0]),
                             static_cast<int32_t*>(args.outputs[1])};
      ForIsa<MaxPoolLoop>(&call);
    });
  }

 private:
  static ImageLoop LoopOf(const Request& request) {
    return ImageLoop(PoolWindows(static_cast<const op::MaxPool2d&>(*request.config)),
                     request.inputs[0], request.outputs[0]);
  }
};
GRADUS_REGISTER_KERNEL(op::MaxPool2d, "loop", MaxPoolWithLoop);

}  // namespace
}  // namespace gradus
