// The chain behind a rate.

#include "gradus/train/rate.h"

#include <gtest/gtest.h>

#include "gradus/base/text_config.h"

namespace gradus {
namespace {

RateChain Make(const std::string& text, std::string* errors = nullptr) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "o", OptimizerConfig::default_instance(), {}, &diagnostics);
  RateChain chain = MakeLearningRate(static_cast<const OptimizerConfig&>(*parsed.message),
                                     ConfigPath().Child("optimizer"), &diagnostics);
  const std::string found(diagnostics.ToStatus().message());
  if (errors != nullptr) *errors = found;
  EXPECT_TRUE(errors != nullptr || found.empty()) << found;
  return chain;
}

Progress AtUpdate(int64_t update) {
  Progress progress;
  progress.update = update;
  return progress;
}

class Halve final : public RateLayer {
 public:
  std::string name() const override { return "halve"; }
  double Apply(double in, const Progress&) const override { return in / 2; }
};
class PlusUpdate final : public RateLayer {
 public:
  std::string name() const override { return "plus update"; }
  double Apply(double in, const Progress& progress) const override { return in + progress.update; }
};

TEST(RateChainTest, LayersApplyInTheirOrderAndExplainThemselves) {
  std::vector<std::unique_ptr<RateLayer>> layers;
  layers.push_back(std::make_unique<PlusUpdate>());
  layers.push_back(std::make_unique<Halve>());
  const RateChain chain(std::move(layers));
  EXPECT_EQ(chain.At(AtUpdate(6)), 3);
  const std::vector<RateChain::Why> why = chain.Explain(AtUpdate(6));
  ASSERT_EQ(why.size(), 2u);
  EXPECT_EQ(why[0].layer, "plus update");
  EXPECT_EQ(why[0].out, 6);
  EXPECT_EQ(why[1].layer, "halve");
  EXPECT_EQ(why[1].out, 3);
}

TEST(MakeLearningRateTest, TheScheduleOfTheTextIsTheFirstLayer) {
  const RateChain chain = Make(
      "adam {} learning_rate { exponential_decay { initial_learning_rate: 0.5 decay_steps: 2 "
      "decay_rate: 0.25 } }");
  EXPECT_EQ(chain.At(AtUpdate(0)), 0.5);
  EXPECT_EQ(chain.At(AtUpdate(1)), 0.25);
  EXPECT_EQ(chain.Explain(AtUpdate(0))[0].layer, "schedule");
}

TEST(MakeLearningRateTest, WithoutOneTheRuleHasKerasDefault) {
  EXPECT_EQ(Make("sgd {}").At({}), 0.01);
  EXPECT_EQ(Make("adam {}").At({}), 0.001);
  EXPECT_EQ(Make("adagrad {}").At({}), 0.001);
  EXPECT_EQ(Make("rmsprop {}").At({}), 0.001);
  EXPECT_EQ(Make("adam {}").Explain({})[0].layer, "default");
}

TEST(MakeLearningRateTest, ABrokenScheduleIsAFinding) {
  std::string errors;
  Make(
      "adam {} learning_rate { cosine_decay { initial_learning_rate: 1 decay_steps: 1 "
      "warmup_steps: 1 } }",
      &errors);
  EXPECT_NE(errors.find("warmup_steps is set, but no warmup_target"), std::string::npos) << errors;
}

}  // namespace
}  // namespace gradus
