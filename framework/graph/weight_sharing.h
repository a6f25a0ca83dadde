// Which layers have the same weights: those with the same name for them, a layer's own or the one that its `weights` say.

#ifndef GRADUS_GRAPH_WEIGHT_SHARING_H_
#define GRADUS_GRAPH_WEIGHT_SHARING_H_

#include <map>
#include <string>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/model.pb.h"

namespace gradus {

// The name under which the layer's parameters stand.
inline const std::string& WeightsOf(const LayerConfig& layer) {
  return layer.has_weights() ? layer.weights() : layer.name();
}

class WeightSharing {
 public:
  // Layers with the same weights must be of the same kind; shapes are compared when the parameters are made. Called for each layer, in their
  // order; false after a finding. `path` is the layer's.
  bool Check(const LayerConfig& layer, const google::protobuf::FieldDescriptor& kind,
             const ConfigPath& path, Diagnostics* diagnostics);

 private:
  // By the weights' name: the first layer that has them, and its kind.
  std::map<std::string, std::pair<std::string, const google::protobuf::FieldDescriptor*>> first_;
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_WEIGHT_SHARING_H_
