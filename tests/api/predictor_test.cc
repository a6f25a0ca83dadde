// A saved model stands alone and predicts what the trained one computes, from any thread.

#include "gradus/api/predictor.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "gradus/base/file.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

class PredictorTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/saved";
    ASSERT_TRUE(RemoveTree(folder_).ok());
    trainer_ = SmallTrainer();
    ASSERT_TRUE(trainer_->Train().ok());
    ASSERT_TRUE(trainer_->SaveModel(folder_).ok());
    auto predictor = Predictor::Load(folder_);
    ASSERT_TRUE(predictor.ok()) << predictor.status();
    predictor_ = *std::move(predictor);
  }

  std::string folder_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Predictor> predictor_;
};

TEST_F(PredictorTest, NeedsNoLabelsAndKnowsItsOutputs) {
  ASSERT_EQ(predictor_->inputs().size(), 1u);
  EXPECT_EQ(predictor_->inputs()[0].input, "x");
  ASSERT_EQ(predictor_->outputs().size(), 1u);
  EXPECT_EQ(predictor_->outputs()[0].input, "out");
  EXPECT_EQ(predictor_->name(), "small");
}

// The model by hand, in double, with moving statistics and without dropout.
TEST_F(PredictorTest, ComputesTheModelWithItsMovingStatistics) {
  const Points points = MakePoints(5, 100);
  const auto outputs = predictor_->Predict({{"x", points.x}});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  std::map<std::string, std::vector<float>> w;
  for (const char* name : kSmallTensors) w[name] = Values(trainer_->Parameter(name));
  for (size_t row = 0; row < 5; ++row) {
    double out = w["out/bias"][0];
    for (size_t j = 0; j < 4; ++j) {
      double h = w["hidden/bias"][j];
      for (size_t i = 0; i < 3; ++i) {
        h += points.x.data<float>()[3 * row + i] * w["hidden/kernel"][4 * i + j];
      }
      const double normal = (std::tanh(h) - w["norm/moving_mean"][j]) /
                            std::sqrt(w["norm/moving_variance"][j] + 1e-3);
      out += (normal * w["norm/gamma"][j] + w["norm/beta"][j]) * w["out/kernel"][j];
    }
    // A dozen float roundings of numbers below 4.
    EXPECT_NEAR(outputs->at("out").data<float>()[row], out, 4 * 12 * 6e-8);
  }
}

TEST_F(PredictorTest, ServesManyThreadsAndRowCountsAtOnce) {
  const Points points = MakePoints(64);
  std::vector<std::vector<float>> expected;
  const std::vector<int64_t> counts = {1, 3, 8, 64};
  for (int64_t rows : counts) {
    const auto outputs = predictor_->Predict({{"x", MakePoints(rows).x}});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    expected.push_back(Values(outputs->at("out")));
  }
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 200; ++i) {
        const size_t k = (i + t) % counts.size();
        const auto outputs = predictor_->Predict({{"x", MakePoints(counts[k]).x}});
        wrong[t] += !outputs.ok() || Values(outputs->at("out")) != expected[k];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST_F(PredictorTest, RefusesWhatDoesNotFit) {
  const Points points = MakePoints(2);
  EXPECT_EQ(predictor_->Predict({}).status().message(), "input \"x\" is missing");
  EXPECT_FALSE(predictor_->Predict({{"x", points.y}}).ok());
  EXPECT_EQ(predictor_->Predict({{"x", points.x}, {"y", points.y}}).status().message(),
            "the model has no input \"y\"");
  const auto none = predictor_->Predict({{"x", MakePoints(0).x}});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->at("out").dims(), (std::vector<int64_t>{0, 1}));
}

TEST_F(PredictorTest, ASavedModelNamesNoOptimizer) {
  const auto text = ReadFile(folder_ + "/model.pbtxt", 1 << 20);
  ASSERT_TRUE(text.ok());
  EXPECT_FALSE(absl::StrContains(*text, "adam"));
  EXPECT_TRUE(absl::StrContains(*text, "format_version: 1"));
}

// What a crash between the two files leaves where a model stood before.
TEST_F(PredictorTest, NewWeightsBesideAnOldTextAreRefused) {
  const std::string text = *ReadFile(folder_ + "/model.pbtxt", 1 << 20);
  ASSERT_TRUE(trainer_->SetParameter("out/bias", Tensor::Of<float>({1}, {7})).ok());
  ASSERT_TRUE(trainer_->SaveModel(folder_).ok());
  EXPECT_TRUE(Predictor::Load(folder_).ok());
  ASSERT_TRUE(WriteFile(folder_ + "/model.pbtxt", text).ok());
  const absl::Status refused = Predictor::Load(folder_).status();
  EXPECT_EQ(refused.message(),
            folder_ + "/model.safetensors was not saved with " + folder_ +
                "/model.pbtxt: its checksum is not the tensors_crc32 there; save the model again, "
                "or, when the weights were replaced on purpose, remove tensors_crc32");
  // A text without the field, as older ones are, takes any weights that fit.
  const size_t at = text.find("tensors_crc32: ");
  ASSERT_NE(at, std::string::npos);
  ASSERT_TRUE(
      WriteFile(folder_ + "/model.pbtxt", text.substr(0, at) + text.substr(text.find('\n', at)))
          .ok());
  const auto loaded = Predictor::Load(folder_);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
}

TEST_F(PredictorTest, WeightsOfAnotherModelAreShownInATable) {
  const std::unique_ptr<Trainer> other = SmallTrainer({"model.layer[hidden].dense.units=6"});
  const auto match = other->LoadWeights(WeightsPath(folder_));
  ASSERT_TRUE(match.ok()) << match.status();
  EXPECT_FALSE(match->exact());
  EXPECT_TRUE(absl::StartsWith(match->Table(),
                               "  what        name                  model   file\n"
                               "  mismatched  hidden/kernel         [3, 6]  FLOAT32 [3, 4]\n"
                               "  mismatched  hidden/bias           [6]     FLOAT32 [4]\n"))
      << match->Table();
}

// What was learned from the training rows goes with the model: raw rows predict what prepared ones
// do.
TEST(SavedPreprocessing, IsAppliedToRawRows) {
  const std::vector<std::string> settings = {"run.epochs=2"};
  const auto trainer = Trainer::FromFile("examples/tutorial_adam.pbtxt", settings);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const std::string folder = testing::TempDir() + "/tutorial";
  ASSERT_TRUE((*trainer)->SaveModel(folder).ok());
  PredictorOptions prepared_inputs;
  prepared_inputs.raw_inputs = false;
  const auto raw = Predictor::Load(folder), prepared = Predictor::Load(folder, prepared_inputs);
  ASSERT_TRUE(raw.ok()) << raw.status();
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  std::vector<float> row(30);
  for (size_t i = 0; i < row.size(); ++i) row[i] = 0.5f * static_cast<float>(i);
  const Tensor x = Tensor::Of<float>({1, 30}, row);
  const auto ready = (*raw)->preprocessing().Apply((*raw)->inputs()[0], x);
  ASSERT_TRUE(ready.ok());
  EXPECT_NE(Values(*ready), row);
  EXPECT_EQ(Values((*raw)->Predict({{"features", x}})->at("output")),
            Values((*prepared)->Predict({{"features", *ready}})->at("output")));
}

}  // namespace
}  // namespace gradus
