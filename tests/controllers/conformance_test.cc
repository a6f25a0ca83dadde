// Runs what every controller owes (tests/testing/controller_conformance.h) over all controllers
// that are registered.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "gradus/base/text_config.h"
#include "gradus/train/hyperparameters.h"
#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

constexpr int kMeasurements = 400;
constexpr double kRates[] = {0, 1e-12, 1e-5, 0.1, 1, 100};

class ControllerConformance : public testing::TestWithParam<std::string> {
 protected:
  static const ControllerExamples& examples() {
    static const ControllerExamples none;
    const ControllerExamples* found = Registry<ControllerExamples>::Get().Find(GetParam());
    return found == nullptr ? none : *found;
  }
};

TEST_P(ControllerConformance, BringsExamplesOfItsOwnAndTextsThatItRefuses) {
  EXPECT_FALSE(examples().good.empty()) << GetParam() << " has no GRADUS_CONTROLLER_EXAMPLES";
  EXPECT_FALSE(examples().refused.empty()) << GetParam() << " has no texts that it refuses";
  for (const std::string& text : examples().good) {
    std::string key;
    const auto controller = ParseController(text, true, &key);
    EXPECT_TRUE(controller.ok()) << controller.status();
    EXPECT_EQ(key, GetParam()) << text;
  }
}

TEST_P(ControllerConformance, RefusesWhatIsWrongWhereItStands) {
  for (const RefusedText& refused : examples().refused) {
    EXPECT_EQ(std::string(ParseController(refused.text).status().message()), refused.message)
        << refused.text;
  }
}

TEST_P(ControllerConformance, DeclaresItsNumbersOnceAndWithFiniteValues) {
  for (const std::string& text : examples().good) {
    const FedController fed(text);
    std::set<std::string> names;
    for (const ControllerNumber& number : fed.controller().State()) {
      EXPECT_FALSE(number.name.empty());
      EXPECT_TRUE(names.insert(number.name).second) << number.name;
      EXPECT_TRUE(std::isfinite(number.initial.value_or(0))) << number.name;
    }
  }
}

TEST_P(ControllerConformance, ChangesNothingBeforeItHasSeenAnything) {
  for (const std::string& text : examples().good) {
    for (double rate : kRates) EXPECT_EQ(FedController(text).Apply(rate), rate) << text;
  }
}

TEST_P(ControllerConformance, EveryNumberThatIsDeclaredIsUsed) {
  std::set<std::string> declared, used;
  for (const std::string& text : examples().good) {
    FedController fed(text);
    const std::vector<ControllerNumber> state = fed.controller().State();
    for (const ControllerNumber& number : state) declared.insert(number.name);
    for (const TestMeasurement& measured : RandomMeasurements(1, kMeasurements)) {
      Feed(measured, &fed);
      ASSERT_EQ(fed.numbers.size(), state.size());
      for (size_t k = 0; k < state.size(); ++k) {
        if (fed.numbers[k] != state[k].initial) used.insert(state[k].name);
      }
    }
  }
  EXPECT_EQ(used, declared);
}

TEST_P(ControllerConformance, WhatItGivesAndRemembersIsFinite) {
  for (const std::string& text : examples().good) {
    FedController fed(text);
    for (const TestMeasurement& measured : RandomMeasurements(2, kMeasurements)) {
      Feed(measured, &fed);
      for (const absl::optional<double>& number : fed.numbers) {
        ASSERT_TRUE(std::isfinite(number.value_or(0))) << text;
      }
      for (double rate : kRates) {
        const double out = fed.Apply(rate, measured.update);
        ASSERT_TRUE(std::isfinite(out) && out >= 0) << text << ": " << rate << " becomes " << out;
        ASSERT_TRUE(rate == 0 || out > 0) << text << ": " << rate << " becomes 0";
      }
    }
  }
}

TEST_P(ControllerConformance, SaysWhyWhenTheRateChangesAndNothingWhenItDoesNot) {
  for (const std::string& text : examples().good) {
    FedController fed(text);
    for (const TestMeasurement& measured : RandomMeasurements(3, kMeasurements)) {
      // So large a rate is above every bound, so that nothing hides a change.
      const double before = fed.Apply(1e200, measured.update);
      const Verdict verdict = Feed(measured, &fed);
      const bool changed = fed.Apply(1e200, measured.update) != before;
      EXPECT_EQ(!fed.cause.empty(), changed || verdict == Verdict::kRestore)
          << text << " at " << measured.update << ": " << fed.cause;
      EXPECT_EQ(fed.cause.find('\n'), std::string::npos) << fed.cause;
    }
  }
}

TEST_P(ControllerConformance, WatchesSomething) {
  for (const std::string& text : examples().good) {
    const FedController fed(text);
    int watched = 0;
    for (Section section : {Section::kBatch, Section::kTrain, Section::kValidation}) {
      watched += fed.controller().Watches(section);
    }
    EXPECT_GT(watched, 0) << text;
    EXPECT_GE(fed.controller().SnapshotEverySteps(), 0) << text;
  }
}

// The chain that a run has: the controller behind a schedule, its memory in a checkpoint.
std::unique_ptr<Hyperparameters> MakeChain(const std::string& controller) {
  Diagnostics diagnostics;
  const ParsedConfig parsed = ParseTextConfig(
      absl::StrCat("sgd {} controller { ", controller, " }"),
      "text", OptimizerConfig::default_instance(), {}, &diagnostics);
  ParameterGroups groups;
  groups.parameters = {1};
  auto chain = Hyperparameters::Make(
      static_cast<const OptimizerConfig&>(*parsed.message), ModelGraph(), groups, TestMonitors(),
      std::make_shared<Timeline>(TestTimeline()), ConfigPath().Child("optimizer"), &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  return chain;
}

Verdict Show(const Hyperparameters& chain, const TestMeasurement& measured, RateState* state,
             std::vector<RateEvent>* events) {
  const double values[] = {measured.loss, measured.accuracy};
  Observation observation;
  observation.section = measured.section;
  observation.progress = chain.timeline().At(measured.update);
  observation.values = values;
  observation.rate = 0.1;
  observation.alignment = measured.alignment;
  return chain.Observe(observation, state, events);
}

TEST_P(ControllerConformance, GoesOnTheSameFromACheckpointAfterAnyMeasurement) {
  constexpr int kBefore = 120, kAfter = 60;
  for (const std::string& text : examples().good) {
    const auto chain = MakeChain(text), resumed_chain = MakeChain(text);
    ASSERT_NE(chain, nullptr);
    ASSERT_NE(resumed_chain, nullptr);
    const std::vector<TestMeasurement> measurements = RandomMeasurements(4, kBefore + kAfter);
    // What the run that was never stopped does.
    std::vector<TrainStateHeader> saved(1);
    std::vector<double> rates;
    std::vector<Verdict> verdicts;
    std::vector<RateEvent> events;
    RateState state = chain->NewState();
    chain->ToProto(state, &saved[0]);
    for (const TestMeasurement& measured : measurements) {
      verdicts.push_back(Show(*chain, measured, &state, &events));
      rates.push_back(chain->At(0, chain->timeline().At(measured.update), state));
      saved.emplace_back();
      chain->ToProto(state, &saved.back());
    }
    for (int prefix = 0; prefix <= kBefore; ++prefix) {
      // By way of the text of a checkpoint, which holds neither nan nor inf.
      Diagnostics diagnostics;
      const ParsedConfig read =
          ParseTextConfig(PrintTextConfig(saved[prefix]), "text",
                          TrainStateHeader::default_instance(), {}, &diagnostics);
      ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
      auto resumed = resumed_chain->FromProto(static_cast<const TrainStateHeader&>(*read.message));
      ASSERT_TRUE(resumed.ok()) << resumed.status();
      for (int i = prefix; i < prefix + kAfter; ++i) {
        ASSERT_EQ(Show(*resumed_chain, measurements[i], &*resumed, &events), verdicts[i]) << text;
        const Progress progress = resumed_chain->timeline().At(measurements[i].update);
        ASSERT_EQ(resumed_chain->At(0, progress, *resumed), rates[i]) << text;
      }
      TrainStateHeader again;
      resumed_chain->ToProto(*resumed, &again);
      ASSERT_EQ(again.DebugString(), saved[prefix + kAfter].DebugString()) << text;
    }
  }
}

TEST_P(ControllerConformance, AnEventHasTheMemoryThatMakesTheNewRate) {
  for (const std::string& text : examples().good) {
    const auto chain = MakeChain(text);
    ASSERT_NE(chain, nullptr);
    RateState state = chain->NewState();
    for (const TestMeasurement& measured : RandomMeasurements(5, kMeasurements)) {
      std::vector<RateEvent> events;
      Show(*chain, measured, &state, &events);
      for (const RateEvent& event : events) {
        RateState replayed = chain->NewState();
        ASSERT_TRUE(chain->SetStateOf(0, event.state, &replayed).ok());
        EXPECT_EQ(chain->At(0, chain->timeline().At(event.step), replayed), event.new_value);
        EXPECT_FALSE(event.cause.empty());
      }
    }
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  return absl::StrReplaceAll(absl::StripPrefix(info.param, "gradus.ControllerConfig."),
                             {{".", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Controllers, ControllerConformance,
                         testing::ValuesIn(Registry<ControllerFactory>::Get().Keys()), TestName);

TEST(ControllerRegistryTest, HoldsTheControllersOfThisTreeEachOnce) {
  EXPECT_TRUE(Registry<ControllerFactory>::Get().RegistrationStatus().ok());
  const auto& kinds = *ControllerConfig::descriptor()->FindOneofByName("kind");
  std::vector<std::string> names;
  for (int i = 0; i < kinds.field_count(); ++i) names.push_back(kinds.field(i)->full_name());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(Registry<ControllerFactory>::Get().Keys(), names);
}

TEST(ControllerRegistryTest, ATextWithoutAControllerIsToldWhichThereAre) {
  EXPECT_EQ(std::string(ParseController("").status().message()),
            "text:1:1: kind is missing; set one of reduce_on_plateau, divergence_guard, "
            "hypergradient");
}

TEST(ControllerRegistryTest, ARunWithoutValidationIsToldWhatItLacks) {
  EXPECT_EQ(std::string(ParseController("reduce_on_plateau { monitor: \"validation/loss\" }", false)
                            .status()
                            .message()),
            "text:1:30: reduce_on_plateau: nothing produces \"validation/loss\"; the data has no "
            "validation part; write data { validation { fraction: 0.1 } } "
            "[reduce_on_plateau.monitor]");
  EXPECT_TRUE(ParseController("reduce_on_plateau { monitor: \"train/loss\" }", false).ok());
}

}  // namespace
}  // namespace gradus
