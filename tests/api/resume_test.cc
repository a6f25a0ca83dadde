// Trainer::Resume with other rules, groups and stages; weights that are set between steps; what needs
// the plugin of a run's rule, and what does not.

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/evaluate.h"
#include "gradus/api/explain_rate.h"
#include "gradus/api/predictor.h"
#include "gradus/base/file.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

std::string Fresh(const std::string& name) {
  const std::string folder = testing::TempDir() + "/resume-" + name;
  EXPECT_TRUE(RemoveTree(folder).ok());
  return folder;
}

// A trainer's state after all of its epochs; the checkpoint's path.
std::string Saved(const std::string& name, const std::vector<std::string>& settings) {
  const std::string folder = Fresh(name);
  const std::unique_ptr<Trainer> trainer = SmallTrainer(settings);
  EXPECT_TRUE(trainer->Train().ok());
  const auto path = trainer->SaveState(folder);
  EXPECT_TRUE(path.ok()) << path.status();
  return path.ok() ? *path : "";
}

absl::StatusOr<std::unique_ptr<Trainer>> Resume(const std::string& checkpoint,
                                                const std::vector<std::string>& settings = {}) {
  const Points points = MakePoints(20);
  TrainerOptions options;
  options.datasets["points"] = *MakeMemoryDataset({{"x", points.x}, {"y", points.y}});
  return Trainer::Resume(checkpoint, options, settings);
}

constexpr char kMore[] = "run.epochs=6";

TEST(Resume, WithNumbersOfTheSameRuleIsAsItWasBitForBit) {
  const std::string checkpoint = Saved("same", {"optimizer.adam.beta1=0.8"});
  const auto plain = Resume(checkpoint, {kMore});
  // The value that it has: everything goes the way of a change, and nothing changes.
  const auto carried = Resume(checkpoint, {kMore, "optimizer.adam.beta1=0.8"});
  ASSERT_TRUE(plain.ok()) << plain.status();
  ASSERT_TRUE(carried.ok()) << carried.status();
  EXPECT_TRUE((*plain)->memory_match().rows.empty());
  EXPECT_TRUE((*carried)->memory_match().exact());
  EXPECT_EQ((*carried)->memory_match().Count(MemoryMatch::kRestored), 2 * 6 + 1);
  ASSERT_TRUE((*plain)->Train().ok());
  ASSERT_TRUE((*carried)->Train().ok());
  for (const char* name : kSmallTensors) {
    EXPECT_EQ(Values((*plain)->Parameter(name)), Values((*carried)->Parameter(name))) << name;
  }
}

TEST(Resume, WithAnotherRuleSaysWhatBecameOfItsMemory) {
  const std::string checkpoint = Saved("rule", {});
  const auto trainer =
      Resume(checkpoint, {kMore,
                          "optimizer={ sgd { momentum: 0.9 } learning_rate { constant: 0.05 } "
                          "group { name: \"norm\" match: \"norm/.*\" rule { adam {} } } }"});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const MemoryMatch& match = (*trainer)->memory_match();
  EXPECT_FALSE(match.exact());
  // Two slots of norm's two parameters and its count; the others' momentum and count; their velocity.
  EXPECT_EQ(match.Count(MemoryMatch::kRestored), 4 + 1);
  EXPECT_EQ(match.Count(MemoryMatch::kFresh), 4 + 1);
  EXPECT_EQ(match.Count(MemoryMatch::kDropped), 4);
  EXPECT_TRUE(
      absl::StrContains(match.Table(), "  dropped  hidden/kernel/velocity  the rule is sgd\n"))
      << match.Table();
  ASSERT_TRUE((*trainer)->Train().ok());
  EXPECT_EQ((*trainer)->state().progress.update, 18);
  // Its states are those of the new rule: a resume without settings is as strict as ever.
  const auto path = (*trainer)->SaveState(Fresh("rule-next"));
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_TRUE(Resume(*path).ok());
}

TEST(Resume, OfADamagedStateIsRefusedWithOtherRulesToo) {
  const std::string checkpoint = Saved("damaged", {});
  const std::string header = checkpoint + "/state.pbtxt";
  const std::string text = *ReadFile(header, 1 << 20);
  ASSERT_TRUE(
      WriteFile(header, absl::StrReplaceAll(text, {{"default/updates", "default/up"}})).ok());
  for (const std::vector<std::string>& settings :
       {std::vector<std::string>{}, {"optimizer.sgd={}"}}) {
    EXPECT_TRUE(absl::StrContains(Resume(checkpoint, settings).status().message(),
                                  "the number \"default/updates\" is missing"));
  }
  EXPECT_TRUE(absl::StrContains(Resume(checkpoint, {"model.name=other"}).status().message(),
                                "may change run.*, optimizer.* and data.batch_size"));
}

// ---- Weights that are set between steps.

std::vector<float> Slot(const Trainer& trainer, const std::string& parameter, const char* name) {
  const ParameterStore& store = trainer.state().store;
  const int i = store.layout().Find(parameter);
  for (int slot = 0; slot < store.memory().slots(); ++slot) {
    if (store.memory().spec(slot).name != name) continue;
    const float* data = store.memory().PartData(slot, store.layout(), i);
    return std::vector<float>(data, data + store.layout().place(i).columns);
  }
  return {};
}

struct Copying {
  const char *optimizer, *slot;
};

class SetWeights : public testing::TestWithParam<Copying> {};

TEST_P(SetWeights, AreWhatIsEvaluatedAndSavedAndWhereCopiesBegin) {
  const std::vector<std::string> settings = {
      absl::StrCat("optimizer=learning_rate { constant: 0.01 } ", GetParam().optimizer)};
  const std::unique_ptr<Trainer> trainer = SmallTrainer(settings);
  ASSERT_TRUE(trainer->Train().ok());
  const std::vector<float> other = Slot(*trainer, "hidden/bias", GetParam().slot);
  ASSERT_TRUE(trainer->SetParameter("out/bias", Tensor::Of<float>({1}, {2.5f})).ok());
  EXPECT_EQ(Values(trainer->Parameter("out/bias")), std::vector<float>{2.5f});
  EXPECT_EQ(Slot(*trainer, "out/bias", GetParam().slot), std::vector<float>{2.5f});
  EXPECT_EQ(Slot(*trainer, "hidden/bias", GetParam().slot), other);
  // What is saved has it.
  const std::string folder = Fresh("set");
  ASSERT_TRUE(trainer->SaveModel(folder).ok());
  const std::unique_ptr<Trainer> reader = SmallTrainer();
  ASSERT_TRUE(reader->LoadWeights(folder + "/model.safetensors").ok());
  EXPECT_FLOAT_EQ(Values(reader->Parameter("out/bias"))[0], 2.5f);
  // And all of them at once.
  ASSERT_TRUE(trainer->LoadWeights(folder + "/model.safetensors").ok());
  for (const char* name : {"hidden/bias", "out/bias"}) {
    EXPECT_EQ(Slot(*trainer, name, GetParam().slot), Values(trainer->Parameter(name))) << name;
  }
  const Points points = MakePoints(8);
  EXPECT_TRUE(trainer->Step({{"x", points.x}, {"y", points.y}}).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Of, SetWeights,
    testing::Values(Copying{"schedule_free_sgd {}", "z"}, Copying{"schedule_free_adamw {}", "z"},
                    Copying{"asgd { averaged: true t0: 1 }", "averaged_weights"},
                    Copying{"adam {} average { ema {} evaluate: true }", "average"},
                    Copying{"adam {} average { swa {} evaluate: true }", "average"},
                    Copying{"adam {} lookahead {}", "lookahead"},
                    Copying{"prodigy {}", "initial_weights"}));

// ---- A rule that is a plugin's, which is not here.

// A run's folder with a checkpoint, the saved model and run.pbtxt, as if a plugin had trained it.
class WithoutItsPlugin : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Fresh("plugin");
    ASSERT_TRUE(MakeFolders(folder_).ok());
    ASSERT_TRUE(WriteFile(folder_ + "/rows.csv", "a,b,y\n1,10,1\n2,30,0\n3,20,1\n4,50,0\n").ok());
    ASSERT_TRUE(WriteFile(folder_ + "/run.pbtxt", R"(
model {
  name: "lines"
  input { name: "x" shape: 2 }
  input { name: "y" shape: 1 }
  layer { name: "out" input: "x" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
}
optimizer { adam {} learning_rate { constant: 0.1 } }
data {
  train {
    csv {
      path: "rows.csv"
      field { input: "y" column: "y" }
      field { input: "x" except: "y" standardise: true }
    }
  }
  validation { fraction: 0.5 tail: true }
}
run { epochs: 2 }
)")
                    .ok());
    const auto trainer = Trainer::FromFile(folder_ + "/run.pbtxt");
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    RateCommand command;
    command.mutable_schedule()->set_constant(0.2);
    ASSERT_TRUE((*trainer)->Command(command).ok());
    ASSERT_TRUE((*trainer)->Train().ok());
    const auto path = (*trainer)->SaveState(folder_ + "/checkpoints");
    ASSERT_TRUE(path.ok()) << path.status();
    checkpoint_ = *path;
    ASSERT_TRUE(MarkBest(folder_ + "/checkpoints", checkpoint_).ok());
    ASSERT_TRUE((*trainer)->SaveModel(folder_).ok());
    kernel_ = Values((*trainer)->Parameter("out/kernel"));
    for (const std::string& file : {checkpoint_ + "/run.pbtxt", folder_ + "/run.pbtxt"}) {
      Edit(file, "adam {",
           "[acme.lion] { beta1: 0.95 }  group { name: \"g\" match: \"out/.*\" "
           "rule { [acme.lion] {} } }  adam {");
    }
    Edit(checkpoint_ + "/state.pbtxt", "constant: 0.2", "[acme.wave] { period: 3 }");
  }
  static void Edit(const std::string& file, const std::string& from, const std::string& to) {
    const std::string text = *ReadFile(file, 1 << 20);
    ASSERT_TRUE(absl::StrContains(text, from)) << text;
    ASSERT_TRUE(WriteFile(file, absl::StrReplaceAll(text, {{from, to}})).ok());
  }
  std::string folder_, checkpoint_;
  std::vector<float> kernel_;
};

TEST_F(WithoutItsPlugin, EveryCheckpointPredicts) {
  for (const char* which : {"", "best", "last", "2"}) {
    PredictorOptions options;
    options.checkpoint = which;
    options.raw_inputs = false;
    const auto predictor = Predictor::Load(folder_, options);
    ASSERT_TRUE(predictor.ok()) << which << ": " << predictor.status();
    EXPECT_TRUE(absl::StrContains((*predictor)->weights(), "checkpoint, step 2"));
    const auto outputs = (*predictor)->Predict({{"x", Tensor::Of<float>({2, 2}, {1, 0, 0, 0})}});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    const absl::Span<const float> out = outputs->at("out").data<float>();
    // One rounding of numbers below 4.
    EXPECT_NEAR(out[0] - out[1], kernel_[0], 1e-6);
  }
}

TEST_F(WithoutItsPlugin, ASplitOfItsRunIsEvaluated) {
  for (const char* which : {"", "best", "last"}) {
    EvaluateOptions options;
    options.checkpoint = which;
    options.split = "validation";
    const auto report = EvaluateModel(folder_, options);
    ASSERT_TRUE(report.ok()) << which << ": " << report.status();
    EXPECT_EQ(report->examples, 2);
  }
  // All else is read as strictly as ever.
  Edit(folder_ + "/run.pbtxt", "validation {", "validatoin {");
  EvaluateOptions options;
  options.split = "validation";
  EXPECT_TRUE(absl::StrContains(EvaluateModel(folder_, options).status().message(),
                                "no field is called \"validatoin\""));
}

TEST_F(WithoutItsPlugin, GoingOnSaysThatItIsMissing) {
  for (const std::vector<std::string>& settings :
       {std::vector<std::string>{}, {"run.epochs=9"}, {"optimizer.sgd={}"}}) {
    const std::string message(Trainer::Resume(checkpoint_, {}, settings).status().message());
    EXPECT_TRUE(absl::StrContains(message, "no extension is called \"acme.lion\"")) << message;
    EXPECT_TRUE(absl::StrContains(
        message,
        "a run goes on only with the plugins of its rules: give --plugin FILE, or the "
        "--plugin_dir of those that it names"))
        << message;
  }
  EXPECT_TRUE(absl::StrContains(ExplainRate(folder_).status().message(), "acme.lion"));
}

}  // namespace
}  // namespace gradus
