// Joins tensors along an axis.
//
//   y = [x_0, x_1, ..]       along `axis`, which is not the batch; all other axes are equal
//   dx_i = the slice of dy where x_i went

#include <algorithm>

#include "gradus/runtime/onednn.h"
#include "ops/slices.h"

namespace gradus {
namespace {

class Concat final : public TypedOp<op::Concat> {
 public:
  bool jointly_linear(const Config&) const override { return true; }
  double Flops(const Config&, absl::Span<const TensorSpec>, absl::Span<const TensorSpec>,
               int64_t) const override {
    return 0;
  }

 protected:
  absl::Status Infer(const op::Concat& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    if (inputs.empty()) return absl::InvalidArgumentError("takes one input or more, not 0");
    Shape shape = inputs[0].shape;
    GRADUS_ASSIGN_OR_RETURN(int axis, FixedAxis(config.axis(), shape));
    int64_t length = 0;
    for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
      GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
      const Shape& other = inputs[i].shape;
      Shape aligned = other;
      if (other.rank() == shape.rank() && !other.dim(axis).batch) aligned.Set(axis, shape.dim(axis));
      if (aligned != shape) {
        return absl::InvalidArgumentError(absl::StrCat("shapes ", shape.ToString(), " and ",
                                                       other.ToString(),
                                                       " do not join along axis ", axis));
      }
      GRADUS_ASSIGN_OR_RETURN(Dim elements, other.Elements());  // Extents that add up without overflow.
      (void)elements;
      length += other.dim(axis).k;
      if (length > int64_t{1} << 48) return absl::InvalidArgumentError("the joined axis is too long");
    }
    shape.Set(axis, {length, false});
    outputs->push_back({DType::kFloat32, shape});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Concat& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    int64_t begin = 0;
    for (int i = 0; i < static_cast<int>(scope->node().inputs.size()); ++i) {
      const Shape shape = emit.spec(scope->input(i)).shape;
      GRADUS_ASSIGN_OR_RETURN(int axis, FixedAxis(config.axis(), shape));
      const int64_t end = begin + shape.dim(axis).k;
      if (scope->wants(i)) {
        op::Slice slice;
        slice.set_axis(axis);
        slice.set_begin(begin);
        slice.set_end(end);
        scope->SetInputGradient(i, emit(slice, {scope->output_gradient()}));
      }
      begin = end;
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Concat, op::Concat);

class ConcatWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {CopyChoice(request.outputs[0])};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int axis = static_cast<const op::Concat&>(*request.config).axis();
    const AxisBlocks y = BlocksOf(request.outputs[0], axis);
    std::vector<int64_t> sizes;
    for (const Operand& x : request.inputs) {
      const AxisBlocks blocks = BlocksOf(x, axis);
      sizes.push_back(blocks.length * blocks.inner);
    }
    return MakeKernel([sizes, y](const KernelArgs& args) {
      auto* to = static_cast<float*>(args.outputs[0]);
      for (size_t i = 0; i < sizes.size(); ++i) {
        CopyBlocks(y.outer, sizes[i], static_cast<const float*>(args.inputs[i]), sizes[i], to,
                   y.length * y.inner);
        to += sizes[i];
      }
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Concat, "loop", ConcatWithLoop);

// oneDNN takes at most 64 tensors of at least one element.
class ConcatWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    if (request.inputs.size() < 2 || request.inputs.size() > 64) return {};
    for (const Operand& x : request.inputs) {
      if (x.elements() == 0 || x.dims.size() > 6) return {};
    }
    const auto made = Describe(request);
    if (!made.ok()) return {};
    Choice choice;
    choice.scratch_bytes = static_cast<int64_t>(made->scratchpad_desc().get_size());
    choice.cost = 500 + static_cast<double>(request.outputs[0].elements()) * 0.1;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    GRADUS_ASSIGN_OR_RETURN(dnnl::concat::primitive_desc made, Describe(request));
    return GuardOneDnn("concat", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      std::vector<OneDnnArg> args = {{DNNL_ARG_DST, made.dst_desc(), OneDnnArg::kOutput, 0}};
      for (int i = 0; i < static_cast<int>(request.inputs.size()); ++i) {
        args.push_back({DNNL_ARG_MULTIPLE_SRC + i, made.src_desc(i), OneDnnArg::kInput, i});
      }
      return MakeOneDnnKernel(dnnl::concat(made), made.scratchpad_desc(), std::move(args));
    });
  }

 private:
  static absl::StatusOr<dnnl::concat::primitive_desc> Describe(const Request& request) {
    return GuardOneDnn("concat", [&]() -> absl::StatusOr<dnnl::concat::primitive_desc> {
      const int axis = static_cast<const op::Concat&>(*request.config).axis();
      const int rank = static_cast<int>(request.outputs[0].dims.size());
      std::vector<dnnl::memory::desc> inputs;
      for (const Operand& x : request.inputs) inputs.push_back(PlainDesc(x));
      return dnnl::concat::primitive_desc(PlainDesc(request.outputs[0]), axis < 0 ? axis + rank : axis,
                                          inputs, OneDnnEngine(), OneDnnAttributes());
    });
  }
};
GRADUS_REGISTER_KERNEL(op::Concat, "onednn", ConcatWithOneDnn);

}  // namespace
}  // namespace gradus
