// What layers share: checks of what they read, and the choice between a given initializer and their
// own.

#ifndef GRADUS_OPS_LAYERS_LAYER_INPUTS_H_
#define GRADUS_OPS_LAYERS_LAYER_INPUTS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/graph/layer.h"

namespace gradus {

inline InitializerConfig InitializerOr(const InitializerConfig& given,
                                       const InitializerConfig& otherwise) {
  return given.kind_case() == InitializerConfig::KIND_NOT_SET ? otherwise : given;
}
inline InitializerConfig ConstantInitializer(double value) {
  InitializerConfig constant;
  constant.set_constant(value);
  return constant;
}

// "dense": what the text calls the layer's kind.
inline std::string KindOf(const LayerScope& scope) {
  return scope.path().empty() ? "it" : scope.path().segments().back().field;
}

// One FLOAT32 input; false after a finding.
inline bool ExpectOneFloat(LayerScope* scope) {
  return scope->ExpectInputs(1, 1) && scope->ExpectFloat(scope->input(0), "input");
}

// One FLOAT32 input with an axis behind the batch.
inline bool ExpectOneFloatWithAxis(LayerScope* scope) {
  if (!ExpectOneFloat(scope)) return false;
  const Shape& shape = scope->spec(scope->input(0)).shape;
  if (shape.rank() >= 2) return true;
  scope->InputError("shape", 0,
                    absl::StrCat(KindOf(*scope), " needs an axis behind the batch, the input is ",
                                 shape.ToString(), "; `shape: 1` or flatten gives it one"));
  return false;
}

// One FLOAT32 input with as many axes as `layout`: "[batch, steps, channels]".
inline bool ExpectLayout(LayerScope* scope, absl::string_view layout) {
  if (!ExpectOneFloat(scope)) return false;
  const Shape& shape = scope->spec(scope->input(0)).shape;
  if (shape.rank() == 1 + std::count(layout.begin(), layout.end(), ',')) return true;
  scope->InputError(
      "shape", 0,
      absl::StrCat(KindOf(*scope), " reads ", layout, ", the input is ", shape.ToString()));
  return false;
}
constexpr absl::string_view kSequence = "[batch, steps, channels]";
constexpr absl::string_view kImages = "[batch, height, width, channels]";

// What is drawn or dropped while training is not there in evaluation and prediction: whether the layer passes its input on.
inline bool PassesInputOn(LayerScope* scope) {
  if (scope->mode() != Mode::kInference) return false;
  scope->SetOutput(scope->input(0));
  return true;
}

// At least two FLOAT32 inputs (at most `most`; any number when negative) of one shape.
inline bool ExpectOneShape(LayerScope* scope, int most) {
  if (!scope->ExpectInputs(2, most)) return false;
  const Shape first = scope->spec(scope->input(0)).shape;
  bool good = true;
  for (int i = 0; i < scope->input_count(); ++i) {
    const Shape& shape = scope->spec(scope->input(i)).shape;
    good &= scope->ExpectFloat(scope->input(i), absl::StrCat("input ", i));
    if (shape == first) continue;
    scope->InputError("shape", i,
                      absl::StrCat("input ", i, " is ", shape.ToString(), ", input 0 ",
                                   first.ToString(), "; they must have the same shape"));
    good = false;
  }
  return good;
}

// op(.. op(op(input 0, input 1), input 2) ..).
template <class Op>
Value FoldInputs(const Op& op, LayerScope* scope) {
  Value result = scope->input(0);
  for (int i = 1; i < scope->input_count(); ++i)
    result = scope->emit()(op, {result, scope->input(i)});
  return result;
}

// The field `axis` of a config as axes of the input behind the batch, in their order; the last one
// when it names none; empty after a finding.
template <class Config>
std::vector<int> AxesBehindBatch(const Config& config, LayerScope* scope) {
  const Shape& shape = scope->spec(scope->input(0)).shape;
  const int rank = shape.rank();
  if (config.axis().empty()) return {rank - 1};
  std::vector<int> axes;
  for (int axis : config.axis()) {
    const int at = axis < 0 ? axis + rank : axis;
    const bool exists = at >= 0 && at < rank;
    if (!exists || at == 0 || std::count(axes.begin(), axes.end(), at) > 0) {
      const absl::string_view why = !exists   ? " is not there"
                                    : at == 0 ? " is the batch"
                                              : " is named twice";
      scope->Error("out-of-range", "axis",
                   absl::StrCat("axis ", axis, " of ", shape.ToString(), why));
      return {};
    }
    axes.push_back(at);
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

inline op::ReduceMean MeanOver(const std::vector<int>& axes, bool keep_dims) {
  op::ReduceMean mean;
  for (int axis : axes) mean.add_axis(axis);
  mean.set_keep_dims(keep_dims);
  return mean;
}

// A parameter of the extents of `axes`, brought into the shape in which it meets the input: 1 along
// all other axes.
inline Value ParameterAlong(absl::string_view name, const std::vector<int>& axes,
                            const InitializerConfig& initializer, LayerScope* scope) {
  const Shape& shape = scope->spec(scope->input(0)).shape;
  Shape own, meeting;
  for (int axis : axes) own.Append(shape.dim(axis));
  for (int axis = axes[0]; axis < shape.rank(); ++axis) {
    const bool named = std::count(axes.begin(), axes.end(), axis) > 0;
    meeting.Append(named ? shape.dim(axis) : Dim{1, false});
  }
  return scope->emit().Reshape(scope->Parameter(name, own, initializer), meeting);
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_LAYER_INPUTS_H_
