// The recurrence of a plain recurrent network (Elman 1990):
//
//   h_t = tanh(projected_t + h_t-1 R),  h starts as 0
//   (projected [batch, steps, u], R [u, u], length [batch] if given) -> h [batch, steps, u]
//   dprojected_t = (dh_t + dprojected_t+1 R^T) (1 - h_t^2)  (simple_rnn_grad),  dR = sum over rows and steps of h_t-1^T dprojected_t
//
// At the steps of a sequence that has ended h is the state that it had; see ops/recurrence.h.

#include <type_traits>

#include "ops/recurrence.h"

namespace gradus {
namespace {

class SimpleRnn final : public TypedOp<op::SimpleRnn> {
 public:
  bool MayOverwrite(const Config&, int, int in) const override { return in == 0; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return RecurrenceFlops(inputs[0].shape, inputs[1].shape, rows);
  }

 protected:
  absl::Status Infer(const op::SimpleRnn&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRecurrence(inputs, {1}, 1));
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
  absl::Status Differentiate(const op::SimpleRnn& config, GradientScope* scope) const override {
    if (!(scope->wants(0) || scope->wants(1))) return absl::OkStatus();
    Emitter& emit = scope->emit();
    op::SimpleRnnGrad grad;
    grad.set_reverse(config.reverse());
    std::vector<Value> inputs = {scope->output_gradient(), scope->output(), scope->input(1)};
    if (scope->node().inputs.size() > 2) inputs.push_back(scope->input(2));
    const Value dprojected = emit(grad, inputs);
    if (scope->wants(0)) scope->SetInputGradient(0, dprojected);
    if (scope->wants(1)) {
      const Value before = StatesBefore(scope->output(), config.reverse(), emit);
      scope->SetInputGradient(1, SumOfProducts(before, dprojected, emit));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(SimpleRnn, op::SimpleRnn);

class SimpleRnnGrad final : public TypedOp<op::SimpleRnnGrad> {
 public:
  bool MayOverwrite(const Config&, int, int in) const override { return in == 0 || in == 1; }
  double Flops(const Config&, absl::Span<const TensorSpec> inputs, absl::Span<const TensorSpec>,
               int64_t rows) const override {
    return RecurrenceFlops(inputs[0].shape, inputs[2].shape, rows);
  }

 protected:
  absl::Status Infer(const op::SimpleRnnGrad&, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckRecurrence(inputs, {1, 1}, 1));
    outputs->assign({inputs[0]});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(SimpleRnnGrad, op::SimpleRnnGrad);

// Both directions of time: `state` [rows, u] and `product` [rows, u] are the states so far and their product with R, or the gradient of
// the last step and what comes from later ones.
struct SimpleCell {
  Recurrence size;
  const int32_t* lengths;
  const float *dh, *from;  // projected, or h
  float *to, *state, *product;
};

struct SimpleStep {
  template <Isa>
  GRADUS_INLINE static void Run(const SimpleCell* cell, int64_t t) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = (row * cell->size.steps + t) * u;
      const float *from = cell->from + at, *product = cell->product + row * u;
      float *to = cell->to + at, *state = cell->state + row * u;
      if (!Ended(cell->lengths, row, t)) {
#pragma GCC ivdep
        for (int64_t j = 0; j < u; ++j) state[j] = vector_math::Tanh(from[j] + product[j]);
      }
      for (int64_t j = 0; j < u; ++j) to[j] = state[j];
    }
  }
};

struct SimpleGradStep {
  // Leaves in `product` what the product is added to.
  template <Isa>
  GRADUS_INLINE static void Run(const SimpleCell* cell, int64_t t) {
    const int64_t u = cell->size.units;
    for (int64_t row = 0; row < cell->size.rows; ++row) {
      const int64_t at = (row * cell->size.steps + t) * u;
      const float *dh = cell->dh + at, *h = cell->from + at;
      float *to = cell->to + at, *dz = cell->state + row * u, *later = cell->product + row * u;
      if (Ended(cell->lengths, row, t)) {
#pragma GCC ivdep
        for (int64_t j = 0; j < u; ++j) {
          later[j] += dh[j];
          to[j] = dz[j] = 0;
        }
        continue;
      }
#pragma GCC ivdep
      for (int64_t j = 0; j < u; ++j) {
        const float d = (dh[j] + later[j]) * ((1.0f - h[j]) * (1.0f + h[j]));
        to[j] = dz[j] = d;
        later[j] = 0;
      }
    }
  }
};

struct SimplePlan {
  Recurrence size;
  bool grad, lengths;
  StepProduct product;
  int64_t state, sums, turned, gemm, bytes;

  SimplePlan(const Request& request, bool reverse, bool of_gradient)
      : size(request.inputs[0], request.inputs[of_gradient ? 2 : 1], reverse),
        grad(of_gradient),
        lengths(request.inputs.size() > (of_gradient ? 3u : 2u)),
        product{size.units, size.units, of_gradient ? size.units : size.pitch} {
    ScratchFloats scratch;
    state = scratch.Take(size.state_size());
    sums = scratch.Take(size.state_size());
    turned = scratch.Take(grad ? size.units * size.units : 0);
    gemm = scratch.Take(product.scratch(size.rows));
    bytes = scratch.bytes();
  }

  absl::Status Run(const KernelArgs& args) const {
    float* scratch = static_cast<float*>(args.scratch);
    const auto* kernel = static_cast<const float*>(args.inputs[grad ? 2 : 1]);
    const SimpleCell cell{size,
                          LengthsOf(args, grad ? 3 : 2, lengths),
                          static_cast<const float*>(args.inputs[0]),
                          static_cast<const float*>(args.inputs[grad ? 1 : 0]),
                          static_cast<float*>(args.outputs[0]),
                          scratch + state,
                          scratch + sums};
    GRADUS_RETURN_IF_ERROR(CheckLengths(size, cell.lengths));
    if (grad) {
      TurnOver(kernel, size, size.units, scratch + turned);
      kernel = scratch + turned;
    }
    Zero(cell.state, size.state_size());
    Zero(cell.product, size.state_size());
    for (int64_t k = 0; k < size.steps; ++k) {
      if (k > 0) {
        product.Run(size.rows, cell.state, kernel, nullptr, grad, cell.product, scratch + gemm);
      }
      if (grad) {
        ForIsa<SimpleGradStep>(&cell, size.StepAt(size.steps - 1 - k));
      } else {
        ForIsa<SimpleStep>(&cell, size.StepAt(k));
      }
    }
    return absl::OkStatus();
  }
};

template <class Config>
struct SimplePlanOf : SimplePlan {
  explicit SimplePlanOf(const Request& request)
      : SimplePlan(request, static_cast<const Config&>(*request.config).reverse(),
                   std::is_same<Config, op::SimpleRnnGrad>::value) {}
};
using SimpleRnnWithVectors = RecurrenceWithVectors<SimplePlanOf<op::SimpleRnn>, 1>;
GRADUS_REGISTER_KERNEL(op::SimpleRnn, "vector", SimpleRnnWithVectors);
using SimpleRnnGradWithVectors = RecurrenceWithVectors<SimplePlanOf<op::SimpleRnnGrad>, 1>;
GRADUS_REGISTER_KERNEL(op::SimpleRnnGrad, "vector", SimpleRnnGradWithVectors);

}  // namespace
}  // namespace gradus
