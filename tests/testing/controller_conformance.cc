// Controllers in a run for tests.

#include "tests/testing/controller_conformance.h"

#include <cmath>
#include <limits>
#include <random>

#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {

MonitorTable TestMonitors(bool validation) { return MonitorTable({{"accuracy", MAX}}, validation); }

Timeline TestTimeline() {
  Timeline::Plan plan;
  plan.examples_per_epoch = 100;
  plan.examples_per_update = 10;
  plan.epochs = 100;
  return Timeline(plan);
}

absl::StatusOr<std::unique_ptr<Controller>> ParseController(const std::string& text,
                                                            bool validation, std::string* key) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", ControllerConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  const auto& config = static_cast<const ControllerConfig&>(*parsed.message);
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (key != nullptr && field != nullptr) *key = field->full_name();
  std::unique_ptr<Controller> controller;
  if (diagnostics.ok()) {
    controller =
        MakeController(config, TestMonitors(validation), std::make_shared<Timeline>(TestTimeline()),
                       ConfigPath(), &diagnostics);
  }
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  GRADUS_CHECK(controller != nullptr);
  return controller;
}

FedController::FedController(const std::string& text) {
  auto controller = ParseController(text);
  GRADUS_CHECK(controller.ok());
  controller_ = *std::move(controller);
  for (const ControllerNumber& number : controller_->State()) numbers.push_back(number.initial);
}

Verdict FedController::Feed(Section section, double loss, int64_t update, double accuracy,
                            absl::optional<double> alignment) {
  cause.clear();
  if (!controller_->Watches(section)) return Verdict::kGoOn;
  const double values[] = {loss, accuracy};
  Observation observation;
  observation.section = section;
  observation.progress = TestTimeline().At(update);
  observation.values = values;
  observation.rate = 0.1;
  observation.alignment = alignment;
  return controller_->Observe(observation, &numbers, &cause);
}

double FedController::Apply(double in, int64_t update) const {
  return controller_->Apply(in, TestTimeline().At(update), numbers);
}

std::vector<TestMeasurement> RandomMeasurements(uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  const auto uniform = [&random](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<TestMeasurement> measurements;
  double last = 1;
  int64_t update = 0;
  for (int i = 0; i < count; ++i) {
    update += 1 + static_cast<int64_t>(random() % 3);
    TestMeasurement measured;
    measured.section = static_cast<Section>(random() % 3);
    measured.update = update;
    const double what = uniform(0, 1);
    if (what < 0.03) {
      measured.loss = std::nan("");
    } else if (what < 0.05) {
      measured.loss = kInfinity;
    } else if (what < 0.06) {
      measured.loss = -kInfinity;
    } else if (what < 0.10) {
      measured.loss = 100 * std::abs(last);
    } else if (what < 0.3) {
      measured.loss = last;
    } else {
      last = 2.0 / (1 + 0.1 * i) - 0.5 + uniform(-0.1, 0.1);
      measured.loss = last;
    }
    measured.accuracy = std::isfinite(measured.loss) ? 1 - measured.loss : measured.loss;
    if (what < 0.03) {
      measured.alignment = std::nan("");
    } else if (measured.section == Section::kBatch) {
      measured.alignment = uniform(-1, 1);
    }
    measurements.push_back(measured);
  }
  return measurements;
}

}  // namespace gradus
