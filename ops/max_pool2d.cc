// The largest number of each window of an image, channel by channel, and where it stands.
//
//   y[n, oy, ox, c] = max over ky, kx of x[n, oy s - top + ky, ox s - left + kx, c]     over what lies in the image
//   index[n, oy, ox, c] = (iy w + ix) c_in + c, the place of the first of the largest in [h w c_in]
//   dx = scatter_add(dy, index), each image by itself
//
// NaN where a window has one. With the index as an output of the graph, the gradient and the gradient's gradient are operations that
// exist. oneDNN is not used: its pooling keeps the index in a form of its own, which no other operation reads.

#include <limits>

#include "gradus/base/isa.h"
#include "gradus/runtime/kernel.h"
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
  absl::Status Differentiate(const op::MaxPool2d&, GradientScope* scope) const override {
    const Value dy = scope->output_gradient(0);
    if (!scope->wants(0) || !dy.valid()) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape x = emit.spec(scope->input(0)).shape, y = emit.spec(dy).shape;
    const auto places = [](const Shape& shape) {
      return Dim{shape.dim(1).k * shape.dim(2).k * shape.dim(3).k, false};
    };
    const Shape flat = {y.dim(0), places(y)};
    op::ScatterAdd scatter;
    scatter.set_batch_dims(1);
    scatter.mutable_length()->set_k(places(x).k);
    const Value dx = emit(scatter, {emit.Reshape(dy, flat), emit.Reshape(scope->output(1), flat)});
    scope->SetInputGradient(0, emit.Reshape(dx, x));
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
    const int64_t channels = loop.c;
    float* y = call->y;
    int32_t* index = call->index;
    for (int64_t n = 0; n < loop.n; ++n) {
      const float* image = call->x + n * loop.h * loop.w * channels;
      for (int64_t oy = 0; oy < loop.oh; ++oy) {
        for (int64_t ox = 0; ox < loop.ow; ++ox, y += channels, index += channels) {
          bool first = true;
          for (int64_t ky = down.First(oy); ky < down.Last(oy, loop.h); ++ky) {
            const int64_t iy = oy * down.stride - down.before + ky;
            for (int64_t kx = across.First(ox); kx < across.Last(ox, loop.w); ++kx) {
              const int64_t ix = ox * across.stride - across.before + kx;
              const int64_t place = (iy * loop.w + ix) * channels;
              if (first) {
                Set(image + place, static_cast<int32_t>(place), channels, y, index);
              } else {
                Update(image + place, static_cast<int32_t>(place), channels, y, index);
              }
              first = false;
            }
          }
        }
      }
    }
  }
  GRADUS_INLINE static void Set(const float* x, int32_t place, int64_t channels,
                                float* __restrict y, int32_t* __restrict index) {
    for (int64_t c = 0; c < channels; ++c) {
      y[c] = x[c];
      index[c] = place + static_cast<int32_t>(c);
    }
  }
  GRADUS_INLINE static void Update(const float* x, int32_t place, int64_t channels,
                                   float* __restrict y, int32_t* __restrict index) {
    for (int64_t c = 0; c < channels; ++c) {
      // A NaN is larger than all, and no number is larger than a NaN.
      const bool larger = (x[c] > y[c]) | (x[c] != x[c]);
      y[c] = larger ? x[c] : y[c];
      index[c] = larger ? place + static_cast<int32_t>(c) : index[c];
    }
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
