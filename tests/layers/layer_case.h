// One layer on numbers: evaluated in double with the reference loops, its gradients compared with central differences.
//
//   LayerCase layer = MakeLayer("rms_norm {}", {{{2, 3}, {1, 2, 3, 4, 5, 6}}});
//   EXPECT_THAT(Evaluate(layer).values, ...);

#ifndef GRADUS_TESTS_LAYERS_LAYER_CASE_H_
#define GRADUS_TESTS_LAYERS_LAYER_CASE_H_

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/gradient_checker.h"
#include "tests/testing/model_text.h"
#include "tests/testing/reference_executor.h"

namespace gradus {

struct LayerCase {
  ModelGraph model;
  ReferenceLeaves leaves;
  int64_t rows = 0;
  Value output;
};

// `count` different numbers of both signs, none near 0, no two alike.
inline std::vector<double> SomeNumbers(int64_t count, double phase = 0) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    const double x = std::sin(1.7 * static_cast<double>(i) + 0.3 + phase);
    values.push_back(x + (x < 0 ? -0.1 : 0.1));
  }
  return values;
}

// The values with these dims, of which the first is the batch; SomeNumbers when none are given.
inline RefTensor Filled(std::vector<int64_t> dims, std::vector<double> values = {}) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  if (values.empty()) values = SomeNumbers(count);
  return {std::move(dims), std::move(values)};
}

// The layer "l" on the inputs "x0", "x1", ..; its text follows `input: [..]`. Parameters get SomeNumbers, the step's scalars 3, 5 and 0.
inline LayerCase MakeLayer(absl::string_view layer, const std::vector<RefTensor>& inputs,
                           Mode mode = Mode::kTraining, absl::string_view type = "FLOAT32") {
  std::string text, names;
  for (size_t i = 0; i < inputs.size(); ++i) {
    absl::StrAppend(&text, "input { name: \"x", i, "\" type: ", type);
    for (size_t axis = 1; axis < inputs[i].dims.size(); ++axis) {
      absl::StrAppend(&text, " shape: ", inputs[i].dims[axis]);
    }
    absl::StrAppend(&text, " }\n");
    absl::StrAppend(&names, i == 0 ? "" : ", ", "\"x", i, "\"");
  }
  absl::StrAppend(&text, "layer { name: \"l\" input: [", names, "] ", layer, " }");
  BuiltModel built = BuildModel(text, mode);
  EXPECT_EQ(built.errors, "") << text;
  LayerCase out;
  out.model = std::move(built.model);
  out.rows = inputs[0].dims[0];
  const Graph& graph = out.model.graph;
  for (size_t i = 0; i < inputs.size(); ++i) out.leaves[graph.inputs()[i]] = inputs[i];
  double phase = 0.5;
  for (Value parameter : graph.parameters()) {
    const std::vector<int64_t> dims = graph.spec(parameter).shape.At(1);
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    out.leaves[parameter] = {dims, SomeNumbers(count, phase)};
    phase += 0.5;
  }
  for (const ModelScalar& number : out.model.hyperparameters) {
    out.leaves[graph.FindLeaf(Leaf::kScalar, number.name)] = {{}, {number.value}};
  }
  const std::pair<const char*, double> scalars[] = {{"seed", 3}, {"step", 5}, {"row_offset", 0}};
  for (const auto& scalar : scalars) {
    const Value leaf = graph.FindLeaf(Leaf::kScalar, scalar.first);
    if (leaf.valid()) out.leaves[leaf] = {{}, {scalar.second}};
  }
  out.output = out.model.layers.empty() ? Value() : out.model.layers.back().output;
  return out;
}

inline RefTensor Evaluate(const LayerCase& layer) {
  auto result = EvaluateReference(layer.model.graph, layer.leaves, layer.rows, {layer.output});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? (*result)[0] : RefTensor();
}

// The step's "seed", "step" or "row_offset".
inline void SetScalar(absl::string_view name, double value, LayerCase* layer) {
  layer->leaves[layer->model.graph.FindLeaf(Leaf::kScalar, name)] = {{}, {value}};
}

// Another seed and another step give something else, another call does not.
inline void ExpectDrawnOfSeedAndStep(LayerCase layer) {
  const std::vector<double> first = Evaluate(layer).values;
  EXPECT_EQ(Evaluate(layer).values, first);
  SetScalar("step", 6, &layer);
  EXPECT_NE(Evaluate(layer).values, first);
  SetScalar("step", 5, &layer);
  EXPECT_EQ(Evaluate(layer).values, first);
  SetScalar("seed", 4, &layer);
  EXPECT_NE(Evaluate(layer).values, first);
}

// What the parameter "l/<name>" was given.
inline RefTensor ParameterOf(const LayerCase& layer, absl::string_view name) {
  const Value leaf = layer.model.graph.FindLeaf(Leaf::kParameter, absl::StrCat("l/", name));
  EXPECT_TRUE(leaf.valid()) << name;
  return leaf.valid() ? layer.leaves.at(leaf) : RefTensor();
}

// "" or where a gradient in the inputs or parameters differs from central differences.
inline std::string GradientError(const LayerCase& layer) {
  std::vector<Value> wrt = layer.model.graph.parameters();
  for (Value input : layer.model.graph.inputs()) {
    if (layer.model.graph.spec(input).dtype == DType::kFloat32) wrt.push_back(input);
  }
  return CheckGradients(layer.model.graph, {layer.output}, layer.leaves, layer.rows, wrt, {});
}

// What the user is told about one layer on "x" of this shape.
inline std::string LayerErrors(absl::string_view layer, absl::string_view input = "shape: 3") {
  return BuildModel(
             absl::StrCat("input { name: \"x\" ", input, " }\nlayer { name: \"l\" ", layer, " }"))
      .errors;
}

// The graph's constants are floats: an epsilon of 1e-3 is off by 5e-11, which beside a variance of nothing moves a result by 2e-8.
inline void ExpectNumbers(const RefTensor& actual, const std::vector<int64_t>& dims,
                          const std::vector<double>& expected, double tolerance = 1e-7) {
  EXPECT_EQ(actual.dims, dims);
  ASSERT_EQ(actual.values.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(actual.values[i], expected[i], tolerance) << i;
  }
}

}  // namespace gradus

#endif  // GRADUS_TESTS_LAYERS_LAYER_CASE_H_
