// From the text's model to a graph. All that is wrong with a model is found here, at once, with positions.

#ifndef GRADUS_GRAPH_BUILD_GRAPH_H_
#define GRADUS_GRAPH_BUILD_GRAPH_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/diagnostics.h"
#include "gradus/graph/graph.h"
#include "gradus/graph/layer.h"
#include "gradus/model.pb.h"

namespace gradus {

// A value of the model that the text gives a name.
struct NamedValue {
  std::string name;
  Value value;
};

struct LayerRow {   // For tables: one per layer, in the order of the text.
  std::string name;
  std::string kind;
  Value output;
  std::vector<Value> parameters;
};

struct ModelLoss {
  std::string name;
  Value value;         // [batch]
  std::string weight;  // The scalar (a hyperparameter) that multiplies it: "<name>/weight"
};

struct ModelMetric {
  std::string name;
  Value value;        // [batch], or [batch, width]
  int64_t width = 1;  // How many numbers an example brings, its weight included.
  int64_t sums = 1;   // How many sums it has, that of the weights included; 0: its rows are kept.
  std::shared_ptr<const MetricSummary> summary;  // What is made of them; never null.
  bool weighted = false;  // Whether an example's weight stands behind its numbers.
};

// A model's graph in one mode with the places where things are in it.
struct ModelGraph {
  Graph graph;
  Mode mode;
  std::vector<NamedValue> outputs;   // What predict gives.
  std::vector<ModelLoss> losses;
  std::vector<PredictionMeaning> meanings;  // What losses say of their predictions.
  std::vector<ModelMetric> metrics;
  std::vector<LayerRow> layers;
  // Scalars that the configuration gives, with their values: dropout rates, loss weights.
  std::vector<ModelScalar> hyperparameters;
};

// Builds the forward graph of a model. `path` is where the model stands ("model"). Findings go to `diagnostics`; the result is only
// usable when it is ok. Inputs that nothing reads are kept as leaves.
//
// parts: kPrediction leaves out losses, metrics, and inputs that only they read, so that predict needs no labels.
enum class Parts { kAll, kPrediction };

// What the data says of a model, where it was opened.
struct BuildOptions {
  const UnitsByInput* units = nullptr;  // What metrics are told in; null: all numbers as the model sees them.
  // Inputs whose shape nobody knows, because the data that would say it could not be opened, which is a finding already: what stands on
  // them is left out without a word.
  std::set<std::string> unknown_inputs = {};
};
ModelGraph BuildGraph(const ModelConfig& model, Mode mode, Parts parts, const ConfigPath& path,
                      Diagnostics* diagnostics, const BuildOptions& options = {});

}  // namespace gradus

#endif  // GRADUS_GRAPH_BUILD_GRAPH_H_
