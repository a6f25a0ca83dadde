// The gradient of batch_norm with respect to x, gamma and beta, from the statistics that it gave.
//
//   z = (x - mean) r;   dbeta = sum dy;   dgamma = sum dy z;   dx = gamma r A, A = dy - dbeta/n - z dgamma/n
//   (dy [.., c], x [.., c], gamma, mean, r, each [c]) -> (dx [.., c], dgamma [c], dbeta [c])
//
// Its own gradient treats all five inputs as independent (what x does to mean and r is batch_norm's rule). With g, gg, gb arriving at
// dx, dgamma, dbeta and w = g gamma r:
//   B = gb - sum w / n,  G = gg - sum w z / n       what arrives at dbeta and dgamma in all
//   d(dy) = w + B + G z        dz = G dy - w dgamma/n
//   d(x) = dz r                d(mean) = -sum dz r
//   d(r) = sum dz (x - mean) + sum g gamma A        d(gamma) = sum g r A
//
// Like batch_norm it is computed in parts.

#include "ops/batch_norm.h"

namespace gradus {
namespace {

enum Input { kDy, kX, kGamma, kMean, kInverseDeviation };
enum Output { kDx, kDgamma, kDbeta };

class BatchNormGrad final : public TypedOp<op::BatchNormGrad> {
 public:
  BatchUse batch_use(const Config&, absl::Span<const TensorSpec> inputs) const override {
    return inputs[0].shape.batch_axis() >= 0 ? BatchUse::kMixes : BatchUse::kRows;
  }
  bool linear_in(const Config&, int input) const override { return input == kDy; }
  bool MayOverwrite(const Config&, int out, int in) const override {
    return out == kDx && in == kDy;
  }
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    return 9 * Op::Flops(config, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::BatchNormGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 5));
    GRADUS_RETURN_IF_ERROR(CheckBatchNorm(config.epsilon(), inputs[kX].shape, inputs, kGamma));
    if (inputs[kDy].shape != inputs[kX].shape) {
      return absl::InvalidArgumentError(absl::StrCat("shapes ", inputs[kDy].shape.ToString(), " and ",
                                                     inputs[kX].shape.ToString(), " differ"));
    }
    outputs->assign({inputs[kX], inputs[kGamma], inputs[kGamma]});
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::BatchNormGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const auto mul = [&](Value a, Value b) { return emit(op::Mul(), {a, b}); };
    const auto div = [&](Value a, Value b) { return emit(op::Div(), {a, b}); };
    const auto add = [&](Value a, Value b) { return emit(op::Add(), {a, b}); };
    const auto sub = [&](Value a, Value b) { return emit(op::Sub(), {a, b}); };
    const auto sum = [&](Value a) { return SumOverRows(emit, a); };
    const Value dy = scope->input(kDy), x = scope->input(kX), gamma = scope->input(kGamma);
    const Value mean = scope->input(kMean), r = scope->input(kInverseDeviation);
    const Value g = scope->output_gradient(kDx);
    const Shape shape = emit.spec(x).shape;
    const Value n = ReducedCount(emit, shape, AllButLast(shape));
    const Value centred = sub(x, mean);
    const Value z = mul(centred, r);
    const Value dgamma_share = div(scope->output(kDgamma), n);

    // What is not there is zero and stays invalid.
    Value to_dbeta = scope->output_gradient(kDbeta), to_dgamma = scope->output_gradient(kDgamma);
    Value to_dy, to_z;
    if (g.valid()) {
      const Value w = mul(g, mul(gamma, r));
      const Value minus_w = emit(op::Neg(), {w});
      const Value less_beta = div(sum(minus_w), n), less_gamma = div(sum(mul(minus_w, z)), n);
      to_dbeta = to_dbeta.valid() ? add(to_dbeta, less_beta) : less_beta;
      to_dgamma = to_dgamma.valid() ? add(to_dgamma, less_gamma) : less_gamma;
      to_dy = w;
      to_z = mul(minus_w, dgamma_share);
      const Value inner = sub(sub(dy, div(scope->output(kDbeta), n)), mul(z, dgamma_share));
      if (scope->wants(kGamma)) scope->SetInputGradient(kGamma, sum(mul(g, mul(inner, r))));
      if (scope->wants(kInverseDeviation)) {
        scope->SetInputGradient(kInverseDeviation, sum(mul(g, mul(inner, gamma))));
      }
    }
    if (to_dbeta.valid()) {
      to_dy = to_dy.valid() ? add(to_dy, to_dbeta) : emit.Broadcast(to_dbeta, shape);
    }
    if (to_dgamma.valid()) {
      const Value through_dy = mul(z, to_dgamma), through_z = mul(dy, to_dgamma);
      to_dy = to_dy.valid() ? add(to_dy, through_dy) : through_dy;
      to_z = to_z.valid() ? add(to_z, through_z) : through_z;
    }
    if (scope->wants(kDy)) scope->SetInputGradient(kDy, to_dy);
    if (to_z.valid()) {
      const Value dx = mul(to_z, r);
      if (scope->wants(kX)) scope->SetInputGradient(kX, dx);
      if (scope->wants(kMean)) scope->SetInputGradient(kMean, emit(op::Neg(), {sum(dx)}));
      if (scope->wants(kInverseDeviation)) {
        const Value direct = sum(mul(to_z, centred));
        const Value through_dx = scope->input_gradients()[kInverseDeviation];
        scope->SetInputGradient(kInverseDeviation,
                                through_dx.valid() ? add(direct, through_dx) : direct);
      }
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(BatchNormGrad, op::BatchNormGrad);

struct BatchNormGradCall {
  RowsByChannels size;
  const float *dy, *x, *gamma, *mean, *r;
  float *dx, *dgamma, *dbeta;
  double* sums;
};

struct BatchNormGradLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const BatchNormGradCall* call) {
    const int64_t rows = call->size.rows, channels = call->size.channels;
    const float *mean = call->mean, *r = call->r;
    double* dbeta = call->sums;
    double* dgamma = dbeta + channels;
    std::fill(dbeta, dbeta + 2 * channels, 0.0);
    for (int64_t i = 0; i < rows; ++i) {
      const float* x = call->x + i * channels;
      const float* dy = call->dy + i * channels;
      for (int64_t j = 0; j < channels; ++j) {
        dbeta[j] += dy[j];
        dgamma[j] += static_cast<double>(dy[j]) * ((x[j] - mean[j]) * r[j]);
      }
    }
    for (int64_t j = 0; j < channels; ++j) {
      call->dbeta[j] = static_cast<float>(dbeta[j]);
      call->dgamma[j] = static_cast<float>(dgamma[j]);
      dbeta[j] /= static_cast<double>(rows);
      dgamma[j] /= static_cast<double>(rows);
    }
    for (int64_t i = 0; i < rows; ++i) {
      const float* x = call->x + i * channels;
      const float* dy = call->dy + i * channels;
      float* dx = call->dx + i * channels;
      for (int64_t j = 0; j < channels; ++j) {
        const double z = (x[j] - mean[j]) * r[j];
        dx[j] = static_cast<float>((dy[j] - dbeta[j] - z * dgamma[j]) * (call->gamma[j] * r[j]));
      }
    }
  }
};

class BatchNormGradWithLoop final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    const RowsByChannels size = RowsByChannelsOf(request.inputs[kX]);
    Choice choice;
    choice.scratch_bytes = BatchNormScratch(size);
    choice.cost = BatchNormLoopCost(size);
    return {choice};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const RowsByChannels size = RowsByChannelsOf(request.inputs[kX]);
    return MakeKernel([size](const KernelArgs& args) {
      const auto in = [&](int i) { return static_cast<const float*>(args.inputs[i]); };
      const auto out = [&](int i) { return static_cast<float*>(args.outputs[i]); };
      const BatchNormGradCall call{size,   in(0),  in(1),  in(2),
                                   in(3),  in(4),  out(0), out(1),
                                   out(2), static_cast<double*>(args.scratch)};
      ForIsa<BatchNormGradLoop>(&call);
    });
  }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::BatchNormGrad, "loop", BatchNormGradWithLoop);

}  // namespace
}  // namespace gradus
