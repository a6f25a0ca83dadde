// What conv2d and its two gradients share: the three shapes, and the kernels that oneDNN makes.
//
// Convolution is bilinear, and the three operations are one sum with another operand left out:
//   S = sum over n, oy, ox, ky, kx, g, i, o of x[n, iy, ix, g, i] k[ky, kx, i, g, o] dy[n, oy, ox, g, o],  iy = oy stride - top + ky dilation
//   conv2d = dS/d(dy),  conv2d_input_grad = dS/dx,  conv2d_kernel_grad = dS/dk
// so that the gradients of each are the other two. g counts groups, and channel g c / groups + i is i of group g.

#ifndef GRADUS_OPS_CONVOLUTION_H_
#define GRADUS_OPS_CONVOLUTION_H_

#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "gradus/base/isa.h"
#include "gradus/runtime/kernel.h"
#include "ops/channels.h"
#include "ops/windows.h"

namespace gradus {

template <class Config>
absl::Status CheckConvolution(const Config& config) {
  GRADUS_RETURN_IF_ERROR(CheckStrideAndPadding(config));
  GRADUS_RETURN_IF_ERROR(CheckNumbers("dilation", config.dilation(), 2, true, 1));
  if (config.groups() >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("groups ", config.groups(), " is not positive"));
}

template <class Config>
Windows ConvolutionWindows(const Config& config, int64_t kernel_height, int64_t kernel_width) {
  Windows windows = WindowsOf(config);
  windows[0].size = kernel_height;
  windows[1].size = kernel_width;
  for (int axis = 0; axis < 2; ++axis) {
    if (!config.dilation().empty()) windows[axis].dilation = config.dilation(axis);
  }
  return windows;
}

// Input `index` is a kernel [height, width, channels of a group, channels of the result].
inline absl::Status CheckKernelShape(absl::Span<const TensorSpec> inputs, int index) {
  GRADUS_RETURN_IF_ERROR(ExpectType(inputs, index, DType::kFloat32));
  const Shape& shape = inputs[index].shape;
  const bool good = shape.rank() == 4 && shape.batch_axis() < 0 && shape.dim(0).k >= 1 &&
                    shape.dim(1).k >= 1 && shape.dim(0).k <= kMostWindow &&
                    shape.dim(1).k <= kMostWindow;
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("kernel ", shape.ToString(), " is not [height, width, channels, filters]"));
}

// Channels, or filters, are cut into groups of equal size.
inline absl::Status CheckGroups(int64_t groups, absl::string_view what, int64_t channels) {
  if (channels % groups == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(channels, " ", what, " cannot be cut into ", groups, " groups"));
}

// A config of another of the three with what they have in common.
template <class To, class From>
To ConvolutionLike(const From& from) {
  To to;
  *to.mutable_stride() = from.stride();
  *to.mutable_dilation() = from.dilation();
  *to.mutable_padding() = from.padding();
  to.set_groups(from.groups());
  return to;
}

inline op::Conv2dInputGrad InputGradLike(op::Conv2dInputGrad config, const Shape& images) {
  config.clear_image_size();
  config.add_image_size(images.dim(1).k);
  config.add_image_size(images.dim(2).k);
  return config;
}

inline op::Conv2dKernelGrad KernelGradLike(op::Conv2dKernelGrad config, const Shape& kernel) {
  config.clear_kernel_size();
  config.add_kernel_size(kernel.dim(0).k);
  config.add_kernel_size(kernel.dim(1).k);
  return config;
}

// The three operands of a convolution, whichever of them is computed.
struct Convolution {
  Operand x, kernel, y;
  Windows windows;
  int64_t groups = 1;

  template <class Config>
  Convolution(const Config& config, const Operand& images, const Operand& weights,
              const Operand& windowed)
      : x(images),
        kernel(weights),
        y(windowed),
        windows(ConvolutionWindows(config, weights.dims[0], weights.dims[1])),
        groups(config.groups()) {}

  ImageLoop loop() const { return ImageLoop(windows, x, y); }
  bool depthwise() const { return groups == x.dims[3] && groups == y.dims[3]; }
  double flops() const {
    return 2.0 * static_cast<double>(y.elements()) *
           static_cast<double>(kernel.dims[0] * kernel.dims[1] * kernel.dims[2]);
  }
};

// What a convolution's windows over `windowed` results cost; the rows are the batch.
inline double ConvolutionFlops(const Shape& windowed, const Shape& kernel, int64_t rows) {
  double flops = 2;
  for (int64_t d : windowed.At(rows)) flops *= static_cast<double>(d);
  for (int axis = 0; axis < 3; ++axis) flops *= static_cast<double>(kernel.dim(axis).k);
  return flops;
}

// ---- Loops.

// Measured with AVX-512 (32 images of 7 x 7 to 28 x 28, 1 to 64 channels): 14 to 120 operations in a nanosecond with whole vectors, 10
// with 10 channels. The other instruction sets are guessed from that.
inline double ConvolutionLoopCost(const Convolution& convolution, int64_t channels_side_by_side) {
  const double slowdown = CurrentIsa() == Isa::kAvx512 ? 1 : CurrentIsa() == Isa::kAvx2 ? 2 : 6;
  const auto channels = static_cast<double>(std::max<int64_t>(channels_side_by_side, 1));
  const double rate = channels < kChannelLanes ? channels : 80;
  return 50 + 15 * static_cast<double>(convolution.loop().pixels()) +
         convolution.flops() * slowdown / rate;
}

// ---- oneDNN. Images are channels-last as they are in the graph; the kernel is in the layout that oneDNN asks for, into which it is
// brought in scratch memory at every call, and a kernel's gradient is brought back from it.

// The kernel as it is in the graph: hwio, or hwigo.
inline dnnl::memory::desc KernelDesc(const Convolution& convolution, bool any_layout) {
  const std::vector<int64_t>& d = convolution.kernel.dims;
  const int64_t groups = convolution.groups, filters = d[3] / groups;
  std::vector<int64_t> dims = {filters, d[2], d[0], d[1]};
  std::vector<int64_t> strides = {1, d[3], d[1] * d[2] * d[3], d[2] * d[3]};
  if (groups > 1) {
    dims.insert(dims.begin(), groups);
    strides.insert(strides.begin(), filters);
  }
  if (!any_layout) return StridedDesc(DType::kFloat32, dims, strides);
  return dnnl::memory::desc(dims, OneDnnType(DType::kFloat32), dnnl::memory::format_tag::any);
}

// What a convolution does to its results: a bias, which is inputs[2], and what oneDNN appends.
struct ConvolutionEpilogue {
  bool has_bias = false;
  dnnl::post_ops post_ops;
};

inline dnnl::memory::desc BiasDesc(const Convolution& convolution) {
  return StridedDesc(DType::kFloat32, {convolution.y.dims[3]}, {1});
}

inline absl::StatusOr<dnnl::convolution_forward::primitive_desc> DescribeConvolution(
    const Convolution& convolution, bool any_layout, const ConvolutionEpilogue& epilogue = {}) {
  using Desc = dnnl::convolution_forward::primitive_desc;
  return GuardOneDnn("convolution", [&]() -> absl::StatusOr<Desc> {
    const OneDnnWindows at(convolution.windows);
    const auto x = ChannelsLastDesc(convolution.x), y = ChannelsLastDesc(convolution.y);
    const auto kernel = KernelDesc(convolution, any_layout);
    const auto training = dnnl::prop_kind::forward_training;
    const auto direct = dnnl::algorithm::convolution_direct;
    const auto desc =
        epilogue.has_bias
            ? dnnl::convolution_forward::desc(training, direct, x, kernel, BiasDesc(convolution), y,
                                              at.strides, at.dilates, at.before, at.after)
            : dnnl::convolution_forward::desc(training, direct, x, kernel, y, at.strides,
                                              at.dilates, at.before, at.after);
    dnnl::primitive_attr attributes = OneDnnAttributes();
    attributes.set_post_ops(epilogue.post_ops);
    return Desc(desc, attributes, OneDnnEngine());
  });
}

// A convolution whose kernel (inputs[1] when `reads_kernel`, otherwise the output) stands in another layout in scratch memory.
class ConvolutionInLayout final : public Kernel {
 public:
  ConvolutionInLayout(bool reads_kernel, bool has_bias, int64_t kernel_bytes,
                      std::unique_ptr<Kernel> convolution, std::unique_ptr<Kernel> reorder)
      : reads_kernel_(reads_kernel),
        has_bias_(has_bias),
        kernel_bytes_(kernel_bytes),
        convolution_(std::move(convolution)),
        reorder_(std::move(reorder)) {}

  absl::StatusOr<std::unique_ptr<KernelState>> NewState() const override {
    auto state = std::make_unique<State>();
    GRADUS_ASSIGN_OR_RETURN(state->convolution, convolution_->NewState());
    GRADUS_ASSIGN_OR_RETURN(state->reorder, reorder_->NewState());
    return std::unique_ptr<KernelState>(std::move(state));
  }
  absl::Status Run(const KernelArgs& args, KernelState* kernel_state) const override {
    auto* state = static_cast<State*>(kernel_state);
    void* kernel = args.scratch;
    void* scratch = static_cast<char*>(args.scratch) + kernel_bytes_;
    const void* kernel_in = kernel;
    if (reads_kernel_) {
      GRADUS_RETURN_IF_ERROR(
          reorder_->Run({args.inputs + 1, &kernel, scratch}, state->reorder.get()));
      const void* inputs[] = {args.inputs[0], kernel_in, has_bias_ ? args.inputs[2] : nullptr};
      return convolution_->Run({inputs, args.outputs, scratch}, state->convolution.get());
    }
    GRADUS_RETURN_IF_ERROR(
        convolution_->Run({args.inputs, &kernel, scratch}, state->convolution.get()));
    return reorder_->Run({&kernel_in, args.outputs, scratch}, state->reorder.get());
  }

 private:
  struct State final : public KernelState {
    std::unique_ptr<KernelState> convolution, reorder;
  };
  const bool reads_kernel_, has_bias_;
  const int64_t kernel_bytes_;
  const std::unique_ptr<Kernel> convolution_, reorder_;
};

// One of the three as a oneDNN primitive: its description, and which argument each operand is.
struct OneDnnConvolution {
  dnnl::memory::desc plain, wanted;  // The kernel here and there.
  dnnl::memory::desc scratchpad;
  dnnl::reorder::primitive_desc reorder;  // Set when plain and wanted differ.
  bool reference = false;                 // Plain loops of oneDNN's, slower than ours.

  bool reorders() const { return plain != wanted; }
  int64_t kernel_bytes() const {
    return reorders() ? (static_cast<int64_t>(wanted.get_size()) + 63) / 64 * 64 : 0;
  }
  int64_t scratch_bytes() const {
    auto bytes = static_cast<int64_t>(scratchpad.get_size());
    if (reorders()) {
      bytes = std::max(bytes, static_cast<int64_t>(reorder.scratchpad_desc().get_size()));
    }
    return kernel_bytes() + bytes;
  }
};

// `pd` is the primitive's description, `wanted` the kernel's in it.
template <class PrimitiveDesc>
absl::StatusOr<OneDnnConvolution> DescribeLayouts(const Convolution& convolution,
                                                  const PrimitiveDesc& pd,
                                                  const dnnl::memory::desc& wanted,
                                                  bool reads_kernel) {
  return GuardOneDnn("reorder", [&]() -> absl::StatusOr<OneDnnConvolution> {
    OneDnnConvolution made;
    made.plain = KernelDesc(convolution, false);
    made.wanted = wanted;
    made.scratchpad = pd.scratchpad_desc();
    made.reference = absl::StrContains(pd.impl_info_str(), "ref");
    if (made.reorders()) {
      made.reorder = dnnl::reorder::primitive_desc(
          OneDnnEngine(), reads_kernel ? made.plain : wanted, OneDnnEngine(),
          reads_kernel ? wanted : made.plain, OneDnnAttributes());
    }
    return made;
  });
}

inline Choice OneDnnConvolutionChoice(const Convolution& convolution,
                                      const OneDnnConvolution& made) {
  Choice choice;
  choice.scratch_bytes = made.scratch_bytes();
  // Measured as the loops were: about 200 operations in a nanosecond in the layout that oneDNN asks for, a fifth of that and less in the
  // graph's. A start and a pass over the kernel cost little.
  const double rate = CurrentIsa() == Isa::kAvx512 ? 200 : CurrentIsa() == Isa::kAvx2 ? 100 : 30;
  const double part = made.reference ? 100 : made.reorders() ? 1 : 5;
  choice.cost = 800 + convolution.flops() * part / rate;
  if (made.reorders()) choice.cost += 0.5 * static_cast<double>(convolution.kernel.elements());
  return choice;
}

// `primitive` with arguments whose kernel is inputs[1], or the output.
inline absl::StatusOr<std::unique_ptr<Kernel>> MakeConvolution(const OneDnnConvolution& made,
                                                               bool reads_kernel,
                                                               dnnl::primitive primitive,
                                                               std::vector<OneDnnArg> args) {
  bool has_bias = false;
  for (const OneDnnArg& arg : args) has_bias |= arg.id == DNNL_ARG_BIAS;
  auto inner = MakeOneDnnKernel(std::move(primitive), made.scratchpad, std::move(args));
  if (!made.reorders()) return inner;
  auto reorder = MakeOneDnnKernel(
      dnnl::reorder(made.reorder), made.reorder.scratchpad_desc(),
      {{DNNL_ARG_FROM, reads_kernel ? made.plain : made.wanted, OneDnnArg::kInput, 0},
       {DNNL_ARG_TO, reads_kernel ? made.wanted : made.plain, OneDnnArg::kOutput, 0}});
  return std::unique_ptr<Kernel>(std::make_unique<ConvolutionInLayout>(
      reads_kernel, has_bias, made.kernel_bytes(), std::move(inner), std::move(reorder)));
}

}  // namespace gradus

#endif  // GRADUS_OPS_CONVOLUTION_H_
