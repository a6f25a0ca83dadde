// The tutorial models, taken through the program's own text, data and optimizers, give Keras'
// numbers: 54 steps from the same starting weights over the same batches (tests/golden/README.md).

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gradus/train/safetensors.h"

namespace gradus {
namespace {

// What Keras' run says, by name: "loss", "accuracy", "learning_rate".
std::vector<double> GoldenNumbers(const std::string& path, const std::string& name) {
  const absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
  google::protobuf::Struct json;
  std::vector<double> numbers;
  if (!text.ok() || !google::protobuf::util::JsonStringToMessage(*text, &json).ok()) return numbers;
  for (const google::protobuf::Value& number : json.fields().at(name).list_value().values()) {
    numbers.push_back(number.number_value());
  }
  return numbers;
}

class StepLines final : public TrainObserver {
 public:
  absl::Status OnLine(const MetricLine& line) override {
    if (line.scope == MetricLine::kStep) lines.push_back(line);
    return absl::OkStatus();
  }
  std::vector<MetricLine> lines;
};

class Golden : public testing::TestWithParam<std::string> {
 protected:
  std::string path(const std::string& ending) const {
    return "tests/golden/" + GetParam() + ending;
  }
};

TEST_P(Golden, LossesRatesAccuraciesAndWeightsAreThoseOfKeras) {
  const std::vector<std::string> settings = {"data.validation.fraction=0", "data.order=FILE_ORDER",
                                             "run.epochs=3", "run.log_every_steps=1"};
  auto trainer = Trainer::FromFile("examples/" + GetParam() + ".pbtxt", settings);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const auto match = (*trainer)->LoadWeights(path(".start.safetensors"));
  ASSERT_TRUE(match.ok()) << match.status();
  ASSERT_TRUE(match->exact()) << match->Table();

  StepLines observed;
  TrainObserver* const observers[] = {&observed};
  const absl::StatusOr<LoopEnd> end = (*trainer)->Train(observers);
  ASSERT_TRUE(end.ok()) << end.status();

  const std::vector<double> losses = GoldenNumbers(path(".json"), "loss");
  const std::vector<double> accuracies = GoldenNumbers(path(".json"), "accuracy");
  const std::vector<double> rates = GoldenNumbers(path(".json"), "learning_rate");
  ASSERT_EQ(losses.size(), 54u);
  ASSERT_EQ(observed.lines.size(), 54u);
  double worst_loss = 0;
  for (size_t i = 0; i < losses.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("step ", i + 1));
    const MetricLine& line = observed.lines[i];
    EXPECT_EQ(line.step, static_cast<int64_t>(i) + 1);
    // Float arithmetic alone is worth 1e-6, a beta rounded to float 1.3e-5.
    EXPECT_NEAR(line.loss, losses[i], 1e-5 * losses[i]);
    worst_loss = std::max(worst_loss, std::abs(line.loss / losses[i] - 1));
    EXPECT_NEAR(line.learning_rate, rates[i], 1e-9 * rates[i]);
    ASSERT_EQ(line.metrics.size(), 1u);
    EXPECT_EQ(line.metrics[0].first, "accuracy");
    // A count divided by 32 or 25; one example more would be 3e-2.
    EXPECT_NEAR(line.metrics[0].second, accuracies[i], 1e-12);
  }

  const absl::StatusOr<SafetensorsFile> golden = ReadSafetensors(path(".end.safetensors"));
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(golden->tensors.size(), 6u);
  double worst_weight = 0;
  for (const NamedTensor& named : golden->tensors) {
    const absl::StatusOr<Tensor> weights = (*trainer)->Parameter(named.name);
    ASSERT_TRUE(weights.ok()) << weights.status();
    ASSERT_EQ(weights->dims(), named.tensor.dims()) << named.name;
    for (int64_t i = 0; i < weights->elements(); ++i) {
      const double difference = std::abs(weights->data<float>()[i] - named.tensor.data<float>()[i]);
      EXPECT_LE(difference, 1e-5) << named.name << " element " << i;
      worst_weight = std::max(worst_weight, difference);
    }
  }
  RecordProperty("worst_relative_loss", absl::StrCat(worst_loss));
  RecordProperty("worst_absolute_weight", absl::StrCat(worst_weight));
}

INSTANTIATE_TEST_SUITE_P(Tutorial, Golden,
                         testing::Values("tutorial_adam", "tutorial_exponential_decay",
                                         "tutorial_rmsprop"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace gradus
