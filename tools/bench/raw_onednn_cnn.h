// The yardstick for images: a training step of a convolutional network as an oneDNN expert writes it by hand, without a framework.
//
// Blocks of a convolution (its relu a post-operation) and, where asked for, a maximum pool with oneDNN's own workspace; then dropout
// and an inner product of the features as they lie, softmax cross-entropy, Adam. Images are channels-last throughout, or in whatever
// layout oneDNN asks for; weights stay in the layout of the forward primitive, and reorders stand only where backward asks for another
// one. The gradient of relu is computed in place, the bias' with the weights'.
//
//   RawOneDnnCnn::Config config;  // 28 x 28 x 1
//   config.blocks = {{32, true}, {64, true}};
//   config.classes = 10;
//   config.batch = 128;
//   RawOneDnnCnn cnn(config);
//   float loss = cnn.Step(images, labels);

#ifndef GRADUS_TOOLS_BENCH_RAW_ONEDNN_CNN_H_
#define GRADUS_TOOLS_BENCH_RAW_ONEDNN_CNN_H_

#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "tools/bench/raw_onednn_program.h"

namespace gradus {

class RawOneDnnCnn : private RawOneDnnProgram {
 public:
  using RawOneDnnProgram::parameters;

  enum Layout { kAny, kChannelsLast };
  // A convolution of 3 x 3 with zeros around the image, and perhaps a pool of 2 x 2.
  struct Block {
    int64_t filters;
    bool pool;
  };
  struct Config {
    int64_t height = 28, width = 28, channels = 1;
    std::vector<Block> blocks;
    float dropout = 0;  // Of the features.
    int64_t classes = 0;
    int64_t batch = 0;
    float rate = 0.001f;
    Layout layout = kAny;
  };

  explicit RawOneDnnCnn(const Config& config)
      : RawOneDnnProgram(kAdam, config.rate), config_(config) {
    const Dims images = {config.batch, config.channels, config.height, config.width};
    input_ = dnnl::memory({images, kF32, InputTag()}, engine_);
    features_ = input_;
    for (const Block& block : config.blocks) AddBlock(block);
    AddHead();
    dnnl::memory gradient = features_gradient_;
    for (size_t i = layers_.size(); i-- > 0;) gradient = AddBackward(i, gradient);
  }

  // Images [batch, height, width, channels]. Returns the mean loss.
  float Step(const float* x, const int32_t* labels) {
    input_.set_data_handle(const_cast<float*>(x));
    Run(forward_);
    const int64_t count = Stored(features_);
    if (config_.dropout > 0) {
      ForIsa<DropoutLoop>(Data(features_), mask_.data(), count, config_.dropout, ++seed_);
    }
    Run(head_forward_);
    const float loss = SoftmaxCrossEntropy(Data(logits_), labels, config_.batch, config_.classes,
                                           Data(logits_gradient_));
    Run(head_backward_);
    if (config_.dropout > 0) {
      ForIsa<MaskLoop>(Data(features_gradient_), static_cast<const float*>(mask_.data()), count);
    }
    Run(backward_);
    Update();
    return loss;
  }

 private:
  using Dims = dnnl::memory::dims;
  using Tag = dnnl::memory::format_tag;
  static constexpr dnnl::prop_kind kTraining = dnnl::prop_kind::forward_training;
  static constexpr dnnl::algorithm kDirect = dnnl::algorithm::convolution_direct;
  static constexpr dnnl::algorithm kMax = dnnl::algorithm::pooling_max;

  struct Layer {
    dnnl::memory input, output;  // Of the convolution with its relu.
    dnnl::convolution_forward::primitive_desc forward;
    dnnl::memory weights, bias, weights_gradient, bias_gradient;
    bool pooled;
    dnnl::pooling_forward::primitive_desc pool;
    dnnl::memory workspace, pool_output;
  };

  // A random number for each element out of its place and the step's seed (a multiplicative hash, murmur3's finalizer).
  struct DropoutLoop {
    template <Isa>
    GRADUS_INLINE static void Run(float* __restrict x, float* __restrict mask, int64_t n,
                                  float rate, uint32_t seed) {
      const float scale = 1 / (1 - rate);
      for (int64_t i = 0; i < n; ++i) {
        uint32_t h = static_cast<uint32_t>(i) + seed * 0x9e3779b9u;
        h = (h ^ (h >> 16)) * 0x85ebca6bu;
        h = (h ^ (h >> 13)) * 0xc2b2ae35u;
        h ^= h >> 16;
        const float uniform = static_cast<float>(static_cast<int32_t>(h >> 8)) * 0x1p-24f;
        mask[i] = uniform < rate ? 0.0f : scale;
        x[i] *= mask[i];
      }
    }
  };
  struct MaskLoop {
    template <Isa>
    GRADUS_INLINE static void Run(float* __restrict x, const float* __restrict mask, int64_t n) {
      for (int64_t i = 0; i < n; ++i) x[i] *= mask[i];
    }
  };

  // With one channel both orders are the same memory; by either name oneDNN chooses other code.
  Tag InputTag() const {
    return config_.layout == kAny && config_.channels == 1 ? Tag::nchw : Tag::nhwc;
  }
  Tag ImagesTag() const { return config_.layout == kAny ? Tag::any : Tag::nhwc; }

  static dnnl::memory::desc AnyOf(const dnnl::memory& memory) {
    return {memory.get_desc().dims(), kF32, Tag::any};
  }

  // Glorot's uniform start, the same numbers in every layout.
  void Start(const Dims& dims, double inputs, double outputs, dnnl::memory weights) {
    dnnl::memory plain({dims, kF32, Tag::abcd}, engine_);
    const double limit = std::sqrt(6 / (inputs + outputs));
    std::uniform_real_distribution<float> uniform(static_cast<float>(-limit),
                                                  static_cast<float>(limit));
    for (int64_t i = 0; i < Stored(plain); ++i) Data(plain)[i] = uniform(random_);
    dnnl::reorder(plain, weights).execute(stream_, plain, weights);
    stream_.wait();
  }

  void AddBlock(const Block& block) {
    Layer layer;
    layer.input = features_;
    const Dims in = features_.get_desc().dims();
    const Dims kernel = {block.filters, in[1], 3, 3};
    const dnnl::memory::desc bias({block.filters}, kF32, Tag::a);
    dnnl::primitive_attr attributes;
    dnnl::post_ops relu;
    relu.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(relu);
    layer.forward = dnnl::convolution_forward::primitive_desc(
        {kTraining,
         kDirect,
         features_.get_desc(),
         {kernel, kF32, Tag::any},
         bias,
         {{in[0], block.filters, in[2], in[3]}, kF32, ImagesTag()},
         {1, 1},
         {1, 1},
         {1, 1}},
        attributes, engine_);
    layer.weights = dnnl::memory(layer.forward.weights_desc(), engine_);
    layer.weights_gradient = NewLike(layer.weights);
    layer.bias = dnnl::memory(bias, engine_);
    layer.bias_gradient = NewLike(layer.bias);
    Start(kernel, static_cast<double>(9 * in[1]), static_cast<double>(9 * block.filters),
          layer.weights);
    Clear(layer.bias);
    AddParameter(layer.weights, layer.weights_gradient);
    AddParameter(layer.bias, layer.bias_gradient);
    layer.output = dnnl::memory(layer.forward.dst_desc(), engine_);
    Add(&forward_, dnnl::convolution_forward(layer.forward),
        {{DNNL_ARG_SRC, layer.input},
         {DNNL_ARG_WEIGHTS, layer.weights},
         {DNNL_ARG_BIAS, layer.bias},
         {DNNL_ARG_DST, layer.output}});
    features_ = layer.output;
    layer.pooled = block.pool;
    if (block.pool) {
      const Dims pooled = {in[0], block.filters, in[2] / 2, in[3] / 2};
      layer.pool = dnnl::pooling_forward::primitive_desc({kTraining,
                                                          kMax,
                                                          layer.output.get_desc(),
                                                          {pooled, kF32, Tag::any},
                                                          {2, 2},
                                                          {2, 2},
                                                          {0, 0},
                                                          {0, 0}},
                                                         engine_);
      layer.workspace = dnnl::memory(layer.pool.workspace_desc(), engine_);
      layer.pool_output = dnnl::memory(layer.pool.dst_desc(), engine_);
      Add(&forward_, dnnl::pooling_forward(layer.pool),
          {{DNNL_ARG_SRC, layer.output},
           {DNNL_ARG_DST, layer.pool_output},
           {DNNL_ARG_WORKSPACE, layer.workspace}});
      features_ = layer.pool_output;
    }
    layers_.push_back(std::move(layer));
  }

  // The inner product, forward and backward.
  void AddHead() {
    const dnnl::memory::desc features = features_.get_desc();
    Dims dims = features.dims();
    dims[0] = config_.classes;
    const dnnl::memory::desc bias({config_.classes}, kF32, Tag::a);
    const dnnl::memory::desc result({config_.batch, config_.classes}, kF32, Tag::ab);
    const dnnl::inner_product_forward::primitive_desc forward(
        {kTraining, features, {dims, kF32, Tag::any}, bias, result}, engine_);
    dnnl::memory weights(forward.weights_desc(), engine_), weights_gradient = NewLike(weights);
    dnnl::memory biases(bias, engine_), bias_gradient = NewLike(biases);
    Start(dims, static_cast<double>(dims[1] * dims[2] * dims[3]),
          static_cast<double>(config_.classes), weights);
    Clear(biases);
    AddParameter(weights, weights_gradient);
    AddParameter(biases, bias_gradient);
    logits_ = dnnl::memory(result, engine_);
    logits_gradient_ = NewLike(logits_);
    features_gradient_ = NewLike(features_);
    mask_.resize(static_cast<size_t>(Stored(features_)));
    Add(&head_forward_, dnnl::inner_product_forward(forward),
        {{DNNL_ARG_SRC, features_},
         {DNNL_ARG_WEIGHTS, weights},
         {DNNL_ARG_BIAS, biases},
         {DNNL_ARG_DST, logits_}});
    const dnnl::inner_product_backward_weights::primitive_desc to_weights(
        {features, AnyOf(weights), bias, result}, engine_, forward);
    AddWeightsGradient(&head_backward_, dnnl::inner_product_backward_weights(to_weights),
                       to_weights.diff_weights_desc(), features_, logits_gradient_,
                       weights_gradient, bias_gradient);
    const dnnl::inner_product_backward_data::primitive_desc to_features(
        {features, AnyOf(weights), result}, engine_, forward);
    Add(&head_backward_, dnnl::inner_product_backward_data(to_features),
        {{DNNL_ARG_DIFF_DST, logits_gradient_},
         {DNNL_ARG_WEIGHTS, InLayout(&head_backward_, weights, to_features.weights_desc())},
         {DNNL_ARG_DIFF_SRC, features_gradient_}});
  }

  void AddWeightsGradient(std::vector<Call>* calls, const dnnl::primitive& primitive,
                          const dnnl::memory::desc& given, const dnnl::memory& source,
                          const dnnl::memory& arrived, const dnnl::memory& weights_gradient,
                          const dnnl::memory& bias_gradient) {
    const bool reorder = given != weights_gradient.get_desc();
    const dnnl::memory result = reorder ? dnnl::memory(given, engine_) : weights_gradient;
    Add(calls, primitive,
        {{DNNL_ARG_SRC, source},
         {DNNL_ARG_DIFF_DST, arrived},
         {DNNL_ARG_DIFF_WEIGHTS, result},
         {DNNL_ARG_DIFF_BIAS, bias_gradient}});
    if (!reorder) return;
    Add(calls, dnnl::reorder(result, weights_gradient),
        {{DNNL_ARG_FROM, result}, {DNNL_ARG_TO, weights_gradient}});
  }

  // Takes the gradient of block i's result, returns that of the block below.
  dnnl::memory AddBackward(size_t i, dnnl::memory gradient) {
    Layer& layer = layers_[i];
    const dnnl::memory::desc images = layer.output.get_desc();
    if (layer.pooled) {
      const dnnl::pooling_backward::primitive_desc pool(
          {kMax, images, gradient.get_desc(), {2, 2}, {2, 2}, {0, 0}, {0, 0}}, engine_, layer.pool);
      const dnnl::memory below = NewLike(layer.output);
      Add(&backward_, dnnl::pooling_backward(pool),
          {{DNNL_ARG_DIFF_DST, gradient},
           {DNNL_ARG_WORKSPACE, layer.workspace},
           {DNNL_ARG_DIFF_SRC, below}});
      gradient = below;
    }
    const auto relu = dnnl::algorithm::eltwise_relu_use_dst_for_bwd;
    const dnnl::eltwise_forward::primitive_desc hint({kTraining, relu, images, 0, 0}, engine_);
    const dnnl::eltwise_backward::primitive_desc activation({relu, images, images, 0, 0}, engine_,
                                                            hint);
    Add(&backward_, dnnl::eltwise_backward(activation),
        {{DNNL_ARG_DST, layer.output},
         {DNNL_ARG_DIFF_DST, gradient},
         {DNNL_ARG_DIFF_SRC, gradient}});
    const dnnl::memory::desc source = layer.input.get_desc();
    const dnnl::convolution_backward_weights::primitive_desc to_weights({kDirect,
                                                                         source,
                                                                         AnyOf(layer.weights),
                                                                         layer.bias.get_desc(),
                                                                         images,
                                                                         {1, 1},
                                                                         {1, 1},
                                                                         {1, 1}},
                                                                        engine_, layer.forward);
    AddWeightsGradient(&backward_, dnnl::convolution_backward_weights(to_weights),
                       to_weights.diff_weights_desc(), layer.input, gradient,
                       layer.weights_gradient, layer.bias_gradient);
    if (i == 0) return dnnl::memory();
    const dnnl::convolution_backward_data::primitive_desc to_images(
        {kDirect, source, AnyOf(layer.weights), images, {1, 1}, {1, 1}, {1, 1}}, engine_,
        layer.forward);
    const dnnl::memory below = NewLike(layer.input);
    Add(&backward_, dnnl::convolution_backward_data(to_images),
        {{DNNL_ARG_DIFF_DST, gradient},
         {DNNL_ARG_WEIGHTS, InLayout(&backward_, layer.weights, to_images.weights_desc())},
         {DNNL_ARG_DIFF_SRC, below}});
    return below;
  }

  Config config_;
  std::mt19937 random_{1};
  std::vector<Layer> layers_;
  dnnl::memory input_, features_, features_gradient_, logits_, logits_gradient_;
  std::vector<float> mask_;
  std::vector<Call> head_forward_, head_backward_;
  uint32_t seed_ = 0;
};

}  // namespace gradus

#endif  // GRADUS_TOOLS_BENCH_RAW_ONEDNN_CNN_H_
