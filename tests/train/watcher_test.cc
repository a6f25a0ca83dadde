// Early stopping against Keras' callback, written out, and which state is the best.

#include "gradus/train/watcher.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

MonitorTable Monitors(bool validation = true) { return MonitorTable({{"accuracy", MAX}}, validation); }

RunSettings Settings(const std::string& text) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", RunSettings::default_instance(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  return static_cast<const RunSettings&>(*parsed.message);
}

// An epoch is 10 updates of 10 examples.
Progress AfterEpoch(int64_t epoch) { return {10 * (epoch + 1), 100 * (epoch + 1), epoch + 1, 0}; }

Watcher::Result Validate(const Watcher& watcher, double loss, int64_t epoch, Watcher::State* state,
                         double accuracy = 0) {
  const double values[] = {loss, accuracy};
  return watcher.Measure(Section::kValidation, values, AfterEpoch(epoch), state);
}

struct Stop {
  int epoch = -1, best_epoch = -1;
};

Stop StopOf(const std::string& early_stopping, const std::vector<double>& losses) {
  const Watcher watcher(Settings(absl::StrCat("early_stopping { monitor: \"validation/loss\" ",
                                              early_stopping, " }")),
                        Monitors());
  Watcher::State state;
  Stop stop;
  for (size_t epoch = 0; epoch < losses.size(); ++epoch) {
    const auto result = Validate(watcher, losses[epoch], static_cast<int64_t>(epoch), &state);
    if (result.early_stopping_improved) stop.best_epoch = static_cast<int>(epoch);
    EXPECT_EQ(result.stop, !result.reason.empty());
    if (!result.stop) continue;
    stop.epoch = static_cast<int>(epoch);
    break;
  }
  return stop;
}

// keras.callbacks.EarlyStopping in mode "min", but that a first value must be finite to be the
// best.
struct Callback {
  int patience, start_from_epoch;
  double min_delta;
  double baseline = kInfinity;  // None.
};

Stop Keras(const Callback& c, const std::vector<double>& losses) {
  Stop stop;
  absl::optional<double> best;
  int wait = 0;
  const auto is_improvement = [&](double value, const absl::optional<double>& reference) {
    return std::isfinite(value) && (!reference.has_value() || value + c.min_delta < *reference);
  };
  for (int epoch = 0; epoch < static_cast<int>(losses.size()); ++epoch) {
    if (epoch < c.start_from_epoch) continue;
    const double current = losses[epoch];
    wait += 1;
    if (is_improvement(current, best)) {
      best = current;
      stop.best_epoch = epoch;
      if (is_improvement(current, c.baseline)) wait = 0;
      continue;
    }
    if (wait >= c.patience && epoch > 0) {
      stop.epoch = epoch;
      return stop;
    }
  }
  return stop;
}

TEST(EarlyStoppingTest, StopsWhenKerasStops) {
  std::mt19937_64 random(11);
  int stopped = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    Callback c;
    c.patience = static_cast<int>(random() % 6);
    c.start_from_epoch = static_cast<int>(random() % 4);
    c.min_delta = random() % 2 == 0 ? 0 : 0.125;
    std::string baseline;
    if (random() % 2 == 0) {
      const double value = static_cast<double>(random() % 64) / 16;
      c.baseline = value;
      baseline = absl::StrCat(" baseline: ", value);
    }
    // Few different values, each an exact fraction, so that equal ones are common.
    std::vector<double> losses;
    for (int i = 0; i < 30; ++i) {
      losses.push_back(random() % 16 == 0 ? kNan
                                          : static_cast<double>(random() % 64) / 16 - 0.125 * i);
    }
    const Stop expected = Keras(c, losses);
    const Stop stop =
        StopOf(absl::StrCat("patience: ", c.patience, " start_from_epoch: ", c.start_from_epoch,
                            " min_delta: ", c.min_delta, baseline),
               losses);
    ASSERT_EQ(stop.epoch, expected.epoch) << "trial " << trial;
    ASSERT_EQ(stop.best_epoch, expected.best_epoch) << "trial " << trial;
    stopped += stop.epoch >= 0;
  }
  EXPECT_GT(stopped, 1000);
  EXPECT_LT(stopped, 2000);
}

TEST(EarlyStoppingTest, PatienceCountsMeasurementsWithoutAnImprovement) {
  EXPECT_EQ(StopOf("patience: 2", {3, 2, 2, 2, 1}).epoch, 3);
  EXPECT_EQ(StopOf("patience: 3", {3, 2, 2, 2, 1}).epoch, -1);
  EXPECT_EQ(StopOf("", {3, 2, 2}).epoch, 2);
  EXPECT_EQ(StopOf("patience: 1 min_delta: 0.5", {3, 2.6}).epoch, 1);
  EXPECT_EQ(StopOf("patience: 1 min_delta: 0.5", {3, 2.4}).epoch, -1);
}

TEST(EarlyStoppingTest, NeverStopsAfterTheFirstEpoch) {
  EXPECT_EQ(StopOf("", {kNan}).epoch, -1);
  EXPECT_EQ(StopOf("", {kNan, kNan}).epoch, 1);
}

TEST(EarlyStoppingTest, WhatIsNotFiniteIsNeverTheBest) {
  EXPECT_EQ(StopOf("patience: 3", {kNan, 2, 1, 3, 3}).best_epoch, 2);
  EXPECT_EQ(StopOf("patience: 9", {-kInfinity, 2, kInfinity}).best_epoch, 1);
  EXPECT_EQ(StopOf("patience: 2", {kNan, kNan, kNan}).best_epoch, -1);
}

TEST(EarlyStoppingTest, MeasurementsWithinAnEpochBelongToIt) {
  const Watcher watcher(Settings("early_stopping { monitor: \"validation/loss\" patience: 1 "
                                 "start_from_epoch: 1 }"),
                        Monitors());
  Watcher::State state;
  const double values[] = {1, 0};
  // Epoch 0, its end, and epoch 1.
  EXPECT_FALSE(watcher.Measure(Section::kValidation, values, {5, 50, 0, 50}, &state)
                   .early_stopping_improved);
  EXPECT_FALSE(Validate(watcher, 1, 0, &state).early_stopping_improved);
  EXPECT_TRUE(watcher.Measure(Section::kValidation, values, {15, 150, 1, 50}, &state)
                  .early_stopping_improved);
  EXPECT_EQ(state.early_stopping.best_step, absl::optional<int64_t>(15));
  EXPECT_TRUE(Validate(watcher, 1, 1, &state).stop);
}

TEST(EarlyStoppingTest, SaysWhyItStops) {
  const auto reason = [](const std::string& text, const std::vector<double>& losses) {
    const Watcher watcher(
        Settings(absl::StrCat("early_stopping { monitor: \"validation/loss\" ", text, " }")),
        Monitors());
    Watcher::State state;
    std::string why;
    for (size_t i = 0; i < losses.size(); ++i) {
      why = Validate(watcher, losses[i], static_cast<int64_t>(i), &state).reason;
    }
    return why;
  };
  EXPECT_EQ(reason("patience: 2", {1, 0.25, 0.5, 0.5}),
            "validation/loss has not been better than 0.25 of step 20 for 2 measurements");
  EXPECT_EQ(reason("patience: 1", {kNan, kNan}),
            "validation/loss has not been a finite number for 2 measurements");
  EXPECT_EQ(reason("patience: 1 baseline: 0.5", {1, 2}),
            "validation/loss has not been better than the baseline 0.5 for 2 measurements");
}

TEST(BestTest, IsTheFirstOfTheBestFiniteMeasures) {
  const Watcher watcher(Settings("checkpoint { best { metric: \"validation/accuracy\" } }"),
                        Monitors());
  EXPECT_TRUE(watcher.keeps_best());
  EXPECT_TRUE(watcher.Watches(Section::kValidation));
  EXPECT_FALSE(watcher.Watches(Section::kTrain));
  Watcher::State state;
  const std::vector<double> accuracies = {kNan, 0.5, 0.5, kInfinity, 0.75, 0.625, 0.75};
  std::vector<int> improved;
  for (size_t i = 0; i < accuracies.size(); ++i) {
    const auto result = Validate(watcher, 0, static_cast<int64_t>(i), &state, accuracies[i]);
    if (result.best_improved) improved.push_back(static_cast<int>(i));
    EXPECT_FALSE(result.stop);
    EXPECT_FALSE(result.early_stopping_improved);
  }
  EXPECT_EQ(improved, (std::vector<int>{1, 4}));
  EXPECT_EQ(state.best.best, absl::optional<double>(0.75));
  EXPECT_EQ(state.best.best_step, absl::optional<int64_t>(50));
}

TEST(WatcherTest, TheTwoWatchEachItsOwnMeasure) {
  const Watcher watcher(
      Settings("early_stopping { monitor: \"train/loss\" patience: 1 restore_best: true } "
               "checkpoint { best { metric: \"validation/loss\" direction: MAX } }"),
      Monitors());
  EXPECT_TRUE(watcher.restore_best());
  Watcher::State state;
  for (double loss : {1.0, 2.0, 3.0}) {
    EXPECT_TRUE(Validate(watcher, loss, 0, &state).best_improved);
  }
  EXPECT_FALSE(state.early_stopping.best.has_value());
  const double values[] = {5, 0};
  EXPECT_TRUE(
      watcher.Measure(Section::kTrain, values, AfterEpoch(1), &state).early_stopping_improved);
  EXPECT_TRUE(watcher.Measure(Section::kTrain, values, AfterEpoch(2), &state).stop);
  EXPECT_FALSE(watcher.Watches(Section::kBatch));
}

TEST(WatcherTest, WithoutSettingsNothingIsWatched) {
  const Watcher watcher(RunSettings(), Monitors());
  Watcher::State state;
  EXPECT_FALSE(watcher.Watches(Section::kValidation));
  EXPECT_FALSE(watcher.restore_best());
  EXPECT_FALSE(Validate(watcher, 1, 3, &state).stop);
  TrainStateHeader header;
  watcher.ToProto(state, &header);
  EXPECT_EQ(header.watcher_size(), 0);
}

constexpr char kBoth[] =
    "early_stopping { monitor: \"validation/loss\" patience: 7 baseline: 1 } "
    "checkpoint { best { metric: \"validation/accuracy\" } }";

TEST(WatcherTest, GoesOnTheSameFromACheckpointAfterAnyMeasurement) {
  std::mt19937_64 random(5);
  std::vector<double> losses;
  for (int i = 0; i < 60; ++i) {
    losses.push_back(random() % 8 == 0 ? kNan : static_cast<double>(random() % 64) / 16);
  }
  const RunSettings settings = Settings(kBoth);
  const Watcher watcher(settings, Monitors());
  for (int prefix = 0; prefix <= 60; ++prefix) {
    Watcher::State state, resumed;
    for (int i = 0; i < prefix; ++i) Validate(watcher, losses[i], i, &state, losses[i]);
    TrainStateHeader header, read;
    *header.mutable_config()->mutable_run() = settings;
    watcher.ToProto(state, &header);
    ASSERT_TRUE(read.ParseFromString(header.SerializeAsString()));
    ASSERT_TRUE(watcher.FromProto(read, &resumed).ok());
    for (int i = prefix; i < 60; ++i) {
      const auto a = Validate(watcher, losses[i], i, &state, losses[i]);
      const auto b = Validate(watcher, losses[i], i, &resumed, losses[i]);
      ASSERT_EQ(a.stop, b.stop);
      ASSERT_EQ(a.reason, b.reason);
      ASSERT_EQ(a.best_improved, b.best_improved);
      ASSERT_EQ(a.early_stopping_improved, b.early_stopping_improved);
    }
  }
}

TEST(WatcherTest, AnotherMeasureThanTheCheckpointsBeginsAnew) {
  const Watcher watcher(Settings(kBoth), Monitors());
  Watcher::State state;
  Validate(watcher, 0.5, 0, &state, 0.5);
  TrainStateHeader header;
  *header.mutable_config()->mutable_run() = Settings(kBoth);
  watcher.ToProto(state, &header);
  const Watcher other(Settings("early_stopping { monitor: \"validation/accuracy\" } "
                               "checkpoint { best { metric: \"validation/accuracy\" } }"),
                      Monitors());
  Watcher::State read;
  ASSERT_TRUE(other.FromProto(header, &read).ok());
  EXPECT_FALSE(read.early_stopping.best.has_value());
  EXPECT_EQ(read.best.best, absl::optional<double>(0.5));
}

TEST(WatcherTest, RefusesASavedStateThatIsNotOne) {
  const Watcher watcher(Settings(kBoth), Monitors());
  Watcher::State state;
  Validate(watcher, 0.5, 0, &state);
  TrainStateHeader good;
  *good.mutable_config()->mutable_run() = Settings(kBoth);
  watcher.ToProto(state, &good);
  ASSERT_TRUE(watcher.FromProto(good, &state).ok());
  const auto refuses = [&](void (*spoil)(ControllerState*)) {
    TrainStateHeader bad = good;
    spoil(bad.mutable_watcher(0));
    return !watcher.FromProto(bad, &state).ok();
  };
  EXPECT_TRUE(refuses([](ControllerState* s) { s->set_kind("early"); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number()->RemoveLast(); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number(0)->set_name("worst"); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number(0)->clear_value(); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number(0)->set_value(kNan); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number(1)->set_value(0.5); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number(2)->clear_value(); }));
  EXPECT_TRUE(refuses([](ControllerState* s) { s->mutable_number(2)->set_value(-1); }));
  EXPECT_EQ(state.early_stopping.best, absl::optional<double>(0.5));
}

TEST(WatcherTest, TheBestOfAnOlderCheckpointCountsWhereItIsTheSameNumber) {
  const auto best_after = [](const std::string& monitor, const MonitorTable& monitors,
                             int version) {
    const std::string text = absl::StrCat("checkpoint { best { metric: \"", monitor, "\" } }");
    const Watcher watcher(Settings(text), monitors);
    TrainStateHeader header;
    header.set_format_version(version);
    *header.mutable_config()->mutable_run() = Settings(text);
    Watcher::State state;
    state.best.best = 0.5;
    state.best.best_step = 3;
    watcher.ToProto(state, &header);
    Watcher::State read;
    EXPECT_TRUE(watcher.FromProto(header, &read).ok());
    return read.best.best.has_value();
  };
  // An error was told in other units, and of an R2 called "quality" the least was taken for the best.
  const MonitorTable monitors({{"error", MIN}, {"quality", MAX}, {"accuracy", MAX}}, true);
  for (const char* name : {"validation/loss", "validation/accuracy"}) {
    EXPECT_TRUE(best_after(name, monitors, 4)) << name;
  }
  for (const char* name : {"validation/error", "validation/quality"}) {
    EXPECT_FALSE(best_after(name, monitors, 4)) << name;
    EXPECT_TRUE(best_after(name, monitors, 5)) << name;
  }
}

std::string Findings(const std::string& run, const MonitorTable& monitors) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(run, "text", RunConfig::default_instance(), {}, &diagnostics);
  Diagnostics own([&parsed](const ConfigPath& path) { return parsed.source.Locate(path); });
  Watcher::Check(static_cast<const RunConfig&>(*parsed.message).run(), monitors,
                 ConfigPath().Child("run"), &own);
  return std::string(own.ToStatus().message());
}

std::string Findings(const std::string& run, bool validation = true) {
  return Findings(run, Monitors(validation));
}

TEST(WatcherTest, AMonitorThatNothingProducesIsToldWhereItStands) {
  EXPECT_EQ(Findings("run {\n  early_stopping { monitor: \"validation/los\" }\n"
                     "  checkpoint { best { metric: \"train/accurcy\" } }\n}"),
            "text:2:29: early_stopping: nothing produces \"validation/los\"; did you mean "
            "\"validation/loss\"? [run.early_stopping.monitor]\n"
            "text:3:31: best: nothing produces \"train/accurcy\"; did you mean "
            "\"train/accuracy\"? [run.checkpoint.best.metric]");
  EXPECT_EQ(Findings("run { early_stopping { monitor: \"validation/loss\" } }", false),
            "text:1:33: early_stopping: nothing produces \"validation/loss\"; the data has no "
            "validation part; write data { validation { fraction: 0.1 } } "
            "[run.early_stopping.monitor]");
  EXPECT_EQ(Findings("run { early_stopping { monitor: \"train/loss\" } }", false), "");
}

TEST(WatcherTest, AMonitorOfBatchesIsRefused) {
  EXPECT_EQ(Findings("run { early_stopping { monitor: \"batch/loss\" }\n"
                     "checkpoint { best { metric: \"batch/accuracy\" } } }"),
            "text:1:33: early_stopping: monitor \"batch/loss\" is measured at every update, it "
            "must be one of validation/ or train/ [run.early_stopping.monitor]\n"
            "text:2:29: best: metric \"batch/accuracy\" is measured at every update, it must be "
            "one of validation/ or train/ [run.checkpoint.best.metric]");
}

MonitorTable ManyMonitors() {
  return MonitorTable({{"quality", MAX},
                       {"accuracy_lost", MIN},
                       {"confusion", AUTO, true},
                       {"spread", AUTO}},
                      true);
}

TEST(DirectionTest, IsTheMetricsOwnAndNotThatOfItsName) {
  for (const auto& [name, direction] :
       {std::make_pair("validation/loss", MIN), std::make_pair("validation/quality", MAX),
        std::make_pair("train/accuracy_lost", MIN), std::make_pair("batch/spread", AUTO)}) {
    const absl::StatusOr<Monitor> monitor = ManyMonitors().Find(name);
    ASSERT_TRUE(monitor.ok()) << monitor.status();
    EXPECT_EQ(DirectionOf(AUTO, *monitor), direction) << name;
    EXPECT_EQ(DirectionOf(MAX, *monitor), MAX) << name;
  }
}

TEST(DirectionTest, MoreIsBetterOfAMetricThatSaysSo) {
  const RunSettings settings =
      Settings("early_stopping { monitor: \"validation/quality\" patience: 1 } "
               "checkpoint { best { metric: \"train/accuracy_lost\" } }");
  const Watcher watcher(settings, ManyMonitors());
  Watcher::State state;
  const auto measure = [&](Section section, double quality, double lost, int64_t epoch) {
    const double values[] = {0, quality, lost, kNan, 0};
    return watcher.Measure(section, values, AfterEpoch(epoch), &state);
  };
  EXPECT_TRUE(measure(Section::kValidation, 0.1, 0, 0).early_stopping_improved);
  EXPECT_TRUE(measure(Section::kValidation, 0.2, 0, 1).early_stopping_improved);
  const Watcher::Result worse = measure(Section::kValidation, 0.15, 0, 2);
  EXPECT_FALSE(worse.early_stopping_improved);
  EXPECT_TRUE(worse.stop);
  EXPECT_TRUE(measure(Section::kTrain, 0, 0.3, 0).best_improved);
  EXPECT_FALSE(measure(Section::kTrain, 0, 0.4, 1).best_improved);
  EXPECT_TRUE(measure(Section::kTrain, 0, 0.2, 2).best_improved);
}

TEST(DirectionTest, WhatDoesNotSayItIsRefusedUntilTheRunDoes) {
  const auto refused = [](const std::string& direction) {
    return Findings(absl::StrCat("run { early_stopping { monitor: \"validation/spread\"", direction,
                                 " } }"),
                    ManyMonitors());
  };
  EXPECT_EQ(refused(""),
            "text:1:33: early_stopping: monitor \"validation/spread\" does not say which way it "
            "gets better; give direction: MIN or MAX [run.early_stopping.monitor]");
  EXPECT_EQ(refused(" direction: MIN"), "");
  EXPECT_EQ(Findings("run { target { monitor: \"train/spread\" value: 1 } }", ManyMonitors()),
            "text:1:25: target: monitor \"train/spread\" does not say which way it gets better; "
            "give direction: MIN or MAX [run.target.monitor]");
}

TEST(DirectionTest, ATableIsNothingToWatch) {
  EXPECT_EQ(Findings("run { checkpoint { best { metric: \"validation/confusion\" direction: MAX } } "
                     "}",
                     MonitorTable({{"confusion", AUTO, true}}, true)),
            "text:1:35: best: \"validation/confusion\" is a table, which has no number to watch; "
            "there is validation/loss, train/loss, batch/loss [run.checkpoint.best.metric]");
}

TEST(DirectionTest, IsGuessedFromNamesWhereNothingElseIsLeft) {
  for (const char* name :
       {"validation/auc", "train/f1_score", "validation/f1", "validation/r2_score",
        "validation/top_k_categorical_accuracy", "validation/precision", "validation/recall",
        "validation/f2", "validation/top_5", "train/acc", "validation/pr", "top5"}) {
    EXPECT_EQ(DirectionByName(name), MAX) << name;
  }
  for (const char* name :
       {"validation/loss", "validation/root_mean_squared_error",
        "validation/mean_absolute_percentage_error", "validation/false_positives", "validation/f",
        "validation/top_", "f2/loss", "validation/fpr"}) {
    EXPECT_EQ(DirectionByName(name), MIN) << name;
  }
}

}  // namespace
}  // namespace gradus
