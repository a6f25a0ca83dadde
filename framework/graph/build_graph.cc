// Names first (model_names), then one layer after the other. What stands on something wrong is left out without a word, so that each mistake
// is reported once and everything else is still checked.

#include "gradus/graph/build_graph.h"

#include <set>

#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"
#include "gradus/graph/example_weights.h"
#include "gradus/graph/metric_rules.h"
#include "gradus/graph/model_names.h"
#include "gradus/graph/regularizers.h"
#include "gradus/graph/unused_parts.h"
#include "gradus/graph/weight_sharing.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

DType TypeOf(ElementType type) { return type == INT32 ? DType::kInt32 : DType::kFloat32; }

class Builder {
 public:
  Builder(const ModelConfig& model, Mode mode, Parts parts, const ConfigPath& path,
          Diagnostics* diagnostics, const BuildOptions& options)
      : config_(model),
        parts_(parts),
        path_(path),
        diagnostics_(*diagnostics),
        options_(options) {
    model_.mode = mode;
  }

  ModelGraph Build() {
    CheckRules(config_, path_, &diagnostics_);
    names_ = ResolveNames(config_, path_, &diagnostics_);
    ChooseParts();
    for (int i = 0; i < config_.input_size(); ++i) BuildInput(i);
    for (int i = 0; i < config_.layer_size(); ++i) BuildLayer(i);
    for (int layer : names_.outputs) {
      if (layer < 0 || !layer_values_[layer].valid()) continue;
      model_.outputs.push_back({config_.layer(layer).name(), layer_values_[layer]});
    }
    if (parts_ == Parts::kAll) {
      for (int i = 0; i < config_.loss_size(); ++i) BuildLoss(i);
      if (!regularizers_.empty() && config_.loss_size() > 0) BuildRegularizers();
      if (options_.units != nullptr) units_ = UnitsOfNumbers(*options_.units, model_.meanings);
      for (int i = 0; i < config_.metric_size(); ++i) BuildMetric(i);
      if (diagnostics_.ok()) {
        WarnOfUnusedParts(config_, model_, input_values_, layer_values_, path_, &diagnostics_);
      }
    }
    return std::move(model_);
  }

 private:
  // All layers and inputs, or those that the outputs depend on.
  void ChooseParts() {
    const bool all = parts_ == Parts::kAll;
    build_input_.assign(config_.input_size(), all);
    build_layer_.assign(config_.layer_size(), all);
    if (all) return;
    build_layer_ = LayersBehind(names_, names_.outputs);
    for (int i = 0; i < config_.layer_size(); ++i) {
      if (!build_layer_[i]) continue;
      for (const Source& source : names_.layer_inputs[i]) {
        if (!source.is_layer && source.index >= 0) build_input_[source.index] = true;
      }
    }
  }

  void BuildInput(int i) {
    input_values_.push_back(Value());
    if (!names_.input_is_sound[i] || !build_input_[i]) return;
    const InputConfig& input = config_.input(i);
    if (options_.unknown_inputs.count(input.name()) > 0) return;
    const Shape shape = Shape::Batched(
        absl::Span<const int64_t>(input.shape().data(), input.shape_size()));
    absl::StatusOr<Value> value =
        model_.graph.AddInput(input.name(), {TypeOf(input.type()), shape});
    if (!value.ok()) {
      diagnostics_.Error("shape", InputPath(config_, i, path_).Child("shape"),
                         value.status().message());
      return;
    }
    input_values_.back() = *value;
    names_.table.SetValue(input.name(), *value);
  }

  void BuildLayer(int i) {
    layer_values_.push_back(Value());
    const LayerConfig& layer = config_.layer(i);
    if (!names_.layer_is_sound[i] || !build_layer_[i]) return;
    const ConfigPath path = LayerPath(config_, i, path_);
    LayerScope::Settings settings;
    settings.noun = "layer";
    settings.name = layer.name();
    settings.node_prefix = absl::StrCat(layer.name(), "/");
    settings.weights = WeightsOf(layer);
    for (const Source& source : names_.layer_inputs[i]) {
      Value value;
      if (source.index >= 0) {
        value = (source.is_layer ? layer_values_ : input_values_)[source.index];
      }
      if (!value.valid()) return;  // Reported where it broke.
      settings.inputs.push_back(value);
      settings.input_paths.push_back(source.path);
    }
    const FieldDescriptor* kind = ChosenField(layer);
    if (kind == nullptr || !weight_sharing_.Check(layer, *kind, path, &diagnostics_)) return;
    LayerRow row{layer.name(), kind->name(), Value(), {}};
    if (!BuildKind(layer, *kind, path, std::move(settings), &row.output, &row.parameters)) return;
    if (layer.has_weights() && row.parameters.empty()) {
      diagnostics_.Error("weights", path.Child("weights"),
                         absl::StrCat("layer ", Quoted(layer.name()), ": ", kind->name(),
                                      " has no parameters to share"));
      return;
    }
    regularizers_.Add(layer, row.parameters, model_.graph, path, &diagnostics_);
    layer_values_.back() = row.output;
    names_.table.SetValue(layer.name(), row.output);
    model_.layers.push_back(std::move(row));
  }

  // Builds what the chosen field of `element` says. False after a finding.
  bool BuildKind(const Message& element, const FieldDescriptor& kind, const ConfigPath& path,
                 LayerScope::Settings settings, Value* output, std::vector<Value>* parameters,
                 std::shared_ptr<const MetricSummary>* summary = nullptr) {
    const std::string subject = absl::StrCat(settings.noun, " ", Quoted(settings.name), ": ");
    const Layer* layer = Registry<Layer>::Get().Find(kind.full_name());
    const ConfigPath kind_path = path.Child(SegmentName(&kind));
    if (layer == nullptr || kind.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        (layer->config_type() != nullptr && layer->config_type() != kind.message_type())) {
      diagnostics_.Error("not-registered", kind_path,
                         absl::StrCat(subject, "nothing is registered for ", kind.full_name()));
      return false;
    }
    settings.graph = &model_.graph;
    settings.mode = model_.mode;
    settings.path = kind_path;
    settings.names = &names_.table;
    settings.diagnostics = &diagnostics_;
    const size_t findings = diagnostics_.findings().size();
    LayerScope scope(std::move(settings));
    layer->BuildFrom(element.GetReflection()->GetMessage(element, &kind), &scope);
    if (!scope.emit().status().ok()) {
      scope.Error("shape", "", scope.emit().status().message());
      return false;
    }
    model_.hyperparameters.insert(model_.hyperparameters.end(), scope.hyperparameters().begin(),
                                  scope.hyperparameters().end());
    *output = scope.output();
    // A loss that is shown as a metric is not what the model was made for.
    if (scope.meaning().kind != PredictionMeaning::kPlain && summary == nullptr) {
      model_.meanings.push_back(scope.meaning());
    }
    if (summary != nullptr) {
      *summary = scope.summary();
    } else if (scope.summary() != nullptr) {
      scope.Error("summary", "", "it has a summary of rows, which only a metric has");
    }
    if (!output->valid() && diagnostics_.ok()) {
      scope.Error("no-output", "", absl::StrCat(kind.name(), " gave no output and no reason"));
    }
    if (parameters != nullptr) *parameters = scope.parameters();
    return output->valid() && diagnostics_.findings().size() == findings;
  }

  // What losses and metrics share. Invalid after a finding. With `summary` there may be one, of rows.
  template <class Config>
  Value BuildPerExample(absl::string_view noun, const Config& config, const ConfigPath& path,
                        std::set<std::string>* taken, std::string* name,
                        std::shared_ptr<const MetricSummary>* summary = nullptr) {
    Diagnostics own;
    CheckRules(config, path, &own);
    const FieldDescriptor* kind = ChosenField(config);
    if (kind == nullptr) return Value();
    *name = config.has_name() ? config.name() : kind->name();
    const ConfigPath name_path = config.has_name() ? path.Child("name") : path;
    const std::string subject = absl::StrCat(noun, " ", Quoted(*name), ": ");
    if (name->empty()) {
      diagnostics_.Error("name", name_path, absl::StrCat(noun, ": the name is empty"));
      return Value();
    }
    CheckCharacters(subject, *name, name_path, &diagnostics_);
    if (!taken->insert(*name).second) {
      diagnostics_.Error("duplicate-name", name_path,
                         absl::StrCat(subject, "the name is taken by a ", noun, " above"),
                         config.has_name() ? "" : "give it a `name`");
      return Value();
    }
    if (!own.ok()) return Value();
    LayerScope::Settings settings;
    settings.noun = std::string(noun);
    settings.name = *name;
    settings.node_prefix = absl::StrCat(noun, "/", *name, "/");
    settings.weights = *name;
    if (noun == "metric") settings.units = &units_;
    Value value;
    if (!BuildKind(config, *kind, path, std::move(settings), &value, nullptr, summary)) {
      return Value();
    }
    if (summary != nullptr && *summary != nullptr) {
      return IsRows(value, subject, path) ? value : Value();
    }
    const TensorSpec expected{DType::kFloat32, Shape::Batched({})};
    if (model_.graph.spec(value) != expected) {
      diagnostics_.Error("shape", path,
                         absl::StrCat(subject, "it gives ", model_.graph.spec(value).ToString(),
                                      ", not one number per example, ", expected.ToString()));
      return Value();
    }
    return value;
  }

  // Whether a metric with a summary gives rows; a finding when it does not.
  bool IsRows(Value value, const std::string& subject, const ConfigPath& path) {
    const TensorSpec& spec = model_.graph.spec(value);
    const Shape& shape = spec.shape;
    const bool rows = spec.dtype == DType::kFloat32 && shape.rank() >= 1 && shape.rank() <= 2 &&
                      shape.dim(0) == Dim{1, true} && (shape.rank() == 1 || !shape.dim(1).batch);
    if (rows) return true;
    diagnostics_.Error("shape", path,
                       absl::StrCat(subject, "it gives ", spec.ToString(),
                                    ", not rows of numbers, FLOAT32 [batch] or [batch, width]"));
    return false;
  }

  void BuildLoss(int i) {
    const LossConfig& loss = config_.loss(i);
    std::string name;
    const ConfigPath path = path_.Child("loss", i, loss.name());
    const size_t meanings = model_.meanings.size();
    Value value = BuildPerExample("loss", loss, path, &loss_names_, &name);
    if (!value.valid()) return;
    if (loss.has_class_weight() || loss.has_example_weight()) {
      const bool told = model_.meanings.size() > meanings;
      const PredictionMeaning meaning = told ? model_.meanings.back() : PredictionMeaning();
      value = Weighted("loss", name, path, [&](const WeightScope& scope) {
        return WeighLoss(loss, meaning, value, scope);
      });
      if (!value.valid()) return;
    }
    AddLoss(name, value, loss.weight(), path, path.Child("weight"));
  }

  // One more loss, of the parameters.
  void BuildRegularizers() {
    const ConfigPath& path = regularizers_.path();
    if (!loss_names_.insert(kRegularizers).second) {
      diagnostics_.Error("duplicate-name", path,
                         absl::StrCat("the name ", Quoted(kRegularizers),
                                      " is that of what regularizers add; a loss has it"));
      return;
    }
    Emitter emit(&model_.graph, absl::StrCat("loss/", kRegularizers, "/"), path);
    const Value value = regularizers_.PerExample(emit);
    if (emit.status().ok()) return AddLoss(kRegularizers, value, 1, path, path);
    diagnostics_.Error("shape", path, emit.status().message());
  }

  void AddLoss(const std::string& name, Value value, double weight, const ConfigPath& path,
               const ConfigPath& weight_path) {
    const std::string scalar = absl::StrCat(name, "/weight");
    if (model_.graph.FindLeaf(Leaf::kScalar, scalar).valid()) {
      diagnostics_.Error("duplicate-name", path,
                         absl::StrCat("loss ", Quoted(name), ": the number ", Quoted(scalar),
                                      " exists already"));
      return;
    }
    GRADUS_CHECK(model_.graph.AddScalar(scalar).ok());
    model_.hyperparameters.push_back({scalar, weight, weight_path});
    model_.losses.push_back({name, value, scalar});
  }

  void BuildMetric(int i) {
    const MetricConfig& metric = config_.metric(i);
    std::string name;
    const ConfigPath path = path_.Child("metric", i, metric.name());
    std::shared_ptr<const MetricSummary> summary;
    Value value = BuildPerExample("metric", metric, path, &metric_names_, &name, &summary);
    if (IsLogColumn(name)) {
      diagnostics_.Error("name", path.Child("name"),
                         absl::StrCat("metric ", Quoted(name),
                                      ": the name is taken by a column of the log"));
    }
    if (!value.valid()) return;
    const bool weighted = metric.has_example_weight();
    if (weighted) {
      value = Weighted("metric", name, path, [&](const WeightScope& scope) {
        return AppendWeight(metric, value, scope);
      });
      if (!value.valid()) return;
    }
    const Shape& shape = model_.graph.spec(value).shape;
    const int64_t width = shape.rank() == 1 ? 1 : shape.dim(1).k;
    if (summary == nullptr) summary = std::make_shared<const MeanSummary>(Goal::kUnsaid);
    int64_t sums = static_cast<int64_t>(summary->SumNames().size());
    if (weighted && sums > 0) ++sums;
    model_.metrics.push_back({name, value, width, sums, std::move(summary), weighted});
  }

  // What `weigh` makes of a loss or metric. Invalid after a finding.
  template <class Weigh>
  Value Weighted(absl::string_view noun, const std::string& name, const ConfigPath& path,
                 Weigh weigh) {
    const std::string scoped = absl::StrCat(noun, "/", name);
    Emitter emit(&model_.graph, absl::StrCat(scoped, "/"), path);
    const std::string subject = absl::StrCat(noun, " ", Quoted(name), ": ");
    const Value value = weigh({scoped, subject, path, &emit, &names_.table, &diagnostics_});
    if (!emit.status().ok()) {
      diagnostics_.Error("shape", path, absl::StrCat(subject, emit.status().message()));
    }
    return value;
  }

  const ModelConfig& config_;
  const Parts parts_;
  const ConfigPath& path_;
  Diagnostics& diagnostics_;
  const BuildOptions& options_;
  ModelGraph model_;
  ModelNames names_;
  std::vector<bool> build_input_, build_layer_;
  std::vector<Value> input_values_, layer_values_;  // By position in the text; invalid when broken.
  WeightSharing weight_sharing_;
  std::set<std::string> loss_names_, metric_names_;
  Regularizers regularizers_;
  UnitsByInput units_;  // Of labels, for metrics.
};

}  // namespace

ModelGraph BuildGraph(const ModelConfig& model, Mode mode, Parts parts, const ConfigPath& path,
                      Diagnostics* diagnostics, const BuildOptions& options) {
  return Builder(model, mode, parts, path, diagnostics, options).Build();
}

}  // namespace gradus
