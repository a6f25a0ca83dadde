// A dense layer in one kernel. The runtime makes it out of matmul, add and an activation after differentiation, so it has no gradient.
//
//   y = activation(x W + b)      x [m, k], W [k, n], b [n] when has_bias -> [m, n]
//
// The bias is added and the activation applied to each block of the result while it is in cache.

#include <algorithm>

#include "gradus/base/vector_math.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
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

// A block of the result that the product has just finished.
struct Block {
  float* data;
  int64_t rows, columns, pitch;
};

template <class Function>
struct OverBlock {
  template <Isa>
  GRADUS_INLINE static void Run(const Block* block, float alpha) {
    for (int64_t row = 0; row < block->rows; ++row) {
      float* y = block->data + row * block->pitch;
      for (int64_t i = 0; i < block->columns; ++i) y[i] = Function::Of(y[i], alpha);
    }
  }
};

struct Elu {
  GRADUS_INLINE static float Of(float x, float alpha) {
    return vector_math::Select(x > 0, x, alpha * vector_math::Expm1(x));
  }
};
struct Sigmoid {
  GRADUS_INLINE static float Of(float x, float) { return vector_math::Sigmoid(x); }
};
struct Tanh {
  GRADUS_INLINE static float Of(float x, float) { return vector_math::Tanh(x); }
};

struct Finish {
  op::FusedDense::Activation activation;
  float alpha;
  float* c;
  int64_t ldc;
};

void FinishBlock(void* context, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  const Finish& finish = *static_cast<const Finish*>(context);
  const Block block{finish.c + row * finish.ldc + column, rows, columns, finish.ldc};
  switch (finish.activation) {
    case op::FusedDense::ELU:
      return ForIsa<OverBlock<Elu>>(&block, finish.alpha);
    case op::FusedDense::SIGMOID:
      return ForIsa<OverBlock<Sigmoid>>(&block, finish.alpha);
    case op::FusedDense::TANH:
      return ForIsa<OverBlock<Tanh>>(&block, finish.alpha);
    case op::FusedDense::NONE:
    case op::FusedDense::RELU:
      return;
  }
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
    switch (config.activation()) {
      case op::FusedDense::NONE:
        break;
      case op::FusedDense::RELU:
        epilogue.post_ops.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
        break;
      case op::FusedDense::ELU:
        epilogue.post_ops.append_eltwise(1, dnnl::algorithm::eltwise_elu,
                                         static_cast<float>(config.alpha()), 0);
        break;
      case op::FusedDense::SIGMOID:
        epilogue.post_ops.append_eltwise(1, dnnl::algorithm::eltwise_logistic, 0, 0);
        break;
      case op::FusedDense::TANH:
        epilogue.post_ops.append_eltwise(1, dnnl::algorithm::eltwise_tanh, 0, 0);
        break;
    }
    return epilogue;
  }
};
GRADUS_REGISTER_KERNEL(op::FusedDense, "onednn", FusedDenseWithOneDnn);

}  // namespace
}  // namespace gradus
