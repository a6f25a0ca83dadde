// lstm, gru, simple_rnn: the published equations, directions, lengths, parameters as in Keras, and what is refused.

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

constexpr const char* kKinds[] = {"lstm", "gru", "simple_rnn"};

// ---- The equations of keras.layers, one example and one gate at a time, with gates as vectors.

using Vector = std::vector<double>;

Vector Sigmoids(Vector x) {
  for (double& v : x) v = 1 / (1 + std::exp(-v));
  return x;
}
Vector Tanhs(Vector x) {
  for (double& v : x) v = std::tanh(v);
  return x;
}

// Columns [gate u, gate u + u) of x W.
Vector Times(const Vector& x, const RefTensor& w, int gate, size_t u) {
  Vector y(u, 0.0);
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < u; ++j) {
      y[j] +=
          x[i] * w.values[i * static_cast<size_t>(w.dims[1]) + static_cast<size_t>(gate) * u + j];
    }
  }
  return y;
}
Vector Part(const Vector& x, int gate, size_t u) {
  return Vector(x.begin() + gate * static_cast<int64_t>(u),
                x.begin() + (gate + 1) * static_cast<int64_t>(u));
}
Vector Plus(Vector a, const Vector& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}
Vector Product(Vector a, const Vector& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] *= b[i];
  return a;
}
Vector OneMinus(Vector a) {
  for (double& v : a) v = 1 - v;
  return a;
}

struct Weights {
  RefTensor kernel, recurrent, bias;
};
Weights WeightsOf(const LayerCase& layer, const std::string& prefix = "") {
  return {ParameterOf(layer, prefix + "kernel"), ParameterOf(layer, prefix + "recurrent_kernel"),
          ParameterOf(layer, prefix + "bias")};
}

// The states of one example after each of its steps.
std::vector<Vector> States(const std::string& kind, const Weights& w,
                           const std::vector<Vector>& steps, bool reset_after = true) {
  const auto u = static_cast<size_t>(w.recurrent.dims[0]);
  Vector h(u, 0.0), c(u, 0.0);
  std::vector<Vector> states;
  for (const Vector& x : steps) {
    const auto sum = [&](int gate) {
      return Plus(Plus(Times(x, w.kernel, gate, u), Times(h, w.recurrent, gate, u)),
                  Part(w.bias.values, gate, u));
    };
    if (kind == "lstm") {
      const Vector i = Sigmoids(sum(0)), f = Sigmoids(sum(1)), o = Sigmoids(sum(3));
      c = Plus(Product(f, c), Product(i, Tanhs(sum(2))));
      h = Product(o, Tanhs(c));
    } else if (kind == "gru" && reset_after) {
      // Keras: the second row of the bias belongs to the state.
      const auto state = [&](int gate) {
        return Plus(Times(h, w.recurrent, gate, u), Part(w.bias.values, 3 + gate, u));
      };
      const auto input = [&](int gate) {
        return Plus(Times(x, w.kernel, gate, u), Part(w.bias.values, gate, u));
      };
      const Vector z = Sigmoids(Plus(input(0), state(0))), r = Sigmoids(Plus(input(1), state(1)));
      const Vector candidate = Tanhs(Plus(input(2), Product(r, state(2))));
      h = Plus(Product(z, h), Product(OneMinus(z), candidate));
    } else if (kind == "gru") {
      const Vector z = Sigmoids(sum(0)), r = Sigmoids(sum(1));
      const Vector candidate = Tanhs(Plus(Plus(Times(x, w.kernel, 2, u), Part(w.bias.values, 2, u)),
                                          Times(Product(r, h), w.recurrent, 2, u)));
      h = Plus(Product(z, h), Product(OneMinus(z), candidate));
    } else {
      h = Tanhs(sum(0));
    }
    states.push_back(h);
  }
  return states;
}

// The steps of one row of [rows, steps, features].
std::vector<Vector> StepsOf(const RefTensor& x, int64_t row) {
  std::vector<Vector> steps;
  const int64_t f = x.dims[2];
  for (int64_t t = 0; t < x.dims[1]; ++t) {
    const auto begin = x.values.begin() + (row * x.dims[1] + t) * f;
    steps.emplace_back(begin, begin + f);
  }
  return steps;
}

// A layer "l" on "x" and the lengths "n".
LayerCase WithLengths(const std::string& layer, const RefTensor& x, const Vector& lengths,
                      const std::string& shape = "") {
  const std::string text = absl::StrCat(
      "input { name: \"x\" shape: [", x.dims[1], ", ", x.dims[2], "] }\n", "input { name: \"n\" ",
      shape, " type: INT32 }\nlayer { name: \"l\" input: [\"x\", \"n\"] ", layer, " }");
  BuiltModel built = BuildModel(text);
  EXPECT_EQ(built.errors, "") << text;
  // Parameters as in the layer without lengths.
  LayerCase out = MakeLayer(layer, {x});
  LayerCase made;
  made.model = std::move(built.model);
  made.rows = out.rows;
  const Graph& graph = made.model.graph;
  made.leaves[graph.inputs()[0]] = x;
  made.leaves[graph.inputs()[1]] = {graph.spec(graph.inputs()[1]).shape.At(out.rows), lengths};
  for (Value parameter : graph.parameters()) {
    const std::string& name = graph.node(parameter).name;
    made.leaves[parameter] = out.leaves.at(out.model.graph.FindLeaf(Leaf::kParameter, name));
  }
  made.output = made.model.layers.back().output;
  return made;
}

RefTensor Sequences() { return Filled({3, 4, 2}); }

void Append(const std::vector<Vector>& parts, Vector* all) {
  for (const Vector& part : parts) all->insert(all->end(), part.begin(), part.end());
}

TEST(RecurrentLayersTest, AreThePublishedEquations) {
  for (const char* kind : kKinds) {
    for (const bool reset_after : {true, false}) {
      if (!reset_after && std::string(kind) != "gru") continue;
      const std::string more = reset_after ? "" : "reset_after: false ";
      SCOPED_TRACE(absl::StrCat(kind, " ", more));
      const LayerCase all = MakeLayer(
          absl::StrCat(kind, " { units: 3 return_sequences: true ", more, "}"), {Sequences()});
      const LayerCase last =
          MakeLayer(absl::StrCat(kind, " { units: 3 ", more, "}"), {Sequences()});
      Vector sequences, ends;
      for (int64_t row = 0; row < 3; ++row) {
        const std::vector<Vector> states =
            States(kind, WeightsOf(all), StepsOf(Sequences(), row), reset_after);
        Append(states, &sequences);
        Append({states.back()}, &ends);
      }
      ExpectNumbers(Evaluate(all), {3, 4, 3}, sequences, 1e-12);
      ExpectNumbers(Evaluate(last), {3, 3}, ends, 1e-12);
    }
  }
}

TEST(RecurrentLayersTest, ReadBackwardsAndInBothDirections) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    const std::string begin = absl::StrCat(kind, " { units: 3 return_sequences: ");
    const LayerCase backward = MakeLayer(begin + "true direction: BACKWARD }", {Sequences()});
    const LayerCase both = MakeLayer(begin + "true direction: BIDIRECTIONAL }", {Sequences()});
    const LayerCase ends = MakeLayer(begin + "false direction: BIDIRECTIONAL }", {Sequences()});
    Vector turned, beside, last;
    for (int64_t row = 0; row < 3; ++row) {
      std::vector<Vector> steps = StepsOf(Sequences(), row);
      const std::vector<Vector> forwards = States(kind, WeightsOf(both, "forward_"), steps);
      std::reverse(steps.begin(), steps.end());
      std::vector<Vector> alone = States(kind, WeightsOf(backward), steps);
      std::vector<Vector> backwards = States(kind, WeightsOf(both, "backward_"), steps);
      // A state stands at the step that was read.
      std::reverse(alone.begin(), alone.end());
      std::reverse(backwards.begin(), backwards.end());
      Append(alone, &turned);
      for (size_t t = 0; t < steps.size(); ++t) Append({forwards[t], backwards[t]}, &beside);
      Append({forwards.back(), backwards.front()}, &last);
    }
    ExpectNumbers(Evaluate(backward), {3, 4, 3}, turned, 1e-12);
    ExpectNumbers(Evaluate(both), {3, 4, 6}, beside, 1e-12);
    ExpectNumbers(Evaluate(ends), {3, 6}, last, 1e-12);
  }
}

TEST(RecurrentLayersTest, MergeTheDirections) {
  const std::string begin = "gru { units: 2 direction: BIDIRECTIONAL merge_mode: ";
  const Vector beside = Evaluate(MakeLayer(begin + "CONCAT }", {Sequences()})).values;
  Vector sum, product, mean;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t j = 0; j < 2; ++j) {
      const double a = beside[row * 4 + j], b = beside[row * 4 + 2 + j];
      sum.push_back(a + b);
      product.push_back(a * b);
      mean.push_back((a + b) / 2);
    }
  }
  ExpectNumbers(Evaluate(MakeLayer(begin + "SUM }", {Sequences()})), {3, 2}, sum, 1e-12);
  ExpectNumbers(Evaluate(MakeLayer(begin + "MULTIPLY }", {Sequences()})), {3, 2}, product, 1e-12);
  ExpectNumbers(Evaluate(MakeLayer(begin + "AVERAGE }", {Sequences()})), {3, 2}, mean, 1e-12);
}

TEST(RecurrentLayersTest, ASequenceEndsAtItsLength) {
  const Vector lengths = {2, 4, 1};
  for (const char* kind : kKinds) {
    for (const std::string shape : {"", "shape: 1"}) {
      SCOPED_TRACE(kind);
      const std::string begin = absl::StrCat(kind, " { units: 3 ");
      const LayerCase both =
          WithLengths(begin + "direction: BIDIRECTIONAL }", Sequences(), lengths, shape);
      const LayerCase all =
          WithLengths(begin + "return_sequences: true }", Sequences(), lengths, shape);
      Vector ends, sequences;
      for (int64_t row = 0; row < 3; ++row) {
        std::vector<Vector> steps = StepsOf(Sequences(), row);
        steps.resize(static_cast<size_t>(lengths[row]));
        const Vector forward = States(kind, WeightsOf(both, "forward_"), steps).back();
        std::vector<Vector> states = States(kind, WeightsOf(all), steps);
        states.resize(4, states.back());  // It keeps its state.
        Append(states, &sequences);
        std::reverse(steps.begin(), steps.end());
        Append({forward, States(kind, WeightsOf(both, "backward_"), steps).back()}, &ends);
      }
      ExpectNumbers(Evaluate(both), {3, 6}, ends, 1e-12);
      ExpectNumbers(Evaluate(all), {3, 4, 3}, sequences, 1e-12);
    }
  }
}

TEST(RecurrentLayersTest, NumbersAtTheStepsEndWithTheirLastThatIsNotZero) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    const std::string text = absl::StrCat(kind, " { units: 3 direction: BIDIRECTIONAL }");
    const LayerCase words =
        WithLengths(text, Sequences(), {5, 9, 0, 0, 0, 0, -2, 7, 0, 0, 0, 0}, "shape: 4");
    const LayerCase lengths = WithLengths(text, Sequences(), {2, 4, 0});
    EXPECT_EQ(Evaluate(words).values, Evaluate(lengths).values);
    EXPECT_EQ(GradientError(words), "");
  }
}

TEST(RecurrentLayersTest, TheNumberAtAnOnlyStepIsNoLength) {
  const RefTensor steps = {{3, 1, 2}, {0.5, -1, 0.25, 2, -0.75, 1}};
  for (const char* kind : kKinds) {
    const std::string text = absl::StrCat(kind, " { units: 3 }");
    EXPECT_EQ(Evaluate(WithLengths(text, steps, {57, 0, -2}, "shape: 1")).values,
              Evaluate(WithLengths(text, steps, {1, 0, 1})).values)
        << kind;
  }
}

TEST(RecurrentLayersTest, WhatStandsBehindTheLengthIsNotRead) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    const std::string text = absl::StrCat(kind, " { units: 3 direction: BIDIRECTIONAL }");
    RefTensor other = Sequences();
    for (int64_t row : {0, 2}) {
      for (int64_t i = row == 0 ? 4 : 2; i < 8; ++i) other.values[row * 8 + i] = 77;
    }
    EXPECT_EQ(Evaluate(WithLengths(text, Sequences(), {2, 4, 1})).values,
              Evaluate(WithLengths(text, other, {2, 4, 1})).values);
    EXPECT_NE(Evaluate(WithLengths(text, Sequences(), {3, 4, 1})).values,
              Evaluate(WithLengths(text, other, {3, 4, 1})).values);
  }
}

TEST(RecurrentLayersTest, NothingReadIsAStateOfZero) {
  for (const char* kind : kKinds) {
    const std::string text = absl::StrCat(kind, " { units: 2 direction: BIDIRECTIONAL }");
    const Vector y = Evaluate(WithLengths(text, Sequences(), {0, 0, 0})).values;
    EXPECT_EQ(y, Vector(12, 0.0)) << kind;
  }
}

TEST(RecurrentLayersTest, HaveTheDerivativeOfTheirEquations) {
  for (const char* kind : kKinds) {
    for (const char* rest :
         {"", "return_sequences: true", "direction: BACKWARD", "use_bias: false", "dropout: 0.5",
          "return_sequences: true direction: BIDIRECTIONAL merge_mode: MULTIPLY"}) {
      const std::string text = absl::StrCat(kind, " { units: 3 ", rest, " }");
      SCOPED_TRACE(text);
      EXPECT_EQ(GradientError(MakeLayer(text, {Sequences()})), "");
      if (absl::string_view(rest) != "dropout: 0.5") {
        EXPECT_EQ(GradientError(WithLengths(text, Sequences(), {2, 0, 4})), "");
      }
    }
  }
  for (const char* rest : {"", "use_bias: false", "direction: BIDIRECTIONAL"}) {
    const std::string text = absl::StrCat("gru { units: 3 reset_after: false ", rest, " }");
    EXPECT_EQ(GradientError(MakeLayer(text, {Sequences()})), "") << text;
    EXPECT_EQ(GradientError(WithLengths(text, Sequences(), {1, 4, 2})), "") << text;
  }
}

TEST(RecurrentLayersTest, TwoOfThemHaveTheDerivativeOfTheirEquations) {
  BuiltModel built = BuildModel(
      "input { name: \"x\" shape: [4, 2] }\n"
      "layer { name: \"a\" lstm { units: 3 return_sequences: true direction: BIDIRECTIONAL } }\n"
      "layer { name: \"l\" gru { units: 2 } }");
  ASSERT_EQ(built.errors, "");
  LayerCase layer;
  layer.model = std::move(built.model);
  layer.rows = 3;
  const Graph& graph = layer.model.graph;
  layer.leaves[graph.inputs()[0]] = Sequences();
  double phase = 0;
  for (Value parameter : graph.parameters()) {
    layer.leaves[parameter] = Filled(graph.spec(parameter).shape.At(1));
    for (double& w : layer.leaves[parameter].values) w = 0.7 * std::sin(3 * w + (phase += 0.1));
  }
  layer.output = layer.model.layers.back().output;
  EXPECT_EQ(GradientError(layer), "");
}

// ---- Parameters.

std::vector<std::string> ParametersOf(const std::string& layer) {
  const LayerCase made = MakeLayer(layer, {Sequences()});
  std::vector<std::string> parameters;
  for (Value p : made.model.graph.parameters()) {
    parameters.push_back(absl::StrCat(made.model.graph.node(p).name, " ",
                                      made.model.graph.spec(p).shape.ToString()));
  }
  return parameters;
}

TEST(RecurrentLayersTest, ParametersHaveKerasNamesAndLayouts) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(ParametersOf("lstm { units: 5 }"),
            (Names{"l/kernel [2, 20]", "l/recurrent_kernel [5, 20]", "l/bias [20]"}));
  EXPECT_EQ(ParametersOf("gru { units: 5 }"),
            (Names{"l/kernel [2, 15]", "l/recurrent_kernel [5, 15]", "l/bias [2, 15]"}));
  EXPECT_EQ(ParametersOf("gru { units: 5 reset_after: false }"),
            (Names{"l/kernel [2, 15]", "l/recurrent_kernel [5, 15]", "l/bias [15]"}));
  EXPECT_EQ(ParametersOf("simple_rnn { units: 5 use_bias: false }"),
            (Names{"l/kernel [2, 5]", "l/recurrent_kernel [5, 5]"}));
  EXPECT_EQ(ParametersOf("simple_rnn { units: 5 direction: BIDIRECTIONAL use_bias: false }"),
            (Names{"l/forward_kernel [2, 5]", "l/forward_recurrent_kernel [5, 5]",
                   "l/backward_kernel [2, 5]", "l/backward_recurrent_kernel [5, 5]"}));
}

InitializerConfig InitializerOf(const std::string& layer, absl::string_view name) {
  const LayerCase made = MakeLayer(layer, {Sequences()});
  const Value leaf = made.model.graph.FindLeaf(Leaf::kParameter, absl::StrCat("l/", name));
  EXPECT_TRUE(leaf.valid()) << name;
  if (!leaf.valid()) return {};
  return made.model.graph.parameter(made.model.graph.node(leaf).leaf_index).initializer;
}

TEST(RecurrentLayersTest, ParametersStartAsInKeras) {
  for (const char* kind : kKinds) {
    const std::string text = absl::StrCat(kind, " { units: 2 }");
    EXPECT_EQ(InitializerOf(text, "kernel").scaled(), InitializerConfig::GLOROT_UNIFORM);
    EXPECT_TRUE(InitializerOf(text, "recurrent_kernel").has_orthogonal());
  }
  EXPECT_EQ(InitializerOf("gru { units: 2 }", "bias").ShortDebugString(), "constant: 0");
  EXPECT_EQ(InitializerOf("lstm { units: 2 }", "bias").ShortDebugString(),
            "parts { part { constant: 0 } part { constant: 1 } part { constant: 0 } part { "
            "constant: 0 } }");
  EXPECT_EQ(
      InitializerOf("lstm { units: 2 unit_forget_bias: false bias_initializer { constant: 2 } }",
                    "bias")
          .ShortDebugString(),
      "constant: 2");
}

// ---- Dropout.

TEST(RecurrentLayersTest, DropoutDropsTheSameFeaturesAtAllStepsWhileTraining) {
  RefTensor ones{{4, 3, 16}, Vector(4 * 3 * 16, 1.0)};
  // One unit that sums its inputs and no recurrence to speak of: tanh(mean of what is left).
  const std::string text = "simple_rnn { units: 1 return_sequences: true dropout: 0.5 }";
  LayerCase layer = MakeLayer(text, {ones});
  const Graph& graph = layer.model.graph;
  const auto set = [&](const char* name, double value) {
    RefTensor& leaf = layer.leaves.at(graph.FindLeaf(Leaf::kParameter, name));
    leaf.values.assign(leaf.values.size(), value);
  };
  set("l/kernel", 1.0 / 32);
  set("l/recurrent_kernel", 0);
  set("l/bias", 0);
  const Vector y = Evaluate(layer).values;
  std::vector<double> sums;
  for (size_t row = 0; row < 4; ++row) {
    EXPECT_EQ(y[row * 3], y[row * 3 + 1]);
    EXPECT_EQ(y[row * 3], y[row * 3 + 2]);
    const double kept = 16 * std::atanh(y[row * 3]);  // Of 16 features, each doubled.
    EXPECT_NEAR(kept, std::round(kept), 1e-9);
    sums.push_back(kept);
  }
  EXPECT_NE(*std::min_element(sums.begin(), sums.end()),
            *std::max_element(sums.begin(), sums.end()));
  ASSERT_EQ(layer.model.hyperparameters.size(), 1u);
  EXPECT_EQ(layer.model.hyperparameters[0].name, "l/dropout");
  const LayerCase plain = MakeLayer(text, {ones}, Mode::kInference);
  EXPECT_TRUE(plain.model.hyperparameters.empty());
  EXPECT_EQ(Evaluate(plain).values,
            Evaluate(MakeLayer("simple_rnn { units: 1 return_sequences: true }", {ones})).values);
}

// ---- What is refused.

TEST(RecurrentLayersTest, RefuseWhatTheyCannotRead) {
  EXPECT_EQ(LayerErrors("lstm { units: 2 }", "shape: 3"),
            "m:2:1: layer \"l\": lstm reads [batch, steps, features], the input is [batch, 3] "
            "[layer[l]]");
  EXPECT_EQ(LayerErrors("gru {}", "shape: [3, 2]"),
            "m:2:19: layer \"l\": units is missing [layer[l].gru.units]");
  const BuiltModel lengths = BuildModel(
      "input { name: \"x\" shape: [3, 2] }\ninput { name: \"n\" }\n"
      "layer { name: \"l\" input: \"x\" input: \"n\" gru { units: 2 } }");
  EXPECT_EQ(lengths.errors,
            "m:3:37: layer \"l\": input 1 of gru is the number of steps of each sequence, INT32 "
            "[batch], or what stands at each step, INT32 [batch, 3], not FLOAT32 [batch] "
            "[layer[l].input[1]]");
  // The field that the text has, whatever the parameter's name.
  EXPECT_EQ(
      LayerErrors("lstm { units: 2 direction: BIDIRECTIONAL bias_initializer { orthogonal {} } }",
                  "shape: [3, 2]"),
      "m:2:60: layer \"l\": part 0: orthogonal needs at least two axes, the parameter is [2] "
      "[layer[l].lstm.bias_initializer]");
}

}  // namespace
}  // namespace gradus
