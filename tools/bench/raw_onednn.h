// The yardstick: a training step of a multi-layer perceptron as an oneDNN expert writes it by hand,
// without a framework.
//
// Each layer is an inner product with its activation as a post-operation; the activation's gradient
// is computed in place from the output; weights stay in the layout that the forward primitive asks
// for, and reorders stand only where backward asks for another one; argument lists are made once
// and executed through the C interface. Loss and update are plain loops. Weights and data are the
// caller's or made up: only the time matters, and the loss, to see that it learns.
//
//   RawOneDnnMlp::Config config;  // relu, softmax cross-entropy of classes, SGD
//   config.widths = {784, 256, 128, 64, 10};
//   config.batch = 64;
//   RawOneDnnMlp mlp(config);
//   float loss = mlp.Step(x, labels);

#ifndef GRADUS_TOOLS_BENCH_RAW_ONEDNN_H_
#define GRADUS_TOOLS_BENCH_RAW_ONEDNN_H_

#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "tools/bench/raw_onednn_program.h"

namespace gradus {

class RawOneDnnMlp : private RawOneDnnProgram {
 public:
  enum Activation { kRelu, kTanh };
  // With one sigmoid output, ten classes, or one linear output.
  enum Loss { kBinaryCrossEntropy, kSoftmaxCrossEntropy, kSquaredError };
  using RawOneDnnProgram::kAdam;
  using RawOneDnnProgram::kSgd;
  using RawOneDnnProgram::Rule;
  enum Layout { kAny, kInputsByUnits, kUnitsByInputs };

  struct Config {
    std::vector<int64_t> widths;  // inputs, units of each layer
    int64_t batch = 0;
    Activation hidden = kRelu;
    Loss loss = kSoftmaxCrossEntropy;
    Rule rule = kSgd;
    float rate = 0.01f;
    Layout weights = kAny;
  };

  explicit RawOneDnnMlp(const Config& config)
      : RawOneDnnProgram(config.rule, config.rate), config_(config) {
    std::mt19937 random(1);
    const size_t layers = config.widths.size() - 1;
    outputs_.push_back(dnnl::memory({{config.batch, config.widths[0]}, kF32, kRowMajor}, engine_));
    for (size_t i = 0; i < layers; ++i) AddForward(i, i + 1 == layers, &random);
    gradient_ = NewLike(outputs_.back());
    dnnl::memory gradient = gradient_;
    for (size_t i = layers; i-- > 0;) gradient = AddBackward(i, gradient);
  }

  // `target` has a value per example, or one of the classes as int32 for softmax. Returns the mean
  // loss.
  template <class T>
  float Step(const float* x, const T* target) {
    outputs_[0].set_data_handle(const_cast<float*>(x));
    Run(forward_);
    const float loss = LossAndGradient(target);
    Run(backward_);
    Update();
    return loss;
  }

  // The predictions for one batch.
  const float* Forward(const float* x) {
    outputs_[0].set_data_handle(const_cast<float*>(x));
    Run(forward_);
    return Data(outputs_.back());
  }

 private:
  static constexpr dnnl::memory::format_tag kRowMajor = dnnl::memory::format_tag::ab;

  struct Layer {
    dnnl::inner_product_forward::primitive_desc forward;
    dnnl::memory weights, bias, weights_gradient, bias_gradient;
  };
  dnnl::memory::format_tag WeightsTag() const {
    switch (config_.weights) {
      case kAny:
        return dnnl::memory::format_tag::any;
      case kInputsByUnits:
        return dnnl::memory::format_tag::ba;
      case kUnitsByInputs:
        return dnnl::memory::format_tag::ab;
    }
    return dnnl::memory::format_tag::any;
  }

  dnnl::algorithm HiddenAlgorithm() const {
    return config_.hidden == kRelu ? dnnl::algorithm::eltwise_relu_use_dst_for_bwd
                                   : dnnl::algorithm::eltwise_tanh_use_dst_for_bwd;
  }

  void AddForward(size_t i, bool last, std::mt19937* random) {
    const int64_t inputs = config_.widths[i], units = config_.widths[i + 1];
    const dnnl::memory::desc source = outputs_.back().get_desc();
    const dnnl::memory::desc weights({units, inputs}, kF32, WeightsTag());
    const dnnl::memory::desc bias({units}, kF32, dnnl::memory::format_tag::a);
    const dnnl::memory::desc output({config_.batch, units}, kF32, kRowMajor);
    dnnl::primitive_attr attributes;
    dnnl::post_ops after;
    if (!last) {
      after.append_eltwise(
          1,
          config_.hidden == kRelu ? dnnl::algorithm::eltwise_relu : dnnl::algorithm::eltwise_tanh,
          0, 0);
    } else if (config_.loss == kBinaryCrossEntropy) {
      after.append_eltwise(1, dnnl::algorithm::eltwise_logistic, 0, 0);
    }
    attributes.set_post_ops(after);
    Layer layer;
    layer.forward = dnnl::inner_product_forward::primitive_desc(
        {dnnl::prop_kind::forward_training, source, weights, bias, output}, attributes, engine_);
    layer.weights = dnnl::memory(layer.forward.weights_desc(), engine_);
    layer.bias = dnnl::memory(bias, engine_);
    layer.weights_gradient = NewLike(layer.weights);
    layer.bias_gradient = NewLike(layer.bias);
    // Glorot's uniform start, the same numbers in every layout (a blocked one may have padding,
    // which must be zero).
    dnnl::memory plain({{units, inputs}, kF32, dnnl::memory::format_tag::ba}, engine_);
    const float limit = std::sqrt(6.0f / static_cast<float>(inputs + units));
    std::uniform_real_distribution<float> uniform(-limit, limit);
    for (int64_t j = 0; j < inputs * units; ++j) Data(plain)[j] = uniform(*random);
    dnnl::reorder(plain, layer.weights).execute(stream_, plain, layer.weights);
    Clear(layer.bias);
    outputs_.push_back(dnnl::memory(output, engine_));
    Add(&forward_, dnnl::inner_product_forward(layer.forward),
        {{DNNL_ARG_SRC, outputs_[i]},
         {DNNL_ARG_WEIGHTS, layer.weights},
         {DNNL_ARG_BIAS, layer.bias},
         {DNNL_ARG_DST, outputs_[i + 1]}});
    AddParameter(layer.weights, layer.weights_gradient);
    AddParameter(layer.bias, layer.bias_gradient);
    layers_.push_back(std::move(layer));
  }

  // Takes the gradient of layer i's pre-activation output, returns that of the layer below.
  dnnl::memory AddBackward(size_t i, const dnnl::memory& gradient) {
    Layer& layer = layers_[i];
    const dnnl::memory::desc source = outputs_[i].get_desc();
    const dnnl::memory::desc any(layer.weights.get_desc().dims(), kF32,
                                 dnnl::memory::format_tag::any);
    const bool free = config_.weights == kAny;
    const dnnl::inner_product_backward_weights::primitive_desc weights(
        {source, free ? any : layer.weights.get_desc(), layer.bias.get_desc(), gradient.get_desc()},
        engine_, layer.forward);
    dnnl::memory weights_gradient = layer.weights_gradient;
    const bool reorder = weights.diff_weights_desc() != weights_gradient.get_desc();
    if (reorder) weights_gradient = dnnl::memory(weights.diff_weights_desc(), engine_);
    Add(&backward_, dnnl::inner_product_backward_weights(weights),
        {{DNNL_ARG_SRC, outputs_[i]},
         {DNNL_ARG_DIFF_DST, gradient},
         {DNNL_ARG_DIFF_WEIGHTS, weights_gradient},
         {DNNL_ARG_DIFF_BIAS, layer.bias_gradient}});
    if (reorder) {
      Add(&backward_, dnnl::reorder(weights_gradient, layer.weights_gradient),
          {{DNNL_ARG_FROM, weights_gradient}, {DNNL_ARG_TO, layer.weights_gradient}});
    }
    if (i == 0) return dnnl::memory();
    const dnnl::inner_product_backward_data::primitive_desc data(
        {source, free ? any : layer.weights.get_desc(), gradient.get_desc()}, engine_,
        layer.forward);
    const dnnl::memory turned = InLayout(&backward_, layer.weights, data.weights_desc());
    dnnl::memory below = NewLike(outputs_[i]);
    Add(&backward_, dnnl::inner_product_backward_data(data),
        {{DNNL_ARG_DIFF_DST, gradient}, {DNNL_ARG_WEIGHTS, turned}, {DNNL_ARG_DIFF_SRC, below}});
    const dnnl::eltwise_forward::primitive_desc hint(
        {dnnl::prop_kind::forward_training, HiddenAlgorithm(), source, 0, 0}, engine_);
    const dnnl::eltwise_backward::primitive_desc activation(
        {HiddenAlgorithm(), source, source, 0, 0}, engine_, hint);
    Add(&backward_, dnnl::eltwise_backward(activation),
        {{DNNL_ARG_DST, outputs_[i]}, {DNNL_ARG_DIFF_DST, below}, {DNNL_ARG_DIFF_SRC, below}});
    return below;
  }

  template <class T>
  float LossAndGradient(const T* target) {
    const int64_t outputs = config_.widths.back();
    const float scale = 1.0f / static_cast<float>(config_.batch);
    const float* y = Data(outputs_.back());
    float* g = Data(gradient_);
    if (config_.loss == kSoftmaxCrossEntropy) {
      return SoftmaxCrossEntropy(y, target, config_.batch, outputs, g);
    }
    float loss = 0;
    for (int64_t i = 0; i < config_.batch; ++i, y += outputs, g += outputs) {
      const float t = static_cast<float>(target[i]);
      if (config_.loss == kSquaredError) {
        loss += (*y - t) * (*y - t);
        *g = 2 * scale * (*y - t);
      } else {
        loss -= t * std::log(*y + 1e-7f) + (1 - t) * std::log(1 - *y + 1e-7f);
        *g = scale * (*y - t);
      }
    }
    return loss * scale;
  }

  Config config_;
  std::vector<dnnl::memory> outputs_;  // the input, then each layer's output
  dnnl::memory gradient_;              // of the last output, before its activation
  std::vector<Layer> layers_;
};

}  // namespace gradus

#endif  // GRADUS_TOOLS_BENCH_RAW_ONEDNN_H_
