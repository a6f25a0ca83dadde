// What the recurrent layers share: what they read, the product of all steps with `kernel`, the directions, and which states are given.
//
//   layer { name: "text" input: "vectors" input: "count" lstm { units: 64 direction: BIDIRECTIONAL } }
//   layer { name: "text" input: "vectors" input: "words" lstm { units: 64 direction: BIDIRECTIONAL } }
//
// The second input says where sequences end: the number of steps of each, INT32 [batch], or INT32 [batch, steps], whose zeros at the end
// are padding (as with mask_zero of Keras' Embedding; zeros in front or between are steps like others).
//
// The product with the input is one matmul over all steps; the recurrence itself is an operation (ops/recurrence.h), in which no step's
// input is looked at from its sequence's length on. What stands there must be numbers all the same: the kernel's gradient multiplies
// them by 0.
//
// A result of return_sequences stands at the step that was read last, also where the direction is BACKWARD: as Keras' Bidirectional has it, and
// other than go_backwards of its layers, which turns the sequence over. BIDIRECTIONAL drops the same features for both directions.

#ifndef GRADUS_OPS_LAYERS_RECURRENT_H_
#define GRADUS_OPS_LAYERS_RECURRENT_H_

#include <string>
#include <vector>

#include "gradus/layer.pb.h"
#include "ops/layers/channel_dropout.h"

namespace gradus {

constexpr absl::string_view kFeatureSequence = "[batch, steps, features]";

// A float sequence, and nothing, its lengths, or the numbers that it was made of.
inline bool ExpectSequenceAndLengths(LayerScope* scope) {
  if (!scope->ExpectInputs(1, 2) || !scope->ExpectFloat(scope->input(0), "input 0")) return false;
  const Shape& x = scope->spec(scope->input(0)).shape;
  if (x.rank() != 3) {
    scope->InputError(
        "shape", 0,
        absl::StrCat(KindOf(*scope), " reads ", kFeatureSequence, ", the input is ", x.ToString()));
    return false;
  }
  if (scope->input_count() < 2) return true;
  const TensorSpec& lengths = scope->spec(scope->input(1));
  for (const Shape& good :
       {Shape({x.dim(0)}), Shape({x.dim(0), Dim{1, false}}), Shape({x.dim(0), x.dim(1)})}) {
    if (lengths.dtype == DType::kInt32 && lengths.shape == good) return true;
  }
  scope->InputError(
      "type", 1,
      absl::StrCat("input 1 of ", KindOf(*scope), " is the number of steps of each ",
                   "sequence, INT32 [batch], or what stands at each step, INT32 ",
                   Shape({x.dim(0), x.dim(1)}).ToString(), ", not ", lengths.ToString()));
  return false;
}

// The lengths [batch] from what ExpectSequenceAndLengths lets through. Of numbers at each step it is the place of the last that is not 0. [batch,
// 1] of a single step may be either; whether it is 0 is the length in both cases.
inline Value SequenceLengths(Value given, Dim batch, Dim steps, Emitter& emit) {
  const Shape& shape = emit.spec(given).shape;
  if (shape.rank() == 1 || (shape.dim(1).k == 1 && steps.k != 1)) {
    return emit.Reshape(given, {batch});
  }
  // Places are 1, 2, .. where there is a number, and 0 where there is 0.
  const Value zero = emit(op::Equal(), {emit(op::Cast(), {given}), emit.Constant(0)});
  const Value some = emit(op::Sub(), {emit.Constant(1), zero});
  const Value one = emit(op::Add(), {some, zero});
  op::ReduceMax last;
  last.add_axis(1);
  op::Cast whole;
  whole.set_to_int32(true);
  return emit(whole, {emit(last, {emit(op::Mul(), {some, emit(op::Cumsum(), {one})})})});
}

// One direction of a recurrent layer while it is built.
struct RecurrentPass {
  std::string prefix;  // Of its parameters' names.
  bool reverse = false;
  Value x;        // [batch, steps, features]
  Value lengths;  // [batch], or invalid.
};

template <class Config>
Value Kernel(const Config& config, const RecurrentPass& pass, int gates, LayerScope* scope) {
  InitializerConfig glorot;
  glorot.set_scaled(InitializerConfig::GLOROT_UNIFORM);
  const int64_t features = scope->spec(pass.x).shape.dim(2).k, units = config.units();
  return scope->Parameter(absl::StrCat(pass.prefix, "kernel"),
                          Shape::Fixed({features, gates * units}),
                          InitializerOr(config.kernel_initializer(), glorot), "kernel_initializer");
}

template <class Config>
Value RecurrentKernel(const Config& config, const RecurrentPass& pass, int gates,
                      LayerScope* scope) {
  InitializerConfig orthogonal;
  orthogonal.mutable_orthogonal();
  const int64_t units = config.units();
  return scope->Parameter(
      absl::StrCat(pass.prefix, "recurrent_kernel"), Shape::Fixed({units, gates * units}),
      InitializerOr(config.recurrent_initializer(), orthogonal), "recurrent_initializer");
}

inline Value Bias(const RecurrentPass& pass, const Shape& shape,
                  const InitializerConfig& initializer, LayerScope* scope) {
  return scope->Parameter(absl::StrCat(pass.prefix, "bias"), shape, initializer,
                          "bias_initializer");
}

// x kernel + bias over all steps; an invalid bias is none.
inline Value Project(const RecurrentPass& pass, Value kernel, Value bias, LayerScope* scope) {
  Emitter& emit = scope->emit();
  if (!kernel.valid()) return Value();
  Shape shape = scope->spec(pass.x).shape;
  const Dim rows = {shape.dim(0).k * shape.dim(1).k, shape.dim(0).batch};
  Value y = emit(op::Matmul(), {emit.Reshape(pass.x, {rows, shape.dim(2)}), kernel});
  if (bias.valid()) y = emit(op::Add(), {y, bias});
  shape.Set(2, scope->spec(kernel).shape.dim(1));
  return emit.Reshape(y, shape);
}

inline Value Recur(const google::protobuf::Message& op, std::vector<Value> inputs,
                   const RecurrentPass& pass, LayerScope* scope) {
  if (pass.lengths.valid()) inputs.push_back(pass.lengths);
  return scope->emit()(op, inputs);
}

// The state after the last step that was read: [batch, units].
inline Value LastState(Value h, bool reverse, Emitter& emit) {
  const Shape shape = emit.spec(h).shape;
  if (shape.rank() != 3) return Value();
  op::Slice slice;
  slice.set_axis(1);
  slice.set_begin(reverse ? 0 : shape.dim(1).k - 1);
  slice.set_end(slice.begin() + 1);
  return emit.Reshape(emit(slice, {h}), {shape.dim(0), shape.dim(2)});
}

inline Value Merge(layer::MergeMode mode, Value forward, Value backward, Emitter& emit) {
  op::Concat beside;
  beside.set_axis(-1);
  switch (mode) {
    case layer::CONCAT:
      return emit(beside, {forward, backward});
    case layer::SUM:
      return emit(op::Add(), {forward, backward});
    case layer::MULTIPLY:
      return emit(op::Mul(), {forward, backward});
    case layer::AVERAGE:
      return emit(op::Mul(), {emit(op::Add(), {forward, backward}), emit.Constant(0.5f)});
  }
  return Value();
}

// `states` gives the states [batch, steps, units] of one direction.
template <class Config, class States>
void BuildRecurrent(const Config& config, LayerScope* scope, const States& states) {
  if (!ExpectSequenceAndLengths(scope)) return;
  Emitter& emit = scope->emit();
  RecurrentPass pass;
  pass.x = scope->input(0);
  if (config.has_dropout() && scope->mode() == Mode::kTraining) {
    pass.x = WithChannelsDropped(pass.x, "dropout", config.dropout(), scope);
    if (!pass.x.valid()) return;
  }
  if (scope->input_count() > 1) {
    const Shape x = scope->spec(pass.x).shape;
    pass.lengths = SequenceLengths(scope->input(1), x.dim(0), x.dim(1), emit);
  }
  const auto run = [&](absl::string_view prefix, bool reverse) {
    pass.prefix = std::string(prefix);
    pass.reverse = reverse;
    const Value h = states(pass);
    return config.return_sequences() || !h.valid() ? h : LastState(h, reverse, emit);
  };
  if (config.direction() != layer::BIDIRECTIONAL) {
    scope->SetOutput(run("", config.direction() == layer::BACKWARD));
    return;
  }
  const Value forward = run("forward_", false), backward = run("backward_", true);
  if (forward.valid() && backward.valid()) {
    scope->SetOutput(Merge(config.merge_mode(), forward, backward, emit));
  }
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_RECURRENT_H_
