// What softmax, log_softmax and their gradients share: shape rules and loops over rows of the last axis.

#ifndef GRADUS_OPS_LAST_AXIS_H_
#define GRADUS_OPS_LAST_AXIS_H_

#include <algorithm>
#include <memory>
#include <vector>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/onednn.h"

namespace gradus {

// `count` FLOAT32 inputs of one shape of rank 1 or more; the result has it too.
inline absl::Status InferLastAxis(absl::Span<const TensorSpec> inputs, int count,
                                  std::vector<TensorSpec>* outputs) {
  GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, count));
  for (int i = 0; i < count; ++i) {
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
    if (inputs[i].shape != inputs[0].shape) {
      return absl::InvalidArgumentError(absl::StrCat("shapes ", inputs[0].shape.ToString(), " and ",
                                                     inputs[i].shape.ToString(), " differ"));
    }
  }
  if (inputs[0].shape.rank() == 0) return absl::InvalidArgumentError("a scalar has no last axis");
  outputs->push_back(inputs[0]);
  return absl::OkStatus();
}

// Rows are independent unless the batch is the last axis.
inline BatchUse LastAxisBatchUse(const Shape& shape) {
  return shape.dim(shape.rank() - 1).batch ? BatchUse::kMixes : BatchUse::kRows;
}

// Sums over the last axis, which stays with length 1.
inline op::ReduceSum SumOfLastAxis() {
  op::ReduceSum sum;
  sum.add_axis(-1);
  sum.set_keep_dims(true);
  return sum;
}

// Sums with sixteen running results combined in a fixed order; the same bits on every instruction set.
constexpr int kRowLanes = 16;
typedef float RowLanes __attribute__((vector_size(kRowLanes * sizeof(float))));

// The sum of term(i) for i in [0, n). A term is a lambda marked GRADUS_ROW_TERM, or it is compiled for the baseline.
#define GRADUS_ROW_TERM __attribute__((always_inline))
template <class Term>
GRADUS_INLINE float SumRow(int64_t n, Term term) {
  float result = 0;
  int64_t i = 0;
  if (n >= kRowLanes) {
    RowLanes sum = {};
    for (; i + kRowLanes <= n; i += kRowLanes) {
      float next[kRowLanes];
      for (int l = 0; l < kRowLanes; ++l) next[l] = term(i + l);
      RowLanes lanes;
      __builtin_memcpy(&lanes, next, sizeof(lanes));
      sum += lanes;
    }
    float lane[kRowLanes];
    __builtin_memcpy(lane, &sum, sizeof(sum));
    for (int half = kRowLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
    }
    result = lane[0];
  }
  for (; i < n; ++i) result += term(i);
  return result;
}

// The largest number; NaN when there is one.
GRADUS_INLINE float MaxOfRow(const float* x, int64_t n) {
  float result = x[0];
  int64_t i = 1;
  if (n >= kRowLanes) {
    RowLanes most;
    __builtin_memcpy(&most, x, sizeof(most));
    for (i = kRowLanes; i + kRowLanes <= n; i += kRowLanes) {
      RowLanes next;
      __builtin_memcpy(&next, x + i, sizeof(next));
      most = (next > most) | (next != next) ? next : most;
    }
    float lane[kRowLanes];
    __builtin_memcpy(lane, &most, sizeof(most));
    result = lane[0];
    for (int l = 1; l < kRowLanes; ++l) {
      result = lane[l] > result || lane[l] != lane[l] ? lane[l] : result;
    }
  }
  for (; i < n; ++i) result = x[i] > result || x[i] != x[i] ? x[i] : result;
  return result;
}

// A loop over rows as a kernel. Loop::Run(rows, n, inputs.., y); `Loop` has kInputs of them, 1 or 2.
template <class Loop>
class RowLoop : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const double elements = static_cast<double>(request.inputs[0].elements());
    Choice choice;
    choice.cost = 20 + elements * (CurrentIsa() == Isa::kBaseline ? 3 : 0.6);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const int64_t n = request.inputs[0].dims.back();
    const int64_t rows = request.inputs[0].elements() / std::max<int64_t>(n, 1);
    return MakeKernel([rows, n](const KernelArgs& args) {
      const auto* a = static_cast<const float*>(args.inputs[0]);
      const auto* b = Loop::kInputs > 1 ? static_cast<const float*>(args.inputs[1]) : nullptr;
      ForIsa<Loop>(rows, n, a, b, static_cast<float*>(args.outputs[0]));
    });
  }
};

// The rows of an operand as oneDNN's [rows, n].
inline dnnl::memory::desc RowsDesc(const Operand& x) {
  const int64_t n = x.dims.back();
  return StridedDesc(DType::kFloat32, {x.elements() / n, n}, {n, 1});
}

// oneDNN's softmax or logsoftmax, which have the same interface.
template <class Forward>
class RowsForwardOneDnn : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    if (request.inputs[0].elements() == 0) return {};
    const auto made = Describe(request);
    if (!made.ok()) return {};
    Choice choice;
    choice.scratch_bytes = static_cast<int64_t>(made->scratchpad_desc().get_size());
    choice.cost = 500 + static_cast<double>(request.inputs[0].elements()) * 0.6;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    GRADUS_ASSIGN_OR_RETURN(auto made, Describe(request));
    return GuardOneDnn("softmax", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeOneDnnKernel(Forward(made), made.scratchpad_desc(),
                              {{DNNL_ARG_SRC, made.src_desc(), OneDnnArg::kInput, 0},
                               {DNNL_ARG_DST, made.dst_desc(), OneDnnArg::kOutput, 0}});
    });
  }

  static absl::StatusOr<typename Forward::primitive_desc> Describe(const Request& request) {
    using Desc = typename Forward::primitive_desc;
    return GuardOneDnn("softmax", [&]() -> absl::StatusOr<Desc> {
      const typename Forward::desc desc(dnnl::prop_kind::forward_training,
                                        RowsDesc(request.inputs[0]), 1);
      return Desc(desc, OneDnnAttributes(), OneDnnEngine());
    });
  }
};

// (dy, y) -> dx.
template <class Forward, class Backward>
class RowsBackwardOneDnn : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    if (request.inputs[0].elements() == 0) return {};
    const auto made = Describe(request);
    if (!made.ok()) return {};
    Choice choice;
    choice.scratch_bytes = static_cast<int64_t>(made->scratchpad_desc().get_size());
    choice.cost = 500 + static_cast<double>(request.inputs[0].elements()) * 0.6;
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    GRADUS_ASSIGN_OR_RETURN(auto made, Describe(request));
    return GuardOneDnn("softmax", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
      return MakeOneDnnKernel(
          Backward(made), made.scratchpad_desc(),
          {{DNNL_ARG_DIFF_DST, made.diff_dst_desc(), OneDnnArg::kInput, 0},
           {DNNL_ARG_DST, made.dst_desc(), OneDnnArg::kInput, 1},
           {DNNL_ARG_DIFF_SRC, made.diff_src_desc(), OneDnnArg::kOutput, 0}});
    });
  }

 private:
  static absl::StatusOr<typename Backward::primitive_desc> Describe(const Request& request) {
    using Desc = typename Backward::primitive_desc;
    GRADUS_ASSIGN_OR_RETURN(auto forward, RowsForwardOneDnn<Forward>::Describe(request));
    return GuardOneDnn("softmax", [&]() -> absl::StatusOr<Desc> {
      const auto rows = RowsDesc(request.inputs[0]);
      return Desc(typename Backward::desc(rows, rows, 1), OneDnnAttributes(), OneDnnEngine(), forward);
    });
  }
};

}  // namespace gradus

#endif  // GRADUS_OPS_LAST_AXIS_H_
