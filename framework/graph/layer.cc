// What a layer, loss or metric sees while it is built: each door checks, and puts what is wrong where the text says it.

#include "gradus/graph/layer.h"

#include "gradus/base/random.h"
#include "gradus/base/status.h"
#include "gradus/graph/name_table.h"

namespace gradus {
namespace {

// What makes an initializer impossible for a parameter of this shape, or "".
std::string WhyNotInitializer(const InitializerConfig& initializer, const Shape& shape) {
  const RandomUniform& uniform = initializer.random_uniform();
  if (initializer.has_random_uniform() && !(uniform.minval() < uniform.maxval())) {
    return absl::StrCat("minval ", ShortestNumber(uniform.minval()), " is not below maxval ",
                        ShortestNumber(uniform.maxval()));
  }
  if (initializer.has_identity() && shape.rank() != 2) {
    return absl::StrCat("identity is a matrix, the parameter is ", shape.ToString());
  }
  if (initializer.has_orthogonal() && shape.rank() < 2) {
    return absl::StrCat("orthogonal needs at least two axes, the parameter is ", shape.ToString());
  }
  if (initializer.has_parts()) {
    const int count = initializer.parts().part_size(), last = shape.rank() - 1;
    if (last < 0 || count == 0 || shape.dim(last).k % count != 0) {
      return absl::StrCat("the last axis of ", shape.ToString(), " is not cut into ", count,
                          " equal parts");
    }
    Shape part = shape;
    part.Set(last, {shape.dim(last).k / count, false});
    for (int i = 0; i < count; ++i) {
      const std::string why = WhyNotInitializer(initializer.parts().part(i), part);
      if (!why.empty()) return absl::StrCat("part ", i, ": ", why);
    }
  }
  return "";
}

}  // namespace

LayerScope::LayerScope(Settings settings)
    : settings_(std::move(settings)),
      emit_(settings_.graph, settings_.node_prefix, settings_.path) {}

Value LayerScope::Reference(absl::string_view field, absl::string_view name) {
  const NameTable::Entry* entry = settings_.names->Find(name);
  if (entry != nullptr) return entry->value;
  settings_.diagnostics->Error(
      "unknown-name", path().Child(field),
      absl::StrCat(settings_.noun, " ", Quoted(this->name()), ": no layer or input is called ",
                   Quoted(name)),
      SuggestName(name, settings_.names->names()));
  return Value();
}

Value LayerScope::Parameter(absl::string_view name, const Shape& shape,
                            const InitializerConfig& initializer, absl::string_view field) {
  const std::string wrong = WhyNotInitializer(initializer, shape);
  if (!wrong.empty()) {
    Error("out-of-range", field.empty() ? absl::StrCat(name, "_initializer") : field, wrong);
    return Value();
  }
  absl::StatusOr<Value> value = settings_.graph->AddParameter(
      {absl::StrCat(settings_.weights, "/", name), shape, initializer}, path());
  if (!value.ok()) {
    Error("weights", "", value.status().message());
    return Value();
  }
  parameters_.push_back(*value);
  return *value;
}

Value LayerScope::State(absl::string_view name, const Shape& shape, double initial) {
  absl::StatusOr<Value> value = settings_.graph->AddState(
      {absl::StrCat(this->name(), "/", name), shape, initial}, path());
  if (value.ok()) return *value;
  Error("state", "", value.status().message());
  return Value();
}

Value LayerScope::Hyperparameter(absl::string_view field, double value) {
  const std::string full_name = absl::StrCat(name(), "/", field);
  if (settings_.graph->FindLeaf(Leaf::kScalar, full_name).valid()) {
    Error("duplicate-name", field, absl::StrCat("the number ", Quoted(full_name), " exists already"));
    return Value();
  }
  absl::StatusOr<Value> scalar = settings_.graph->AddScalar(full_name);
  if (!scalar.ok()) {
    Error("hyperparameter", field, scalar.status().message());
    return Value();
  }
  hyperparameters_.push_back({full_name, value, path().Child(field)});
  return *scalar;
}

Value LayerScope::StepScalar(absl::string_view name) {
  absl::StatusOr<Value> scalar = settings_.graph->AddScalar(name, DType::kInt64);
  if (scalar.ok()) return *scalar;
  Error("step-scalar", "", scalar.status().message());
  return Value();
}

int64_t LayerScope::StreamId() const {
  // 24 bits, because the op's random key has so much room for it. Among a hundred layers two share a stream, and so a mask for rows of
  // one width, with a chance of 1 in 3400.
  const uint64_t hash = StreamOf(name());
  return static_cast<int64_t>((hash ^ (hash >> 24) ^ (hash >> 48)) & 0xFFFFFF);
}

const ValueUnits* LayerScope::UnitsOf(const std::string& label) const {
  if (settings_.units == nullptr) return nullptr;
  const auto found = settings_.units->find(label);
  return found == settings_.units->end() ? nullptr : &found->second;
}

void LayerScope::SetNext(Value state, Value next) {
  if (!state.valid() || !next.valid()) return;
  absl::Status status = settings_.graph->SetNext(state, next);
  if (!status.ok()) Error("state", "", status.message());
}

void LayerScope::Error(absl::string_view code, absl::string_view field, absl::string_view message) {
  settings_.diagnostics->Error(code, field.empty() ? path() : path().Child(field),
                               absl::StrCat(settings_.noun, " ", Quoted(name()), ": ", message));
}

void LayerScope::InputError(absl::string_view code, int i, absl::string_view message) {
  const bool placed = i < static_cast<int>(settings_.input_paths.size());
  settings_.diagnostics->Error(code, placed ? settings_.input_paths[i] : path(),
                               absl::StrCat(settings_.noun, " ", Quoted(name()), ": ", message));
}

bool LayerScope::ExpectInputs(int least, int most) {
  const int count = input_count();
  if (count >= least && (most < 0 || count <= most)) return true;
  const std::string wanted = least == most ? absl::StrCat(least)
                             : most < 0    ? absl::StrCat("at least ", least)
                                           : absl::StrCat(least, " to ", most);
  const std::string kind = path().empty() ? "it" : path().segments().back().field;
  Error("input-count", "",
        absl::StrCat(kind, " reads ", wanted, least == 1 && most == 1 ? " input" : " inputs",
                     ", not ", count));
  return false;
}

bool LayerScope::ExpectFloat(Value value, absl::string_view what) {
  if (!value.valid()) return false;
  if (spec(value).dtype == DType::kFloat32) return true;
  const std::string message = absl::StrCat(what, " ", Quoted(settings_.graph->node(value).name),
                                           " is ", spec(value).ToString(), ", not FLOAT32");
  for (int i = 0; i < input_count(); ++i) {
    if (input(i) == value) {
      InputError("type", i, message);
      return false;
    }
  }
  Error("type", what, message);
  return false;
}

}  // namespace gradus
