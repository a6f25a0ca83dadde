// Expressions into a graph, and the adjoint of broadcasting.

#include "gradus/graph/emitter.h"

#include <cstdlib>

#include "absl/strings/str_format.h"

namespace gradus {
namespace {

template <class Config>
Config WithShape(const Shape& shape) {
  Config config;
  for (const Dim& dim : shape.dims()) {
    op::Dim* out = config.add_shape();
    out->set_k(dim.k);
    if (dim.batch) out->set_batch(true);
  }
  return config;
}

}  // namespace

Value Emitter::operator()(const google::protobuf::Message& config, absl::Span<const Value> inputs,
                          absl::string_view name) {
  if (!status_.ok()) return Value();
  for (Value input : inputs) {
    if (!input.valid()) return Value();
  }
  absl::StatusOr<Value> value = graph_->AddNode(
      config, inputs, absl::StrCat(prefix_, name.empty() ? DefaultNodeName(config) : std::string(name)),
      origin_);
  if (!value.ok()) {
    Fail(value.status());
    return Value();
  }
  return *value;
}

Value Emitter::Constant(float value) {
  if (!status_.ok()) return Value();
  // The number is the name, with as few digits as give the same float: equal constants are one node.
  std::string name = absl::StrFormat("%.6g", value);
  if (std::strtof(name.c_str(), nullptr) != value) name = absl::StrFormat("%.9g", value);
  const Value existing = graph_->FindLeaf(Leaf::kConstant, name);
  if (existing.valid()) return existing;
  absl::StatusOr<Value> added = graph_->AddConstant(name, Tensor::Of<float>({}, {value}));
  if (!added.ok()) {
    Fail(added.status());
    return Value();
  }
  return *added;
}

Value Emitter::Reshape(Value value, const Shape& shape) {
  if (!value.valid() || spec(value).shape == shape) return value;
  return (*this)(WithShape<op::Reshape>(shape), {value});
}

Value Emitter::Broadcast(Value value, const Shape& shape) {
  if (!value.valid() || spec(value).shape == shape) return value;
  return (*this)(WithShape<op::Broadcast>(shape), {value});
}

Value Emitter::SumTo(Value value, const Shape& shape) {
  if (!value.valid()) return value;
  const Shape from = spec(value).shape;
  const int added = from.rank() - shape.rank();
  op::ReduceSum sum;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const Dim one{1, false};
    const Dim target = axis < added ? one : shape.dim(axis - added);
    if (target == one && from.dim(axis) != one) sum.add_axis(axis);
  }
  if (sum.axis_size() > 0) value = (*this)(sum, {value});
  return Reshape(value, shape);
}

const TensorSpec& Emitter::spec(Value value) const {
  static const TensorSpec* const empty = new TensorSpec;
  return value.valid() ? graph_->spec(value) : *empty;
}

}  // namespace gradus
