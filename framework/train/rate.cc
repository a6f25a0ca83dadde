// The chain and its first layer.

#include "gradus/train/rate.h"

#include <utility>

#include "gradus/base/text_config.h"
#include "gradus/rule.pb.h"

namespace gradus {
namespace {

class ScheduleLayer final : public RateLayer {
 public:
  explicit ScheduleLayer(std::unique_ptr<Schedule> schedule) : schedule_(std::move(schedule)) {}
  std::string name() const override { return "schedule"; }
  double Apply(double, const Progress& progress) const override { return schedule_->At(progress); }

 private:
  const std::unique_ptr<Schedule> schedule_;
};

class DefaultLayer final : public RateLayer {
 public:
  explicit DefaultLayer(double rate) : rate_(rate) {}
  std::string name() const override { return "default"; }
  double Apply(double, const Progress&) const override { return rate_; }

 private:
  const double rate_;
};

}  // namespace

double RateChain::At(const Progress& progress) const {
  double value = 0;
  for (const auto& layer : layers_) value = layer->Apply(value, progress);
  return value;
}

std::vector<RateChain::Why> RateChain::Explain(const Progress& progress) const {
  std::vector<Why> steps;
  double value = 0;
  for (const auto& layer : layers_) {
    value = layer->Apply(value, progress);
    steps.push_back({layer->name(), value});
  }
  return steps;
}

RateChain MakeLearningRate(const OptimizerConfig& config, const ConfigPath& path,
                           Diagnostics* diagnostics) {
  std::vector<std::unique_ptr<RateLayer>> layers;
  if (config.has_learning_rate()) {
    auto schedule = MakeSchedule(config.learning_rate(), path.Child("learning_rate"), diagnostics);
    if (schedule != nullptr) layers.push_back(std::make_unique<ScheduleLayer>(std::move(schedule)));
    return RateChain(std::move(layers));
  }
  const google::protobuf::FieldDescriptor* rule = ChosenField(config);
  if (rule == nullptr) return RateChain();  // CheckRules has said so.
  const bool known = rule->message_type() != nullptr &&
                     rule->message_type()->options().HasExtension(default_learning_rate);
  if (!known) {
    diagnostics->Error("missing", path.Child("learning_rate"),
                       absl::StrCat(rule->name(), " has no default learning rate"),
                       "write learning_rate { constant: 0.001 }");
    return RateChain();
  }
  layers.push_back(std::make_unique<DefaultLayer>(
      rule->message_type()->options().GetExtension(default_learning_rate)));
  return RateChain(std::move(layers));
}

}  // namespace gradus
