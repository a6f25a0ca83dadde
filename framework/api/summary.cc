// Models described.

#include "gradus/api/summary.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/rate_checks.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/trainer.h"
#include "gradus/graph/op.h"
#include "gradus/graph/print.h"

namespace gradus {
namespace {

double NodeFlops(const Graph& graph, const Node& node) {
  if (node.op == nullptr) return 0;
  std::vector<TensorSpec> inputs;
  for (Value input : node.inputs) inputs.push_back(graph.spec(input));
  return node.op->Flops(*node.config, inputs, node.outputs, 1);
}

int64_t Elements(const Shape& shape) {
  const absl::StatusOr<Dim> elements = shape.Elements();
  return elements.ok() ? elements->At(1) : 0;
}

LayerSummary SummarizeLayer(const ModelGraph& model, const LayerRow& row) {
  const Graph& graph = model.graph;
  LayerSummary layer;
  layer.name = row.name;
  layer.kind = row.kind;
  const TensorSpec& spec = graph.spec(row.output);
  layer.output = spec.shape.ToString();
  layer.bytes = Elements(spec.shape) * ByteSize(spec.dtype);
  for (Value parameter : row.parameters) layer.parameters += Elements(graph.spec(parameter).shape);
  for (int i = 0; i < graph.size(); ++i) {
    if (absl::StartsWith(graph.node(i).name, absl::StrCat(row.name, "/"))) {
      layer.flops += NodeFlops(graph, graph.node(i));
    }
  }
  return layer;
}

// 1234567 as "1,234,567".
std::string Grouped(int64_t number) {
  std::string digits = absl::StrCat(number);
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<size_t>(i), ",");
  }
  return digits;
}

std::string HumanFlops(double flops) {
  static constexpr const char* kUnits[] = {"", "k", "M", "G", "T"};
  int unit = 0;
  while (flops >= 1000 && unit < 4) flops /= 1000, ++unit;
  return absl::StrFormat("%.*f%s", unit == 0 ? 0 : 1, flops, kUnits[unit]);
}

// Whether a metric may be told in other units than the model's: where a loss's numbers are amounts.
bool MayHaveUnits(const RunFile& file) {
  if (file.config().model().metric_size() == 0) return false;
  Diagnostics ignored;
  const ModelGraph model = BuildGraph(file.config().model(), Mode::kTraining, Parts::kAll,
                                      ConfigPath().Child("model"), &ignored);
  return std::any_of(model.meanings.begin(), model.meanings.end(),
                     [](const PredictionMeaning& meaning) {
                       return meaning.kind == PredictionMeaning::kInUnits;
                     });
}

// The model with what its training data says, and the units that its metrics are told in.
absl::StatusOr<ModelConfig> ModelToPrint(RunFile* file, UnitsByInput* units) {
  ModelConfig model = file->config().model();
  const bool sound = file->diagnostics().ok() && file->config().has_data();
  if (!sound || (!NeedsTrainingData(model) && !MayHaveUnits(*file))) return model;
  DataConfig config = file->config().data();
  config.clear_test();
  Diagnostics own(file->locator());
  const DataSplits data = OpenData(config, InputFields(model), file->directory(), {}, &own);
  ResolveModel(data, ConfigPath().Child("model"), &model, &own);
  if (own.ok()) {
    *units = UnitsOf(data.preprocessing, data.inputs);
    return model;
  }
  const std::set<std::string> unknown = UnknownInputs(data);
  bool needed = false;
  for (const LossConfig& loss : file->config().model().loss()) {
    needed |= loss.class_weight().balanced();
  }
  for (int i = 0; i < model.layer_size(); ++i) {
    const LayerConfig& layer = model.layer(i);
    // The first layer reads the first input unless it says otherwise.
    if (i == 0 && layer.input_size() == 0 && model.input_size() > 0) {
      needed |= unknown.count(model.input(0).name()) > 0;
    }
    for (const std::string& input : layer.input()) needed |= unknown.count(input) > 0;
  }
  if (needed) return own.ToStatus();
  return file->config().model();
}

}  // namespace

absl::StatusOr<ModelSummary> Summarize(RunFile file, double measure_seconds) try {
  ModelSummary summary;
  const ModelConfig config = file.config().model();
  const bool trainable = config.loss_size() > 0 && file.config().has_optimizer();
  ModelGraph model;
  if (trainable) {
    const int64_t batch_size = file.config().data().batch_size();
    Diagnostics rates(file.locator());
    GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer, Trainer::Create(std::move(file)));
    summary.warnings = trainer->warnings();
    CheckRates(trainer->step().numbers(), trainer->config().optimizer(), &rates);
    GRADUS_RETURN_IF_ERROR(rates.ToStatus());
    for (const Finding& finding : rates.Sorted()) summary.warnings.push_back(ToString(finding));
    summary.batch_size = batch_size;
    summary.examples = SplitInWords(trainer->data());
    GRADUS_ASSIGN_OR_RETURN(summary.training_bytes,
                            trainer->step().executor().MemoryBytes(batch_size));
    model = trainer->step().model();
    summary.estimate = EstimateMemory(*trainer);
    if (measure_seconds > 0) MeasureTime(measure_seconds, trainer.get(), &*summary.estimate);
  } else {
    DataSplits data;
    if (file.config().has_data()) {
      data = OpenData(file.config().data(), InputFields(config), file.directory(), {},
                      &file.diagnostics());
    }
    ModelConfig resolved = config;
    const ConfigPath path = ConfigPath().Child("model");
    ResolveModel(data, path, &resolved, &file.diagnostics());
    BuildOptions options;
    options.unknown_inputs = UnknownInputs(data);
    model = BuildGraph(resolved, Mode::kInference, Parts::kAll, path, &file.diagnostics(), options);
    summary.examples = SplitInWords(data);
    GRADUS_RETURN_IF_ERROR(file.diagnostics().ToStatus());
    for (const Finding& finding : file.diagnostics().findings()) {
      summary.warnings.push_back(ToString(finding));
    }
  }
  summary.name = config.name();
  for (const LayerRow& row : model.layers) summary.layers.push_back(SummarizeLayer(model, row));
  for (const LayerSummary& layer : summary.layers) summary.forward_flops += layer.flops;
  // Shared parameters count once, though each layer that uses them shows them.
  for (Value parameter : model.graph.parameters()) {
    summary.parameters += Elements(model.graph.spec(parameter).shape);
  }
  summary.parameter_bytes = summary.parameters * ByteSize(DType::kFloat32);
  return summary;
} catch (...) {
  return StatusOfException("describing a model");
}

std::string ToTable(const ModelSummary& summary) {
  std::vector<std::vector<std::string>> rows = {
      {"layer", "kind", "output", "parameters", "FLOPs/example", "memory/example"}};
  for (const LayerSummary& layer : summary.layers) {
    rows.push_back({layer.name, layer.kind, layer.output, Grouped(layer.parameters),
                    HumanFlops(layer.flops), BytesInWords(static_cast<double>(layer.bytes))});
  }
  rows.push_back(
      {"total", "", "", Grouped(summary.parameters), HumanFlops(summary.forward_flops), ""});

  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text = " ";
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      absl::StrAppend(&text, " ", i < 3 ? row[i] : space, i < 3 ? space : row[i], " ");
    }
    absl::StripTrailingAsciiWhitespace(&text);
    return text + "\n";
  };
  size_t total = 0;
  for (size_t width : widths) total += width + 2;
  const std::string rule = absl::StrCat("  ", std::string(total - 2, '-'), "\n");

  std::string table = absl::StrCat("model \"", summary.name, "\"\n");
  if (!summary.examples.empty()) {
    absl::StrAppend(&table, "  ", absl::StrReplaceAll(summary.examples, {{"\n", "\n  "}}), "\n");
  }
  table += "\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 1 || i + 1 == rows.size()) table += rule;
    table += line(rows[i]);
  }
  table += "\n";
  if (summary.estimate.has_value()) return table + ToText(*summary.estimate, summary.batch_size);
  absl::StrAppend(&table, "  parameters        ",
                  BytesInWords(static_cast<double>(summary.parameter_bytes)), "\n");
  return table;
}

absl::StatusOr<std::vector<GraphDump>> DumpGraphs(RunFile file, bool training,
                                                  GraphFormat format) try {
  const auto print = [format](const Graph& graph) {
    return format == GraphFormat::kText ? PrintText(graph) : PrintDot(graph);
  };
  std::vector<GraphDump> dumps;
  UnitsByInput units;
  GRADUS_ASSIGN_OR_RETURN(const ModelConfig config, ModelToPrint(&file, &units));
  StepOptions options;
  options.build.units = &units;
  ModelGraph model =
      BuildGraph(config, training ? Mode::kTraining : Mode::kInference,
                 training ? Parts::kAll : Parts::kPrediction, ConfigPath().Child("model"),
                 &file.diagnostics(), options.build);
  GRADUS_RETURN_IF_ERROR(file.diagnostics().ToStatus());
  dumps.push_back({"forward", print(model.graph)});

  options.passes.observer = [&](absl::string_view pass, const Program& program) {
    if (pass != "input") {
      dumps.push_back({std::string(pass), print(program.graph)});
    } else if (training) {
      dumps.push_back({"gradients", print(program.graph)});
    }
  };
  if (training) {
    // A graph is the same whatever the data's size: any will do for the clocks of the schedules.
    options.validates = true;
    options.timeline = std::make_shared<Timeline>(Timeline::Plan{1000, 10, 10, absl::nullopt});
    GRADUS_RETURN_IF_ERROR(
        TrainStep::Create(config, file.config().optimizer(), options, &file.diagnostics())
            .status());
    return dumps;
  }
  Program program{model.graph, {}};
  for (const NamedValue& output : model.outputs) program.fetches.push_back(output.value);
  GRADUS_RETURN_IF_ERROR(RunPasses(std::move(program), options.passes).status());
  return dumps;
} catch (...) {
  return StatusOfException("printing a graph");
}

}  // namespace gradus
