// Weights as nodes: an input is multiplied as it is, a class looks its weight up.

#include "gradus/graph/example_weights.h"

#include <vector>

#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsColumn(const Shape& shape) {
  return shape == Shape::Batched({}) || shape == Shape::Batched({1});
}

// The input of weights as a value of this shape; invalid after a finding.
Value ReadWeights(const std::string& input, const Shape& shape, const WeightScope& scope) {
  const ConfigPath path = scope.path.Child("example_weight");
  const auto error = [&](absl::string_view code, auto&&... what) {
    scope.diagnostics->Error(code, path, absl::StrCat(scope.subject, what...));
    return Value();
  };
  const NameTable::Entry* entry = scope.names->Find(input);
  if (entry == nullptr) {
    scope.diagnostics->Error("unknown-name", path,
                             absl::StrCat(scope.subject, "no input is called ", Quoted(input)),
                             SuggestName(input, scope.names->names()));
    return Value();
  }
  if (entry->is_layer) {
    return error("kind", "example_weight ", Quoted(input),
                 " is a layer; the weights of examples are an input");
  }
  if (!entry->value.valid()) return Value();  // Reported where it broke.
  const TensorSpec& spec = scope.emit->spec(entry->value);
  if (spec.dtype != DType::kFloat32 || !IsColumn(spec.shape)) {
    return error("shape", "example_weight ", Quoted(input), " is ", spec.ToString(),
                 ", not one FLOAT32 number per example");
  }
  return scope.emit->Reshape(entry->value, shape);
}

// The field of a loss's message that names a layer or input, or "".
std::string NameIn(const Message& message, const char* field) {
  const FieldDescriptor* descriptor = message.GetDescriptor()->FindFieldByName(field);
  if (descriptor == nullptr || descriptor->is_repeated() ||
      descriptor->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
    return "";
  }
  return message.GetReflection()->GetString(message, descriptor);
}

// The place of each example's class among `classes` of them, INT32 [batch], or invalid when the label names none.
Value ClassOf(Value label, int64_t* classes, Emitter& emit) {
  const TensorSpec spec = emit.spec(label);
  const Shape one_each = Shape::Batched({});
  if (spec.dtype == DType::kInt32 && IsColumn(spec.shape)) return emit.Reshape(label, one_each);
  if (spec.dtype != DType::kFloat32) return Value();
  if (IsColumn(spec.shape)) {
    *classes = 2;
    op::Cast whole;
    whole.set_to_int32(true);
    const Value yes = emit(op::Greater(), {emit.Reshape(label, one_each), emit.Constant(0.5f)});
    return emit(whole, {yes});
  }
  if (spec.shape.rank() != 2) return Value();
  *classes = spec.shape.dim(1).k;
  return emit(op::Argmax(), {label});
}

Value WeightsByClass(const LossConfig& loss, const PredictionMeaning& meaning,
                     const WeightScope& scope) {
  const ClassWeights& weights = loss.class_weight();
  const ConfigPath path = scope.path.Child("class_weight");
  const auto error = [&](absl::string_view code, auto&&... what) {
    scope.diagnostics->Error(code, path, absl::StrCat(scope.subject, what...));
    return Value();
  };
  if (weights.value_size() > 0 && weights.balanced()) {
    return error("conflict", "class_weight has value and balanced; it takes one of them");
  }
  if (weights.value_size() == 0) {
    return weights.balanced() ? error("missing",
                                      "class_weight is balanced by the classes of training "
                                      "examples, and there are none")
                              : error("missing", "class_weight has neither value nor balanced");
  }
  const FieldDescriptor* kind = ChosenField(loss);
  const Message& message = loss.GetReflection()->GetMessage(loss, kind);
  const NameTable::Entry* label = scope.names->Find(NameIn(message, "label"));
  if (label == nullptr) {
    return error("kind", "class_weight is of losses with a label, which ", kind->name(),
                 " does not have");
  }
  if (!label->value.valid()) return Value();
  const NameTable::Entry* prediction = scope.names->Find(NameIn(message, "prediction"));
  int64_t classes = weights.value_size();
  if (prediction != nullptr && prediction->value.valid()) {
    const Shape& shape = scope.emit->spec(prediction->value).shape;
    if (shape.rank() == 2) classes = shape.dim(1).k;
  }
  const bool questions = meaning.kind == PredictionMeaning::kYesLogits ||
                         meaning.kind == PredictionMeaning::kYesProbabilities ||
                         meaning.kind == PredictionMeaning::kYesScores;
  const TensorSpec spec = scope.emit->spec(label->value);
  const Value place =
      meaning.kind == PredictionMeaning::kInUnits || (questions && !IsColumn(spec.shape))
          ? Value()
          : ClassOf(label->value, &classes, *scope.emit);
  if (!place.valid()) {
    return error("kind",
                 "class_weight needs a label that names one class for each example: a class "
                 "number, 0 or 1, or one-hot; ",
                 Quoted(NameIn(message, "label")), " is ", spec.ToString(), " for ", kind->name());
  }
  if (weights.value_size() != classes) {
    return error("size", "class_weight has ", weights.value_size(), " values, and there are ",
                 classes, " classes");
  }
  std::vector<float> values;
  for (double value : weights.value()) values.push_back(static_cast<float>(value));
  absl::StatusOr<Value> constant = scope.emit->graph().AddConstant(
      absl::StrCat(scope.name, "/class_weights"), Tensor::Of<float>({classes}, values));
  if (!constant.ok()) return error("shape", constant.status().message());
  return (*scope.emit)(op::Gather(), {*constant, place}, "class_weight");
}

}  // namespace

Value WeighLoss(const LossConfig& loss, const PredictionMeaning& meaning, Value value,
                const WeightScope& scope) {
  if (loss.has_class_weight()) {
    value = (*scope.emit)(op::Mul(), {value, WeightsByClass(loss, meaning, scope)});
  }
  if (loss.has_example_weight()) {
    const Value weights = ReadWeights(loss.example_weight(), Shape::Batched({}), scope);
    value = (*scope.emit)(op::Mul(), {value, weights});
  }
  return value;
}

Value AppendWeight(const MetricConfig& metric, Value rows, const WeightScope& scope) {
  const Value weights = ReadWeights(metric.example_weight(), Shape::Batched({1}), scope);
  if (scope.emit->spec(rows).shape.rank() == 1)
    rows = scope.emit->Reshape(rows, Shape::Batched({1}));
  op::Concat concat;
  concat.set_axis(1);
  return (*scope.emit)(concat, {rows, weights});
}

}  // namespace gradus
