// The product of matrices.
//
//   C = op(A) op(B)       [.., m, k] x [.., k, n] -> [.., m, n]; op swaps the last two axes when the config says so
//   dA = dC op(B)^T, dB = op(A)^T dC, each transposed when its factor was; summed over axes that were broadcast
//
// Leading axes broadcast by NumPy's rules. Transposes are strides and never copies. When the axis that is summed over carries the batch
// (weight gradients: A^T dC), the result is the sum of the results of blocks of rows.

#include <algorithm>

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "ops/gemm.h"

namespace gradus {
namespace {

// The length of the summed, or of the other, axis of a factor.
Dim Summed(const Shape& shape, bool first, bool transposed) {
  return shape.dim(shape.rank() - (first != transposed ? 1 : 2));
}
Dim Free(const Shape& shape, bool first, bool transposed) {
  return Summed(shape, !first, transposed);
}

Shape Leading(const Shape& shape) { return Shape(shape.dims().subspan(0, shape.rank() - 2)); }

// All axes but the last in one.
absl::StatusOr<Shape> AsRows(const Shape& shape) {
  GRADUS_ASSIGN_OR_RETURN(Dim rows, Shape(shape.dims().subspan(0, shape.rank() - 1)).Elements());
  return Shape({rows, shape.dim(shape.rank() - 1)});
}

op::Matmul Product(bool transpose_a, bool transpose_b) {
  op::Matmul config;
  config.set_transpose_a(transpose_a);
  config.set_transpose_b(transpose_b);
  return config;
}

class Matmul final : public TypedOp<op::Matmul> {
 public:
  BatchUse batch_use(const Config& message, absl::Span<const TensorSpec> inputs) const override {
    const auto& config = static_cast<const op::Matmul&>(message);
    return Summed(inputs[0].shape, true, config.transpose_a()).batch ? BatchUse::kReduces
                                                                     : BatchUse::kRows;
  }
  bool linear_in(const Config&, int) const override { return true; }
  double Flops(const Config& message, absl::Span<const TensorSpec> inputs,
               absl::Span<const TensorSpec> outputs, int64_t rows) const override {
    const auto& config = static_cast<const op::Matmul&>(message);
    const Dim k = Summed(inputs[0].shape, true, config.transpose_a());
    return 2.0 * static_cast<double>(k.At(rows)) * Op::Flops(message, inputs, outputs, rows);
  }

 protected:
  absl::Status Infer(const op::Matmul& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
    for (int i = 0; i < 2; ++i) {
      GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
      if (inputs[i].shape.rank() < 2) {
        return absl::InvalidArgumentError(
            absl::StrCat("factor ", inputs[i].shape.ToString(), " is not a matrix"));
      }
    }
    const Shape& a = inputs[0].shape;
    const Shape& b = inputs[1].shape;
    const Dim k = Summed(a, true, config.transpose_a());
    if (k != Summed(b, false, config.transpose_b())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "inner lengths differ: ", a.ToString(), config.transpose_a() ? " transposed" : "", " x ",
          b.ToString(), config.transpose_b() ? " transposed" : ""));
    }
    absl::StatusOr<Shape> shape = BroadcastShapes(Leading(a), Leading(b));
    if (!shape.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("leading axes of ", a.ToString(), " and ",
                                                     b.ToString(), " do not broadcast"));
    }
    shape->Append(Free(a, true, config.transpose_a()));
    shape->Append(Free(b, false, config.transpose_b()));
    outputs->push_back({DType::kFloat32, *shape});
    return absl::OkStatus();
  }

  absl::Status Differentiate(const op::Matmul& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const bool ta = config.transpose_a(), tb = config.transpose_b();
    const bool wants_a = scope->wants(0), wants_b = scope->wants(1);
    Value a = scope->input(0), b = scope->input(1), dc = scope->output_gradient();
    const Shape a_shape = emit.spec(a).shape, b_shape = emit.spec(b).shape;
    if (wants_a) {
      const Value da = ta ? emit(Product(tb, true), {b, dc}) : emit(Product(false, !tb), {dc, b});
      scope->SetInputGradient(0, emit.SumTo(da, a_shape));
    }
    if (wants_b) {
      // One matrix for a stack of them: the stack's rows are one tall matrix, so that the sum over it is part of the product.
      if (b_shape.rank() == 2 && a_shape.rank() > 2 && !ta) {
        GRADUS_ASSIGN_OR_RETURN(Shape tall_a, AsRows(a_shape));
        GRADUS_ASSIGN_OR_RETURN(Shape tall_c, AsRows(emit.spec(dc).shape));
        a = emit.Reshape(a, tall_a);
        dc = emit.Reshape(dc, tall_c);
      }
      const Value db = tb ? emit(Product(true, ta), {dc, a}) : emit(Product(!ta, false), {a, dc});
      scope->SetInputGradient(1, emit.SumTo(db, b_shape));
    }
    return emit.status();
  }
};
GRADUS_REGISTER_OP(Matmul, op::Matmul);

GemmProblem ProblemOf(const Request& request) {
  const auto& config = static_cast<const op::Matmul&>(*request.config);
  return MakeGemmProblem(config.transpose_a(), config.transpose_b(), request.inputs[0],
                         request.inputs[1], request.outputs[0]);
}

class MatmulWithVectors final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return {VectorChoice(ProblemOf(request))};
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice&) const override {
    return MakeKernel([gemm = ProblemOf(request), isa = CurrentIsa()](const KernelArgs& args) {
      GemmArguments call;
      call.lda = gemm.lda;
      call.ldb = gemm.ldb;
      call.ldc = gemm.ldc;
      call.scratch = static_cast<float*>(args.scratch);
      for (const GemmProblem::Offsets& at : gemm.products) {
        call.a = static_cast<const float*>(args.inputs[0]) + at.a;
        call.b = static_cast<const float*>(args.inputs[1]) + at.b;
        call.c = static_cast<float*>(args.outputs[0]) + at.c;
        VectorGemm(gemm.shape, call, isa);
      }
    });
  }
  bool accepts_pitch() const override { return true; }
  bool accepts_empty() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Matmul, "vector", MatmulWithVectors);

class MatmulWithOneDnn final : public KernelFactory {
 public:
  std::vector<Choice> Candidates(const Request& request) const override {
    return OneDnnChoices(ProblemOf(request), GemmEpilogue());
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Create(const Request& request,
                                                 const Choice& choice) const override {
    return MakeOneDnnProduct(ProblemOf(request), GemmEpilogue(), choice);
  }
  bool accepts_pitch() const override { return true; }
};
GRADUS_REGISTER_KERNEL(op::Matmul, "onednn", MatmulWithOneDnn);

}  // namespace
}  // namespace gradus
