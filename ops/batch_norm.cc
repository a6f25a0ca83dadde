// Batch normalisation with the statistics of the batch (Ioffe & Szegedy 2015), as Keras computes it in training.
//
//   mean = (1/n) sum x, var = (1/n) sum (x - mean)^2       over all axes but the last; the biased variance
//   y = gamma (x - mean) r + beta, r = 1 / sqrt(var + epsilon)
//   next_moving = momentum moving + (1 - momentum) statistic
//
//   (x [.., c], gamma, beta, moving_mean, moving_variance, each [c]) -> (y [.., c], mean, r, next_mean, next_variance, each [c])
//
// The gradient of y is batch_norm_grad; those of the other outputs (second derivatives come through mean and r) are written out:
//   dmean: dx = dmean / n        dvar = -dr r^3 / 2: dx = 2 dvar (x - mean) / n
// Next statistics are ordinary outputs: a model binds them to its state leaves.
//
// This needs all rows at once and is what is differentiated and looked at node by node. A run computes its parts
// (runtime/pass_batch_norm_parts.cc).

#include <cmath>

#include "ops/batch_norm.h"

namespace gradus {
namespace {

enum Input { kX, kGamma, kBeta, kMovingMean, kMovingVariance };
enum Output { kY, kMean, kInverseDeviation, kNextMean, kNextVariance };

Value Scaled(Emitter& emit, Value value, double factor) {
  return emit(op::Mul(), {value, emit.Constant(static_cast<float>(factor))});
}
// The sum of what is there.
Value Plus(Emitter& emit, Value a, Value b) {
  return !a.valid() ? b : !b.valid() ? a : emit(op::Add(), {a, b});
}

class BatchNorm final : public TypedOp<op::BatchNorm> {
 public:
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    return inputs[0].shape.batch_axis() >= 0 ? BatchUse::kMixes : BatchUse::kRows;
  }
  bool MayOverwrite(const Config&, int out, int in) const override { return out == kY && in == kX; }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return 6 * Op::Flops(config, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::BatchNorm& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 5));
    GRADUS_RETURN_IF_ERROR(CheckBatchNorm(config.epsilon(), inputs[kX].shape, inputs, kGamma));
    if (!(config.momentum() >= 0 && config.momentum() <= 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("momentum ", config.momentum(), " is outside [0, 1]"));
    }
    outputs->push_back(inputs[kX]);
    for (int i = kMean; i <= kNextVariance; ++i) outputs->push_back(inputs[kGamma]);
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::BatchNorm& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value x = scope->input(kX);
    const Value mean = scope->output(kMean), r = scope->output(kInverseDeviation);
    const double keep = config.momentum();
    const auto share = [&](int output) {
      const Value g = scope->output_gradient(output);
      return g.valid() ? Scaled(emit, g, 1 - keep) : g;
    };
    // What arrives at the mean and at the variance, from all outputs but y.
    const Value dmean = Plus(emit, scope->output_gradient(kMean), share(kNextMean));
    Value dvar = share(kNextVariance);
    if (const Value dr = scope->output_gradient(kInverseDeviation); dr.valid()) {
      const Value cube = emit(op::Mul(), {emit(op::Square(), {r}), r});
      dvar = Plus(emit, dvar, Scaled(emit, emit(op::Mul(), {dr, cube}), -0.5));
    }
    Value dx;
    if (const Value dy = scope->output_gradient(kY); dy.valid()) {
      op::BatchNormGrad grad;
      grad.set_epsilon(config.epsilon());
      dx = emit(grad, {dy, x, scope->input(kGamma), mean, r});
      if (dx.valid()) {
        scope->SetInputGradient(kGamma, {dx.node, 1});
        scope->SetInputGradient(kBeta, {dx.node, 2});
      }
    }
    if (scope->wants(kX) && (dmean.valid() || dvar.valid())) {
      const Shape shape = emit.spec(x).shape;
      const Value n = ReducedCount(emit, shape, AllButLast(shape));
      if (dmean.valid()) {
        dx = Plus(emit, dx, emit.Broadcast(emit(op::Div(), {dmean, n}), shape));
      }
      if (dvar.valid()) {
        const Value each = emit(op::Div(), {Scaled(emit, dvar, 2), n});
        dx = Plus(emit, dx, emit(op::Mul(), {emit(op::Sub(), {x, mean}), each}));
      }
    }
    if (dx.valid()) scope->SetInputGradient(kX, dx);
    for (int i = 0; i < 2; ++i) {
      const Value g = scope->output_gradient(kNextMean + i);
      if (g.valid() && scope->wants(kMovingMean + i)) {
        scope->SetInputGradient(kMovingMean + i, Scaled(emit, g, keep));
      }
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(BatchNorm, op::BatchNorm);

// The numbers of a call.
struct BatchNormCall {
  RowsByChannels size;
  double epsilon, momentum;
  const float *x, *gamma, *beta, *moving_mean, *moving_variance;
  float *y, *mean, *inverse_deviation, *next_mean, *next_variance;
  double* sums;
};

BatchNormCall CallOf(const RowsByChannels& size, double epsilon, double momentum,
                     const KernelArgs& args) {
  const auto in = [&](int i) { return static_cast<const float*>(args.inputs[i]); };
  const auto out = [&](int i) { return static_cast<float*>(args.outputs[i]); };
  return {size, epsilon, momentum, in(0), in(1), in(2), in(3), in(4),
          out(0), out(1), out(2), out(3), out(4), static_cast<double*>(args.scratch)};
}

struct BatchNormLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const BatchNormCall* call) {
    const int64_t rows = call->size.rows, channels = call->size.channels;
    double* sum = call->sums;
    double* square = sum + channels;
    std::fill(sum, sum + 2 * channels, 0.0);
    for (int64_t i = 0; i < rows; ++i) {
      const float* x = call->x + i * channels;
      for (int64_t j = 0; j < channels; ++j) sum[j] += x[j];
    }
    for (int64_t j = 0; j < channels; ++j) sum[j] /= static_cast<double>(rows);
    for (int64_t i = 0; i < rows; ++i) {
      const float* x = call->x + i * channels;
      for (int64_t j = 0; j < channels; ++j) {
        const double centred = x[j] - sum[j];
        square[j] += centred * centred;
      }
    }
    for (int64_t j = 0; j < channels; ++j) {
      const double variance = square[j] / static_cast<double>(rows);
      const double keep = call->momentum;
      call->next_mean[j] = static_cast<float>(keep * call->moving_mean[j] + (1 - keep) * sum[j]);
      call->next_variance[j] = static_cast<float>(keep * call->moving_variance[j] + (1 - keep) * variance);
      call->mean[j] = static_cast<float>(sum[j]);
      call->inverse_deviation[j] = static_cast<float>(1 / std::sqrt(variance + call->epsilon));
    }
    const float *mean = call->mean, *r = call->inverse_deviation;
    for (int64_t i = 0; i < rows; ++i) {
      const float* x = call->x + i * channels;
      float* y = call->y + i * channels;
      for (int64_t j = 0; j < channels; ++j) {
        y[j] = (x[j] - mean[j]) * r[j] * call->gamma[j] + call->beta[j];
      }
    }
  }
};

class BatchNormWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const RowsByChannels size = RowsByChannelsOf(request.inputs[0]);
    Choice choice;
    choice.scratch_bytes = BatchNormScratch(size);
    choice.cost = BatchNormLoopCost(size);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::BatchNorm&>(*request.config);
    const RowsByChannels size = RowsByChannelsOf(request.inputs[0]);
    return MakeKernel([=, node = request.node, epsilon = config.epsilon(),
                       momentum = config.momentum()](const KernelArgs& args) -> absl::Status {
      if (size.rows == 0) {
        return absl::InvalidArgumentError(absl::StrCat("\"", node, "\": no rows, no statistics"));
      }
      const BatchNormCall call = CallOf(size, epsilon, momentum, args);
      ForIsa<BatchNormLoop>(&call);
      return absl::OkStatus();
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::BatchNorm, "loop", BatchNormWithLoop);

}  // namespace
}  // namespace gradus
