// What the planner finds out before it walks: whether the program fits its targets, which values
// share a buffer, who reads what, and where leaves lie.

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/plan_builder.h"

namespace gradus {

absl::Status PlanBuilder::Check() const {
  if (options_.rows < 0) {
    return absl::InvalidArgumentError(absl::StrCat(options_.rows, " rows are negative"));
  }
  if (plan_->targets_.size() != fetches_.size() ||
      parameters_.count() != static_cast<int>(graph_.parameters().size()) ||
      states_.count() != static_cast<int>(graph_.states().size())) {
    return absl::InvalidArgumentError("targets or layouts are not of this graph");
  }
  for (int i = 0; i < graph_.size(); ++i) {
    for (const TensorSpec& spec : graph_.node(i).outputs) {
      absl::StatusOr<int64_t> elements = ElementCount(spec.shape.At(options_.rows));
      if (!elements.ok()) {
        return absl::ResourceExhaustedError(absl::StrCat("node \"", graph_.node(i).name, "\" with ",
                                                         options_.rows,
                                                         " rows: ", elements.status().message()));
      }
    }
  }
  for (size_t t = 0; t < fetches_.size(); ++t) {
    const FetchTarget& target = plan_->targets_[t];
    if (target.kind != FetchTarget::kGradient && target.kind != FetchTarget::kState) continue;
    const bool gradient = target.kind == FetchTarget::kGradient;
    const ParameterPlace& place =
        gradient ? parameters_.place(target.index) : states_.place(target.index);
    const TensorSpec& spec = graph_.spec(fetches_[t]);
    if (spec.dtype != DType::kFloat32 || spec.shape.At(options_.rows) != place.dims) {
      return absl::InvalidArgumentError(absl::StrCat(
          gradient ? "the gradient of \"" : "the next value of \"", place.name, "\" is ",
          spec.ToString(), ", which is not the shape of what it belongs to"));
    }
  }
  return absl::OkStatus();
}

void PlanBuilder::FindRoots() {
  stored_.resize(graph_.size());
  roots_.resize(graph_.size());
  reads_.resize(graph_.size());
  for (int i = 0; i < graph_.size(); ++i) {
    const Node& node = graph_.node(i);
    stored_[i].resize(node.outputs.size());
    reads_[i].resize(node.outputs.size(), 0);
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      roots_[i].push_back(Value{i, static_cast<int32_t>(o)});
    }
    if (node.op != nullptr && node.op->IsView(*node.config) && !ReadsTotal(i, node.inputs[0])) {
      roots_[i][0] = root(node.inputs[0]);
    }
  }
}

void PlanBuilder::CountReads() {
  for (int i = 0; i < graph_.size(); ++i) {
    const Node& node = graph_.node(i);
    if (!needed_[i] || node.leaf.has_value() || node.op->IsView(*node.config)) continue;
    for (Value input : node.inputs) {
      if (!ReadsTotal(i, input)) ++reads(root(input));
    }
  }
  if (options_.split != nullptr) {
    for (const RowSplit::Sum& sum : options_.split->sums) ++reads(root(sum.value));
  }
  for (size_t t = 0; t < fetches_.size(); ++t) {
    const Value from = root(fetches_[t]);
    ++reads(from);  // Never counted down: what is fetched stays.
    if (graph_.node(from).leaf.has_value()) continue;
    const Operand operand = OperandAsFetched(static_cast<int>(t));
    const std::vector<int64_t> dims = OperandOf(from).dims;
    // Padded rows must be the same rows.
    const bool fits = operand.dense() || (!dims.empty() && dims.back() == operand.dims.back());
    if (fits) fetch_of_root_.emplace(from, static_cast<int>(t));
  }
}

void PlanBuilder::AddLeaf(int index) {
  const Node& node = graph_.node(index);
  const Operand operand = OperandOf({index, 0});
  Stored& here = stored({index, 0});
  here.pitch = operand.pitch;
  Plan::Place place{Plan::Place::kArena, node.leaf_index, 0};
  switch (*node.leaf) {
    case Leaf::kInput:
      place.kind = Plan::Place::kInput;
      break;
    case Leaf::kParameter:
      place.kind = Plan::Place::kParameter;
      place.offset = parameters_.place(node.leaf_index).offset * sizeof(float);
      if (!operand.dims.empty()) here.pitch = parameters_.place(node.leaf_index).pitch;
      break;
    case Leaf::kState:
      place.kind = Plan::Place::kState;
      place.offset = states_.place(node.leaf_index).offset * sizeof(float);
      break;
    case Leaf::kConstant:
      place.kind = Plan::Place::kConstant;
      break;
    case Leaf::kScalar:
      // Offset is filled in when the arena is placed; until then it is the buffer's number.
      here.buffer = NewArenaBuffer(DenseBytes(operand));
      plan_->scalars_.push_back({node.leaf_index, operand.dtype, here.buffer});
      return;
  }
  here.buffer = NewBuffer(place, DenseBytes(operand));
}

}  // namespace gradus
