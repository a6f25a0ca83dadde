// A dense layer in one kernel. The runtime makes it out of matmul, add and an activation after differentiation, so it has no gradient.
//
//   y = activation(x W + b)      x [m, k], W [k, n], b [n] when has_bias -> [m, n]
//
// The bias is added and the activation applied to each block of the result while it is in cache.

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "ops/epilogue.h"
#include "ops/gemm.h"

namespace gradus {
namespace {

class FusedDense final : public TypedOp<op::FusedDense> {
 public:
  bool differentiable() const override { return true; }  // So that differentiating it is an error and not silence.
  double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    const double elements = Op::Flops(config, inputs, outputs, rows);
    return (2.0 * static_cast<double>(inputs[0].shape.dim(1).At(rows)) + 2) * elements;
  }

 protected:
  absl::Status Infer(const op::FusedDense& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, config.has_bias() ? 3 : 2));
    for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
      GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
    }
    const Shape& x = inputs[0].shape;
    const Shape& kernel = inputs[1].shape;
    if (x.rank() != 2 || kernel.rank() != 2 || x.dim(1) != kernel.dim(0) || x.dim(1).batch) {
      return absl::InvalidArgumentError(absl::StrCat("x ", x.ToString(), " and kernel ",
                                                     kernel.ToString(), " are not [m, k] and [k, n]"));
    }
    if (config.has_bias() && inputs[2].shape != Shape({kernel.dim(1)})) {
      return absl::InvalidArgumentError(absl::StrCat("bias ", inputs[2].shape.ToString(),
                                                     " does not fit the kernel ", kernel.ToString()));
    }
    outputs->push_back({DType::kFloat32, Shape({x.dim(0), kernel.dim(1)})});
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(FusedDense, op::FusedDense);

GemmProblem ProblemOf(const Request& request) {
  return MakeGemmProblem(false, false, request.inputs[0], request.inputs[1], request.outputs[0]);
}

struct Finish {
  op::FusedDense::Activation activation;
  float alpha;
  float* c;
  int64_t ldc;
};

void FinishBlock(void* context, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  const Finish& finish = *static_cast<const Finish*>(context);
  ApplyToBlock(finish.activation, finish.alpha,
               {finish.c + row * finish.ldc + column, rows, columns, finish.ldc});
}

class FusedDenseWithVectors final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {VectorChoice(ProblemOf(request))};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    const auto& config = static_cast<const op::FusedDense&>(*request.config);
    const auto activation = config.activation();
    const float alpha = static_cast<float>(config.alpha());
    const bool has_bias = config.has_bias();
    return MakeKernel([=, gemm = ProblemOf(request), isa = CurrentIsa()](const KernelArgs& args) {
      GemmArguments call;
      call.a = static_cast<const float*>(args.inputs[0]);
      call.lda = gemm.lda;
      call.b = static_cast<const float*>(args.inputs[1]);
      call.ldb = gemm.ldb;
      call.c = static_cast<float*>(args.outputs[0]);
      call.ldc = gemm.ldc;
      call.scratch = static_cast<float*>(args.scratch);
      if (has_bias) call.bias = static_cast<const float*>(args.inputs[2]);
      call.relu = activation == op::FusedDense::RELU;
      Finish finish{activation, alpha, call.c, call.ldc};
      if (activation != op::FusedDense::NONE && !call.relu) {
        call.finish = FinishBlock;
        call.finish_context = &finish;
      }
      VectorGemm(gemm.shape, call, isa);
    });
  }
  bool accepts_pitch() const override { return true; }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::FusedDense, "vector", FusedDenseWithVectors);

// Bias and activation as oneDNN does them: in its product, or in a second pass that is its own affair.
class FusedDenseWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return OneDnnChoices(ProblemOf(request), EpilogueOf(request));
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice& choice) const override {
    return MakeOneDnnProduct(ProblemOf(request), EpilogueOf(request), choice);
  }
  bool accepts_pitch() const override { return true; }

 private:
  static GemmEpilogue EpilogueOf(const Request& request) {
    const auto& config = static_cast<const op::FusedDense&>(*request.config);
    GemmEpilogue epilogue;
    if (config.has_bias()) epilogue.bias_input = 2;
    epilogue.post_ops = ActivationPostOps(config.activation(), config.alpha());
    return epilogue;
  }
};
GRADUS_REGISTER_KERNEL(op::FusedDense, "onednn", FusedDenseWithOneDnn);

}  // namespace
}  // namespace gradus
