// Batch normalisation and its gradient as single operations need all rows at once. Their parts do
// not: each sums over rows, goes row by row, or has a number for each channel, so a graph of parts
// can be cut into blocks of rows, in one more phase for each sum that the rows behind it need
// (runtime/row_split.h).
//
//   mean = sum x / n     variance = sum (x - mean)^2 / n     r = 1 / sqrt(variance + epsilon)
//   y = gamma (x - mean) r + beta
//   dbeta = sum dy     dgamma = sum dy (x - mean) r
//   dx = gamma r (dy - dbeta / n - (x - mean) r dgamma / n)
//
// The variance takes a second pass over x, as the square of a large mean would cancel all digits.

#include "gradus/base/status.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

Value Output(Value value, int output) {
  return value.valid() ? Value{value.node, static_cast<int32_t>(output)} : Value();
}

absl::Status Forward(const op::BatchNorm& config, int index, Rewriter* rewriter) {
  const auto inputs = rewriter->MapInputs(index);
  const Value x = inputs[0];
  Emitter emit = rewriter->EmitterAt(index);
  const Value sum = emit(op::BatchNormSum(), {x}, "sum");
  const Value n = Output(sum, 1);
  const Value mean = emit(op::Div(), {sum, n}, "mean");
  const Value squares = emit(op::BatchNormSquares(), {x, mean}, "squares");
  const Value variance = emit(op::Div(), {squares, n}, "variance");
  const Value epsilon = emit.Constant(static_cast<float>(config.epsilon()));
  const Value deviation = emit(op::Sqrt(), {emit(op::Add(), {variance, epsilon})}, "deviation");
  const Value r = emit(op::Div(), {emit.Constant(1), deviation}, "inverse_deviation");
  const Value y = emit(op::BatchNormApply(), {x, inputs[1], inputs[2], mean, r}, "apply");
  const Value keep = emit.Constant(static_cast<float>(config.momentum()));
  const Value take = emit.Constant(static_cast<float>(1 - config.momentum()));
  const auto next = [&](Value moving, Value statistic, absl::string_view name) {
    return emit(op::Add(), {emit(op::Mul(), {moving, keep}), emit(op::Mul(), {statistic, take})},
                name);
  };
  const Value next_mean = next(inputs[3], mean, "next_mean");
  const Value next_variance = next(inputs[4], variance, "next_variance");
  GRADUS_RETURN_IF_ERROR(emit.status());
  int output = 0;
  for (Value value : {y, mean, r, next_mean, next_variance}) {
    rewriter->Replace({index, output++}, value);
  }
  return absl::OkStatus();
}

absl::Status Backward(int index, Rewriter* rewriter) {
  const auto inputs = rewriter->MapInputs(index);
  const Value dy = inputs[0], x = inputs[1], gamma = inputs[2], mean = inputs[3], r = inputs[4];
  Emitter emit = rewriter->EmitterAt(index);
  const Value dgamma = emit(op::BatchNormGradSums(), {dy, x, mean, r}, "sums");
  const Value dbeta = Output(dgamma, 1), n = Output(dgamma, 2);
  const Value dx =
      emit(op::BatchNormGradApply(), {dy, x, gamma, mean, r, dgamma, dbeta, n}, "apply");
  GRADUS_RETURN_IF_ERROR(emit.status());
  int output = 0;
  for (Value value : {dx, dgamma, dbeta}) rewriter->Replace({index, output++}, value);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Program> BatchNormParts(const Program& program) {
  Rewriter rewriter(program);
  for (int i = 0; i < program.graph.size(); ++i) {
    const Node& node = program.graph.node(i);
    if (const auto* forward = ConfigOf<op::BatchNorm>(node)) {
      GRADUS_RETURN_IF_ERROR(Forward(*forward, i, &rewriter));
    } else if (ConfigOf<op::BatchNormGrad>(node) != nullptr) {
      GRADUS_RETURN_IF_ERROR(Backward(i, &rewriter));
    } else {
      GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
    }
  }
  return rewriter.Finish();
}

}  // namespace gradus
