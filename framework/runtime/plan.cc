// The planner. It walks the nodes once and decides for each which kernel runs and which buffers it
// reads and writes:
//
//   - a view shares its input's buffer; a node without output elements runs nothing;
//   - a fetched value is computed right in the caller's buffer, unless it is a leaf, is fetched
//   twice, or lies otherwise there;
//   - a result may take over the buffer of an input that nobody reads later;
//   - a kernel that does not understand padded rows gets dense copies;
//   - in a block of several phases, a term of a sum stays where it is and is copied to where it is
//   added up, so that both it and the total can be read.
//
// Then the buffers of the arena are placed by their lifetimes.

#include "gradus/runtime/plan.h"

#include <algorithm>
#include <utility>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/kernel_choice.h"
#include "gradus/runtime/onednn.h"
#include "gradus/runtime/plan_builder.h"

namespace gradus {

void PlanBuilder::AddStep(int node, Choice choice, std::unique_ptr<Kernel> kernel,
                          StepBuffers step) {
  const int number = static_cast<int>(step_buffers_.size());
  for (int buffer : step.inputs) buffers_[buffer].last = std::max(buffers_[buffer].last, number);
  for (int buffer : step.outputs) {
    if (buffers_[buffer].first < 0 && buffers_[buffer].last < 0) buffers_[buffer].first = number;
    buffers_[buffer].last = number;
  }
  plan_->scratch_bytes_ = std::max(plan_->scratch_bytes_, choice.scratch_bytes);
  plan_->steps_.push_back({node, std::move(choice), std::move(kernel), {}, {}});
  step_buffers_.push_back(std::move(step));
}

void PlanBuilder::AddCopy(int node, const Operand& from, int from_buffer, const Operand& to,
                          int to_buffer) {
  if (from.elements() == 0) return;
  Choice choice;
  choice.factory = "copy";
  choice.cost = CopyCost(from);
  AddStep(node, std::move(choice), MakeCopyKernel(from, to), {{from_buffer}, {to_buffer}});
}

int PlanBuilder::DenseBuffer(Value value, Stored here) {
  const Operand padded = OperandAsStored(value, here);
  if (padded.dense()) return here.buffer;
  if (buffers_[here.buffer].dense_copy < 0) {
    const Operand dense = OperandOf(value);
    const int copy = NewArenaBuffer(DenseBytes(dense));
    buffers_[here.buffer].dense_copy = copy;
    AddCopy(value.node, padded, here.buffer, dense, copy);
  }
  return buffers_[here.buffer].dense_copy;
}

// Whether the node was a view and shares its input's buffer.
bool PlanBuilder::AddView(int index) {
  const Node& node = graph_.node(index);
  if (!node.op->IsView(*node.config)) return false;
  const Value in = node.inputs[0], out{index, 0};
  const Stored here = StoredFor(index, in);
  const Operand from = OperandAsStored(in, here), to = OperandOf(out);
  if (from.dense()) {
    stored(out) = {here.buffer, to.pitch};
  } else if (!to.dims.empty() && to.dims.back() == from.dims.back()) {
    stored(out) = {here.buffer, from.pitch};
  } else {
    stored(out) = {DenseBuffer(in, here), to.pitch};
  }
  return true;
}

// An input buffer that the output may be written over, or -1.
int PlanBuilder::FindInPlace(int index, int output, const StepBuffers& step) {
  const Node& node = graph_.node(index);
  const Value out{index, output};
  if (options_.keep_all) return -1;
  for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
    const Value in = node.inputs[i];
    const Buffer& buffer = buffers_[step.inputs[i]];
    const bool same =
        graph_.spec(in) == graph_.spec(out) || (OperandOf(in).dims == OperandOf(out).dims &&
                                                graph_.spec(in).dtype == graph_.spec(out).dtype);
    if (!same || !node.op->MayOverwrite(*node.config, output, i)) continue;
    if (buffer.place.kind != Plan::Place::kArena || reads(root(in)) != 1) continue;
    const auto uses = [&](const std::vector<int>& list) {
      return std::count(list.begin(), list.end(), step.inputs[i]);
    };
    if (uses(step.inputs) == 1 && uses(step.outputs) == 0) return step.inputs[i];
  }
  return -1;
}

int PlanBuilder::OutputBuffer(int index, int output, bool dense, StepBuffers* step) {
  const Value value{index, output};
  const Operand operand = OperandOf(value);
  auto fetch = fetch_of_root_.find(value);
  if (fetch != fetch_of_root_.end()) {
    const Operand fetched = OperandAsFetched(fetch->second);
    if (fetched.dense() || !dense) {
      const int64_t pitch = fetched.dense() ? operand.pitch : fetched.pitch;
      stored(value) = {NewBuffer(PlaceOfFetch(fetch->second), DenseBytes(operand)), pitch};
      return stored(value).buffer;
    }
  }
  int buffer = FindInPlace(index, output, *step);
  if (buffer < 0) buffer = NewArenaBuffer(DenseBytes(operand));
  stored(value) = {buffer, operand.pitch};
  return buffer;
}

absl::Status PlanBuilder::AddOperation(int index) {
  if (AddView(index)) return absl::OkStatus();
  const Node& node = graph_.node(index);
  Request request;
  request.config = node.config.get();
  request.node = node.name;
  for (Value input : node.inputs) {
    request.inputs.push_back(OperandAsStored(input, StoredFor(index, input)));
  }
  bool empty = true;
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const Value value{index, static_cast<int32_t>(o)};
    Operand operand = OperandOf(value);
    auto fetch = fetch_of_root_.find(value);
    if (fetch != fetch_of_root_.end()) {
      const Operand fetched = OperandAsFetched(fetch->second);
      if (!fetched.dense()) operand.pitch = fetched.pitch;
    }
    empty = empty && operand.elements() == 0;
    request.outputs.push_back(std::move(operand));
  }
  ChosenKernel chosen;
  StepBuffers step;
  if (!empty) {
    absl::StatusOr<ChosenKernel> choice = ChooseKernel(request);
    if (!choice.ok()) {
      return absl::Status(choice.status().code(), absl::StrCat(choice.status().message(), " [",
                                                               node.origin.ToString(), "]"));
    }
    chosen = *std::move(choice);
    for (Value input : node.inputs) {
      const Stored here = StoredFor(index, input);
      step.inputs.push_back(chosen.dense ? DenseBuffer(input, here) : here.buffer);
    }
  }
  for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
    if (empty) {
      stored({index, o}) = {NewArenaBuffer(0), OperandOf({index, o}).pitch};
    } else {
      step.outputs.push_back(OutputBuffer(index, o, chosen.dense, &step));
    }
  }
  for (Value input : node.inputs) {
    if (!ReadsTotal(index, input)) --reads(root(input));
  }
  if (!empty) {
    AddStep(index, std::move(chosen.choice), std::move(chosen.kernel), std::move(step));
  }
  return absl::OkStatus();
}

void PlanBuilder::AddSums(int phase) {
  const std::vector<RowSplit::Sum>& sums = options_.split->sums;
  for (int i = 0; i < static_cast<int>(sums.size()); ++i) {
    if (sums[i].phase != phase) continue;
    const Value value = sums[i].value;
    const Operand dense = OperandOf(value);
    const int64_t offset = sums[i].offset * static_cast<int64_t>(sizeof(float));
    const int term = NewBuffer({Plan::Place::kTerm, i, offset}, DenseBytes(dense));
    AddCopy(value.node, OperandAsStored(value, stored(value)), stored(value).buffer, dense, term);
    --reads(root(value));
    const int total = NewBuffer({Plan::Place::kTotal, i, offset}, DenseBytes(dense));
    totals_[value] = {total, dense.pitch};
  }
}

void PlanBuilder::CopyFetch(int target) {
  const Value value = fetches_[target];
  const Buffer& buffer = buffers_[stored(value).buffer];
  if (buffer.place.kind == Plan::Place::kFetch && buffer.place.index == target) return;
  const Operand to = OperandAsFetched(target);
  const int from_buffer = stored(value).buffer;
  const int to_buffer = NewBuffer(PlaceOfFetch(target), DenseBytes(to));
  AddCopy(value.node, OperandAsStored(value, stored(value)), from_buffer, to, to_buffer);
}

absl::Status PlanBuilder::PlaceArena() {
  std::vector<int> arena_index(buffers_.size(), -1);
  const int end = static_cast<int>(step_buffers_.size());
  for (size_t b = 0; b < buffers_.size(); ++b) {
    const Buffer& buffer = buffers_[b];
    if (buffer.place.kind != Plan::Place::kArena) continue;
    arena_index[b] = static_cast<int>(plan_->buffers_.size());
    plan_->buffers_.push_back(
        {buffer.bytes, buffer.first, options_.keep_all ? end : std::max(buffer.last, 0), 0});
  }
  GRADUS_ASSIGN_OR_RETURN(plan_->arena_bytes_, PlaceBuffers(absl::MakeSpan(plan_->buffers_)));
  const auto place = [&](int b) {
    Plan::Place p = buffers_[b].place;
    if (arena_index[b] >= 0) p.offset = plan_->buffers_[arena_index[b]].offset;
    return p;
  };
  for (size_t s = 0; s < step_buffers_.size(); ++s) {
    for (int b : step_buffers_[s].inputs) plan_->steps_[s].inputs.push_back(place(b));
    for (int b : step_buffers_[s].outputs) plan_->steps_[s].outputs.push_back(place(b));
  }
  for (Plan::ScalarSlot& slot : plan_->scalars_) {
    slot.offset = place(static_cast<int>(slot.offset)).offset;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Plan>> Plan::Compile(std::shared_ptr<const Program> program,
                                                          absl::Span<const FetchTarget> targets,
                                                          const ParameterLayout& parameters,
                                                          const ParameterLayout& states,
                                                          const CompileOptions& options) {
  const OneOpenMpThread one_thread;
  return GuardOneDnn("planning", [&]() -> absl::StatusOr<std::shared_ptr<const Plan>> {
    return PlanBuilder(std::move(program), targets, parameters, states, options).Build();
  });
}

}  // namespace gradus
