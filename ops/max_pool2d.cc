// The largest number of each window of an image, channel by channel, and where it stands.
//
//   y[n, oy, ox, c] = max over ky, kx of x[n, oy s - top + ky, ox s - left + kx, c]     over what lies in the image
//   index[n, oy, ox, c] = (iy w + ix) c_in + c, the place of the first of the largest in [h w c_in]
//   dx = max_pool2d_grad(dy, index)
//
// NaN where a window has one. The index is an output of the graph, so that the gradient is a function of values like any other. oneDNN is
// not used: its pooling keeps the index in a form of its own, which no other operation reads.

#include <limits>

#include "gradus/base/isa.h"
#include "gradus/runtime/kernel.h"
#include "ops/pool.h"

namespace gradus {
namespace {

class MaxPool2d final : public TypedOp<op::MaxPool2d> {
 public:
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return PoolFlops(static_cast<const op::MaxPool2d&>(config), inputs[0].shape, outputs[0].shape,
                     rows);
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

  // The largest of the places [iy_begin, iy_end) x [ix_begin, ix_end), of which there is one at least. Plain loops over the channels, which
  // the compiler turns into vectors of what the instruction set has.
  GRADUS_INLINE static void Window(const ImageLoop& loop, const float* image, int64_t iy_begin,
                                   int64_t iy_end, int64_t ix_begin, int64_t ix_end, float* y,
                                   int32_t* index) {
    const int64_t row = loop.w * loop.c;
    const int64_t first = iy_begin * row + ix_begin * loop.c;
    if (iy_end - iy_begin == 2 && ix_end - ix_begin == 2) {
      return Quarter(image, first, row, loop.c, y, index);
    }
    Set(image, first, loop.c, y, index);
    for (int64_t iy = iy_begin; iy < iy_end; ++iy) {
      for (int64_t ix = ix_begin + (iy == iy_begin); ix < ix_end; ++ix) {
        Update(image, iy * row + ix * loop.c, loop.c, y, index);
      }
    }
  }

  GRADUS_INLINE static void Set(const float* image, int64_t place, int64_t channels,
                                float* __restrict y, int32_t* __restrict index) {
    for (int64_t c = 0; c < channels; ++c) {
      y[c] = image[place + c];
      index[c] = static_cast<int32_t>(place + c);
    }
  }
  // A NaN is larger than all, and no number is larger than a NaN.
  GRADUS_INLINE static bool Larger(float x, float most) { return (x > most) | (x != x); }

  GRADUS_INLINE static void Update(const float* image, int64_t place, int64_t channels,
                                   float* __restrict y, int32_t* __restrict index) {
    const float* x = image + place;
    const auto first = static_cast<int32_t>(place);
    for (int64_t c = 0; c < channels; ++c) {
      const bool larger = Larger(x[c], y[c]);
      y[c] = larger ? x[c] : y[c];
      index[c] = larger ? first + static_cast<int32_t>(c) : index[c];
    }
  }

  // A window of 2 x 2 in one pass: what nearly all pools have.
  GRADUS_INLINE static void Quarter(const float* image, int64_t place, int64_t row,
                                    int64_t channels, float* __restrict y,
                                    int32_t* __restrict index) {
    const float *a = image + place, *b = a + channels, *c = a + row, *d = c + channels;
    const auto first = static_cast<int32_t>(place), right = static_cast<int32_t>(channels);
    const auto below = static_cast<int32_t>(row);
    for (int64_t i = 0; i < channels; ++i) {
      float most = a[i];
      int32_t at = 0;
      const bool b_larger = Larger(b[i], most);
      most = b_larger ? b[i] : most;
      at = b_larger ? right : at;
      const bool c_larger = Larger(c[i], most);
      most = c_larger ? c[i] : most;
      at = c_larger ? below : at;
      const bool d_larger = Larger(d[i], most);
      most = d_larger ? d[i] : most;
      at = d_larger ? below + right : at;
      y[i] = most;
      index[i] = first + at + static_cast<int32_t>(i);
    }
  }
};

class MaxPoolWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const ImageLoop loop = LoopOf(request);
    Choice choice;
    // Measured with AVX-512 for windows of 2 x 2 (up to 64 images of 28 x 28 x 32); baseline is a guess.
    choice.cost = 20 + loop.visits() * (0.9 + static_cast<double>(loop.c) *
                                                  (CurrentIsa() == Isa::kBaseline ? 0.4 : 0.06));
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
