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

// Sixteen running results, combined in a fixed order: the same bits on every instruction set.
constexpr int kRowLanes = 16;
typedef float RowLanes __attribute__((vector_size(kRowLanes * sizeof(float))));

GRADUS_INLINE float SumOfLanes(const RowLanes& sum) {
  float lane[kRowLanes];
  __builtin_memcpy(lane, &sum, sizeof(sum));
  for (int half = kRowLanes / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

GRADUS_INLINE float SumOfRow(const float* x, int64_t n) {
  float result = 0, other = 0;
  int64_t i = 0;
  if (n >= kRowLanes) {
    RowLanes sum = {};
    for (; i + kRowLanes <= n; i += kRowLanes) {
      RowLanes next;
      __builtin_memcpy(&next, x + i, sizeof(next));
      sum += next;
    }
    result = SumOfLanes(sum);
  }
  for (; i + 2 <= n; i += 2) {
    result += x[i];
    other += x[i + 1];
  }
  if (i < n) result += x[i];
  return result + other;
}

GRADUS_INLINE float DotOfRows(const float* x, const float* y, int64_t n) {
  float result = 0, other = 0;
  int64_t i = 0;
  if (n >= kRowLanes) {
    RowLanes sum = {};
    for (; i + kRowLanes <= n; i += kRowLanes) {
      RowLanes a, b;
      __builtin_memcpy(&a, x + i, sizeof(a));
      __builtin_memcpy(&b, y + i, sizeof(b));
      sum += a * b;
    }
    result = SumOfLanes(sum);
  }
  for (; i + 2 <= n; i += 2) {
    result += x[i] * y[i];
    other += x[i + 1] * y[i + 1];
  }
  if (i < n) result += x[i] * y[i];
  return result + other;
}

// The largest number that is not NaN, or NaN when the first one is. A NaN comes out of the exponentials that follow.
GRADUS_INLINE float MaxOfRow(const float* x, int64_t n) {
  constexpr int kLanes = 64;
  float result = x[0];
  int64_t i = 1;
  if (n >= kLanes) {
    float most[kLanes];
    for (int l = 0; l < kLanes; ++l) most[l] = x[l];
    for (i = kLanes; i + kLanes <= n; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) most[l] = x[i + l] > most[l] ? x[i + l] : most[l];
    }
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) most[l] = most[l + half] > most[l] ? most[l + half] : most[l];
    }
    result = most[0];
  }
  for (; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

// Short rows are taken together, so that what is done to each number by itself runs over whole vectors.
constexpr int64_t kRowsBlock = 1024;
GRADUS_INLINE int64_t RowsAtOnce(int64_t n) { return n >= kRowsBlock ? 1 : kRowsBlock / n; }

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
