// Element-by-element kernels out of oneDNN primitives.

#include "gradus/runtime/onednn_eltwise.h"

#include <utility>

#include "gradus/runtime/elementwise_axes.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {
namespace {

dnnl::memory::desc FlatDesc(const Operand& operand) {
  return StridedDesc(operand.dtype, {operand.elements()}, {1});
}

// The operand over the collapsed axes, which are made at least two because the fast paths look at
// the second one.
dnnl::memory::desc CollapsedDesc(const ElementwiseAxes& axes, size_t operand) {
  std::vector<int64_t> dims;
  for (size_t i = 0; i < axes.extents.size(); ++i) {
    dims.push_back(axes.strides[operand][i] == 0 ? 1 : axes.extents[i]);
  }
  if (dims.size() < 2) dims.insert(dims.begin(), 1);
  std::vector<int64_t> strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return StridedDesc(DType::kFloat32, dims, strides);
}

enum class Repeat { kNone, kAll, kLeading, kOther };

Repeat HowRepeated(const ElementwiseAxes& axes, size_t operand) {
  const std::vector<int64_t>& strides = axes.strides[operand];
  size_t zeros = 0;
  while (zeros < strides.size() && strides[zeros] == 0) ++zeros;
  for (size_t i = zeros; i < strides.size(); ++i) {
    if (strides[i] == 0) return Repeat::kOther;
  }
  return zeros == 0 ? Repeat::kNone : zeros == strides.size() ? Repeat::kAll : Repeat::kLeading;
}

// Nanoseconds an element with AVX-512, in cache, measured with 2.6.3.
double ForwardCost(dnnl::algorithm algorithm) {
  switch (algorithm) {
    case dnnl::algorithm::eltwise_exp:
      return 0.155;
    case dnnl::algorithm::eltwise_elu:
      return 0.19;
    case dnnl::algorithm::eltwise_tanh:
      return 0.21;
    case dnnl::algorithm::eltwise_logistic:
      return 0.225;
    case dnnl::algorithm::eltwise_gelu_erf:
      return 0.3;
    case dnnl::algorithm::eltwise_sqrt:
      return 0.074;
    case dnnl::algorithm::eltwise_swish:
      return 0.279;
    case dnnl::algorithm::eltwise_hardswish:
      return 0.087;
    case dnnl::algorithm::eltwise_gelu_tanh:
      return 0.32;
    default:
      return 0.032;
  }
}

double BackwardCost(dnnl::algorithm algorithm) {
  switch (algorithm) {
    case dnnl::algorithm::eltwise_abs:
      return 0.063;
    case dnnl::algorithm::eltwise_soft_relu:
      return 0.283;
    case dnnl::algorithm::eltwise_gelu_erf:
      return 0.5;
    case dnnl::algorithm::eltwise_swish:
      return 0.37;
    case dnnl::algorithm::eltwise_mish:
      return 0.396;
    case dnnl::algorithm::eltwise_hardswish:
      return 0.214;
    case dnnl::algorithm::eltwise_gelu_tanh:
      return 0.479;
    default:
      return 0.18;
  }
}

std::vector<Choice> CandidateOf(int64_t elements, double call, double per_element) {
  if (elements == 0) return {};
  Choice choice;
  choice.cost = call + per_element * ElementwiseSlowdown() * static_cast<double>(elements);
  return {choice};
}

}  // namespace

std::vector<Choice> ForwardCandidates(const Request& request, dnnl::algorithm algorithm) {
  return CandidateOf(request.outputs[0].elements(), 150, ForwardCost(algorithm));
}

std::vector<Choice> BackwardCandidates(const Request& request, dnnl::algorithm algorithm) {
  return CandidateOf(request.outputs[0].elements(), 180, BackwardCost(algorithm));
}

absl::StatusOr<std::unique_ptr<Kernel>> MakeEltwiseForward(const Request& request,
                                                           dnnl::algorithm algorithm,
                                                           EltwiseNumbers numbers) {
  return GuardOneDnn("eltwise", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
    const dnnl::memory::desc md = FlatDesc(request.inputs[0]);
    const dnnl::eltwise_forward::primitive_desc pd(
        {dnnl::prop_kind::forward_training, algorithm, md, numbers.alpha, numbers.beta},
        OneDnnAttributes(), OneDnnEngine());
    return MakeOneDnnKernel(
        dnnl::eltwise_forward(pd), pd.scratchpad_desc(),
        {{DNNL_ARG_SRC, md, OneDnnArg::kInput, 0}, {DNNL_ARG_DST, md, OneDnnArg::kOutput, 0}});
  });
}

absl::StatusOr<std::unique_ptr<Kernel>> MakeEltwiseBackward(const Request& request,
                                                            dnnl::algorithm algorithm,
                                                            EltwiseNumbers numbers) {
  return GuardOneDnn("eltwise", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
    const dnnl::memory::desc md = FlatDesc(request.inputs[0]);
    const dnnl::eltwise_forward::primitive_desc hint(
        {dnnl::prop_kind::forward_training, algorithm, md, numbers.alpha, numbers.beta},
        OneDnnAttributes(), OneDnnEngine());
    const dnnl::eltwise_backward::primitive_desc pd(
        {algorithm, md, md, numbers.alpha, numbers.beta}, OneDnnAttributes(), OneDnnEngine(), hint);
    bool reads_output = false;
    switch (algorithm) {
      case dnnl::algorithm::eltwise_relu_use_dst_for_bwd:
      case dnnl::algorithm::eltwise_elu_use_dst_for_bwd:
      case dnnl::algorithm::eltwise_tanh_use_dst_for_bwd:
      case dnnl::algorithm::eltwise_logistic_use_dst_for_bwd:
        reads_output = true;
        break;
      default:
        break;
    }
    return MakeOneDnnKernel(dnnl::eltwise_backward(pd), pd.scratchpad_desc(),
                            {{DNNL_ARG_DIFF_DST, md, OneDnnArg::kInput, 0},
                             {reads_output ? DNNL_ARG_DST : DNNL_ARG_SRC, md, OneDnnArg::kInput, 1},
                             {DNNL_ARG_DIFF_SRC, md, OneDnnArg::kOutput, 0}});
  });
}

std::vector<Choice> BinaryCandidates(const Request& request, bool commutative) {
  if (request.inputs[0].dtype != DType::kFloat32) return {};
  const int64_t elements = request.outputs[0].elements();
  if (elements == 0) return {};
  const ElementwiseAxes axes = CollapseAxes(request);
  const Repeat a = HowRepeated(axes, 0);
  const Repeat b = HowRepeated(axes, 1);
  const bool serves = (a == Repeat::kNone && b != Repeat::kOther) ||
                      (commutative && b == Repeat::kNone && a != Repeat::kOther);
  return serves ? CandidateOf(elements, 230, 0.055) : std::vector<Choice>();
}

absl::StatusOr<std::unique_ptr<Kernel>> MakeBinary(const Request& request,
                                                   dnnl::algorithm algorithm) {
  return GuardOneDnn("binary", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
    const ElementwiseAxes axes = CollapseAxes(request);
    // The first source has to be the large one.
    const int large = HowRepeated(axes, 0) == Repeat::kNone ? 0 : 1;
    const dnnl::memory::desc first = CollapsedDesc(axes, large);
    const dnnl::memory::desc second = CollapsedDesc(axes, 1 - large);
    const dnnl::memory::desc result = CollapsedDesc(axes, 2);
    const dnnl::binary::primitive_desc pd({algorithm, first, second, result}, OneDnnAttributes(),
                                          OneDnnEngine());
    return MakeOneDnnKernel(dnnl::binary(pd), pd.scratchpad_desc(),
                            {{DNNL_ARG_SRC_0, first, OneDnnArg::kInput, large},
                             {DNNL_ARG_SRC_1, second, OneDnnArg::kInput, 1 - large},
                             {DNNL_ARG_DST, result, OneDnnArg::kOutput, 0}});
  });
}

}  // namespace gradus
