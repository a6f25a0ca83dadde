// Backwards over the nodes, from what is used.

#include "gradus/graph/unused_parts.h"

#include "absl/strings/str_cat.h"
#include "gradus/graph/model_names.h"

namespace gradus {
namespace {

// Of each node, whether an output, loss or metric depends on it.
std::vector<bool> UsedNodes(const ModelGraph& model) {
  std::vector<bool> used(model.graph.size(), false);
  for (const NamedValue& output : model.outputs) used[output.value.node] = true;
  for (const ModelLoss& loss : model.losses) used[loss.value.node] = true;
  for (const ModelMetric& metric : model.metrics) used[metric.value.node] = true;
  for (int i = model.graph.size() - 1; i >= 0; --i) {
    if (!used[i]) continue;
    for (Value input : model.graph.node(i).inputs) used[input.node] = true;
  }
  return used;
}

void WarnOf(absl::string_view noun, const ConfigPath& path, Diagnostics* diagnostics) {
  diagnostics->Warning("unused", path,
                       absl::StrCat(noun, " ", Quoted(path.segments().back().selector),
                                    ": no output, loss or metric depends on it"));
}

}  // namespace

void WarnOfUnusedParts(const ModelConfig& config, const ModelGraph& model,
                       const std::vector<Value>& inputs, const std::vector<Value>& layers,
                       const ConfigPath& path, Diagnostics* diagnostics) {
  const std::vector<bool> used = UsedNodes(model);
  for (int i = 0; i < config.input_size(); ++i) {
    if (!used[inputs[i].node]) WarnOf("input", InputPath(config, i, path), diagnostics);
  }
  for (int i = 0; i < config.layer_size(); ++i) {
    if (!used[layers[i].node]) WarnOf("layer", LayerPath(config, i, path), diagnostics);
  }
}

}  // namespace gradus
