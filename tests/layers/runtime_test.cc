// Every layer as the runtime computes it, in one piece and in blocks of rows: results and gradients stand beside those of the reference
// loops. So each layer's operations have kernels for the shapes that it makes, and nothing in it mixes the rows of a batch.

#include <deque>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/isa.h"
#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"
#include "tests/runtime/runtime_testing.h"

namespace gradus {
namespace {

struct RunCase {
  const char* text;
  std::vector<int64_t> dims;
  int inputs = 1;
  bool integers = false;
  bool differentiable = true;
};

constexpr int64_t kRows = 7;

std::vector<RunCase> Cases() {
  const std::vector<int64_t> vectors = {kRows, 24}, sequences = {kRows, 6, 5};
  const std::vector<int64_t> images = {kRows, 4, 6, 8};
  std::vector<RunCase> cases = {
      {"dense { units: 9 activation: MISH }", sequences},
      {"dropout { rate: 0.4 }", images},
      {"flatten {}", images},
      {"concat {}", sequences, 3},
      {"add {}", images, 3},
      {"leaky_relu {}", images},
      {"prelu {}", images},
      {"prelu { shared_axes: [1, 2] }", images},
      {"multiply {}", images, 3},
      {"subtract {}", images, 2},
      {"average {}", images, 3},
      {"maximum {}", images, 3},
      {"minimum {}", images, 3},
      {"reshape { target_shape: [3, -1] }", vectors},
      {"permute { dims: [3, 1, 2] }", images},
      {"permute { dims: [2, 1] }", sequences},
      {"repeat_vector { n: 4 }", vectors},
      {"zero_padding1d { padding: [2, 1] }", sequences},
      {"zero_padding2d { padding: [1, 0, 2, 3] }", images},
      {"cropping1d { cropping: [2, 1] }", sequences},
      {"cropping2d { cropping: [1, 2] }", images},
      {"up_sampling1d { size: 3 }", sequences},
      {"up_sampling2d { size: [2, 3] }", images},
      {"layer_norm {}", sequences},
      {"layer_norm { axis: [1, 2, 3] }", images},
      {"layer_norm { axis: 1 }", images},
      {"rms_norm {}", images},
      {"batch_norm {}", images},
      {"batch_norm { epsilon: 0.1 scale: false }", vectors},
      {"group_norm { groups: 4 }", images},
      {"group_norm { groups: -1 }", images},
      {"group_norm { groups: 3 }", vectors},
      {"embedding { input_dim: 9 output_dim: 5 }", {kRows, 4}, 1, true},
      {"global_average_pooling1d {}", sequences},
      {"global_average_pooling2d { keepdims: true }", images},
      {"global_max_pooling1d { keepdims: true }", sequences},
      {"global_max_pooling2d {}", images},
      {"spatial_dropout1d { rate: 0.4 }", sequences},
      {"spatial_dropout2d { rate: 0.4 }", images},
      {"gaussian_noise { stddev: 0.3 }", images},
      {"gaussian_dropout { rate: 0.3 }", images},
      {"conv2d { filters: 5 kernel_size: 3 padding: SAME activation: RELU }", images},
      {"conv2d { filters: 12 kernel_size: [3, 2] strides: [1, 2] groups: 4 }", images},
      {"conv1d { filters: 4 kernel_size: 3 padding: CAUSAL dilation_rate: 2 }", sequences},
      {"depthwise_conv2d { kernel_size: 3 depth_multiplier: 2 }", images},
      {"depthwise_conv2d { kernel_size: 3 padding: SAME strides: 2 }", images},
      {"separable_conv2d { filters: 5 kernel_size: [2, 3] }", images},
      {"conv2d_transpose { filters: 3 kernel_size: 3 strides: 2 padding: SAME }", images},
      {"conv2d_transpose { filters: 3 kernel_size: 2 strides: [1, 3] }", images},
      {"max_pooling1d {}", sequences},
      {"max_pooling2d { pool_size: 3 strides: 2 padding: SAME }", images},
      {"average_pooling1d { pool_size: 3 strides: 1 padding: SAME }", sequences},
      {"average_pooling2d {}", images},
      {"lstm { units: 5 }", sequences},
      {"lstm { units: 3 direction: BIDIRECTIONAL return_sequences: true dropout: 0.4 }", sequences},
      {"gru { units: 5 }", sequences},
      {"gru { units: 3 direction: BACKWARD reset_after: false }", sequences},
      {"simple_rnn { units: 5 return_sequences: true }", sequences},
      {"multi_head_attention { num_heads: 2 key_dim: 3 }", sequences},
      {"multi_head_attention { num_heads: 2 key_dim: 4 value_dim: 3 output_dim: 7 dropout: 0.3 }",
       sequences, 3},
      {"multi_head_attention { num_heads: 4 key_dim: 2 num_key_value_heads: 2 use_causal_mask: true }",
       sequences, 2},
      {"attention { use_scale: true dropout: 0.2 }", sequences, 2},
      {"additive_attention { use_causal_mask: true }", sequences, 3},
      {"position_embedding {}", sequences},
      {"identity {}", images},
      {"relu { max_value: 0.7 negative_slope: 0.1 }", images},
      {"relu { threshold: 0.31 negative_slope: 0.1 }", images},
      {"elu { alpha: 0.5 }", images},
      {"softmax { axis: 2 }", images},
      {"alpha_dropout { rate: 0.3 }", images},
      {"rescaling { scale: 0.5 offset: -1 }", images},
      {"normalization { mean: 0.1 variance: 0.3 }", images},
      {"normalization { mean: [1, 2, 3, 4, 5] variance: [1, 2, 3, 4, 5] invert: true }", sequences},
      {"category_encoding { num_tokens: 9 }", {kRows, 4}, 1, true},
      {"category_encoding { num_tokens: 9 output_mode: COUNT }", {kRows, 4}, 1, true},
      {"discretization { bin_boundaries: [-0.51, 0.02, 0.4] one_hot: true }", images, 1, false, false},
      {"dot { axes: 2 }", sequences, 2},
      {"dot { axes: [-1, 3] normalize: true }", images, 2},
      {"conv1d_transpose { filters: 3 kernel_size: 3 strides: 2 padding: SAME }", sequences},
      {"conv1d_transpose { filters: 3 kernel_size: 4 strides: 3 output_padding: 2 }", sequences},
      {"conv2d_transpose { filters: 3 kernel_size: 3 strides: 2 output_padding: [1, 0] }", images},
      {"depthwise_conv1d { kernel_size: 3 strides: 2 padding: SAME depth_multiplier: 2 }", sequences},
      {"separable_conv1d { filters: 4 kernel_size: 3 dilation_rate: 2 }", sequences},
      {"adaptive_average_pooling1d { output_size: 4 }", sequences},
      {"adaptive_average_pooling2d { output_size: [2, 4] }", images},
      {"adaptive_max_pooling1d { output_size: 3 }", sequences},
      {"adaptive_max_pooling2d { output_size: 3 }", images},
      {"random_flip {}", images},
      {"random_translation { height_factor: 0.4 width_factor: [-0.1, 0.5] }", images},
      {"random_translation { height_factor: 0.4 width_factor: 0.3 fill_mode: CONSTANT fill_value: 2 "
       "interpolation: NEAREST }",
       images},
      {"random_rotation { factor: 0.5 fill_mode: WRAP }", images},
      {"random_zoom { height_factor: 0.4 width_factor: 0.2 fill_mode: NEAREST_EDGE }", images},
      {"random_crop { height: 3 width: 2 }", images},
      {"random_contrast { factor: 0.3 value_range: [-1, 0.9] }", images},
      {"random_brightness { factor: 0.3 value_range: [-1, 1] }", images},
      {"center_crop { height: 3 width: 3 }", images},
      {"resizing { height: 7 width: 4 }", images},
      {"up_sampling2d { size: 2 interpolation: BILINEAR }", images},
      {"unit_normalization {}", images},
      {"unit_normalization { axis: [1, 2] }", images},
  };
  for (const char* function : {"RELU", "ELU", "SIGMOID", "TANH", "GELU", "SOFTPLUS", "SOFTMAX",
                               "LEAKY_RELU", "SELU", "SOFTSIGN", "SILU", "MISH", "HARD_SIGMOID",
                               "HARD_SWISH", "GELU_TANH", "EXPONENTIAL", "RELU6", "LOG_SOFTMAX", "CELU",
                               "HARD_TANH", "HARD_SHRINK", "SOFT_SHRINK", "TANH_SHRINK",
                               "LOG_SIGMOID", "SQUAREPLUS", "SPARSE_PLUS", "SPARSE_SIGMOID"}) {
    static std::deque<std::string>* const texts = new std::deque<std::string>;
    texts->push_back(absl::StrCat("activation { function: ", function, " }"));
    cases.push_back({texts->back().c_str(), images});
  }
  return cases;
}

LayerCase Make(const RunCase& c) {
  std::vector<RefTensor> inputs;
  for (int i = 0; i < c.inputs; ++i) {
    RefTensor x = Filled(c.dims);
    x.values = SomeNumbers(static_cast<int64_t>(x.values.size()), i);
    for (size_t k = 0; k < x.values.size(); ++k) {
      x.values[k] = c.integers ? static_cast<double>(k * 5 % 9) : static_cast<float>(x.values[k]);
    }
    inputs.push_back(std::move(x));
  }
  return MakeLayer(c.text, inputs, Mode::kTraining, c.integers ? "INT32" : "FLOAT32");
}

TEST(LayersInTheRuntimeTest, AgreeWithTheReferenceWholeAndInBlocks) {
  for (const RunCase& c : Cases()) {
    SCOPED_TRACE(c.text);
    LayerCase layer = Make(c);
    Graph& graph = layer.model.graph;
    std::vector<Value> wrt = graph.parameters();
    for (Value input : graph.inputs()) {
      if (graph.spec(input).dtype == DType::kFloat32) wrt.push_back(input);
    }
    if (!c.differentiable) wrt.clear();
    for (Value state : graph.states()) {
      layer.leaves[state] = Filled(graph.spec(state).shape.At(kRows));
    }
    const size_t parameters = graph.parameters().size();
    const Value seed = *graph.AddInput("seed of the gradient", graph.spec(layer.output));
    layer.leaves[seed] = Filled(graph.spec(layer.output).shape.At(kRows));
    const auto gradients = AddGradients(&graph, {layer.output}, {seed}, wrt);
    ASSERT_TRUE(gradients.ok()) << gradients.status();
    Fetches fetches;
    fetches.values = {layer.output};
    for (size_t i = 0; i < wrt.size(); ++i) {
      const Value gradient = gradients->of[i];
      ASSERT_TRUE(gradient.valid());
      (i < parameters ? fetches.gradients : fetches.values).push_back(gradient);
    }
    std::vector<Value> all = fetches.values;
    all.insert(all.end(), fetches.gradients.begin(), fetches.gradients.end());
    const auto expected = EvaluateReference(graph, layer.leaves, kRows, all);
    ASSERT_TRUE(expected.ok()) << expected.status();
    for (const int64_t block_rows : {0, 3, 1}) {
      SCOPED_TRACE(block_rows);
      ExecutorOptions options;
      options.block_rows = block_rows;
      const auto run = TestRun::Create(graph, fetches, options, CurrentIsa());
      ASSERT_TRUE(run.ok()) << run.status();
      EXPECT_TRUE((*run)->executor().splits()) << (*run)->executor().why_not_split();
      const absl::Status status = (*run)->Run(layer.leaves, kRows);
      ASSERT_TRUE(status.ok()) << status;
      // Some operations of size one in float, and sums over up to 7 * 24 rows of such.
      for (size_t i = 0; i < fetches.values.size(); ++i) {
        EXPECT_EQ(Differences((*run)->value(static_cast<int>(i)), (*expected)[i], 2e-5, 2e-5), "")
            << i;
      }
      for (size_t i = 0; i < parameters; ++i) {
        EXPECT_EQ(Differences((*run)->gradient(static_cast<int>(i)),
                              (*expected)[fetches.values.size() + i], 1e-4, 2e-5),
                  "")
            << "gradient " << i;
      }
    }
  }
}

TEST(LayersInTheRuntimeTest, AllRegisteredOnesAreAmongTheCases) {
  for (const std::string& key : Registry<Layer>::Get().Keys()) {
    const std::string prefix = "gradus.LayerConfig.";
    if (key.compare(0, prefix.size(), prefix) != 0) continue;
    const std::string kind = key.substr(prefix.size());
    bool found = false;
    for (const RunCase& c : Cases())
      found |= std::string(c.text).compare(0, kind.size() + 1, kind + " ") == 0;
    EXPECT_TRUE(found) << kind << " is not run";
  }
}

}  // namespace
}  // namespace gradus
