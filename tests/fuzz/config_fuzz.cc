// Fuzzes what stands behind every text of a user: the parser, settings, rules, the graph and, of
// small models, the step of training with its optimizer, schedules, controllers and watchers. The
// parser of the language is our own, so it is instrumented like the rest.
//
// An input is a configuration; its lines `#set PATH=VALUE` are settings, as in
// tests/broken/testdata, and config_rates.h has further ones. An input without a model gets one, so
// that the files of tests/broken/testdata/runs are whole. Beyond not crashing:
//   - what is accepted without a finding is accepted by protobuf's own parser, with the same
//   result;
//   - what is accepted can be printed, and what is printed is accepted and the same again;
//   - every finding has a code and a position, and all together are valid UTF-8;
//   - of a step that is made, every number that may change has a value at any update, which its
//     explanation comes to and a checkpoint keeps, whatever is measured or asked for from outside.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "google/protobuf/text_format.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_escape.h"
#include "gradus/graph/build_graph.h"
#include "gradus/run.pb.h"
#include "gradus/train/train_step.h"
#include "tests/fuzz/config_rates.h"

namespace gradus {
namespace {

constexpr char kModel[] = R"(
model {
  input { name: "x" shape: 1 }
  input { name: "y" shape: 1 }
  layer { name: "drop" input: "x" dropout { rate: 0.25 } }
  layer { name: "out" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
  metric { name: "distance" mean_absolute_error { prediction: "out" label: "y" } }
}
)";

void CheckFindings(const Diagnostics& diagnostics) {
  for (const Finding& finding : diagnostics.findings()) {
    GRADUS_CHECK(!finding.code.empty() && !finding.message.empty() &&
                 !finding.position.file.empty());
  }
  GRADUS_CHECK(IsUtf8(diagnostics.ToStatus().message()));
}

void CheckAccepted(absl::string_view text, const RunConfig& config, bool has_settings) {
  google::protobuf::LogSilencer silent;
  RunConfig theirs;
  GRADUS_CHECK(has_settings ||
               (google::protobuf::TextFormat::ParseFromString(std::string(text), &theirs) &&
                theirs.SerializeAsString() == config.SerializeAsString()));
  Diagnostics diagnostics;
  const ParsedConfig again = ParseTextConfig(PrintTextConfig(config), "printed",
                                             RunConfig::default_instance(), {}, &diagnostics);
  GRADUS_CHECK(diagnostics.ok());
  GRADUS_CHECK(again.message->SerializeAsString() == config.SerializeAsString());
}

// So small that compiling it takes no time; the sizes multiply at worst.
bool IsSmall(const ModelConfig& model) {
  constexpr int kMostLayers = 16;
  constexpr double kMostElements = 1 << 16;
  if (model.layer_size() + model.loss_size() + model.metric_size() > kMostLayers) return false;
  Diagnostics diagnostics;
  const ModelGraph built = BuildGraph(model, Mode::kTraining, Parts::kAll,
                                      ConfigPath().Child("model"), &diagnostics);
  if (!diagnostics.ok()) return false;
  double elements = 0;
  const Graph& graph = built.graph;
  for (int i = 0; i < graph.size(); ++i) {
    for (const TensorSpec& output : graph.node(i).outputs) {
      double of_output = 1;
      for (const Dim& dim : output.shape.dims()) of_output *= static_cast<double>(dim.k);
      elements += of_output;
    }
  }
  return elements <= kMostElements;
}

// Differentiates and compiles; nothing is run. The run is thought to have 100 examples an epoch.
void CheckStep(const RunConfig& config, absl::string_view text) {
  if (!IsSmall(config.model())) return;
  Timeline::Plan plan;
  plan.examples_per_epoch = 100;
  plan.examples_per_update = config.data().batch_size();
  plan.epochs = config.run().epochs();
  if (config.run().has_max_steps()) plan.max_steps = config.run().max_steps();
  StepOptions options;
  options.timeline = std::make_shared<Timeline>(plan);
  options.validates = true;
  options.settings = &config.run();
  Diagnostics diagnostics;
  const auto step =
      TrainStep::Create(config.model(), config.optimizer(), options, &diagnostics);
  CheckRefusal(step.status());
  if (!step.ok()) return;
  GRADUS_CHECK(diagnostics.ok());
  CheckRates(**step, config.model().metric_size(), text);
}

void FuzzOne(absl::string_view text) {
  const std::vector<std::string> settings = LinesAfter("#set ", text);
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "fuzz.pbtxt", RunConfig::default_instance(), settings, &diagnostics);
  CheckFindings(diagnostics);
  if (parsed.message == nullptr) return;
  RunConfig config;
  config.CopyFrom(*parsed.message);
  if (diagnostics.ok()) CheckAccepted(text, config, !settings.empty());
  for (Mode mode : {Mode::kTraining, Mode::kInference}) {
    for (Parts parts : {Parts::kAll, Parts::kPrediction}) {
      Diagnostics graph_diagnostics;
      BuildGraph(config.model(), mode, parts, ConfigPath().Child("model"), &graph_diagnostics);
      GRADUS_CHECK(IsUtf8(graph_diagnostics.ToStatus().message()));
    }
  }
  if (diagnostics.ok()) CheckStep(config, text);
}

}  // namespace
}  // namespace gradus

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  gradus::FuzzOne(text);
  if (!absl::StrContains(text, "model {")) gradus::FuzzOne(text + gradus::kModel);
  gradus::CheckSearch(text);
  gradus::CheckSteps(text);
  gradus::CheckTable(text);
  return 0;
}
