// Fuzzes what stands behind every text of a user: the parser, settings, rules, the graph and, of
// small models, the step of training with its optimizer and schedules. The parser of the language
// is our own, so it is instrumented like the rest.
//
// An input is a configuration; its lines `#set PATH=VALUE` are settings, as in
// tests/broken/testdata. Beyond not crashing:
//   - what is accepted without a finding is accepted by protobuf's own parser, with the same
//   result;
//   - what is accepted can be printed, and what is printed is accepted and the same again;
//   - every finding has a code and a position, and all together are valid UTF-8.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/text_format.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_escape.h"
#include "gradus/graph/build_graph.h"
#include "gradus/run.pb.h"
#include "gradus/train/train_step.h"

namespace gradus {
namespace {

std::vector<std::string> SettingsIn(absl::string_view text) {
  std::vector<std::string> settings;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "#set ") && settings.size() < 16)
      settings.emplace_back(line.substr(5));
  }
  return settings;
}

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

// Differentiates and compiles; nothing is run.
void CheckStep(const RunConfig& config) {
  if (!IsSmall(config.model())) return;
  Diagnostics diagnostics;
  const auto step =
      TrainStep::Create(config.model(), config.optimizer(), StepOptions(), &diagnostics);
  GRADUS_CHECK(step.ok() || (IsUtf8(step.status().message()) && !step.status().message().empty()));
  if (step.ok()) GRADUS_CHECK(diagnostics.ok());
}

void FuzzOne(absl::string_view text) {
  const std::vector<std::string> settings = SettingsIn(text);
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
  if (diagnostics.ok()) CheckStep(config);
}

}  // namespace
}  // namespace gradus

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gradus::FuzzOne(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
