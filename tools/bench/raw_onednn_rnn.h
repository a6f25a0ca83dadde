// The yardstick for sequences: a training step of an LSTM or a GRU as an oneDNN expert writes it by hand, without a framework.
//
// One recurrent primitive (lstm, or lbr_gru, whose reset gate comes after the product), an inner product of the last state, softmax
// cross-entropy, Adam. Sequences are [steps, batch, features], as oneDNN has them. What the update rule changes are plain weights; the
// primitives get them in the layout that they ask for, by a reorder a step where it is another one.
//
//   RawOneDnnRnn::Config config;  // an LSTM
//   config.steps = 100, config.features = 64, config.units = 128, config.batch = 32, config.classes = 10;
//   RawOneDnnRnn rnn(config);
//   float loss = rnn.Step(sequences, labels);

#ifndef GRADUS_TOOLS_BENCH_RAW_ONEDNN_RNN_H_
#define GRADUS_TOOLS_BENCH_RAW_ONEDNN_RNN_H_

#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "tools/bench/raw_onednn_program.h"

namespace gradus {

class RawOneDnnRnn : private RawOneDnnProgram {
 public:
  using RawOneDnnProgram::parameters;

  struct Config {
    bool gru = false;
    int64_t steps = 0, features = 0, units = 0, batch = 0, classes = 0;
    float rate = 0.001f;
  };

  explicit RawOneDnnRnn(const Config& config)
      : RawOneDnnProgram(kAdam, config.rate), config_(config), gates_(config.gru ? 3 : 4) {
    input_ = New({config.steps, config.batch, config.features}, Tag::tnc);
    states_ = New({config.steps, config.batch, config.units}, Tag::tnc);
    last_ = New({1, 1, config.batch, config.units}, Tag::ldnc);
    last_cell_ = NewLike(last_);
    kernel_ = NewWeights({1, 1, config.features, gates_, config.units}, Tag::ldigo);
    recurrent_ = NewWeights({1, 1, config.units, gates_, config.units}, Tag::ldigo);
    bias_ = NewWeights({1, 1, gates_ + (config.gru ? 1 : 0), config.units}, Tag::ldgo);
    config.gru ? AddGru() : AddLstm();
    AddHead();
  }

  // Sequences [steps, batch, features]. Returns the mean loss.
  float Step(const float* x, const int32_t* labels) {
    input_.set_data_handle(const_cast<float*>(x));
    Run(forward_);
    const float loss = SoftmaxCrossEntropy(Data(logits_), labels, config_.batch, config_.classes,
                                           Data(logits_gradient_));
    // The recurrent primitives add to what is there.
    for (const dnnl::memory& gradient : summed_) Clear(gradient);
    Run(head_backward_);
    Run(backward_);
    Update();
    return loss;
  }

 private:
  using Dims = dnnl::memory::dims;
  using Tag = dnnl::memory::format_tag;
  static constexpr dnnl::prop_kind kTraining = dnnl::prop_kind::forward_training;
  static constexpr dnnl::prop_kind kBackward = dnnl::prop_kind::backward;
  static constexpr dnnl::rnn_direction kForwards = dnnl::rnn_direction::unidirectional_left2right;

  struct Weights {
    dnnl::memory value, gradient;
  };

  dnnl::memory New(const Dims& dims, Tag tag) {
    dnnl::memory memory({dims, kF32, tag}, engine_);
    Clear(memory);
    return memory;
  }
  // The Glorot's limit of a matrix will do for all: only the time matters.
  Weights NewWeights(const Dims& dims, Tag tag) {
    Weights weights;
    weights.value = New(dims, tag);
    weights.gradient = New(dims, tag);
    std::uniform_real_distribution<float> uniform(-0.1f, 0.1f);
    for (int64_t i = 0; i < Stored(weights.value); ++i) Data(weights.value)[i] = uniform(random_);
    AddParameter(weights.value, weights.gradient);
    return weights;
  }
  static dnnl::memory::desc AnyOf(const dnnl::memory& memory) {
    return {memory.get_desc().dims(), kF32, Tag::any};
  }
  // Where a primitive writes a gradient; brought to where the rule reads it afterwards.
  dnnl::memory Summed(const dnnl::memory& wanted, const dnnl::memory::desc& given) {
    summed_.push_back(given == wanted.get_desc() ? wanted : dnnl::memory(given, engine_));
    return summed_.back();
  }
  void Bring(const dnnl::memory& from, const dnnl::memory& to) {
    if (from.get_desc() == to.get_desc()) return;
    Add(&backward_, dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  template <class Forward, class Backward>
  void AddRecurrence(const typename Forward::primitive_desc& forward,
                     const typename Backward::primitive_desc& backward, bool cells) {
    const dnnl::memory workspace(forward.workspace_desc(), engine_);
    const auto add = [&](std::vector<Call>* calls, const dnnl::primitive& primitive,
                         std::vector<std::pair<int, dnnl::memory>> arguments, bool with_cells) {
      if (with_cells) arguments.push_back({DNNL_ARG_DST_ITER_C, last_cell_});
      AddList(calls, primitive, arguments);
    };
    add(&forward_, Forward(forward),
        {{DNNL_ARG_SRC_LAYER, input_},
         {DNNL_ARG_WEIGHTS_LAYER, InLayout(&forward_, kernel_.value, forward.weights_layer_desc())},
         {DNNL_ARG_WEIGHTS_ITER,
          InLayout(&forward_, recurrent_.value, forward.weights_iter_desc())},
         {DNNL_ARG_BIAS, bias_.value},
         {DNNL_ARG_DST_LAYER, states_},
         {DNNL_ARG_DST_ITER, last_},
         {DNNL_ARG_WORKSPACE, workspace}},
        cells);
    last_gradient_ = NewLike(last_);
    const dnnl::memory no_gradient = New(states_.get_desc().dims(), Tag::tnc);
    const dnnl::memory no_cell_gradient = New(last_.get_desc().dims(), Tag::ldnc);
    const dnnl::memory kernel = Summed(kernel_.gradient, backward.diff_weights_layer_desc());
    const dnnl::memory recurrent = Summed(recurrent_.gradient, backward.diff_weights_iter_desc());
    const dnnl::memory bias = Summed(bias_.gradient, backward.diff_bias_desc());
    std::vector<std::pair<int, dnnl::memory>> arguments = {
        {DNNL_ARG_SRC_LAYER, input_},
        {DNNL_ARG_WEIGHTS_LAYER,
         InLayout(&backward_, kernel_.value, backward.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER,
         InLayout(&backward_, recurrent_.value, backward.weights_iter_desc())},
        {DNNL_ARG_BIAS, bias_.value},
        {DNNL_ARG_DST_LAYER, states_},
        {DNNL_ARG_DST_ITER, last_},
        {DNNL_ARG_DIFF_DST_LAYER, no_gradient},
        {DNNL_ARG_DIFF_DST_ITER, last_gradient_},
        {DNNL_ARG_DIFF_SRC_LAYER, NewLike(input_)},
        {DNNL_ARG_DIFF_WEIGHTS_LAYER, kernel},
        {DNNL_ARG_DIFF_WEIGHTS_ITER, recurrent},
        {DNNL_ARG_DIFF_BIAS, bias},
        {DNNL_ARG_WORKSPACE, workspace}};
    if (cells) arguments.push_back({DNNL_ARG_DIFF_DST_ITER_C, no_cell_gradient});
    add(&backward_, Backward(backward), arguments, cells);
    Bring(kernel, kernel_.gradient);
    Bring(recurrent, recurrent_.gradient);
    Bring(bias, bias_.gradient);
  }

  void AddList(std::vector<Call>* calls, const dnnl::primitive& primitive,
               const std::vector<std::pair<int, dnnl::memory>>& arguments) {
    Add(calls, primitive, {});
    for (const auto& argument : arguments) {
      calls->back().arguments.push_back({argument.first, argument.second.get()});
      kept_.push_back(argument.second);
    }
  }

  void AddLstm() {
    const dnnl::memory::desc none, x = input_.get_desc(), h = states_.get_desc();
    const dnnl::memory::desc last = last_.get_desc(), bias = bias_.value.get_desc();
    const dnnl::memory::desc kernel = AnyOf(kernel_.value), recurrent = AnyOf(recurrent_.value);
    const dnnl::lstm_forward::primitive_desc forward(
        {kTraining, kForwards, x, none, none, kernel, recurrent, bias, h, last, last}, engine_);
    const dnnl::lstm_backward::primitive_desc backward(
        {kBackward, kForwards, x,    none, none,   kernel,    recurrent, bias, h,    last,
         last,      x,         none, none, kernel, recurrent, bias,      h,    last, last},
        engine_, forward);
    AddRecurrence<dnnl::lstm_forward, dnnl::lstm_backward>(forward, backward, true);
  }

  void AddGru() {
    const dnnl::memory::desc none, x = input_.get_desc(), h = states_.get_desc();
    const dnnl::memory::desc last = last_.get_desc(), bias = bias_.value.get_desc();
    const dnnl::memory::desc kernel = AnyOf(kernel_.value), recurrent = AnyOf(recurrent_.value);
    const dnnl::lbr_gru_forward::primitive_desc forward(
        {kTraining, kForwards, x, none, kernel, recurrent, bias, h, last}, engine_);
    const dnnl::lbr_gru_backward::primitive_desc backward(
        {kBackward, kForwards, x, none, kernel, recurrent, bias, h, last, x, none, kernel,
         recurrent, bias, h, last},
        engine_, forward);
    AddRecurrence<dnnl::lbr_gru_forward, dnnl::lbr_gru_backward>(forward, backward, false);
  }

  // The inner product of the last state, forward and backward.
  void AddHead() {
    const dnnl::memory::desc features({config_.batch, config_.units}, kF32, Tag::ab);
    const dnnl::memory::desc result({config_.batch, config_.classes}, kF32, Tag::ab);
    const dnnl::memory::desc bias({config_.classes}, kF32, Tag::a);
    const Weights weights = NewWeights({config_.classes, config_.units}, Tag::ba);
    const Weights biases = NewWeights({config_.classes}, Tag::a);
    const dnnl::memory::desc kernel = weights.value.get_desc();
    const dnnl::memory state(features, engine_, last_.get_data_handle());
    const dnnl::memory state_gradient(features, engine_, last_gradient_.get_data_handle());
    const dnnl::inner_product_forward::primitive_desc forward(
        {kTraining, features, kernel, bias, result}, engine_);
    logits_ = dnnl::memory(result, engine_);
    logits_gradient_ = NewLike(logits_);
    Add(&forward_, dnnl::inner_product_forward(forward),
        {{DNNL_ARG_SRC, state},
         {DNNL_ARG_WEIGHTS, weights.value},
         {DNNL_ARG_BIAS, biases.value},
         {DNNL_ARG_DST, logits_}});
    Add(&head_backward_,
        dnnl::inner_product_backward_weights({{features, kernel, bias, result}, engine_, forward}),
        {{DNNL_ARG_SRC, state},
         {DNNL_ARG_DIFF_DST, logits_gradient_},
         {DNNL_ARG_DIFF_WEIGHTS, weights.gradient},
         {DNNL_ARG_DIFF_BIAS, biases.gradient}});
    Add(&head_backward_,
        dnnl::inner_product_backward_data({{features, kernel, result}, engine_, forward}),
        {{DNNL_ARG_DIFF_DST, logits_gradient_},
         {DNNL_ARG_WEIGHTS, weights.value},
         {DNNL_ARG_DIFF_SRC, state_gradient}});
  }

  const Config config_;
  const int64_t gates_;
  std::mt19937 random_{1};
  dnnl::memory input_, states_, last_, last_cell_, last_gradient_, logits_, logits_gradient_;
  Weights kernel_, recurrent_, bias_;
  std::vector<dnnl::memory> summed_, kept_;
  std::vector<Call> head_backward_;
};

}  // namespace gradus

#endif  // GRADUS_TOOLS_BENCH_RAW_ONEDNN_RNN_H_
