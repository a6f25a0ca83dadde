// Gradients are ordinary nodes, so the gradient can be differentiated: H v = d(g . v)/dw. Compared
// with central differences of the reference's gradient in double, and the runtime with the
// reference.

#include <gtest/gtest.h>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/random.h"
#include "gradus/graph/emitter.h"
#include "gradus/op.pb.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

TEST(HessianVectorProduct, IsTheDerivativeOfTheGradient) {
  Graph graph;
  Emitter emit(&graph, "", {});
  const Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({5})});
  const Value target = *graph.AddInput("target", {DType::kFloat32, Shape::Batched({3})});
  const Value w1 = *graph.AddParameter({"w1", Shape::Fixed({5, 4}), {}});
  const Value b1 = *graph.AddParameter({"b1", Shape::Fixed({4}), {}});
  const Value w2 = *graph.AddParameter({"w2", Shape::Fixed({4, 3}), {}});
  const Value hidden = emit(op::Tanh(), {emit(op::Add(), {emit(op::Matmul(), {x, w1}), b1})});
  const Value log_p = emit(op::LogSoftmax(), {emit(op::Matmul(), {hidden, w2})});
  op::ReduceSum over_classes;
  over_classes.add_axis(1);
  const Value loss = emit(op::Neg(), {emit(over_classes, {emit(op::Mul(), {target, log_p})})});
  const Value ones = emit.Broadcast(emit.Constant(1), Shape::Batched({}));
  ASSERT_TRUE(emit.status().ok()) << emit.status();
  const std::vector<Value> gradient = AddGradients(&graph, {loss}, {ones}, graph.parameters())->of;
  // v are inputs of the graph like any other: here parameters' twins as states.
  std::vector<Value> v;
  for (size_t i = 0; i < gradient.size(); ++i) {
    v.push_back(*graph.AddState({absl::StrCat("v", i), graph.spec(gradient[i]).shape, 0}));
  }
  absl::StatusOr<Gradients> second = AddGradients(&graph, gradient, v, graph.parameters());
  ASSERT_TRUE(second.ok()) << second.status();

  constexpr int64_t kRows = 6;
  const ReferenceLeaves leaves = RandomLeaves(graph, kRows, 4);
  const std::vector<RefTensor> product = *EvaluateReference(graph, leaves, kRows, second->of);
  // (g(w + h v) - g(w - h v)) / 2h: error h^2 g'''/6 + 1e-16/h, about 1e-10 at h = 1e-5.
  const double h = 1e-5;
  ReferenceLeaves above = leaves, below = leaves;
  for (size_t i = 0; i < v.size(); ++i) {
    for (size_t k = 0; k < leaves.at(v[i]).values.size(); ++k) {
      above[graph.parameters()[i]].values[k] += h * leaves.at(v[i]).values[k];
      below[graph.parameters()[i]].values[k] -= h * leaves.at(v[i]).values[k];
    }
  }
  const std::vector<RefTensor> up = *EvaluateReference(graph, above, kRows, gradient);
  const std::vector<RefTensor> down = *EvaluateReference(graph, below, kRows, gradient);
  for (size_t i = 0; i < product.size(); ++i) {
    RefTensor difference = up[i];
    double largest = 0;
    for (size_t k = 0; k < difference.values.size(); ++k) {
      difference.values[k] = (up[i].values[k] - down[i].values[k]) / (2 * h);
      largest = std::max(largest, std::abs(difference.values[k]));
    }
    EXPECT_GT(largest, 1e-3) << "a product that is not zero";
    EXPECT_EQ(Differences(product[i], difference, 1e-8, 1e-7), "") << "parameter " << i;
  }

  // The runtime, in float, whole and in blocks of rows.
  for (int64_t block_rows : {0, 2}) {
    Fetches fetches;
    fetches.gradients = second->of;
    ExecutorOptions options;
    options.block_rows = block_rows;
    std::unique_ptr<TestRun> run = *TestRun::Create(graph, fetches, options);
    ASSERT_TRUE(run->Run(leaves, kRows).ok());
    for (size_t i = 0; i < product.size(); ++i) {
      EXPECT_EQ(Differences(run->gradient(static_cast<int>(i)), product[i], 1e-4, 1e-4), "") << i;
    }
  }
}

}  // namespace
}  // namespace gradus
