// What matmul and fused_dense share: from tensors of any rank to matrix products, and the products that oneDNN makes.
//
// oneDNN has two primitives for a matrix product. `matmul` takes any strides; `inner_product` has other kernels behind it but
// refuses padded rows (oneDNN 2.6.3 takes leading dimensions from the logical sizes).

#ifndef GRADUS_OPS_GEMM_H_
#define GRADUS_OPS_GEMM_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/runtime/kernel.h"
#include "gradus/runtime/onednn.h"
#include "gradus/runtime/vector_gemm.h"

namespace gradus {

// C = op(A) op(B) for one or more matrices in each operand.
struct GemmProblem {
  GemmShape shape;
  int64_t lda = 0, ldb = 0, ldc = 0;
  // Where each product's matrices begin.
  struct Offsets {
    int64_t a, b, c;
  };
  std::vector<Offsets> products;

  double flops() const {
    return 2.0 * static_cast<double>(products.size()) * static_cast<double>(shape.m) *
           static_cast<double>(shape.n) * static_cast<double>(shape.k);
  }
};

inline int64_t RowDistance(const Operand& x) { return x.pitch > 0 ? x.pitch : x.dims.back(); }

// The operands have the shapes that Matmul's shape rule allows: rank 2 or more, leading axes that broadcast.
inline GemmProblem MakeGemmProblem(bool transpose_a, bool transpose_b, const Operand& a,
                                   const Operand& b, const Operand& c) {
  const auto from_end = [](const Operand& x, size_t i) { return x.dims[x.dims.size() - i]; };
  GemmProblem gemm;
  gemm.shape.m = from_end(c, 2);
  gemm.shape.n = from_end(c, 1);
  gemm.shape.k = from_end(a, transpose_a ? 2 : 1);
  gemm.shape.transpose_a = transpose_a;
  gemm.shape.transpose_b = transpose_b;
  gemm.lda = RowDistance(a);
  gemm.ldb = RowDistance(b);
  gemm.ldc = RowDistance(c);
  const size_t leading = c.dims.size() - 2;
  bool one_b = true;
  int64_t count = 1;
  for (size_t i = 3; i <= c.dims.size(); ++i) {
    one_b &= i > b.dims.size() || from_end(b, i) == 1;
    count *= from_end(c, i);
  }
  if (one_b && !transpose_a) {  // The matrices of A lie below each other: one tall product.
    gemm.shape.m *= count;
    gemm.products.push_back({0, 0, 0});
    return gemm;
  }
  for (int64_t p = 0; p < count; ++p) {
    GemmProblem::Offsets at{0, 0, 0};
    int64_t rest = p;
    int64_t a_step = gemm.lda * from_end(a, 2), b_step = gemm.ldb * from_end(b, 2);
    for (size_t i = 3; i < leading + 3; ++i) {
      const int64_t index = rest % from_end(c, i);
      rest /= from_end(c, i);
      if (i <= a.dims.size() && from_end(a, i) != 1) at.a += index * a_step;
      if (i <= b.dims.size() && from_end(b, i) != 1) at.b += index * b_step;
      if (i <= a.dims.size()) a_step *= from_end(a, i);
      if (i <= b.dims.size()) b_step *= from_end(b, i);
    }
    at.c = p * gemm.ldc * gemm.shape.m;
    gemm.products.push_back(at);
  }
  return gemm;
}

// ---- oneDNN.

// Adds what is done to the result (bias as an input, activation) to a primitive.
struct GemmEpilogue {
  int bias_input = -1;
  dnnl::post_ops post_ops;
};

inline dnnl::primitive_attr EpilogueAttributes(const GemmEpilogue& epilogue) {
  dnnl::primitive_attr attributes = OneDnnAttributes();
  attributes.set_post_ops(epilogue.post_ops);
  return attributes;
}

// The product as oneDNN's matmul. A single product is rank 2; more become rank 3 when their offsets are regular.
inline absl::StatusOr<dnnl::matmul::primitive_desc> DescribeMatmul(const GemmProblem& gemm,
                                                                   const GemmEpilogue& epilogue) {
  using Dims = std::vector<int64_t>;
  const GemmShape& s = gemm.shape;
  Dims a_dims = {s.m, s.k}, b_dims = {s.k, s.n}, c_dims = {s.m, s.n};
  Dims a_strides = s.transpose_a ? Dims{1, gemm.lda} : Dims{gemm.lda, 1};
  Dims b_strides = s.transpose_b ? Dims{1, gemm.ldb} : Dims{gemm.ldb, 1};
  Dims c_strides = {gemm.ldc, 1};
  const int64_t count = static_cast<int64_t>(gemm.products.size());
  if (count > 1) {
    const GemmProblem::Offsets step = gemm.products[1];
    for (int64_t p = 0; p < count; ++p) {
      const GemmProblem::Offsets& at = gemm.products[p];
      if (at.a != p * step.a || at.b != p * step.b || at.c != p * step.c) {
        return absl::UnimplementedError("irregular distances between matrices");
      }
    }
    const auto add = [count](int64_t distance, Dims* dims, Dims* strides) {
      dims->insert(dims->begin(), distance == 0 ? 1 : count);
      const int64_t whole = (*dims)[1] * (*strides)[0] > (*dims)[2] * (*strides)[1]
                                ? (*dims)[1] * (*strides)[0]
                                : (*dims)[2] * (*strides)[1];
      strides->insert(strides->begin(), distance == 0 ? whole : distance);
    };
    add(step.a, &a_dims, &a_strides);
    add(step.b, &b_dims, &b_strides);
    add(step.c, &c_dims, &c_strides);
  }
  return GuardOneDnn("matmul", [&]() -> absl::StatusOr<dnnl::matmul::primitive_desc> {
    const auto a = StridedDesc(DType::kFloat32, a_dims, a_strides);
    const auto b = StridedDesc(DType::kFloat32, b_dims, b_strides);
    const auto c = StridedDesc(DType::kFloat32, c_dims, c_strides);
    const auto desc =
        epilogue.bias_input < 0
            ? dnnl::matmul::desc(a, b, c)
            : dnnl::matmul::desc(a, b, StridedDesc(DType::kFloat32, {1, s.n}, {s.n, 1}), c);
    return dnnl::matmul::primitive_desc(desc, EpilogueAttributes(epilogue), OneDnnEngine());
  });
}

inline absl::StatusOr<std::unique_ptr<Kernel>> MakeOneDnnMatmul(const GemmProblem& gemm,
                                                                const GemmEpilogue& epilogue) {
  GRADUS_ASSIGN_OR_RETURN(dnnl::matmul::primitive_desc made, DescribeMatmul(gemm, epilogue));
  return GuardOneDnn("matmul", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
    std::vector<OneDnnArg> args = {{DNNL_ARG_SRC, made.src_desc(), OneDnnArg::kInput, 0},
                                   {DNNL_ARG_WEIGHTS, made.weights_desc(), OneDnnArg::kInput, 1},
                                   {DNNL_ARG_DST, made.dst_desc(), OneDnnArg::kOutput, 0}};
    if (epilogue.bias_input >= 0) {
      args.push_back({DNNL_ARG_BIAS, made.bias_desc(), OneDnnArg::kInput, epilogue.bias_input});
    }
    return MakeOneDnnKernel(dnnl::matmul(made), made.scratchpad_desc(), std::move(args));
  });
}

// A B or A B^T as oneDNN's forward inner product, whose weights are [outputs, inputs].
inline absl::StatusOr<dnnl::inner_product_forward::primitive_desc> DescribeInnerProduct(
    const GemmProblem& gemm, const GemmEpilogue& epilogue) {
  const GemmShape& s = gemm.shape;
  if (gemm.products.size() != 1 || s.transpose_a || gemm.lda != s.k || gemm.ldc != s.n ||
      gemm.ldb != (s.transpose_b ? s.k : s.n)) {
    return absl::UnimplementedError("not dense");
  }
  using Desc = dnnl::inner_product_forward::primitive_desc;
  return GuardOneDnn("inner_product", [&]() -> absl::StatusOr<Desc> {
    const auto x = StridedDesc(DType::kFloat32, {s.m, s.k}, {s.k, 1});
    const auto w = s.transpose_b ? StridedDesc(DType::kFloat32, {s.n, s.k}, {s.k, 1})
                                 : StridedDesc(DType::kFloat32, {s.n, s.k}, {1, s.n});
    const auto y = StridedDesc(DType::kFloat32, {s.m, s.n}, {s.n, 1});
    const auto forward = dnnl::prop_kind::forward_inference;
    const auto desc =
        epilogue.bias_input < 0
            ? dnnl::inner_product_forward::desc(forward, x, w, y)
            : dnnl::inner_product_forward::desc(forward, x, w,
                                                StridedDesc(DType::kFloat32, {s.n}, {1}), y);
    return Desc(desc, EpilogueAttributes(epilogue), OneDnnEngine());
  });
}

inline absl::StatusOr<std::unique_ptr<Kernel>> MakeOneDnnInnerProduct(const GemmProblem& gemm,
                                                                      const GemmEpilogue& epilogue) {
  GRADUS_ASSIGN_OR_RETURN(auto made, DescribeInnerProduct(gemm, epilogue));
  return GuardOneDnn("inner_product", [&]() -> absl::StatusOr<std::unique_ptr<Kernel>> {
    std::vector<OneDnnArg> args = {{DNNL_ARG_SRC, made.src_desc(), OneDnnArg::kInput, 0},
                                   {DNNL_ARG_WEIGHTS, made.weights_desc(), OneDnnArg::kInput, 1},
                                   {DNNL_ARG_DST, made.dst_desc(), OneDnnArg::kOutput, 0}};
    if (epilogue.bias_input >= 0) {
      args.push_back({DNNL_ARG_BIAS, made.bias_desc(), OneDnnArg::kInput, epilogue.bias_input});
    }
    return MakeOneDnnKernel(dnnl::inner_product_forward(made), made.scratchpad_desc(),
                            std::move(args));
  });
}

// ---- Choices.

// Nanoseconds on one thread, roughly: an order among the ways, decided by ChooseGemm.
inline double GemmCost(const GemmProblem& gemm, bool preferred) {
  return (30 + gemm.flops() / 60) * (preferred ? 1 : 2);
}

inline Choice VectorChoice(const GemmProblem& gemm) {
  Choice choice;
  choice.scratch_bytes = VectorGemmScratch(gemm.shape) * static_cast<int64_t>(sizeof(float));
  choice.cost = GemmCost(gemm, ChooseGemm(gemm.shape, CurrentIsa()) == GemmChoice::kVector);
  return choice;
}

inline std::vector<Choice> OneDnnChoices(const GemmProblem& gemm, const GemmEpilogue& epilogue) {
  const GemmShape& s = gemm.shape;
  std::vector<Choice> choices;
  if (s.m == 0 || s.n == 0 || s.k == 0 || gemm.products.empty()) return choices;  // SIGFPE in 2.6.3.
  const bool preferred = ChooseGemm(s, CurrentIsa()) == GemmChoice::kOneDnnMatmul;
  const double cost = GemmCost(gemm, preferred);
  if (const auto made = DescribeMatmul(gemm, epilogue); made.ok()) {
    choices.push_back(
        {"", "matmul", static_cast<int64_t>(made->scratchpad_desc().get_size()), 400 + cost});
  }
  if (const auto made = DescribeInnerProduct(gemm, epilogue); made.ok()) {
    choices.push_back({"", "inner_product",
                       static_cast<int64_t>(made->scratchpad_desc().get_size()), 450 + cost});
  }
  return choices;
}

inline absl::StatusOr<std::unique_ptr<Kernel>> MakeOneDnnProduct(const GemmProblem& gemm,
                                                                 const GemmEpilogue& epilogue,
                                                                 const Choice& choice) {
  return choice.detail == "inner_product" ? MakeOneDnnInnerProduct(gemm, epilogue)
                                          : MakeOneDnnMatmul(gemm, epilogue);
}

}  // namespace gradus

#endif  // GRADUS_OPS_GEMM_H_
