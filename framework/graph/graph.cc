// Adding to a graph. Each node is checked here, once, so that nothing behind it has to ask again.

#include "gradus/graph/graph.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/base/registry.h"
#include "gradus/base/status.h"
#include "gradus/graph/op.h"

namespace gradus {
namespace {

std::string LeafKey(Leaf leaf, absl::string_view name) { return absl::StrCat(Name(leaf), ":", name); }

// "op Matmul (FLOAT32 [batch, 4], FLOAT32 [3, 2])"
std::string Call(const google::protobuf::Message& config, absl::Span<const TensorSpec> inputs) {
  return absl::StrCat("op ", config.GetDescriptor()->name(), " (",
                      absl::StrJoin(inputs, ", ",
                                    [](std::string* out, const TensorSpec& spec) {
                                      out->append(spec.ToString());
                                    }),
                      ")");
}

absl::Status Annotate(const absl::Status& status, absl::string_view what) {
  return absl::Status(status.code(), absl::StrCat(what, ": ", status.message()));
}

absl::Status CheckFixed(Leaf leaf, absl::string_view name, const Shape& shape) {
  if (shape.batch_axis() >= 0) {
    return absl::InvalidArgumentError(absl::StrCat(Name(leaf), " \"", name, "\" has the shape ",
                                                   shape.ToString(),
                                                   ", which depends on the batch"));
  }
  absl::StatusOr<Dim> elements = shape.Elements();
  if (!elements.ok()) {
    return Annotate(elements.status(), absl::StrCat(Name(leaf), " \"", name, "\""));
  }
  return absl::OkStatus();
}

absl::Status Exists(Leaf leaf, absl::string_view name) {
  return absl::AlreadyExistsError(absl::StrCat(Name(leaf), " \"", name, "\" exists already"));
}

}  // namespace

absl::string_view Name(Leaf leaf) {
  switch (leaf) {
    case Leaf::kInput:
      return "input";
    case Leaf::kParameter:
      return "parameter";
    case Leaf::kState:
      return "state";
    case Leaf::kScalar:
      return "scalar";
    case Leaf::kConstant:
      return "constant";
  }
  return "";
}

std::string DefaultNodeName(const google::protobuf::Message& config) {
  std::string out;
  for (char c : config.GetDescriptor()->name()) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out += '_';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

absl::StatusOr<Value> Graph::AddInput(absl::string_view name, const TensorSpec& spec) {
  if (FindLeaf(Leaf::kInput, name).valid()) return Exists(Leaf::kInput, name);
  absl::StatusOr<Dim> elements = spec.shape.Elements();
  if (!elements.ok()) return Annotate(elements.status(), absl::StrCat("input \"", name, "\""));
  const Value value =
      AddLeaf(Leaf::kInput, name, spec, static_cast<int32_t>(inputs_.size()), ConfigPath());
  inputs_.push_back(value);
  return value;
}

absl::StatusOr<Value> Graph::AddParameter(const ParameterSpec& spec, const ConfigPath& origin) {
  const Value existing = FindLeaf(Leaf::kParameter, spec.name);
  if (existing.valid()) {
    const ParameterSpec& first = parameter_specs_[node(existing).leaf_index];
    const std::string first_origin = node(existing).origin.ToString();
    const std::string where = first_origin.empty() ? "" : absl::StrCat(" in ", first_origin);
    if (first.shape != spec.shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter \"", spec.name, "\" has the shape ", first.shape.ToString(),
                       where, " and cannot have ", spec.shape.ToString(), " here"));
    }
    if (first.initializer.SerializeAsString() != spec.initializer.SerializeAsString()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter \"", spec.name, "\" starts with {", first.initializer.ShortDebugString(), "}",
          where, " and cannot start with {", spec.initializer.ShortDebugString(), "} here"));
    }
    return existing;
  }
  if (FindLeaf(Leaf::kState, spec.name).valid()) return Exists(Leaf::kState, spec.name);
  GRADUS_RETURN_IF_ERROR(CheckFixed(Leaf::kParameter, spec.name, spec.shape));
  const Value value = AddLeaf(Leaf::kParameter, spec.name, {DType::kFloat32, spec.shape},
                              static_cast<int32_t>(parameters_.size()), origin);
  parameters_.push_back(value);
  parameter_specs_.push_back(spec);
  return value;
}

absl::StatusOr<Value> Graph::AddState(const StateSpec& spec, const ConfigPath& origin) {
  for (Leaf leaf : {Leaf::kState, Leaf::kParameter}) {
    if (FindLeaf(leaf, spec.name).valid()) return Exists(leaf, spec.name);
  }
  GRADUS_RETURN_IF_ERROR(CheckFixed(Leaf::kState, spec.name, spec.shape));
  const Value value = AddLeaf(Leaf::kState, spec.name, {DType::kFloat32, spec.shape},
                              static_cast<int32_t>(states_.size()), origin);
  states_.push_back(value);
  state_specs_.push_back(spec);
  next_.push_back(Value());
  return value;
}

absl::StatusOr<Value> Graph::AddScalar(absl::string_view name, DType dtype) {
  const Value existing = FindLeaf(Leaf::kScalar, name);
  if (existing.valid()) {
    if (spec(existing).dtype == dtype) return existing;
    return absl::InvalidArgumentError(absl::StrCat("scalar \"", name, "\" is ",
                                                   Name(spec(existing).dtype), ", not ",
                                                   Name(dtype)));
  }
  const Value value = AddLeaf(Leaf::kScalar, name, {dtype, Shape()},
                              static_cast<int32_t>(scalars_.size()), ConfigPath());
  scalars_.push_back(value);
  return value;
}

absl::StatusOr<Value> Graph::AddConstant(absl::string_view name, Tensor tensor) {
  if (FindLeaf(Leaf::kConstant, name).valid()) return Exists(Leaf::kConstant, name);
  const TensorSpec spec{tensor.dtype(), Shape::Fixed(tensor.dims())};
  const Value value = AddLeaf(Leaf::kConstant, name, spec,
                              static_cast<int32_t>(constants_.size()), ConfigPath());
  constants_.push_back(std::move(tensor));
  return value;
}

absl::StatusOr<Value> Graph::AddNode(const google::protobuf::Message& config,
                                     absl::Span<const Value> inputs, absl::string_view name,
                                     const ConfigPath& origin) {
  const google::protobuf::Descriptor& type = *config.GetDescriptor();
  const Op* op = Registry<Op>::Get().Find(type.full_name());
  if (op == nullptr) {
    return absl::NotFoundError(absl::StrCat("no operation is registered for ", type.full_name()));
  }
  std::vector<TensorSpec> input_specs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value input = inputs[i];
    if (input.node < 0 || input.node >= size() || input.output < 0 ||
        input.output >= static_cast<int>(nodes_[input.node].outputs.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("op ", type.name(), ": input ", i, " is not a value of this graph"));
    }
    input_specs.push_back(spec(input));
  }
  std::vector<TensorSpec> outputs;
  absl::Status inferred = op->InferOutputs(config, input_specs, &outputs);
  if (inferred.ok() && outputs.empty()) inferred = absl::InternalError("it gives no output");
  for (const TensorSpec& output : outputs) {
    if (inferred.ok()) inferred = output.shape.Elements().status();
  }
  if (!inferred.ok()) return Annotate(inferred, Call(config, input_specs));

  Node node;
  node.name = UniqueName(name.empty() ? DefaultNodeName(config) : std::string(name));
  node.origin = origin;
  node.op = op;
  std::shared_ptr<google::protobuf::Message> copy(config.New());
  copy->CopyFrom(config);
  node.config = std::move(copy);
  node.inputs.assign(inputs.begin(), inputs.end());
  node.outputs.assign(outputs.begin(), outputs.end());
  nodes_.push_back(std::move(node));
  return Value{size() - 1, 0};
}

absl::Status Graph::SetNext(Value state, Value next) {
  if (!state.valid() || node(state).leaf != Leaf::kState) {
    return absl::InvalidArgumentError("SetNext needs a state");
  }
  const Node& leaf = node(state);
  if (!next.valid() || spec(next) != spec(state)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the next value of state \"", leaf.name, "\" is ",
                     next.valid() ? spec(next).ToString() : "missing", ", the state ",
                     spec(state).ToString()));
  }
  Value& slot = next_[leaf.leaf_index];
  if (slot.valid()) {
    return absl::AlreadyExistsError(
        absl::StrCat("state \"", leaf.name, "\" has a next value already"));
  }
  slot = next;
  return absl::OkStatus();
}

Value Graph::FindLeaf(Leaf leaf, absl::string_view name) const {
  auto found = leaves_.find(LeafKey(leaf, name));
  return found == leaves_.end() ? Value() : found->second;
}

std::string Graph::UniqueName(absl::string_view wanted) {
  std::string name(wanted);
  while (!names_.emplace(name, 0).second) {
    name = absl::StrCat(wanted, "_", ++names_[std::string(wanted)]);
  }
  return name;
}

Value Graph::AddLeaf(Leaf leaf, absl::string_view name, const TensorSpec& spec, int32_t leaf_index,
                     const ConfigPath& origin) {
  Node node;
  node.name = UniqueName(name);
  node.origin = origin;
  node.leaf = leaf;
  node.leaf_index = leaf_index;
  node.outputs.push_back(spec);
  nodes_.push_back(std::move(node));
  const Value value{size() - 1, 0};
  leaves_.emplace(LeafKey(leaf, name), value);
  return value;
}

}  // namespace gradus
