// The planner's working state; only for the files plan*.cc.

#ifndef GRADUS_RUNTIME_PLAN_BUILDER_H_
#define GRADUS_RUNTIME_PLAN_BUILDER_H_

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/runtime/plan.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {

class PlanBuilder {
 public:
  PlanBuilder(std::shared_ptr<const Program> program, absl::Span<const FetchTarget> targets,
              const ParameterLayout& parameters, const ParameterLayout& states,
              const CompileOptions& options)
      : graph_(program->graph),
        fetches_(program->fetches),
        parameters_(parameters),
        states_(states),
        options_(options),
        needed_(NeededNodes(*program)),
        plan_(new Plan) {
    plan_->program_ = std::move(program);
    plan_->rows_ = options.rows;
    plan_->targets_.assign(targets.begin(), targets.end());
  }

  absl::StatusOr<std::shared_ptr<const Plan>> Build() {
    GRADUS_RETURN_IF_ERROR(Check());
    FindRoots();
    CountReads();
    const int phases = options_.split == nullptr ? 1 : options_.split->phases;
    for (int phase = 0; phase < phases; ++phase) {
      for (int i = 0; i < graph_.size(); ++i) {
        if (!needed_[i] || PhaseOf(i) != phase) continue;
        if (graph_.node(i).leaf.has_value()) {
          AddLeaf(i);
        } else {
          GRADUS_RETURN_IF_ERROR(AddOperation(i));
        }
      }
      if (phase + 1 == phases) break;
      AddSums(phase);
      plan_->phase_ends_.push_back(static_cast<int>(step_buffers_.size()));
    }
    for (size_t t = 0; t < fetches_.size(); ++t) CopyFetch(static_cast<int>(t));
    plan_->phase_ends_.push_back(static_cast<int>(step_buffers_.size()));
    GRADUS_RETURN_IF_ERROR(PlaceArena());
    return std::shared_ptr<const Plan>(std::move(plan_));
  }

 private:
  struct Buffer {
    Plan::Place place;
    int64_t bytes = 0;
    int first = -1, last = -1;
    int dense_copy = -1;  // The buffer that holds it without padding, once there is one.
  };
  // Where a value lies.
  struct Stored {
    int buffer = -1;
    int64_t pitch = 0;
  };
  struct StepBuffers {
    std::vector<int> inputs, outputs;
  };

  absl::Status Check() const;
  void FindRoots();
  void CountReads();
  void AddLeaf(int index);
  absl::Status AddOperation(int index);
  bool AddView(int index);
  // Copies the terms that are complete after a phase to where they are added up.
  void AddSums(int phase);
  void CopyFetch(int target);
  absl::Status PlaceArena();

  Operand OperandOf(Value value) const {
    Operand operand;
    const TensorSpec& spec = graph_.spec(value);
    operand.dtype = spec.dtype;
    operand.dims = spec.shape.At(options_.rows);
    operand.pitch = operand.dims.empty() ? 1 : operand.dims.back();
    return operand;
  }
  Operand OperandAsStored(Value value, const Stored& here) const {
    Operand operand = OperandOf(value);
    operand.pitch = here.pitch;
    return operand;
  }
  int PhaseOf(int node) const {
    return options_.split == nullptr ? 0 : options_.split->phase_of[node];
  }
  // Whether the node reads the total over all blocks of this input, not the block's own term.
  bool ReadsTotal(int node, Value input) const {
    return options_.split != nullptr && options_.split->total(node, input);
  }
  const Stored& StoredFor(int node, Value input) {
    return ReadsTotal(node, input) ? totals_.at(input) : stored(input);
  }
  static int64_t DenseBytes(const Operand& operand) {
    return operand.elements() * ByteSize(operand.dtype);
  }
  // The value as its target wants it.
  Operand OperandAsFetched(int target) const {
    Operand operand = OperandOf(fetches_[target]);
    const FetchTarget& t = plan_->targets_[target];
    if (t.kind == FetchTarget::kGradient && !operand.dims.empty()) {
      operand.pitch = parameters_.place(t.index).pitch;
    }
    return operand;
  }
  Plan::Place PlaceOfFetch(int target) const {
    const FetchTarget& t = plan_->targets_[target];
    int64_t floats = 0;
    if (t.kind == FetchTarget::kGradient) floats = parameters_.place(t.index).offset;
    if (t.kind == FetchTarget::kState) floats = states_.place(t.index).offset;
    return {Plan::Place::kFetch, target, floats * static_cast<int64_t>(sizeof(float))};
  }

  Stored& stored(Value value) { return stored_[value.node][value.output]; }
  Value root(Value value) const { return roots_[value.node][value.output]; }
  int& reads(Value value) { return reads_[value.node][value.output]; }

  int NewBuffer(Plan::Place place, int64_t bytes) {
    Buffer buffer;
    buffer.place = place;
    buffer.bytes = bytes;
    buffers_.push_back(buffer);
    return static_cast<int>(buffers_.size()) - 1;
  }
  int NewArenaBuffer(int64_t bytes) { return NewBuffer(Plan::Place(), bytes); }
  void AddStep(int node, Choice choice, std::unique_ptr<Kernel> kernel, StepBuffers step);
  void AddCopy(int node, const Operand& from, int from_buffer, const Operand& to, int to_buffer);
  // A buffer with the stored value without padding.
  int DenseBuffer(Value value, Stored here);
  int OutputBuffer(int index, int output, bool dense, StepBuffers* step);
  int FindInPlace(int index, int output, const StepBuffers& step);

  const Graph& graph_;
  const std::vector<Value>& fetches_;
  const ParameterLayout& parameters_;
  const ParameterLayout& states_;
  const CompileOptions options_;
  const std::vector<bool> needed_;
  std::unique_ptr<Plan> plan_;

  std::vector<std::vector<Stored>> stored_;
  std::vector<std::vector<Value>> roots_;  // The value whose buffer a value shares, through views.
  std::vector<std::vector<int>> reads_;    // By root: how many readers are still to come.
  std::map<Value, int> fetch_of_root_;     // Which target's buffer a root is computed in.
  std::map<Value, Stored> totals_;
  std::vector<Buffer> buffers_;
  std::vector<StepBuffers> step_buffers_;
};

}  // namespace gradus

#endif  // GRADUS_RUNTIME_PLAN_BUILDER_H_
