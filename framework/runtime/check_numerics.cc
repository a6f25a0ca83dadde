// Executor::FirstNonFinite: the graph as it was before the passes, on one thread, with a look at
// every value as soon as it is there.

#include <cmath>
#include <string>

#include "gradus/base/status.h"
#include "gradus/runtime/executor_impl.h"
#include "gradus/runtime/onednn.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

// `of` are the extents, whose rows lie `pitch` floats apart. "" when all numbers are finite.
std::string Describe(const float* x, const std::vector<int64_t>& dims, int64_t pitch) {
  int64_t elements = 1;
  for (int64_t d : dims) elements *= d;
  const int64_t columns = dims.empty() ? 1 : dims.back();
  int64_t bad = 0, first = -1;
  float what = 0;
  for (int64_t i = 0; i < elements; ++i) {
    const float value = x[i / columns * pitch + i % columns];
    if (std::isfinite(value)) continue;
    if (bad++ == 0) first = i, what = value;
  }
  if (bad == 0) return "";
  std::string index;
  for (size_t axis = dims.size(); axis-- > 0;) {
    index = absl::StrCat(first % dims[axis], index.empty() ? "" : ", ", index);
    first /= dims[axis];
  }
  return absl::StrCat(bad, " of ", elements, " numbers are not finite, the first is ",
                      std::isnan(what) ? "nan"
                      : what > 0       ? "inf"
                                       : "-inf",
                      " at [", index, "]");
}

std::string Report(const Node& node, absl::string_view finding) {
  std::string text = absl::StrCat(
      node.leaf.has_value() ? absl::string_view(Name(*node.leaf)) : absl::string_view("node"),
      " \"", node.name, "\"");
  if (node.config != nullptr) {
    const std::string& op = node.config->GetDescriptor()->name();
    absl::StrAppend(&text, " (", op, ")");
  }
  absl::StrAppend(&text, ": ", finding);
  if (!node.origin.empty()) absl::StrAppend(&text, " [", node.origin.ToString(), "]");
  return text;
}

// The first leaf with a number that is not finite.
std::string CheckLeaves(const Program& program, const ParameterLayout& parameters,
                        const ParameterLayout& states, const Bindings& bindings) {
  const Graph& graph = program.graph;
  const std::vector<bool> needed = NeededNodes(program);
  for (int i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (!needed[i] || !node.leaf.has_value()) continue;
    const TensorSpec& spec = node.outputs[0];
    if (spec.dtype != DType::kFloat32) continue;
    const std::vector<int64_t> dims = spec.shape.At(bindings.rows);
    int64_t pitch = dims.empty() ? 1 : dims.back();
    const float* x = nullptr;
    float scalar = 0;
    switch (*node.leaf) {
      case Leaf::kInput:
        x = static_cast<const float*>(bindings.inputs[node.leaf_index]);
        break;
      case Leaf::kParameter:
        if (bindings.parameters == nullptr) continue;
        x = bindings.parameters + parameters.place(node.leaf_index).offset;
        pitch = parameters.place(node.leaf_index).pitch;
        break;
      case Leaf::kState:
        if (bindings.states == nullptr) continue;
        x = bindings.states + states.place(node.leaf_index).offset;
        break;
      case Leaf::kScalar:
        scalar = static_cast<float>(bindings.scalars[node.leaf_index]);
        x = &scalar;
        break;
      case Leaf::kConstant:
        continue;  // The configuration put it there.
    }
    if (x == nullptr) continue;
    const std::string finding = Describe(x, dims, pitch);
    if (!finding.empty()) return Report(node, finding);
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> Executor::FirstNonFinite(const Bindings& bindings) const {
  const Impl& impl = *impl_;
  const Program& program = *impl.original;
  return GuardOneDnn("checking numerics", [&]() -> absl::StatusOr<std::string> {
    GRADUS_RETURN_IF_ERROR(impl.CheckBindings(bindings));
    const OneOpenMpThread one_thread;
    std::string report = CheckLeaves(program, impl.parameters, impl.states, bindings);
    if (!report.empty()) return report;
    CompileOptions options;
    options.rows = bindings.rows;
    options.keep_all = true;
    GRADUS_ASSIGN_OR_RETURN(
        std::shared_ptr<const Plan> plan,
        Plan::Compile(impl.original, impl.targets, impl.parameters, impl.states, options));
    GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BoundPlan> bound, BoundPlan::Create(plan));
    // Memory of its own for everything: nothing of the caller's is written.
    GRADUS_ASSIGN_OR_RETURN(AlignedBuffer arena, AllocateAligned(BoundPlan::ArenaBytes(*plan)));
    GRADUS_ASSIGN_OR_RETURN(AlignedBuffer gradients,
                            AllocateAligned(impl.parameters.floats() * sizeof(float)));
    GRADUS_ASSIGN_OR_RETURN(AlignedBuffer states,
                            AllocateAligned(impl.states.floats() * sizeof(float)));
    std::vector<AlignedBuffer> values(impl.targets.size());
    std::vector<void*> fetches(impl.targets.size(), nullptr);
    for (int i = 0; i < impl.value_count; ++i) {
      GRADUS_ASSIGN_OR_RETURN(values[i], AllocateAligned(impl.value_bytes[i].At(bindings.rows)));
      fetches[i] = values[i].get();
    }
    PlanBases bases;
    bases.inputs = bindings.inputs.data();
    bases.parameters = bindings.parameters;
    bases.states = bindings.states;
    bases.fetches = fetches.data();
    bases.gradients = static_cast<float*>(gradients.get());
    bases.next_states = static_cast<float*>(states.get());
    const auto check = [&](int s, const KernelArgs& args) {
      const Plan::Step& step = plan->steps()[s];
      if (step.choice.factory == "copy") return true;
      const Node& node = program.graph.node(step.node);
      for (size_t o = 0; o < node.outputs.size(); ++o) {
        if (node.outputs[o].dtype != DType::kFloat32) continue;
        const std::vector<int64_t> dims = node.outputs[o].shape.At(bindings.rows);
        int64_t pitch = dims.empty() ? 1 : dims.back();
        const Plan::Place& place = step.outputs[o];
        if (place.kind == Plan::Place::kFetch && dims.size() > 1 &&
            impl.targets[place.index].kind == FetchTarget::kGradient) {
          pitch = impl.parameters.place(impl.targets[place.index].index).pitch;
        }
        const std::string finding =
            Describe(static_cast<const float*>(args.outputs[o]), dims, pitch);
        if (finding.empty()) continue;
        report = Report(node, finding);
        return false;
      }
      return true;
    };
    GRADUS_RETURN_IF_ERROR(
        bound->RunChecked(arena.get(), bases, bindings.scalars, impl.row_offset_scalar, check));
    return report;
  });
}

}  // namespace gradus
