// The gradient of max_pool2d.
//
//   dx[n, index[n, oy, ox, c]] += dy[n, oy, ox, c]      index as max_pool2d gives it, into [h w c]
//   (dy [batch, oh, ow, c], index INT32 like dy) -> dx [batch, h, w, c];   d(dy) = gather(g, index) for g that arrives at dx
//
// Where windows do not overlap, each place has one window at most, and dx is written in one pass: dy where the index names the place, 0
// elsewhere. Otherwise it is a scatter into zeros. An index outside of its window is not max_pool2d's: the first kernel drops what it
// stands for, the second ends the run with an error when it lies outside of the image.

#include <algorithm>
#include <limits>

#include "gradus/base/isa.h"
#include "gradus/runtime/kernel.h"
#include "ops/pool.h"

namespace gradus {
namespace {

class MaxPool2dGrad final : public TypedOp<op::MaxPool2dGrad> {
 public:
  bool linear_in(const Config&, int input) const override { return input == 0; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec>, int64_t rows) const override {
    return Op::Flops(config, inputs, inputs.subspan(0, 1), rows);
  }

 protected:
  absl::Status Infer(const op::MaxPool2dGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    GRADUS_RETURN_IF_ERROR(CheckPool(config));
    GRADUS_RETURN_IF_ERROR(CheckNumbers("image_size", config.image_size(), 2, false, 1));
    GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 0));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 1, DType::kInt32));
    const Shape& dy = inputs[0].shape;
    if (inputs[1].shape != dy) {
      return absl::InvalidArgumentError(absl::StrCat("index ", inputs[1].shape.ToString(),
                                                     " has not the shape of ", dy.ToString()));
    }
    GRADUS_ASSIGN_OR_RETURN(Shape dx,
                            ImagesShape(PoolWindows(config), dy, config.image_size(), dy.dim(3)));
    GRADUS_ASSIGN_OR_RETURN(Dim places, Shape(dx.dims().subspan(1)).Elements());
    if (places.k > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError(
          absl::StrCat("images ", dx.ToString(), " have more places than an INT32 counts"));
    }
    outputs->push_back({DType::kFloat32, dx});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::MaxPool2dGrad&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Shape dy = emit.spec(scope->input(0)).shape;
    const Shape dx = emit.spec(scope->output()).shape;
    const auto flat = [](const Shape& images) {
      return Shape({images.dim(0), Dim{images.dim(1).k * images.dim(2).k * images.dim(3).k}});
    };
    op::Gather gather;
    gather.set_batch_dims(1);
    const Value picked = emit(gather, {emit.Reshape(scope->output_gradient(), flat(dx)),
                                       emit.Reshape(scope->input(1), flat(dy))});
    scope->SetInputGradient(0, emit.Reshape(picked, dy));
    return emit.status();
  }
};
GRADUS_REGISTER_OP(MaxPool2dGrad, op::MaxPool2dGrad);

ImageLoop LoopOf(const Request& request) {
  return ImageLoop(PoolWindows(static_cast<const op::MaxPool2dGrad&>(*request.config)),
                   request.outputs[0], request.inputs[0]);
}

// A scatter into zeros.
absl::Status Scatter(const ImageLoop& loop, const float* dy, const int32_t* index, float* dx) {
  const int64_t places = loop.h * loop.w * loop.c, picks = loop.oh * loop.ow * loop.c;
  std::fill(dx, dx + loop.n * places, 0.0f);
  for (int64_t n = 0; n < loop.n; ++n, dx += places, dy += picks, index += picks) {
    for (int64_t i = 0; i < picks; ++i) {
      if (index[i] < 0 || index[i] >= places) {
        return absl::OutOfRangeError(
            absl::StrCat("index ", index[i], " is outside [0, ", places, ")"));
      }
      dx[index[i]] += dy[i];
    }
  }
  return absl::OkStatus();
}

class MaxPoolGradWithScatter final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const ImageLoop loop = LoopOf(request);
    Choice choice;
    choice.cost = 20 + 0.45 * static_cast<double>(loop.pixels() * loop.c) +
                  0.06 * static_cast<double>(request.outputs[0].elements());
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeKernel([loop = LoopOf(request)](const KernelArgs& args) {
      return Scatter(loop, static_cast<const float*>(args.inputs[0]),
                     static_cast<const int32_t*>(args.inputs[1]),
                     static_cast<float*>(args.outputs[0]));
    });
  }
};
GRADUS_REGISTER_KERNEL(op::MaxPool2dGrad, "scatter", MaxPoolGradWithScatter);

struct WindowsCall {
  ImageLoop loop;
  bool gaps;  // Whether there are places that no window has.
  const float* dy;
  const int32_t* index;
  float* dx;
};

struct WindowsLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const WindowsCall* call) {
    const ImageLoop& loop = call->loop;
    const WindowAxis &down = loop.windows[0], &across = loop.windows[1];
    const float* dy = call->dy;
    const int32_t* index = call->index;
    const int64_t places = loop.h * loop.w * loop.c;
    for (int64_t n = 0; n < loop.n; ++n) {
      float* image = call->dx + n * places;
      if (call->gaps) std::fill(image, image + places, 0.0f);
      for (int64_t oy = 0; oy < loop.oh; ++oy) {
        const int64_t top = oy * down.stride - down.before;
        const int64_t iy_begin = top + down.First(oy), iy_end = top + down.Last(oy, loop.h);
        for (int64_t ox = 0; ox < loop.ow; ++ox, dy += loop.c, index += loop.c) {
          const int64_t left = ox * across.stride - across.before;
          const int64_t ix_begin = left + across.First(ox);
          const int64_t ix_end = left + across.Last(ox, loop.w);
          for (int64_t iy = iy_begin; iy < iy_end; ++iy) {
            for (int64_t ix = ix_begin; ix < ix_end; ++ix) {
              Place((iy * loop.w + ix) * loop.c, loop.c, dy, index, image);
            }
          }
        }
      }
    }
  }

  // A plain loop over the channels, which the compiler turns into vectors of what the instruction set has.
  GRADUS_INLINE static void Place(int64_t place, int64_t channels, const float* __restrict dy,
                                  const int32_t* __restrict index, float* image) {
    float* __restrict dx = image + place;
    const auto first = static_cast<int32_t>(place);
    for (int64_t c = 0; c < channels; ++c) {
      dx[c] = index[c] == first + static_cast<int32_t>(c) ? dy[c] : 0.0f;
    }
  }
};

class MaxPoolGradByWindows final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const ImageLoop loop = LoopOf(request);
    for (const WindowAxis& axis : loop.windows) {
      if (axis.stride < axis.size) return {};
    }
    Choice choice;
    // Measured with AVX-512, as in max_pool2d.cc, and the scatter alike.
    choice.cost = 20 + loop.visits() * (1.3 + static_cast<double>(loop.c) *
                                                  (CurrentIsa() == Isa::kBaseline ? 0.25 : 0.06));
    if (Gaps(loop)) choice.cost += 0.06 * static_cast<double>(request.outputs[0].elements());
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const ImageLoop loop = LoopOf(request);
    return MakeKernel([loop, gaps = Gaps(loop)](const KernelArgs& args) {
      const WindowsCall call{loop, gaps, static_cast<const float*>(args.inputs[0]),
                             static_cast<const int32_t*>(args.inputs[1]),
                             static_cast<float*>(args.outputs[0])};
      ForIsa<WindowsLoop>(&call);
    });
  }

 private:
  static bool Gaps(const ImageLoop& loop) {
    const auto covers = [](const WindowAxis& axis, int64_t count, int64_t length) {
      return axis.stride == axis.size && count * axis.stride - axis.before >= length;
    };
    return !covers(loop.windows[0], loop.oh, loop.h) || !covers(loop.windows[1], loop.ow, loop.w);
  }
};
GRADUS_REGISTER_KERNEL(op::MaxPool2dGrad, "windows", MaxPoolGradByWindows);

}  // namespace
}  // namespace gradus
