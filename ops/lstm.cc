// The recurrence of a long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000).
//
//   [i f g o]_t = [sigmoid sigmoid tanh sigmoid](projected_t + h_t-1 R)      u columns each, in this order
//   c_t = f c_t-1 + i g,  h_t = o tanh(c_t),  h and c start as 0
//   (projected [batch, steps, 4 u], R [u, 4 u], length [batch] if given) -> (h [batch, steps, u], c like h, gates like projected)
//
// The gradient, with DH = dh_t + dz_t+1 R^T and DC = DH o (1 - tanh(c_t)^2) + DC_t+1 f_t+1, is that of the sums before the activations:
//
//   dz_i = DC g i (1 - i),  dz_f = DC c_t-1 f (1 - f),  dz_g = DC i (1 - g^2),  dz_o = DH tanh(c_t) o (1 - o)
//   dprojected = dz (lstm_grad),  dR = sum over rows and steps of h_t-1^T dz_t
//
// What is read, and in which order, is said in ops/recurrence.h. Measured against oneDNN's lstm in tools/bench/recurrent_bench.cc.

#include "ops/recurrence.h"

namespace gradus {
namespace {

constexpr int kGates = 4;

class Lstm final : public TypedOp<op::Lstm> {
 public:
  bool MayOverwrite(const Config&, int out, int in) const override { return out == 2 && in == 0; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return RecurrenceFlops(inputs[0].shape, inputs[1].shape, rows);
  }

 protected:
  absl::Status Infer(const op::Lstm&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRecurrence(inputs, {kGates}, kGates));
    const TensorSpec state = SequenceLike(inputs[0], inputs[1].shape.dim(0).k);
    outputs->assign({state, state, inputs[0]});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::Lstm& config, GradientScope* scope) const override {
    GRADUS_RETURN_IF_ERROR(ExpectOnlyStateGradient(*scope));
    const Value dh = scope->output_gradient(0);
    if (!dh.valid() || !(scope->wants(0) || scope->wants(1))) return absl::OkStatus();
    Emitter& emit = scope->emit();
    op::LstmGrad grad;
    grad.set_reverse(config.reverse());
    std::vector<Value> inputs = {dh, scope->output(1), scope->output(2), scope->input(1)};
    if (scope->node().inputs.size() > 2) inputs.push_back(scope->input(2));
    const Value dz = emit(grad, inputs);
    if (scope->wants(0)) scope->SetInputGradient(0, dz);
    if (scope->wants(1)) {
      const Value before = StatesBefore(scope->output(0), config.reverse(), emit);
      scope->SetInputGradient(1, SumOfProducts(before, dz, emit));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Lstm, op::Lstm);

class LstmGrad final : public TypedOp<op::LstmGrad> {
 public:
  bool MayOverwrite(const Config&, int, int in) const override { return in == 2; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return RecurrenceFlops(inputs[0].shape, inputs[3].shape, rows);
  }

 protected:
  absl::Status Infer(const op::LstmGrad&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRecurrence(inputs, {1, 1, kGates}, kGates));
    outputs->assign({inputs[2]});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(LstmGrad, op::LstmGrad);

// ---- Forward.

struct LstmCell {
  Recurrence size;
  const int32_t* lengths;
  const float* projected;
  float *h, *c, *gates;
  // [rows, u], [rows, u], [rows, 4 u]: the states so far, and the product.
  float *h_state, *c_state, *product;
};

struct LstmStep {
  template <Isa>
  GRADUS_INLINE static void Run(const LstmCell* cell, int64_t t) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = row * cell->size.steps + t;
      float* gates = cell->gates + at * kGates * u;
      float *h_state = cell->h_state + row * u, *c_state = cell->c_state + row * u;
      if (Ended(cell->lengths, row, t)) {
        for (int64_t j = 0; j < kGates * u; ++j) gates[j] = 0;
      } else {
        Row(u, cell->projected + at * kGates * u, cell->product + row * kGates * u, gates, h_state,
            c_state);
      }
      float *h = cell->h + at * u, *c = cell->c + at * u;
      for (int64_t j = 0; j < u; ++j) {
        h[j] = h_state[j];
        c[j] = c_state[j];
      }
    }
  }
  // `gates` may be `projected`.
  GRADUS_INLINE static void Row(int64_t u, const float* projected, const float* product,
                                float* gates, float* h_state, float* c_state) {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float i = vector_math::Sigmoid(projected[j] + product[j]);
      const float f = vector_math::Sigmoid(projected[u + j] + product[u + j]);
      const float g = vector_math::Tanh(projected[2 * u + j] + product[2 * u + j]);
      const float o = vector_math::Sigmoid(projected[3 * u + j] + product[3 * u + j]);
      const float c = f * c_state[j] + i * g;
      gates[j] = i;
      gates[u + j] = f;
      gates[2 * u + j] = g;
      gates[3 * u + j] = o;
      c_state[j] = c;
      h_state[j] = o * vector_math::Tanh(c);
    }
  }
};

struct LstmPlan {
  Recurrence size;
  StepProduct product;
  bool lengths;
  int64_t h_state, c_state, sums, gemm, bytes;

  explicit LstmPlan(const Request& request)
      : size(request.inputs[0], request.inputs[1],
             static_cast<const op::Lstm&>(*request.config).reverse()),
        product{kGates * size.units, size.units, size.pitch},
        lengths(request.inputs.size() > 2) {
    ScratchFloats scratch;
    h_state = scratch.Take(size.state_size());
    c_state = scratch.Take(size.state_size());
    sums = scratch.Take(kGates * size.state_size());
    gemm = scratch.Take(product.scratch(size.rows));
    bytes = scratch.bytes();
  }

  absl::Status Run(const KernelArgs& args) const {
    float* scratch = static_cast<float*>(args.scratch);
    const auto* kernel = static_cast<const float*>(args.inputs[1]);
    const LstmCell cell{size,
                        LengthsOf(args, 2, lengths),
                        static_cast<const float*>(args.inputs[0]),
                        static_cast<float*>(args.outputs[0]),
                        static_cast<float*>(args.outputs[1]),
                        static_cast<float*>(args.outputs[2]),
                        scratch + h_state,
                        scratch + c_state,
                        scratch + sums};
    GRADUS_RETURN_IF_ERROR(CheckLengths(size, cell.lengths));
    Zero(cell.h_state, size.state_size());
    Zero(cell.c_state, size.state_size());
    Zero(cell.product, kGates * size.state_size());
    for (int64_t k = 0; k < size.steps; ++k) {
      if (k > 0) {
        product.Run(size.rows, cell.h_state, kernel, nullptr, false, cell.product, scratch + gemm);
      }
      ForIsa<LstmStep>(&cell, size.StepAt(k));
    }
    return absl::OkStatus();
  }
};

using LstmWithVectors = RecurrenceWithVectors<LstmPlan, kGates>;
GRADUS_REGISTER_KERNEL(op::Lstm, "vector", LstmWithVectors);

// ---- Backward.

struct LstmGradCell {
  Recurrence size;
  const int32_t* lengths;
  const float *dh, *c, *gates;
  float* dprojected;
  // [rows, u], [rows, u], [rows, 4 u]: what comes from later steps, and this step's gradient.
  float *dh_later, *dc_later, *dz;
};

struct LstmGradStep {
  // `before` is the step that was read before t, or negative for none. Leaves in dh_later what the product is added to.
  template <Isa>
  GRADUS_INLINE static void Run(const LstmGradCell* cell, int64_t t, int64_t before) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = row * cell->size.steps + t;
      const float* dh = cell->dh + at * u;
      float *dh_later = cell->dh_later + row * u, *dc_later = cell->dc_later + row * u;
      float* dz = cell->dz + row * kGates * u;
      float* dprojected = cell->dprojected + at * kGates * u;
      if (Ended(cell->lengths, row, t)) {
        for (int64_t j = 0; j < u; ++j) dh_later[j] += dh[j];
        for (int64_t j = 0; j < kGates * u; ++j) dz[j] = 0;
        for (int64_t j = 0; j < kGates * u; ++j) dprojected[j] = 0;
        continue;
      }
      Row(u, dh, cell->c + at * u, StatesAfter(cell->size, cell->c, cell->lengths, row, before),
          cell->gates + at * kGates * u, dh_later, dc_later, dz, dprojected);
    }
  }
  // `dprojected` may be `gates`.
  GRADUS_INLINE static void Row(int64_t u, const float* dh, const float* c, const float* c_before,
                                const float* gates, float* dh_later, float* dc_later, float* dz,
                                float* dprojected) {
    // At the first step c_before is anything that can be read, times 0; its f is without a gradient.
    const float had = c_before == nullptr ? 0.0f : 1.0f;
    const float* earlier = c_before == nullptr ? gates : c_before;
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float i = gates[j], f = gates[u + j], g = gates[2 * u + j], o = gates[3 * u + j];
      const float squashed = vector_math::Tanh(c[j]);
      const float state = dh[j] + dh_later[j];
      const float cell = dc_later[j] + state * o * ((1.0f - squashed) * (1.0f + squashed));
      const float di = cell * g * (i * (1.0f - i));
      const float df = cell * (had * earlier[j]) * (f * (1.0f - f));
      const float dg = cell * i * ((1.0f - g) * (1.0f + g));
      const float dout = state * squashed * (o * (1.0f - o));
      dz[j] = di;
      dz[u + j] = df;
      dz[2 * u + j] = dg;
      dz[3 * u + j] = dout;
      dprojected[j] = di;
      dprojected[u + j] = df;
      dprojected[2 * u + j] = dg;
      dprojected[3 * u + j] = dout;
      dc_later[j] = cell * f;
      dh_later[j] = 0;
    }
  }
};

struct LstmGradPlan {
  Recurrence size;
  StepProduct product;
  bool lengths;
  int64_t dh_later, dc_later, dz, turned, gemm, bytes;

  explicit LstmGradPlan(const Request& request)
      : size(request.inputs[0], request.inputs[3],
             static_cast<const op::LstmGrad&>(*request.config).reverse()),
        product{size.units, kGates * size.units, size.units},
        lengths(request.inputs.size() > 4) {
    ScratchFloats scratch;
    dh_later = scratch.Take(size.state_size());
    dc_later = scratch.Take(size.state_size());
    dz = scratch.Take(kGates * size.state_size());
    turned = scratch.Take(kGates * size.units * size.units);
    gemm = scratch.Take(product.scratch(size.rows));
    bytes = scratch.bytes();
  }

  absl::Status Run(const KernelArgs& args) const {
    float* scratch = static_cast<float*>(args.scratch);
    const LstmGradCell cell{size,
                            LengthsOf(args, 4, lengths),
                            static_cast<const float*>(args.inputs[0]),
                            static_cast<const float*>(args.inputs[1]),
                            static_cast<const float*>(args.inputs[2]),
                            static_cast<float*>(args.outputs[0]),
                            scratch + dh_later,
                            scratch + dc_later,
                            scratch + dz};
    GRADUS_RETURN_IF_ERROR(CheckLengths(size, cell.lengths));
    TurnOver(static_cast<const float*>(args.inputs[3]), size, kGates * size.units,
             scratch + turned);
    Zero(cell.dh_later, size.state_size());
    Zero(cell.dc_later, size.state_size());
    for (int64_t k = size.steps - 1; k >= 0; --k) {
      const int64_t before = k > 0 ? size.StepAt(k - 1) : -1;
      ForIsa<LstmGradStep>(&cell, size.StepAt(k), before);
      if (k == 0) break;
      product.Run(size.rows, cell.dz, scratch + turned, nullptr, true, cell.dh_later,
                  scratch + gemm);
    }
    return absl::OkStatus();
  }
};

using LstmGradWithVectors = RecurrenceWithVectors<LstmGradPlan, kGates>;
GRADUS_REGISTER_KERNEL(op::LstmGrad, "vector", LstmGradWithVectors);

}  // namespace
}  // namespace gradus
