// The contract of what the text names: layers, losses and metrics. Building one adds parameters, states and operations to the graph; it
// leaves nothing behind but nodes.
//
//   class Dense final : public TypedLayer<layer::Dense> {
//     void Build(const layer::Dense& config, LayerScope* scope) const override {
//       Value kernel = scope->Parameter("kernel", Shape::Fixed({inputs, config.units()}), ...);
//       scope->SetOutput(scope->emit()(op::Matmul(), {scope->input(0), kernel}));
//     }
//   };
//   GRADUS_REGISTER(Layer, "gradus.LayerConfig.dense", Dense);
//
// A loss and a metric give one FLOAT32 value per example: shape [batch]. A metric whose number is not the mean of such values gives rows,
// [batch, width], and says what is made of them (metric_summary.h). It also says which way its number gets better.

#ifndef GRADUS_GRAPH_LAYER_H_
#define GRADUS_GRAPH_LAYER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/registry.h"
#include "gradus/graph/emitter.h"
#include "gradus/graph/metric_summary.h"
#include "gradus/graph/value_units.h"
#include "gradus/graph/prediction_meaning.h"

namespace gradus {

enum class Mode { kTraining, kInference };

// Looks up what a name in the text refers to; finds near names for the message when it refers to nothing.
class NameTable;

// A number of the configuration that is given at every run and may follow a schedule: a dropout rate, a loss's weight.
struct ModelScalar {
  std::string name;  // Of its scalar: "drop/rate"
  double value = 0;  // As configured.
  ConfigPath path;   // model.layer[drop].dropout.rate
};

class LayerScope {
 public:
  struct Settings {
    Graph* graph;
    Mode mode;
    std::string noun;             // "layer", "loss" or "metric"; for messages.
    std::string name;             // The layer's.
    std::string node_prefix;      // Of its nodes: "hidden/", "loss/binary_crossentropy/".
    std::string weights;          // What its parameters are stored under; usually the name.
    ConfigPath path;              // Of the kind's message: model.layer[fc].dense
    std::vector<Value> inputs;
    std::vector<ConfigPath> input_paths;  // Where each input is named; for messages.
    const NameTable* names;
    Diagnostics* diagnostics;
    const UnitsByInput* units = nullptr;  // Of a metric: what its numbers are told in; null: as they are.
  };
  explicit LayerScope(Settings settings);

  Mode mode() const { return settings_.mode; }
  const std::string& name() const { return settings_.name; }
  const ConfigPath& path() const { return settings_.path; }
  int input_count() const { return static_cast<int>(settings_.inputs.size()); }
  Value input(int i) const { return settings_.inputs[i]; }
  const TensorSpec& spec(Value value) const { return emit_.spec(value); }

  // The input or layer that a field of the config names ("prediction"), or invalid after a finding. Invalid without a new finding when
  // what it names is wrong itself.
  Value Reference(absl::string_view field, absl::string_view name);

  // "<weights>/<name>". Shared when another layer has the same `weights`. The initializer comes from the config's field `field`, from
  // "<name>_initializer" when that is empty, or is the layer's own default.
  Value Parameter(absl::string_view name, const Shape& shape, const InitializerConfig& initializer,
                  absl::string_view field = "");
  // "<layer>/<name>". Each layer's own, also when it shares its parameters.
  Value State(absl::string_view name, const Shape& shape, double initial);
  // A number given at every run, "<layer>/<field>", that starts as `value` and may follow a schedule: a dropout rate.
  Value Hyperparameter(absl::string_view field, double value);
  // The numbers that every step brings, INT64: "seed", "step", "row_offset".
  Value StepScalar(absl::string_view name);
  // A number that tells apart the random streams of a model's layers: a hash of the layer's name, in [0, 2^24).
  int64_t StreamId() const;

  // The units that a metric turns predictions and labels back into, by the label's name; null where they are in them already, and for
  // layers and losses.
  const ValueUnits* UnitsOf(const std::string& label) const;

  // Adds nodes under the layer's name.
  Emitter& emit() { return emit_; }
  void SetNext(Value state, Value next);
  void SetOutput(Value value) { output_ = value; }
  // What a metric makes of its output's rows; the mean of one number per example when it is not called.
  void SetSummary(std::shared_ptr<const MetricSummary> summary) { summary_ = std::move(summary); }
  // What a loss's prediction means; plain numbers when it is not called. `config` has the fields `prediction` and `label`.
  template <class Config>
  void SetMeaning(const Config& config, PredictionMeaning::Kind kind) {
    meaning_ = {kind, config.prediction(), config.label()};
  }

  // A finding at a field of the layer's config ("units"), or at the layer itself when empty. `message` goes on after `layer "fc2": `.
  void Error(absl::string_view code, absl::string_view field, absl::string_view message);
  // A finding at the place where the text names input i: the layer's `input`, or the layer itself when it reads the one above.
  void InputError(absl::string_view code, int i, absl::string_view message);
  // Checks that end in a finding and false. most < 0: any number.
  bool ExpectInputs(int least, int most);
  // `what` is "input 0" or the field that names the value ("prediction"). False without a finding for an invalid value.
  bool ExpectFloat(Value value, absl::string_view what);

  Value output() const { return output_; }
  const std::shared_ptr<const MetricSummary>& summary() const { return summary_; }
  const PredictionMeaning& meaning() const { return meaning_; }
  // Parameters in the order in which they were asked for.
  const std::vector<Value>& parameters() const { return parameters_; }
  // Hyperparameters and their values in the order in which they were asked for.
  const std::vector<ModelScalar>& hyperparameters() const {
    return hyperparameters_;
  }

 private:
  Settings settings_;
  Emitter emit_;
  Value output_;
  std::shared_ptr<const MetricSummary> summary_;
  PredictionMeaning meaning_;
  std::vector<Value> parameters_;
  std::vector<ModelScalar> hyperparameters_;
};

class Layer {
 public:
  virtual ~Layer() = default;
  // Of its message; null when it takes any.
  virtual const google::protobuf::Descriptor* config_type() const { return nullptr; }
  // Adds to the scope's graph and sets its output. What is wrong goes to the scope's diagnostics; emitter errors are reported by the caller.
  virtual void BuildFrom(const google::protobuf::Message& config, LayerScope* scope) const = 0;
};

template <class ConfigType>
class TypedLayer : public Layer {
 public:
  const google::protobuf::Descriptor* config_type() const final { return ConfigType::descriptor(); }
  void BuildFrom(const google::protobuf::Message& config, LayerScope* scope) const final {
    Build(static_cast<const ConfigType&>(config), scope);
  }

 protected:
  virtual void Build(const ConfigType& config, LayerScope* scope) const = 0;
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_LAYER_H_
