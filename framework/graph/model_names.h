// The first half of building a model: which names there are and what each layer reads, from the text alone. Shapes come later.

#ifndef GRADUS_GRAPH_MODEL_NAMES_H_
#define GRADUS_GRAPH_MODEL_NAMES_H_

#include <vector>

#include "gradus/base/diagnostics.h"
#include "gradus/graph/name_table.h"
#include "gradus/model.pb.h"

namespace gradus {

// One thing that a layer reads.
struct Source {
  bool is_layer = false;
  int index = -1;    // Among the model's inputs or layers; -1 after a finding.
  ConfigPath path;   // Where it is named: the layer's `input`, or the layer when it reads the one above.
};

struct ModelNames {
  NameTable table;
  std::vector<bool> input_is_sound, layer_is_sound;  // Has its own name and keeps the rules of its fields.
  std::vector<std::vector<Source>> layer_inputs;
  std::vector<int> outputs;  // Layers that predict gives; -1 after a finding.
};

// Where an element stands: model.layer[hidden].
ConfigPath InputPath(const ModelConfig& model, int index, const ConfigPath& path);
ConfigPath LayerPath(const ModelConfig& model, int index, const ConfigPath& path);

// Reports names that are taken twice, unknown, used before their definition or in a circle.
ModelNames ResolveNames(const ModelConfig& model, const ConfigPath& path, Diagnostics* diagnostics);

// A finding unless the name has only letters, digits, "_", "-" and ".".
bool CheckCharacters(absl::string_view subject, absl::string_view name, const ConfigPath& path,
                     Diagnostics* diagnostics);

// The layers that the given ones read, directly or not, with themselves.
std::vector<bool> LayersBehind(const ModelNames& names, const std::vector<int>& layers);

}  // namespace gradus

#endif  // GRADUS_GRAPH_MODEL_NAMES_H_
