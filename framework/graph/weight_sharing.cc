// Kinds by the weights' names.

#include "gradus/graph/weight_sharing.h"

#include "absl/strings/str_cat.h"
#include "gradus/graph/model_names.h"

namespace gradus {

bool WeightSharing::Check(const LayerConfig& layer, const google::protobuf::FieldDescriptor& kind,
                          const ConfigPath& path, Diagnostics* diagnostics) {
  const std::string& weights = WeightsOf(layer);
  const ConfigPath where = layer.has_weights() ? path.Child("weights") : path;
  const std::string subject = absl::StrCat("layer ", Quoted(layer.name()), ": ");
  if (layer.has_weights()) {
    if (weights.empty()) {
      diagnostics->Error("name", where, absl::StrCat(subject, "weights is empty"));
      return false;
    }
    if (!CheckCharacters(subject, weights, where, diagnostics)) return false;
  }
  const auto& [owner, owners_kind] =
      first_.emplace(weights, std::make_pair(layer.name(), &kind)).first->second;
  if (owners_kind == &kind) return true;
  diagnostics->Error(
      "weights", where,
      absl::StrCat(subject, kind.name(), " cannot share the weights ", Quoted(weights),
                   " of layer ", Quoted(owner), ", which is ", owners_kind->name()));
  return false;
}

}  // namespace gradus
