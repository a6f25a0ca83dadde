// Plans for row counts, contexts, and the doors of a run.

#include "gradus/runtime/executor.h"

#include <algorithm>
#include <new>
#include <set>

#include "gradus/base/status.h"
#include "gradus/runtime/executor_impl.h"
#include "gradus/runtime/onednn.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

int64_t Aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

absl::StatusOr<Dim> BytesOf(const TensorSpec& spec) {
  GRADUS_ASSIGN_OR_RETURN(Dim elements, spec.shape.Elements());
  return Dim{elements.k * ByteSize(spec.dtype), elements.batch};
}

absl::Status CheckValue(const Graph& graph, Value value, absl::string_view what) {
  if (value.valid() && value.node < graph.size() && value.output >= 0 &&
      value.output < static_cast<int>(graph.node(value).outputs.size())) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(what, " is not a value of the graph"));
}

}  // namespace

absl::Status Executor::Impl::Init(const Graph& graph, const Fetches& fetches) {
  if (options.block_rows < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("block_rows ", options.block_rows, " is negative"));
  }
  if (parameters.count() != static_cast<int>(graph.parameters().size()) ||
      states.count() != static_cast<int>(graph.states().size())) {
    return absl::InvalidArgumentError("the layouts are not those of the graph");
  }
  Program all;
  all.graph = graph;
  for (size_t i = 0; i < fetches.values.size(); ++i) {
    GRADUS_RETURN_IF_ERROR(CheckValue(graph, fetches.values[i], absl::StrCat("fetch ", i)));
    const int axis = graph.spec(fetches.values[i]).shape.batch_axis();
    targets.push_back({axis == 0 ? FetchTarget::kRows : FetchTarget::kWhole, static_cast<int>(i)});
    all.fetches.push_back(fetches.values[i]);
  }
  value_count = static_cast<int>(fetches.values.size());
  if (!fetches.gradients.empty() &&
      fetches.gradients.size() != static_cast<size_t>(parameters.count())) {
    return absl::InvalidArgumentError(absl::StrCat(fetches.gradients.size(), " gradients for ",
                                                   parameters.count(), " parameters"));
  }
  fetches_gradients = !fetches.gradients.empty();
  for (int i = 0; i < static_cast<int>(fetches.gradients.size()); ++i) {
    const ParameterPlace& place = parameters.place(i);
    if (!fetches.gradients[i].valid()) {
      zero_gradients.emplace_back(place.offset, place.floats());
      continue;
    }
    GRADUS_RETURN_IF_ERROR(CheckValue(graph, fetches.gradients[i],
                                      absl::StrCat("the gradient of \"", place.name, "\"")));
    targets.push_back({FetchTarget::kGradient, i});
    all.fetches.push_back(fetches.gradients[i]);
  }
  fetches_states = fetches.next_states && states.count() > 0;
  for (int i = 0; fetches_states && i < states.count(); ++i) {
    const Value next = graph.next(i);
    targets.push_back({FetchTarget::kState, i});
    all.fetches.push_back(next.valid() ? next : graph.states()[i]);
  }
  original = std::make_shared<const Program>(all);
  GRADUS_ASSIGN_OR_RETURN(Program passed, RunPasses(std::move(all), options.passes));
  program = std::make_shared<const Program>(std::move(passed));

  const Graph& g = program->graph;
  const std::vector<bool> needed = NeededNodes(*program);
  for (Value input : g.inputs()) {
    needs_input.push_back(needed[input.node]);
    GRADUS_ASSIGN_OR_RETURN(Dim bytes, BytesOf(g.spec(input)));
    input_bytes.push_back(bytes);
  }
  for (Value parameter : g.parameters()) needs_parameters |= needed[parameter.node];
  for (Value state : g.states()) needs_states |= needed[state.node];
  for (size_t i = 0; i < g.scalars().size(); ++i) {
    if (g.node(g.scalars()[i]).name == "row_offset") row_offset_scalar = static_cast<int>(i);
  }
  split = AnalyseRows(*program);
  for (int i = 0; i < value_count; ++i) {
    GRADUS_ASSIGN_OR_RETURN(Dim bytes, BytesOf(g.spec(program->fetches[i])));
    value_bytes.push_back(bytes);
    value_class.push_back(split.splits ? split.of(program->fetches[i]) : RowClass::kWhole);
  }
  LayOutBlocks();
  return absl::OkStatus();
}

// The buffers of blocks other than the first: gradients, states, whole values.
void Executor::Impl::LayOutBlocks() {
  value_offset.assign(value_count, -1);
  if (!split.splits) return;
  int64_t at = 0;
  gradients_offset = at;
  if (fetches_gradients) at += Aligned(parameters.floats() * sizeof(float));
  states_offset = at;
  if (fetches_states) at += Aligned(states.floats() * sizeof(float));
  for (int i = 0; i < value_count; ++i) {
    if (value_class[i] == RowClass::kRows) continue;
    value_offset[i] = at;
    at += Aligned(value_bytes[i].k);
  }
  block_bytes = at;
  for (int t = 0; t < static_cast<int>(targets.size()); ++t) {
    if (split.of(program->fetches[t]) != RowClass::kPartial) continue;
    const FetchTarget& target = targets[t];
    Segment segment{target.kind, t, 0, 0, 0};
    int64_t base = 0;
    switch (target.kind) {
      case FetchTarget::kGradient:
        segment.to_offset = parameters.place(target.index).offset;
        segment.floats = parameters.place(target.index).floats();
        base = gradients_offset / sizeof(float);
        break;
      case FetchTarget::kState:
        segment.to_offset = states.place(target.index).offset;
        segment.floats = states.place(target.index).floats();
        base = states_offset / sizeof(float);
        break;
      default:
        segment.floats = value_bytes[t].k / sizeof(float);
        base = value_offset[t] / sizeof(float);
    }
    segment.offset = base + segment.to_offset;
    summed_floats += segment.floats;
    if (segment.floats > 0) segments.push_back(segment);
  }
}

std::vector<int64_t> Executor::Impl::Cut(int64_t rows) const {
  if (!split.splits) return {rows};
  if (options.block_rows > 0) return CutRows(rows, options.block_rows, threads(), 0);
  // Every phase goes over the rows again, so smaller blocks would leave the cache all the same; and
  // each ends in a barrier, so each must be worth it.
  if (split.phases > 1) {
    return CutRows(rows, 0, threads(), ProgramFlops(*program, rows) / split.phases);
  }
  return CutRows(rows, 0, threads(), ProgramFlops(*program, rows),
                 RowsInCache(BytesPerRow(*program), block_bytes));
}

std::shared_ptr<const Plan> Executor::Impl::FindPlan(PlanKey key) {
  for (auto entry = plans.begin(); entry != plans.end(); ++entry) {
    if (!(entry->first == key)) continue;
    plans.splice(plans.begin(), plans, entry);
    return plans.front().second;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const Plan>> Executor::Impl::PlanFor(PlanKey key) {
  {
    std::lock_guard<std::mutex> lock(plans_mutex);
    if (std::shared_ptr<const Plan> plan = FindPlan(key)) return plan;
  }
  CompileOptions compile;
  compile.rows = key.rows;
  if (key.in_phases) compile.split = &split;
  GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan,
                          Plan::Compile(program, targets, parameters, states, compile));
  std::lock_guard<std::mutex> lock(plans_mutex);
  // Who compiled the same at the same time and was first has made the plan for all.
  if (std::shared_ptr<const Plan> first = FindPlan(key)) return first;
  plans.emplace_front(key, plan);
  if (plans.size() > 2 * kCachedRowCounts) plans.pop_back();  // A cut has up to two sizes.
  return plan;
}

absl::Status Executor::Impl::CheckBindings(const Bindings& b) const {
  const Graph& graph = program->graph;
  if (b.rows < 0) return absl::InvalidArgumentError(absl::StrCat(b.rows, " rows are negative"));
  if (b.inputs.size() != needs_input.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(b.inputs.size(), " inputs are bound, the graph has ", needs_input.size()));
  }
  if (b.scalars.size() != graph.scalars().size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        b.scalars.size(), " scalars are bound, the graph has ", graph.scalars().size()));
  }
  for (size_t i = 0; i < b.inputs.size(); ++i) {
    if (needs_input[i] && b.inputs[i] == nullptr && input_bytes[i].At(b.rows) > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("input \"", graph.node(graph.inputs()[i]).name, "\" is not bound"));
    }
  }
  if (needs_parameters && b.parameters == nullptr && parameters.floats() > 0) {
    return absl::InvalidArgumentError("the parameters are not bound");
  }
  if (needs_states && b.states == nullptr && states.floats() > 0) {
    return absl::InvalidArgumentError("the states are not bound");
  }
  return absl::OkStatus();
}

absl::Status Executor::Impl::Check(const Bindings& bindings, const Results& results) const {
  GRADUS_RETURN_IF_ERROR(CheckBindings(bindings));
  if (results.values.size() != static_cast<size_t>(value_count)) {
    return absl::InvalidArgumentError(
        absl::StrCat(results.values.size(), " buffers for ", value_count, " fetched values"));
  }
  for (int i = 0; i < value_count; ++i) {
    if (results.values[i] == nullptr && value_bytes[i].At(bindings.rows) > 0) {
      return absl::InvalidArgumentError(absl::StrCat("the buffer of fetch ", i, " is null"));
    }
  }
  if (fetches_gradients && results.gradients == nullptr && parameters.floats() > 0) {
    return absl::InvalidArgumentError("the buffer of the gradients is null");
  }
  if (fetches_states && results.next_states == nullptr && states.floats() > 0) {
    return absl::InvalidArgumentError("the buffer of the next states is null");
  }
  return absl::OkStatus();
}

Executor::Executor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Executor::~Executor() = default;
void Executor::ContextDeleter::operator()(Context* context) const { delete context; }

absl::StatusOr<std::unique_ptr<Executor>> Executor::Create(const Graph& graph,
                                                           const Fetches& fetches,
                                                           const ParameterLayout& parameters,
                                                           const ParameterLayout& states,
                                                           const ExecutorOptions& options) {
  return GuardOneDnn("making an executor", [&]() -> absl::StatusOr<std::unique_ptr<Executor>> {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->parameters = parameters;
    impl->states = states;
    GRADUS_RETURN_IF_ERROR(impl->Init(graph, fetches));
    return std::unique_ptr<Executor>(new Executor(std::move(impl)));
  });
}

absl::StatusOr<Executor::ContextPtr> Executor::NewContext() const {
  return GuardOneDnn("making a context", [&]() -> absl::StatusOr<ContextPtr> {
    return ContextPtr(new Context(impl_.get()));
  });
}

absl::Status Executor::Prepare(Context* context, int64_t rows) const {
  GRADUS_CHECK(context->impl() == impl_.get());
  if (rows < 0) return absl::InvalidArgumentError(absl::StrCat(rows, " rows are negative"));
  return GuardOneDnn("planning", [&] { return context->CutFor(rows).status(); });
}

absl::Status Executor::Run(Context* context, const Bindings& bindings,
                           const Results& results) const {
  GRADUS_CHECK(context->impl() == impl_.get());
  return GuardOneDnn("running", [&]() -> absl::Status {
    GRADUS_RETURN_IF_ERROR(impl_->Check(bindings, results));
    GRADUS_ASSIGN_OR_RETURN(Context::Cut * cut, context->CutFor(bindings.rows));
    return context->Run(cut, bindings, results);
  });
}

bool Executor::splits() const { return impl_->split.splits; }
const std::string& Executor::why_not_split() const { return impl_->split.why_not; }
const Program& Executor::program() const { return *impl_->program; }

absl::StatusOr<int64_t> Executor::MemoryBytes(int64_t rows) const {
  return GuardOneDnn("planning", [&] { return impl_->MemoryBytes(rows); });
}

absl::StatusOr<std::string> Executor::PrintPlan(int64_t rows) const {
  return GuardOneDnn("printing a plan", [&] { return impl_->PrintPlan(rows); });
}

absl::StatusOr<int64_t> Executor::Impl::MemoryBytes(int64_t rows) {
  const std::vector<int64_t> cut = Cut(rows);
  const int blocks = static_cast<int>(cut.size());
  const bool in_phases = InPhases(blocks);
  std::vector<int64_t> arenas(std::max(threads(), blocks), 0);
  for (int i = 0; i < blocks; ++i) {
    GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan, PlanFor({cut[i], in_phases}));
    int64_t& arena = arenas[ArenaOf(i, blocks)];
    arena = std::max(arena, BoundPlan::ArenaBytes(*plan));
  }
  int64_t bytes = block_bytes * BlockBuffers(blocks);
  if (in_phases) bytes += TermBytes() * blocks;
  for (int64_t arena : arenas) bytes += arena;
  return bytes;
}

absl::StatusOr<std::string> Executor::Impl::PrintPlan(int64_t rows) {
  const std::vector<int64_t> cut = Cut(rows);
  std::string text = absl::StrCat(
      rows, " rows in ", cut.size(), cut.size() == 1 ? " block" : " blocks", " on ",
      std::min<size_t>(cut.size(), threads()), cut.size() == 1 ? " thread" : " threads");
  if (!split.splits) absl::StrAppend(&text, " (not split: ", split.why_not, ")");
  text += "\n";
  const bool in_phases = InPhases(static_cast<int>(cut.size()));
  std::set<int64_t> sizes(cut.begin(), cut.end());
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Plan> plan, PlanFor({*size, in_phases}));
    absl::StrAppend(&text, plan->ToString());
  }
  return text;
}

}  // namespace gradus
