// From values of any shape to one value per example.

#include "gradus/graph/per_example.h"

#include "gradus/base/status.h"

namespace gradus {
namespace {

const Dim kBatch{1, true};

bool StartsWithBatch(const Shape& shape) { return shape.rank() >= 1 && shape.dim(0) == kBatch; }

// [batch] and [batch, 1] hold the same numbers.
bool IsColumn(const Shape& shape) {
  return shape == Shape::Batched({}) || shape == Shape::Batched({1});
}

bool ExpectBatch(Value value, absl::string_view field, LayerScope* scope) {
  if (StartsWithBatch(scope->spec(value).shape)) return true;
  scope->Error("shape", field,
               absl::StrCat(field, " is ", scope->spec(value).ToString(),
                            ", which does not begin with the batch"));
  return false;
}

// The pair as the model has it.
PredictionAndLabel ReadBoth(const std::string& prediction, const std::string& label,
                            LayerScope* scope) {
  PredictionAndLabel pair{scope->Reference("prediction", prediction),
                          scope->Reference("label", label)};
  const bool floats =
      scope->ExpectFloat(pair.prediction, "prediction") & scope->ExpectFloat(pair.label, "label");
  if (!floats || !ExpectBatch(pair.prediction, "prediction", scope)) return {};
  const Shape wanted = scope->spec(pair.prediction).shape;
  const Shape given = scope->spec(pair.label).shape;
  if (given != wanted && !(IsColumn(given) && IsColumn(wanted))) {
    scope->Error("shape", "label",
                 absl::StrCat("label ", Quoted(label), " has the shape ", given.ToString(),
                              ", prediction ", Quoted(prediction), " ", wanted.ToString()));
    return {};
  }
  pair.label = scope->emit().Reshape(pair.label, wanted);
  return pair;
}

PredictionAndLabel InUnitsOf(const std::string& name, const ValueUnits& units,
                             const PredictionAndLabel& pair, LayerScope* scope) {
  return {InOwnUnits(pair.prediction, name, units, scope->emit()),
          InOwnUnits(pair.label, name, units, scope->emit())};
}

}  // namespace

PredictionAndLabel ReadPair(const std::string& prediction, const std::string& label,
                            LayerScope* scope) {
  const PredictionAndLabel pair = ReadBoth(prediction, label, scope);
  const ValueUnits* units = scope->UnitsOf(label);
  return units == nullptr || !pair.valid() ? pair : InUnitsOf(label, *units, pair, scope);
}

PredictionAndLabel ReadPairForDifferences(const std::string& prediction, const std::string& label,
                                          LayerScope* scope) {
  const PredictionAndLabel pair = ReadBoth(prediction, label, scope);
  const ValueUnits* units = scope->UnitsOf(label);
  if (units == nullptr || !pair.valid()) return pair;
  ValueUnits unmoved = *units;
  for (ValueUnits::Element& element : unmoved.elements) {
    if (element.log == ValueUnits::Logarithm::kNone) element.shift = 0;
  }
  return InUnitsOf(absl::StrCat(label, "/differences"), unmoved, pair, scope);
}

PredictionAndLabel ReadClasses(const std::string& prediction, const std::string& label,
                               LayerScope* scope) {
  PredictionAndLabel pair{scope->Reference("prediction", prediction),
                          scope->Reference("label", label)};
  bool good = scope->ExpectFloat(pair.prediction, "prediction");
  if (good && (scope->spec(pair.prediction).shape.rank() != 2 ||
               !StartsWithBatch(scope->spec(pair.prediction).shape))) {
    scope->Error(
        "shape", "prediction",
        absl::StrCat("prediction ", Quoted(prediction), " has the shape ",
                     scope->spec(pair.prediction).shape.ToString(), ", not [batch, classes]"));
    good = false;
  }
  if (!pair.label.valid()) return {};
  const TensorSpec given = scope->spec(pair.label);
  if (given.dtype != DType::kInt32) {
    scope->Error("type", "label",
                 absl::StrCat("label ", Quoted(label), " is ", given.ToString(),
                              "; class numbers are INT32 (input { type: INT32 })"));
    return {};
  }
  if (!IsColumn(given.shape)) {
    scope->Error("shape", "label",
                 absl::StrCat("label ", Quoted(label), " has the shape ", given.shape.ToString(),
                              ", not one class number per example, [batch]"));
    return {};
  }
  if (!good) return {};
  pair.label = scope->emit().Reshape(pair.label, Shape::Batched({}));
  return pair;
}

bool ExpectClasses(Value prediction, LayerScope* scope) {
  const Shape& shape = scope->spec(prediction).shape;
  if (shape.rank() >= 2 && shape.dim(shape.rank() - 1).k >= 2) return true;
  scope->Error("shape", "prediction",
               absl::StrCat("prediction has the shape ", shape.ToString(),
                            ", fewer than 2 classes; for yes or no there are "
                            "binary_crossentropy and binary_accuracy"));
  return false;
}

Value RowsOfPair(const PredictionAndLabel& pair, Emitter& emit) {
  if (!pair.valid()) return Value();
  const Shape& shape = emit.spec(pair.prediction).shape;
  int64_t per_example = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) per_example *= shape.dim(axis).k;
  const Shape flat = Shape::Batched({per_example});
  op::Concat concat;
  concat.set_axis(1);
  return emit(concat, {emit.Reshape(pair.prediction, flat), emit.Reshape(pair.label, flat)});
}

Value RowsOfClasses(const std::string& prediction, const std::string& label, LayerScope* scope) {
  Emitter& emit = scope->emit();
  const Value given = scope->Reference("label", label);
  if (!given.valid()) {
    scope->Reference("prediction", prediction);
    return Value();
  }
  const bool numbers = scope->spec(given).dtype == DType::kInt32;
  const PredictionAndLabel pair =
      numbers ? ReadClasses(prediction, label, scope) : ReadPair(prediction, label, scope);
  if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return Value();
  const Shape& shape = scope->spec(pair.prediction).shape;
  if (shape.rank() != 2) {
    scope->Error("shape", "prediction",
                 absl::StrCat("prediction ", Quoted(prediction), " has the shape ",
                              shape.ToString(), ", not [batch, classes]"));
    return Value();
  }
  Value one_hot = pair.label;
  if (numbers) {
    op::OneHot places;  // Refuses what is no class.
    places.set_depth(shape.dim(1).k);
    one_hot = emit(places, {pair.label});
  }
  const auto column = [&](Value scores) {
    return emit.Reshape(emit(op::Cast(), {emit(op::Argmax(), {scores})}), Shape::Batched({1}));
  };
  return RowsOfPair({column(pair.prediction), column(one_hot)}, emit);
}

Value MeanPerExample(Value value, Emitter& emit) {
  if (!value.valid()) return value;
  const Shape shape = emit.spec(value).shape;
  int64_t per_example = 1;
  op::ReduceMean mean;
  for (int axis = 1; axis < shape.rank(); ++axis) {
    per_example *= shape.dim(axis).k;
    mean.add_axis(axis);
  }
  // A mean of one number needs no arithmetic.
  if (per_example == 1) return emit.Reshape(value, Shape::Batched({}));
  return emit(mean, {value});
}

}  // namespace gradus
