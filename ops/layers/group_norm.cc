// Group normalisation (Wu & He 2018, arXiv:1803.08494; keras.layers.GroupNormalization): the
// channels, the last axis, are cut into groups, and each group of each example is normalised over
// its channels and all axes between:
//
//   y = gamma (x - mean) / sqrt(variance + epsilon) + beta      variance the biased one
//
//   layer { name: "norm" group_norm { groups: 8 } }
//   layer { name: "instance" group_norm { groups: -1 } }      each channel is a group
//
// Parameters: `gamma`, `beta` [channels]. Training and inference are the same.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

// The mean over each group's channels and the axes between, in the shape [batch, 1.., channels] in which it meets x. First over the axes
// between, so that what has the size of x runs along whole rows of channels.
Value GroupMean(Value x, int64_t groups, Emitter& emit) {
  if (!x.valid()) return x;
  const Shape shape = emit.spec(x).shape;
  const Dim batch{1, true}, one{1, false}, channels = shape.dim(shape.rank() - 1);
  const Dim of_group{channels.k / groups, false};
  std::vector<int> between;
  Shape meeting = {batch};
  for (int axis = 1; axis + 1 < shape.rank(); ++axis) {
    between.push_back(axis);
    meeting.Append(one);
  }
  meeting.Append(channels);
  if (!between.empty()) x = emit(MeanOver(between, false), {x});
  const Value grouped = emit.Reshape(x, {batch, {groups, false}, of_group});
  const Value mean = emit(MeanOver({2}, true), {grouped});
  return emit.Reshape(emit.Broadcast(mean, {batch, {groups, false}, of_group}), meeting);
}

class GroupNorm final : public TypedLayer<layer::GroupNorm> {
  void Build(const layer::GroupNorm& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const Value x = scope->input(0);
    const Shape shape = scope->spec(x).shape;
    const int last = shape.rank() - 1;
    const int64_t channels = shape.dim(last).k;
    const int64_t groups = config.groups() == -1 ? channels : config.groups();
    if (groups < 1 || channels % groups != 0) {
      scope->Error("out-of-range", "groups",
                   absl::StrCat("groups ", config.groups(), " does not divide the ", channels,
                                " channels of ", shape.ToString()));
      return;
    }
    Emitter& emit = scope->emit();
    const Value mean = GroupMean(x, groups, emit);
    const Value centred = emit(op::Sub(), {x, mean});
    const Value variance = GroupMean(emit(op::Square(), {centred}), groups, emit);
    const Value epsilon = emit.Constant(static_cast<float>(config.epsilon()));
    const Value deviation = emit(op::Sqrt(), {emit(op::Add(), {variance, epsilon})});
    Value y = emit(op::Div(), {centred, deviation});
    if (config.scale()) {
      const auto ones = InitializerOr(config.gamma_initializer(), ConstantInitializer(1));
      y = emit(op::Mul(), {y, ParameterAlong("gamma", {last}, ones, scope)});
    }
    if (config.center()) {
      const auto zeros = InitializerOr(config.beta_initializer(), ConstantInitializer(0));
      y = emit(op::Add(), {y, ParameterAlong("beta", {last}, zeros, scope)});
    }
    scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.group_norm", GroupNorm);

}  // namespace
}  // namespace gradus
