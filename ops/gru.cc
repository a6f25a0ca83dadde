// The recurrence of a gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), u columns for each gate, in this order:
//
//   z_t = sigmoid(projected_z + h_t-1 R_z),  r_t = sigmoid(projected_r + h_t-1 R_r),  h_t = z h_t-1 + (1 - z) n_t
//   n_t = tanh(projected_h + (r h_t-1) R_h)            as published
//   n_t = tanh(projected_h + r (h_t-1 R_h + b_h))      reset_after: one product a step, and as in cuDNN; b is added to all three gates
//   (projected [batch, steps, 3 u], R [u, 3 u], b [3 u] if recurrent_bias, length [batch] if given) -> (h [batch, steps, u], gates)
//
// `gates` are z, r, n, and with reset_after the state's share of the last gate as a fourth. The gradient is gru_grad.

#include "ops/recurrence.h"

namespace gradus {
namespace {

constexpr int kGates = 3;

class Gru final : public TypedOp<op::Gru> {
 public:
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return RecurrenceFlops(inputs[0].shape, inputs[1].shape, rows);
  }

 protected:
  absl::Status Infer(const op::Gru& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    if (config.recurrent_bias() && !config.reset_after()) {
      return absl::InvalidArgumentError("a recurrent bias without reset_after");
    }
    GRADUS_RETURN_IF_ERROR(CheckRecurrence(inputs, {kGates}, kGates, config.recurrent_bias()));
    const int64_t units = inputs[1].shape.dim(0).k;
    outputs->assign({SequenceLike(inputs[0], units),
                     SequenceLike(inputs[0], (config.reset_after() ? 4 : 3) * units)});
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::Gru& config, GradientScope* scope) const override {
    GRADUS_RETURN_IF_ERROR(ExpectOnlyStateGradient(*scope));
    const Value dh = scope->output_gradient(0);
    const int bias = config.recurrent_bias() ? 2 : -1;
    const bool wants_bias = bias >= 0 && scope->wants(bias);
    if (!dh.valid() || !(scope->wants(0) || scope->wants(1) || wants_bias)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    op::GruGrad grad;
    grad.set_reverse(config.reverse());
    grad.set_reset_after(config.reset_after());
    std::vector<Value> inputs = {dh, scope->output(0), scope->output(1), scope->input(1)};
    const size_t length = bias >= 0 ? 3 : 2;
    if (scope->node().inputs.size() > length) {
      inputs.push_back(scope->input(static_cast<int>(length)));
    }
    const Value dprojected = emit(grad, inputs);
    if (!dprojected.valid()) return emit.status();
    if (scope->wants(0)) scope->SetInputGradient(0, dprojected);
    const Value dshare = {dprojected.node, 1};
    if (wants_bias) {
      op::ReduceSum sum;
      sum.add_axis(0);
      sum.add_axis(1);
      scope->SetInputGradient(bias, emit(sum, {dshare}));
    }
    if (scope->wants(1)) {
      const Value before = StatesBefore(scope->output(0), config.reverse(), emit);
      scope->SetInputGradient(1, config.reset_after()
                                     ? SumOfProducts(before, dshare, emit)
                                     : KernelGradient(before, scope->output(1), dprojected, emit));
    }
    return emit.status();
  }

 private:
  // As published: R_h meets r h_t-1, the others h_t-1.
  static Value KernelGradient(Value before, Value gates, Value dprojected, Emitter& emit) {
    const int64_t u = emit.spec(before).shape.dim(2).k;
    const auto part = [&](Value x, int64_t begin, int64_t end) {
      op::Slice slice;
      slice.set_axis(2);
      slice.set_begin(begin);
      slice.set_end(end);
      return emit(slice, {x});
    };
    const Value reset = emit(op::Mul(), {before, part(gates, u, 2 * u)});
    op::Concat beside;
    beside.set_axis(1);
    return emit(beside, {SumOfProducts(before, part(dprojected, 0, 2 * u), emit),
                         SumOfProducts(reset, part(dprojected, 2 * u, 3 * u), emit)});
  }
};
GRADUS_REGISTER_OP(Gru, op::Gru);

struct GruCell {
  Recurrence size;
  const int32_t* lengths;
  const float* projected;
  float *h, *gates;
  // [rows, u]: the states so far. [rows, 3 u] or [rows, 2 u]: their products with R. As published also [rows, u], r times the states,
  // and [rows, u], their product with R_h.
  float *state, *product, *reset, *reset_product;
};

struct GruStepAfter {
  template <Isa>
  GRADUS_INLINE static void Run(const GruCell* cell, int64_t t) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = row * cell->size.steps + t;
      float *gates = cell->gates + at * 4 * u, *state = cell->state + row * u;
      if (Ended(cell->lengths, row, t)) {
        for (int64_t j = 0; j < 4 * u; ++j) gates[j] = 0;
      } else {
        Row(u, cell->projected + at * kGates * u, cell->product + row * kGates * u, gates, state);
      }
      float* h = cell->h + at * u;
      for (int64_t j = 0; j < u; ++j) h[j] = state[j];
    }
  }
  GRADUS_INLINE static void Row(int64_t u, const float* projected, const float* product,
                                float* gates, float* state) {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float z = vector_math::Sigmoid(projected[j] + product[j]);
      const float r = vector_math::Sigmoid(projected[u + j] + product[u + j]);
      const float share = product[2 * u + j];
      const float n = vector_math::Tanh(projected[2 * u + j] + r * share);
      gates[j] = z;
      gates[u + j] = r;
      gates[2 * u + j] = n;
      gates[3 * u + j] = share;
      state[j] = z * state[j] + (1.0f - z) * n;
    }
  }
};

// As published, in two halves: z, r and r h_t-1; then, with the product of these, n and h.
struct GruStepBefore {
  template <Isa>
  GRADUS_INLINE static void Run(const GruCell* cell, int64_t t, bool second) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = row * cell->size.steps + t;
      const float* projected = cell->projected + at * kGates * u;
      float *gates = cell->gates + at * kGates * u, *state = cell->state + row * u;
      float* reset = cell->reset + row * u;
      const bool ended = Ended(cell->lengths, row, t);
      if (!second) {
        if (ended) {
          for (int64_t j = 0; j < kGates * u; ++j) gates[j] = 0;
          for (int64_t j = 0; j < u; ++j) reset[j] = 0;
        } else {
          First(u, projected, cell->product + row * 2 * u, state, gates, reset);
        }
        continue;
      }
      if (!ended) Second(u, projected, cell->reset_product + row * u, gates, state);
      float* h = cell->h + at * u;
      for (int64_t j = 0; j < u; ++j) h[j] = state[j];
    }
  }
  GRADUS_INLINE static void First(int64_t u, const float* projected, const float* product,
                                  const float* state, float* gates, float* reset) {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float r = vector_math::Sigmoid(projected[u + j] + product[u + j]);
      gates[j] = vector_math::Sigmoid(projected[j] + product[j]);
      gates[u + j] = r;
      reset[j] = r * state[j];
    }
  }
  GRADUS_INLINE static void Second(int64_t u, const float* projected, const float* product,
                                   float* gates, float* state) {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float z = gates[j];
      const float n = vector_math::Tanh(projected[2 * u + j] + product[j]);
      gates[2 * u + j] = n;
      state[j] = z * state[j] + (1.0f - z) * n;
    }
  }
};

struct GruPlan {
  Recurrence size;
  bool after, bias, lengths;
  StepProduct product, reset_product;
  int64_t state, sums, reset, reset_sums, gemm, bytes;

  explicit GruPlan(const Request& request)
      : size(request.inputs[0], request.inputs[1], ConfigOf(request).reverse()),
        after(ConfigOf(request).reset_after()),
        bias(ConfigOf(request).recurrent_bias()),
        lengths(request.inputs.size() > (bias ? 3u : 2u)),
        product{(after ? 3 : 2) * size.units, size.units, size.pitch},
        reset_product{size.units, size.units, size.pitch} {
    ScratchFloats scratch;
    state = scratch.Take(size.state_size());
    sums = scratch.Take(size.rows * product.n);
    reset = scratch.Take(after ? 0 : size.state_size());
    reset_sums = scratch.Take(after ? 0 : size.state_size());
    gemm = scratch.Take(std::max(product.scratch(size.rows), reset_product.scratch(size.rows)));
    bytes = scratch.bytes();
  }

  absl::Status Run(const KernelArgs& args) const {
    float* scratch = static_cast<float*>(args.scratch);
    const auto* kernel = static_cast<const float*>(args.inputs[1]);
    const float* b = bias ? static_cast<const float*>(args.inputs[2]) : nullptr;
    const GruCell cell{size,
                       LengthsOf(args, bias ? 3 : 2, lengths),
                       static_cast<const float*>(args.inputs[0]),
                       static_cast<float*>(args.outputs[0]),
                       static_cast<float*>(args.outputs[1]),
                       scratch + state,
                       scratch + sums,
                       scratch + reset,
                       scratch + reset_sums};
    GRADUS_RETURN_IF_ERROR(CheckLengths(size, cell.lengths));
    Zero(cell.state, size.state_size());
    for (int64_t row = 0; row < size.rows; ++row) {
      float* first = cell.product + row * product.n;
      b == nullptr ? Zero(first, product.n) : Copy(b, product.n, first);
    }
    if (!after) Zero(cell.reset_product, size.state_size());
    for (int64_t k = 0; k < size.steps; ++k) {
      const int64_t t = size.StepAt(k);
      if (k > 0) {
        product.Run(size.rows, cell.state, kernel, b, false, cell.product, scratch + gemm);
      }
      if (after) {
        ForIsa<GruStepAfter>(&cell, t);
        continue;
      }
      ForIsa<GruStepBefore>(&cell, t, false);
      if (k > 0) {
        reset_product.Run(size.rows, cell.reset, kernel + 2 * size.units, nullptr, false,
                          cell.reset_product, scratch + gemm);
      }
      ForIsa<GruStepBefore>(&cell, t, true);
    }
    return absl::OkStatus();
  }

 private:
  static const op::Gru& ConfigOf(const Request& request) {
    return static_cast<const op::Gru&>(*request.config);
  }
};

using GruWithVectors = RecurrenceWithVectors<GruPlan, kGates>;
GRADUS_REGISTER_KERNEL(op::Gru, "vector", GruWithVectors);

}  // namespace
}  // namespace gradus
