// A graph evaluated by plain loops in double.

#include "tests/testing/reference_executor.h"

#include <string>
#include <utility>

#include "gradus/base/status.h"

namespace gradus {
namespace {

int64_t Elements(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (int64_t k : dims) count *= k;
  return count;
}

RefTensor FromTensor(const Tensor& tensor) {
  RefTensor out{tensor.dims(), {}};
  switch (tensor.dtype()) {
    case DType::kFloat32:
      out.values.assign(tensor.data<float>().begin(), tensor.data<float>().end());
      break;
    case DType::kFloat64:
      out.values.assign(tensor.data<double>().begin(), tensor.data<double>().end());
      break;
    case DType::kInt32:
      out.values.assign(tensor.data<int32_t>().begin(), tensor.data<int32_t>().end());
      break;
    case DType::kInt64:
      out.values.assign(tensor.data<int64_t>().begin(), tensor.data<int64_t>().end());
      break;
    case DType::kUint8:
      out.values.assign(tensor.data<uint8_t>().begin(), tensor.data<uint8_t>().end());
      break;
  }
  return out;
}

absl::StatusOr<RefTensor> LeafValue(const Graph& graph, const ReferenceLeaves& leaves,
                                    int64_t rows, Value value) {
  const Node& node = graph.node(value);
  if (*node.leaf == Leaf::kConstant) return FromTensor(graph.constant(value));
  auto found = leaves.find(value);
  if (found == leaves.end()) {
    return absl::InvalidArgumentError(absl::StrCat("leaf \"", node.name, "\" has no value"));
  }
  const RefTensor& given = found->second;
  if (given.dims != node.outputs[0].shape.At(rows) ||
      static_cast<int64_t>(given.values.size()) != Elements(given.dims)) {
    return absl::InvalidArgumentError(absl::StrCat("leaf \"", node.name, "\" is not ",
                                                   node.outputs[0].ToString(), " at batch ", rows));
  }
  return given;
}

// Which nodes the fetches need.
std::vector<bool> Needed(const Graph& graph, absl::Span<const Value> fetches) {
  std::vector<bool> needed(graph.size(), false);
  for (Value value : fetches) needed[value.node] = true;
  for (int i = graph.size() - 1; i >= 0; --i) {
    if (!needed[i]) continue;
    for (Value input : graph.node(i).inputs) needed[input.node] = true;
  }
  return needed;
}

}  // namespace

absl::StatusOr<std::vector<RefTensor>> EvaluateReference(const Graph& graph,
                                                         const ReferenceLeaves& leaves,
                                                         int64_t rows,
                                                         absl::Span<const Value> fetches) {
  for (Value value : fetches) GRADUS_CHECK(value.valid());
  const std::vector<bool> needed = Needed(graph, fetches);
  std::vector<std::vector<RefTensor>> results(graph.size());
  for (int i = 0; i < graph.size(); ++i) {
    if (!needed[i]) continue;
    const Node& node = graph.node(i);
    if (node.leaf.has_value()) {
      GRADUS_ASSIGN_OR_RETURN(RefTensor value, LeafValue(graph, leaves, rows, Value{i, 0}));
      results[i].push_back(std::move(value));
      continue;
    }
    const std::string& op = node.config->GetDescriptor()->full_name();
    const Reference* reference = Registry<Reference>::Get().Find(op);
    if (reference == nullptr) {
      return absl::UnimplementedError(absl::StrCat("op ", op, " has no reference"));
    }
    std::vector<RefTensor> inputs;
    for (Value input : node.inputs) inputs.push_back(results[input.node][input.output]);
    for (const TensorSpec& spec : node.outputs) {
      RefTensor out{spec.shape.At(rows), {}};
      out.values.assign(Elements(out.dims), 0.0);
      results[i].push_back(std::move(out));
    }
    (*reference)(*node.config, inputs, absl::MakeSpan(results[i]));
  }
  std::vector<RefTensor> fetched;
  for (Value value : fetches) fetched.push_back(results[value.node][value.output]);
  return fetched;
}

}  // namespace gradus
