// What the recurrent operations share: their inputs, the order of the steps, lengths, and the products with the recurrent kernel.
//
// A recurrence reads what is left of a recurrent layer when the products with its input, which have no order, are taken out:
//
//   projected = x kernel + bias      an ordinary matmul over all steps at once
//   h_t = cell(projected_t, h_t-1 recurrent_kernel)
//
// Its gradient is that of `projected`, a sequence as well. The gradient of the recurrent kernel is a matmul of the states before each step
// with it, and sums over rows and steps; so every recurrent operation works row by row, and a step splits over threads. The inverse of
// the cell needs nothing hidden: gates and states are outputs of the forward operation. oneDNN's lstm and gru keep what their backward
// primitives need in a workspace of unspoken size and layout, and compute the kernels' gradients in the same call; they are not used.
//
// A sequence keeps its state at the steps from its length on: they are not read, and no gradient comes from them.

#ifndef GRADUS_OPS_RECURRENCE_H_
#define GRADUS_OPS_RECURRENCE_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/base/vector_math.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/vector_gemm.h"

namespace gradus {

// Checks the inputs of a recurrence: a sequence [batch, steps, widths[i] u] for each width, then recurrent_kernel [u, gates u], then
// recurrent_bias [gates u] if there is one, then the lengths, INT32 [batch], or nothing.
inline absl::Status CheckRecurrence(absl::Span<const TensorSpec> inputs,
                                    const std::vector<int>& widths, int gates,
                                    bool recurrent_bias = false) {
  const size_t sequences = widths.size(), least = sequences + 1 + (recurrent_bias ? 1 : 0);
  if (inputs.size() != least && inputs.size() != least + 1) {
    return absl::InvalidArgumentError(absl::StrCat(inputs.size(), " inputs instead of ", least,
                                                   ", or ", least + 1, " with lengths"));
  }
  for (size_t i = 0; i < least; ++i) {
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, static_cast<int>(i), DType::kFloat32));
  }
  const Shape& kernel = inputs[sequences].shape;
  if (kernel.rank() != 2 || kernel.batch_axis() >= 0 ||
      kernel.dim(1).k != gates * kernel.dim(0).k) {
    return absl::InvalidArgumentError(
        absl::StrCat("recurrent kernel ", kernel.ToString(), " is not [units, ", gates, " units]"));
  }
  const int64_t units = kernel.dim(0).k;
  const Shape& first = inputs[0].shape;
  for (size_t i = 0; i < sequences; ++i) {
    const Shape& shape = inputs[i].shape;
    const Dim width = {widths[i] * units, false};
    if (shape.rank() == 3 && shape.dim(2) == width && !shape.dim(1).batch &&
        shape.dim(0) == first.dim(0) && shape.dim(1) == first.dim(1)) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("input ", i, " ", shape.ToString(), " is not [batch, steps, ", width.k, "]"));
  }
  if (recurrent_bias && inputs[sequences + 1].shape != Shape::Fixed({gates * units})) {
    return absl::InvalidArgumentError(absl::StrCat("recurrent bias ",
                                                   inputs[sequences + 1].shape.ToString(),
                                                   " is not [", gates * units, "]"));
  }
  if (inputs.size() == least) return absl::OkStatus();
  GRADUS_RETURN_IF_ERROR(ExpectType(inputs, static_cast<int>(least), DType::kInt32));
  if (inputs[least].shape == Shape({first.dim(0)})) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("lengths ", inputs[least].shape.ToString(), " of sequences ", first.ToString()));
}

// [batch, steps, width] like a sequence of another width.
inline TensorSpec SequenceLike(const TensorSpec& sequence, int64_t width) {
  TensorSpec spec = sequence;
  spec.shape.Set(2, {width, false});
  return spec;
}

// The products of a recurrence over all steps; multiply-adds count as two.
inline double RecurrenceFlops(const Shape& sequence, const Shape& kernel, int64_t rows) {
  double flops = 2 * static_cast<double>(kernel.dim(0).k) * static_cast<double>(kernel.dim(1).k);
  flops *= static_cast<double>(sequence.dim(0).At(rows));
  return flops * static_cast<double>(sequence.dim(1).k);
}

// The states before each step: `h` moved on by one step, 0 before the first that is read.
inline Value StatesBefore(Value h, bool reverse, Emitter& emit) {
  const int64_t steps = emit.spec(h).shape.dim(1).k;
  if (steps == 0) return h;
  op::Slice slice;
  slice.set_axis(1);
  slice.set_begin(reverse ? 1 : 0);
  slice.set_end(reverse ? steps : steps - 1);
  op::Pad pad;
  pad.set_axis(1);
  pad.set_begin(reverse ? 0 : 1);
  pad.set_length(steps);
  return emit(pad, {emit(slice, {h})});
}

// a [batch, steps, m], b [batch, steps, n]: the sum over batch and steps of the products a^T b, [m, n].
inline Value SumOfProducts(Value a, Value b, Emitter& emit) {
  const Shape shape = emit.spec(a).shape;
  const Dim rows = {shape.dim(0).k * shape.dim(1).k, shape.dim(0).batch};
  op::Matmul product;
  product.set_transpose_a(true);
  return emit(product, {emit.Reshape(a, {rows, shape.dim(2)}),
                        emit.Reshape(b, {rows, emit.spec(b).shape.dim(2)})});
}

// The gradient reaches a recurrence through its states only.
inline absl::Status ExpectOnlyStateGradient(const GradientScope& scope) {
  for (size_t o = 1; o < scope.node().outputs.size(); ++o) {
    if (scope.output_gradient(static_cast<int>(o)).valid()) {
      return absl::UnimplementedError(
          absl::StrCat("output ", o,
                       " of a recurrence has no gradient: it is there for the "
                       "recurrence's own (second derivatives are not available)"));
    }
  }
  return absl::OkStatus();
}

// ---- Kernels.

struct Recurrence {
  int64_t rows = 0, steps = 0, units = 0;
  int64_t pitch = 0;  // Of the recurrent kernel.
  bool reverse = false;

  Recurrence(const Operand& sequence, const Operand& kernel, bool backwards)
      : rows(sequence.dims[0]),
        steps(sequence.dims[1]),
        units(kernel.dims[0]),
        pitch(kernel.pitch),
        reverse(backwards) {}

  // Whether only the recurrent kernel, which is a parameter, has padded rows: all that a recurrence understands.
  static bool Understands(const Request& request) {
    const auto dense = [](const Operand& x) { return x.dims.size() != 3 || x.dense(); };
    return std::all_of(request.inputs.begin(), request.inputs.end(), dense) &&
           std::all_of(request.outputs.begin(), request.outputs.end(), dense);
  }
  // The step that is read as the k-th.
  int64_t StepAt(int64_t k) const { return reverse ? steps - 1 - k : k; }
  int64_t state_size() const { return rows * units; }
};

inline absl::Status CheckLengths(const Recurrence& recurrence, const int32_t* lengths) {
  for (int64_t row = 0; lengths != nullptr && row < recurrence.rows; ++row) {
    if (lengths[row] >= 0 && lengths[row] <= recurrence.steps) continue;
    return absl::OutOfRangeError(
        absl::StrCat("length ", lengths[row], " is outside [0, ", recurrence.steps, "]"));
  }
  return absl::OkStatus();
}

// Input `index` as lengths; null when there is none.
inline const int32_t* LengthsOf(const KernelArgs& args, int index, bool given) {
  return given ? static_cast<const int32_t*>(args.inputs[index]) : nullptr;
}

// Parts of a kernel's scratch memory, in floats.
class ScratchFloats {
 public:
  // The place of the next part.
  int64_t Take(int64_t floats) {
    const int64_t at = size_;
    size_ += (floats + 15) / 16 * 16;
    return at;
  }
  int64_t bytes() const { return size_ * static_cast<int64_t>(sizeof(float)); }

 private:
  int64_t size_ = 0;
};

// C [rows, n] = A [rows, k] B + bias, or C += A B. C and A are dense: rows of the sequences lie a whole sequence apart, at powers of two
// that fall on the same cache sets.
struct StepProduct {
  int64_t n = 0, k = 0, ldb = 0;

  GemmShape shape(int64_t rows) const { return {rows, n, k, false, false}; }
  int64_t scratch(int64_t rows) const { return VectorGemmScratch(shape(rows)); }
  void Run(int64_t rows, const float* a, const float* b, const float* bias, bool accumulate,
           float* c, float* scratch) const {
    GemmArguments call;
    call.a = a;
    call.lda = k;
    call.b = b;
    call.ldb = ldb;
    call.c = c;
    call.ldc = n;
    call.bias = bias;
    call.accumulate = accumulate;
    call.scratch = scratch;
    VectorGemm(shape(rows), call, CurrentIsa());
  }
};

// A recurrent kernel [units, columns] turned over, once for all steps: so a row's bits do not depend on how many rows there are.
inline void TurnOver(const float* matrix, const Recurrence& size, int64_t columns, float* turned) {
  const int64_t rows = size.units;
  constexpr int64_t kTile = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += kTile) {
    const int64_t r1 = std::min(rows, r0 + kTile);
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t r = r0; r < r1; ++r) turned[c * rows + r] = matrix[r * size.pitch + c];
    }
  }
}

// The products at the rate of matmul, and an activation for each gate.
inline double RecurrenceCost(const Recurrence& size, int gates) {
  const double cells = static_cast<double>(size.state_size() * size.steps) * gates;
  return 100 + cells * (1 + static_cast<double>(2 * size.units) / 60);
}

// The kernels of a recurrent operation. A Plan is made of a request: where the parts of its scratch memory lie, `size`, `bytes` and
// Run(args).
template <class Plan, int kGates>
class RecurrenceWithVectors final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    if (!Recurrence::Understands(request)) return {};
    const Plan plan(request);
    Choice choice;
    choice.scratch_bytes = plan.bytes;
    choice.cost = RecurrenceCost(plan.size, kGates);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeKernel([plan = Plan(request)](const KernelArgs& args) { return plan.Run(args); });
  }
  bool accepts_pitch() const override { return true; }
};

inline void Zero(float* x, int64_t n) {
  if (n > 0) std::memset(x, 0, static_cast<size_t>(n) * sizeof(float));
}
inline void Copy(const float* from, int64_t n, float* to) {
  if (n > 0) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
}

// Whether the row's sequence has ended before a step.
GRADUS_INLINE bool Ended(const int32_t* lengths, int64_t row, int64_t step) {
  return lengths != nullptr && step >= lengths[row];
}
// The states [rows, steps, u] after the step that was read before, or null for those of nothing. `before` is that step, or negative.
GRADUS_INLINE const float* StatesAfter(const Recurrence& size, const float* states,
                                       const int32_t* lengths, int64_t row, int64_t before) {
  if (before < 0 || Ended(lengths, row, before)) return nullptr;
  return states + (row * size.steps + before) * size.units;
}

}  // namespace gradus

#endif  // GRADUS_OPS_RECURRENCE_H_
