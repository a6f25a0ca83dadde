// Swaps axes.
//
//   y[i_0, i_1, ..] = x with its axis permutation[a] at i_a: output axis a is input axis permutation[a]
//   dx = dy with the inverse permutation

#include <algorithm>

#include "gradus/base/isa.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/onednn.h"

namespace gradus {
namespace {

class Transpose final : public TypedOp<op::Transpose> {
 public:
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Transpose& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, 0, DType::kFloat32));
    const Shape& x = inputs[0].shape;
    std::vector<bool> seen(x.rank(), false);
    bool valid = config.permutation_size() == x.rank();
    Shape shape;
    for (int axis : config.permutation()) {
      valid = valid && axis >= 0 && axis < x.rank() && !seen[axis];
      if (!valid) break;
      seen[axis] = true;
      shape.Append(x.dim(axis));
    }
    if (!valid) {
      return absl::InvalidArgumentError(absl::StrCat("permutation of ", x.ToString(),
                                                     " does not name each axis once"));
    }
    outputs->push_back({DType::kFloat32, shape});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Transpose& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    op::Transpose inverse;
    for (int i = 0; i < config.permutation_size(); ++i) inverse.add_permutation(0);
    for (int i = 0; i < config.permutation_size(); ++i) inverse.set_permutation(config.permutation(i), i);
    scope->SetInputGradient(0, scope->emit()(inverse, {scope->output_gradient()}));
    return scope->emit().status();
  }
};
GRADUS_REGISTER_OP(Transpose, op::Transpose);

std::vector<int64_t> Strides(const Operand& x) {
  std::vector<int64_t> strides(x.dims.size());
  int64_t step = 1;
  for (size_t i = x.dims.size(); i-- > 0;) {
    strides[i] = step;
    step *= i + 1 == x.dims.size() && x.dims.size() > 1 && x.pitch > 0 ? x.pitch : x.dims[i];
  }
  return strides;
}

// x's distances in the order of y's axes.
std::vector<int64_t> PermutedStrides(const Request& request) {
  const auto& config = static_cast<const op::Transpose&>(*request.config);
  const std::vector<int64_t> strides = Strides(request.inputs[0]);
  std::vector<int64_t> permuted;
  for (int axis : config.permutation()) permuted.push_back(strides[axis]);
  return permuted;
}

// The axes in y's order, innermost first, without those of length 1, neighbours that stay neighbours merged.
struct TransposeLoop {
  struct Axis {
    int64_t extent, from, to;
  };
  // The axis along which x is contiguous, and the one along which y is (the same one when rows are copied).
  Axis across{1, 1, 0};
  Axis along{1, 0, 1};
  std::vector<Axis> outer;
  int64_t steps = 1;
};

TransposeLoop MakeTransposeLoop(const Request& request) {
  const std::vector<int64_t> from = PermutedStrides(request), to = Strides(request.outputs[0]);
  const std::vector<int64_t>& dims = request.outputs[0].dims;
  std::vector<TransposeLoop::Axis> axes;
  for (size_t i = dims.size(); i-- > 0;) {
    if (dims[i] == 1) continue;
    if (!axes.empty() && from[i] == axes.back().from * axes.back().extent &&
        to[i] == axes.back().to * axes.back().extent) {
      axes.back().extent *= dims[i];
    } else {
      axes.push_back({dims[i], from[i], to[i]});
    }
  }
  TransposeLoop loop;
  for (const TransposeLoop::Axis& axis : axes) {
    if (axis.to == 1) {
      loop.along = axis;
    } else if (axis.from == 1) {
      loop.across = axis;
    } else {
      loop.outer.push_back(axis);
      loop.steps *= axis.extent;
    }
  }
  return loop;
}

// Blocks of 16 x 16, so that a line of x that was fetched is used up before it leaves the cache.
struct RunTranspose {
  template <Isa>
  GRADUS_INLINE static void Run(const TransposeLoop* loop, const float* x, float* y) {
    constexpr int64_t kBlock = 16;
    const TransposeLoop::Axis along = loop->along, across = loop->across;
    for (int64_t step = 0; step < loop->steps; ++step) {
      int64_t rest = step, from = 0, to = 0;
      for (const TransposeLoop::Axis& axis : loop->outer) {
        from += rest % axis.extent * axis.from;
        to += rest % axis.extent * axis.to;
        rest /= axis.extent;
      }
      const float* source = x + from;
      float* target = y + to;
      if (along.from == 1) {
        for (int64_t j = 0; j < across.extent; ++j) {
          for (int64_t i = 0; i < along.extent; ++i) target[j * across.to + i] = source[j * across.from + i];
        }
        continue;
      }
      for (int64_t j0 = 0; j0 < across.extent; j0 += kBlock) {
        const int64_t j1 = std::min(across.extent, j0 + kBlock);
        for (int64_t i0 = 0; i0 < along.extent; i0 += kBlock) {
          const int64_t i1 = std::min(along.extent, i0 + kBlock);
          for (int64_t j = j0; j < j1; ++j) {
            for (int64_t i = i0; i < i1; ++i) target[j * across.to + i] = source[i * along.from + j];
          }
        }
      }
    }
  }
};

class TransposeWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    Choice choice;
    choice.cost = 20 + static_cast<double>(request.outputs[0].elements()) * 0.25;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeKernel([loop = MakeTransposeLoop(request)](const KernelArgs& args) {
      ForIsa<RunTranspose>(&loop, static_cast<const float*>(args.inputs[0]),
                           static_cast<float*>(args.outputs[0]));
    });
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Transpose, "loop", TransposeWithLoop);

class TransposeWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    if (request.outputs[0].dims.empty() || request.outputs[0].dims.size() > 6) return {};
    const auto made = Describe(request);
    if (!made.ok()) return {};
    Choice choice;
    choice.scratch_bytes = static_cast<int64_t>(made->scratchpad_desc().get_size());
    choice.cost = 120 + static_cast<double>(request.outputs[0].elements()) * 0.26;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    GRADUS_ASSIGN_OR_RETURN(dnnl::reorder::primitive_desc made, Describe(request));
    return GuardOneDnn("reorder", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeOneDnnKernel(dnnl::reorder(made), made.scratchpad_desc(),
                              {{DNNL_ARG_FROM, made.src_desc(), OneDnnArg::kInput, 0},
                               {DNNL_ARG_TO, made.dst_desc(), OneDnnArg::kOutput, 0}});
    });
  }
  bool accepts_pitch() const override { return true; }

 private:
  static absl::StatusOr<dnnl::reorder::primitive_desc> Describe(const Request& request) {
    return GuardOneDnn("reorder", [&]() -> absl::StatusOr<dnnl::reorder::primitive_desc> {
      const Operand& y = request.outputs[0];
      return dnnl::reorder::primitive_desc(
          OneDnnEngine(), StridedDesc(DType::kFloat32, y.dims, PermutedStrides(request)),
          OneDnnEngine(), StridedDesc(DType::kFloat32, y.dims, Strides(y)), OneDnnAttributes());
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Transpose, "onednn", TransposeWithOneDnn);

}  // namespace
}  // namespace gradus
