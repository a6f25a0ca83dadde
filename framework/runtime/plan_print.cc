// A plan as an aligned table:
//
//   plan for 32 rows: 3 steps, arena 2560 bytes, scratch 0 bytes
//     node           kernel              inputs                            outputs
//     hidden_1/relu  FusedDense vector   [32, 30] input:x, [30, 10] ...    [32, 10] arena+64
//
// Before a line "-- phase 1" the blocks' terms are added up.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/runtime/plan.h"

namespace gradus {
namespace {

std::string PlaceText(const Plan& plan, const Plan::Place& place) {
  const Graph& graph = plan.program().graph;
  switch (place.kind) {
    case Plan::Place::kArena:
      return absl::StrCat("arena+", place.offset);
    case Plan::Place::kInput:
      return absl::StrCat("input:", graph.node(graph.inputs()[place.index]).name);
    case Plan::Place::kParameter:
      return absl::StrCat("parameter:", graph.parameter(place.index).name);
    case Plan::Place::kState:
      return absl::StrCat("state:", graph.state(place.index).name);
    case Plan::Place::kConstant:
      return "constant";
    case Plan::Place::kTerm:
      return absl::StrCat("term:", place.index);
    case Plan::Place::kTotal:
      return absl::StrCat("total:", place.index);
    case Plan::Place::kFetch:
      break;
  }
  const FetchTarget& target = plan.targets()[place.index];
  switch (target.kind) {
    case FetchTarget::kGradient:
      return absl::StrCat("gradient:", graph.parameter(target.index).name);
    case FetchTarget::kState:
      return absl::StrCat("next:", graph.state(target.index).name);
    default:
      return absl::StrCat("fetch:", target.index);
  }
}

std::string OperandText(const Plan& plan, const TensorSpec& spec, const Plan::Place& place) {
  std::string text = "[";
  for (int64_t d : spec.shape.At(plan.rows())) {
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", d);
  }
  return absl::StrCat(text, "] ", PlaceText(plan, place));
}

}  // namespace

std::string Plan::ToString() const {
  using Row = std::array<std::string, 4>;
  std::vector<Row> rows = {{"node", "kernel", "inputs", "outputs"}};
  size_t phase = 0;
  for (const Step& step : steps_) {
    // A phase may have no steps.
    while (static_cast<int>(&step - steps_.data()) == phase_ends_[phase]) {
      rows.push_back({absl::StrCat("-- phase ", ++phase), "", "", ""});
    }
    const Node& node = program_->graph.node(step.node);
    Row row;
    row[0] = node.name;
    const bool copy = step.choice.factory == "copy";
    row[1] = copy ? "copy"
                  : absl::StrCat(node.config->GetDescriptor()->name(), " ", step.choice.factory);
    if (!step.choice.detail.empty()) absl::StrAppend(&row[1], " ", step.choice.detail);
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      const TensorSpec& spec = copy ? node.outputs[0] : program_->graph.spec(node.inputs[i]);
      absl::StrAppend(
          &row[2], i > 0 ? ", " : "",
          copy ? PlaceText(*this, step.inputs[i]) : OperandText(*this, spec, step.inputs[i]));
    }
    for (size_t o = 0; o < step.outputs.size(); ++o) {
      absl::StrAppend(&row[3], o > 0 ? ", " : "",
                      copy ? PlaceText(*this, step.outputs[o])
                           : OperandText(*this, node.outputs[o], step.outputs[o]));
    }
    rows.push_back(std::move(row));
  }
  std::array<size_t, 4> widths = {};
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text = absl::StrCat(
      "plan for ", rows_, rows_ == 1 ? " row: " : " rows: ", steps_.size(),
      steps_.size() == 1 ? " step" : " steps",
      phase_ends_.size() > 1 ? absl::StrCat(" in ", phase_ends_.size(), " phases") : "", ", arena ",
      arena_bytes_, " bytes, scratch ", scratch_bytes_, " bytes\n");
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      absl::StrAppend(&text, "  ", row[c]);
      if (c + 1 < row.size()) text.append(widths[c] - row[c].size(), ' ');
    }
    text += "\n";
  }
  return text;
}

}  // namespace gradus
