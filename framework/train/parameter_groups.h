// Which group each parameter belongs to: the first whose expression matches its whole name, or
// "default".

#ifndef GRADUS_TRAIN_PARAMETER_GROUPS_H_
#define GRADUS_TRAIN_PARAMETER_GROUPS_H_

#include <string>
#include <vector>

#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/graph/graph.h"
#include "gradus/optimizer.pb.h"

namespace gradus {

struct ParameterGroups {
  // "default", then those of the configuration in its order.
  std::vector<std::string> names = {"default"};
  std::vector<int> group_of;    // By parameter of the graph.
  std::vector<int> parameters;  // How many each group has; "default" may have none.
  std::vector<bool> frozen = {false};  // By group: its parameters stay as they are.

  int count() const { return static_cast<int>(names.size()); }
  int Find(absl::string_view name) const;  // -1 when there is none.
};

// Findings: an expression that cannot be read, a name twice, a group that no parameter falls to.
// `path` is the optimizer's address.
ParameterGroups FindGroups(const OptimizerConfig& config, const Graph& graph,
                           const ConfigPath& path, Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_TRAIN_PARAMETER_GROUPS_H_
