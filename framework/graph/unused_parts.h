// Inputs and layers of a model that lead to nothing.

#ifndef GRADUS_GRAPH_UNUSED_PARTS_H_
#define GRADUS_GRAPH_UNUSED_PARTS_H_

#include <vector>

#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/graph/build_graph.h"

namespace gradus {

// Warns of those on which no output, loss or metric depends. `inputs` and `layers` are the values by position in the text, all of them
// valid; `path` is where the model stands.
void WarnOfUnusedParts(const ModelConfig& config, const ModelGraph& model,
                       const std::vector<Value>& inputs, const std::vector<Value>& layers,
                       const ConfigPath& path, Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_GRAPH_UNUSED_PARTS_H_
