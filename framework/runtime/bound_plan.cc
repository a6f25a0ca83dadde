// A plan with the addresses of one context.

#include "gradus/runtime/bound_plan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int kArena = 0;
constexpr int kParameters = 1;
constexpr int kStates = 2;
constexpr int kGradients = 3;
constexpr int kNextStates = 4;
constexpr int kTerms = 5;
constexpr int kTotals = 6;
constexpr int kFirstInput = 7;

// The nearest whole number of the type; 0 for NaN.
template <class Int>
Int ToInteger(double value) {
  constexpr double kLow = static_cast<double>(std::numeric_limits<Int>::min());
  constexpr double kHigh = static_cast<double>(std::numeric_limits<Int>::max());
  if (!(value >= kLow)) return value < kLow ? std::numeric_limits<Int>::min() : 0;
  return value >= kHigh ? std::numeric_limits<Int>::max() : static_cast<Int>(value);
}

void WriteScalar(DType dtype, double value, void* p) {
  switch (dtype) {
    case DType::kFloat32:
      *static_cast<float*>(p) = static_cast<float>(value);
      break;
    case DType::kFloat64:
      *static_cast<double*>(p) = value;
      break;
    case DType::kInt32:
      *static_cast<int32_t*>(p) = ToInteger<int32_t>(value);
      break;
    case DType::kInt64:
      *static_cast<int64_t*>(p) = ToInteger<int64_t>(value);
      break;
    case DType::kUint8:
      *static_cast<uint8_t*>(p) = ToInteger<uint8_t>(value);
      break;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<BoundPlan>> BoundPlan::Create(std::shared_ptr<const Plan> plan) {
  std::unique_ptr<BoundPlan> bound(new BoundPlan(std::move(plan)));
  GRADUS_RETURN_IF_ERROR(bound->Bind());
  return bound;
}

int64_t BoundPlan::ArenaBytes(const Plan& plan) {
  return plan.arena_bytes() + plan.scratch_bytes() + 64;
}

int BoundPlan::BaseOf(const Plan::Place& place) const {
  const int inputs = static_cast<int>(plan_->program().graph.inputs().size());
  switch (place.kind) {
    case Plan::Place::kArena:
      return kArena;
    case Plan::Place::kParameter:
      return kParameters;
    case Plan::Place::kState:
      return kStates;
    case Plan::Place::kInput:
      return kFirstInput + place.index;
    case Plan::Place::kFetch:
      switch (plan_->targets()[place.index].kind) {
        case FetchTarget::kGradient:
          return kGradients;
        case FetchTarget::kState:
          return kNextStates;
        default:
          return kFirstInput + inputs + place.index;
      }
    case Plan::Place::kTerm:
      return kTerms;
    case Plan::Place::kTotal:
      return kTotals;
    case Plan::Place::kConstant:
      break;
  }
  return -1;
}

absl::Status BoundPlan::Bind() {
  const Graph& graph = plan_->program().graph;
  std::vector<const void*> constants;
  for (int i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (!node.leaf.has_value() || *node.leaf != Leaf::kConstant) continue;
    constants.resize(std::max<size_t>(constants.size(), node.leaf_index + 1), nullptr);
    constants[node.leaf_index] = graph.constant(Value{i, 0}).raw();
  }
  size_t count = 0;
  for (const Plan::Step& step : plan_->steps()) count += step.inputs.size() + step.outputs.size();
  pointers_.resize(count, nullptr);
  bases_.resize(kFirstInput + graph.inputs().size() + plan_->targets().size());
  std::vector<std::vector<Patch>> patches(bases_.size());
  int slot = 0;
  const auto add = [&](const Plan::Place& place) {
    const int base = BaseOf(place);
    if (base < 0) {
      pointers_[slot] = const_cast<void*>(constants[place.index]);
    } else {
      patches[base].push_back({slot, place.offset});
    }
    ++slot;
  };
  for (const Plan::Step& step : plan_->steps()) {
    GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<KernelState> state, step.kernel->NewState());
    Call call{step.kernel.get(), state.get(), {pointers_.data() + slot, nullptr, nullptr}};
    for (const Plan::Place& place : step.inputs) add(place);
    call.args.outputs = pointers_.data() + slot;
    for (const Plan::Place& place : step.outputs) add(place);
    calls_.push_back(call);
    states_.push_back(std::move(state));
  }
  for (size_t b = 0; b < bases_.size(); ++b) {
    bases_[b].begin = static_cast<int>(patches_.size());
    patches_.insert(patches_.end(), patches[b].begin(), patches[b].end());
    bases_[b].end = static_cast<int>(patches_.size());
  }
  return absl::OkStatus();
}

void BoundPlan::Move(int base, char* pointer) {
  Base& b = bases_[base];
  b.now = pointer;
  for (int i = b.begin; i < b.end; ++i) {
    pointers_[patches_[i].slot] = pointer == nullptr ? nullptr : pointer + patches_[i].offset;
  }
  if (base != kArena) return;
  for (Call& call : calls_) call.args.scratch = pointer + plan_->arena_bytes();
}

void BoundPlan::Prepare(void* arena, const PlanBases& bases, absl::Span<const double> scalars,
                        int row_offset_scalar, int64_t row_begin) {
  Set(kArena, arena);
  Set(kParameters, bases.parameters);
  Set(kStates, bases.states);
  Set(kGradients, bases.gradients);
  Set(kNextStates, bases.next_states);
  Set(kTerms, bases.terms);
  Set(kTotals, bases.totals);
  const int inputs = static_cast<int>(plan_->program().graph.inputs().size());
  for (int i = 0; i < inputs; ++i) Set(kFirstInput + i, bases.inputs[i]);
  const int targets = static_cast<int>(plan_->targets().size());
  for (int t = 0; t < targets; ++t) {
    const FetchTarget::Kind kind = plan_->targets()[t].kind;
    if (kind == FetchTarget::kGradient || kind == FetchTarget::kState) continue;
    Set(kFirstInput + inputs + t, bases.fetches[t]);
  }
  for (const Plan::ScalarSlot& slot : plan_->scalars()) {
    const double value = scalars[slot.index] +
                         (slot.index == row_offset_scalar ? static_cast<double>(row_begin) : 0.0);
    WriteScalar(slot.dtype, value, static_cast<char*>(arena) + slot.offset);
  }
}

absl::Status BoundPlan::Annotate(size_t step, const absl::Status& status) const {
  const Node& node = plan_->program().graph.node(plan_->steps()[step].node);
  return absl::Status(status.code(), absl::StrCat("node \"", node.name, "\": ", status.message(),
                                                  " [", node.origin.ToString(), "]"));
}

absl::Status BoundPlan::RunStep(size_t step) {
  const Call& call = calls_[step];
  absl::Status status = call.kernel->Run(call.args, call.state);
  if (!status.ok()) return Annotate(step, status);
  return status;
}

absl::Status BoundPlan::RunSteps(size_t begin, size_t end) {
  for (size_t s = begin; s < end; ++s) {
    const Call& call = calls_[s];
    absl::Status status = call.kernel->Run(call.args, call.state);
    if (!status.ok()) return Annotate(s, status);
  }
  return absl::OkStatus();
}

absl::Status BoundPlan::RunPhase(int phase) {
  const std::vector<int>& ends = plan_->phase_ends();
  return RunSteps(phase == 0 ? 0 : ends[phase - 1], ends[phase]);
}

absl::Status BoundPlan::Run(void* arena, const PlanBases& bases, absl::Span<const double> scalars,
                            int row_offset_scalar, int64_t row_begin) {
  Prepare(arena, bases, scalars, row_offset_scalar, row_begin);
  return RunSteps(0, calls_.size());
}

}  // namespace gradus
