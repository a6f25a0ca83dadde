// What follows a product in the same kernel: the activations that fused_dense and fused_conv2d apply to a block of their results while
// it is in cache, and the same as what oneDNN appends to a primitive.

#ifndef GRADUS_OPS_EPILOGUE_H_
#define GRADUS_OPS_EPILOGUE_H_

#include <cstdint>

#include "dnnl.hpp"
#include "gradus/base/vector_math.h"
#include "gradus/op.pb.h"

namespace gradus {

// Rows of finished results, `pitch` floats apart.
struct ResultBlock {
  float* data;
  int64_t rows, columns, pitch;
};

template <class Function>
struct OverBlock {
  template <Isa>
  GRADUS_INLINE static void Run(const ResultBlock* block, float alpha) {
    for (int64_t row = 0; row < block->rows; ++row) {
      float* y = block->data + row * block->pitch;
      for (int64_t i = 0; i < block->columns; ++i) y[i] = Function::Of(y[i], alpha);
    }
  }
};

struct ReluOf {
  GRADUS_INLINE static float Of(float x, float) { return vector_math::Select(x < 0.0f, 0.0f, x); }
};
struct EluOf {
  GRADUS_INLINE static float Of(float x, float alpha) {
    return vector_math::Select(x > 0, x, alpha * vector_math::Expm1(x));
  }
};
struct SigmoidOf {
  GRADUS_INLINE static float Of(float x, float) { return vector_math::Sigmoid(x); }
};
struct TanhOf {
  GRADUS_INLINE static float Of(float x, float) { return vector_math::Tanh(x); }
};

// In place. `alpha` is ELU's.
inline void ApplyToBlock(op::FusedDense::Activation activation, float alpha,
                         const ResultBlock& block) {
  switch (activation) {
    case op::FusedDense::NONE:
      return;
    case op::FusedDense::RELU:
      return ForIsa<OverBlock<ReluOf>>(&block, alpha);
    case op::FusedDense::ELU:
      return ForIsa<OverBlock<EluOf>>(&block, alpha);
    case op::FusedDense::SIGMOID:
      return ForIsa<OverBlock<SigmoidOf>>(&block, alpha);
    case op::FusedDense::TANH:
      return ForIsa<OverBlock<TanhOf>>(&block, alpha);
  }
}

inline dnnl::post_ops ActivationPostOps(op::FusedDense::Activation activation, double alpha) {
  dnnl::post_ops after;
  switch (activation) {
    case op::FusedDense::NONE:
      break;
    case op::FusedDense::RELU:
      after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      break;
    case op::FusedDense::ELU:
      after.append_eltwise(1, dnnl::algorithm::eltwise_elu, static_cast<float>(alpha), 0);
      break;
    case op::FusedDense::SIGMOID:
      after.append_eltwise(1, dnnl::algorithm::eltwise_logistic, 0, 0);
      break;
    case op::FusedDense::TANH:
      after.append_eltwise(1, dnnl::algorithm::eltwise_tanh, 0, 0);
      break;
  }
  return after;
}

}  // namespace gradus

#endif  // GRADUS_OPS_EPILOGUE_H_
