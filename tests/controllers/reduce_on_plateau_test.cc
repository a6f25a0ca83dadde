// The plateau controller against the three libraries' loops, each written out with its own
// counters, and against what was measured of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The validations, counted from 0, at which the rate falls.
std::vector<int> Cuts(const std::string& fields, const std::vector<double>& losses) {
  FedController fed(
      absl::StrCat("reduce_on_plateau { monitor: \"validation/loss\" ", fields, " }"));
  std::vector<int> cuts;
  for (size_t i = 0; i < losses.size(); ++i) {
    const double before = fed.Apply(1);
    fed.Validate(losses[i]);
    if (fed.Apply(1) < before) cuts.push_back(static_cast<int>(i));
  }
  return cuts;
}

std::vector<double> Flat(int count) { return std::vector<double>(count, 1.0); }

using Indices = std::vector<int>;

// Measured with Keras 3.15, PyTorch 2 and optax: patience 2, a metric that stays the same.
TEST(ReduceOnPlateauTest, CutsWhenKerasCuts) {
  EXPECT_EQ(Cuts("patience: 2", Flat(8)), (Indices{2, 4, 6}));
  EXPECT_EQ(Cuts("patience: 2 cooldown: 1", Flat(8)), (Indices{2, 4, 6}));
  EXPECT_EQ(Cuts("patience: 2 cooldown: 2", Flat(10)), (Indices{2, 5, 8}));
}

TEST(ReduceOnPlateauTest, CutsWhenPyTorchCuts) {
  const std::string torch = "patience: 2 counting: PYTORCH min_delta: 0 min_relative_delta: 1e-4";
  EXPECT_EQ(Cuts(torch, Flat(11)), (Indices{3, 6, 9}));
  EXPECT_EQ(Cuts(absl::StrCat(torch, " cooldown: 1"), Flat(13)), (Indices{3, 7, 11}));
  EXPECT_EQ(Cuts(absl::StrCat(torch, " cooldown: 2"), Flat(15)), (Indices{3, 8, 13}));
}

TEST(ReduceOnPlateauTest, CutsWhenOptaxCuts) {
  const std::string optax = "patience: 2 counting: OPTAX min_delta: 0 min_relative_delta: 1e-4";
  EXPECT_EQ(Cuts(optax, Flat(8)), (Indices{2, 4, 6}));
  EXPECT_EQ(Cuts(absl::StrCat(optax, " cooldown: 1"), Flat(10)), (Indices{2, 5, 8}));
  EXPECT_EQ(Cuts(absl::StrCat(optax, " cooldown: 2"), Flat(12)), (Indices{2, 6, 10}));
}

struct Settings {
  int patience, cooldown;
  double min_delta, relative;
  double factor = 0.5;
};

// The three loops. A first value is always an improvement in Keras, and compared with infinity in
// the others, which is the same for finite values.
std::vector<double> Keras(const Settings& s, const std::vector<double>& values) {
  double best = kInfinity, lr = 1;
  int wait = 0, cooldown_counter = 0;
  std::vector<double> rates;
  for (double x : values) {
    if (cooldown_counter > 0) {
      --cooldown_counter;
      wait = 0;
    }
    if (x < best - s.min_delta) {
      best = x;
      wait = 0;
    } else if (cooldown_counter == 0) {
      if (++wait >= s.patience) {
        lr *= s.factor;
        cooldown_counter = s.cooldown;
        wait = 0;
      }
    }
    rates.push_back(lr);
  }
  return rates;
}

std::vector<double> PyTorch(const Settings& s, const std::vector<double>& values) {
  double best = kInfinity, lr = 1;
  int bad = 0, cooldown_counter = 0;
  std::vector<double> rates;
  for (double x : values) {
    const double threshold = best == kInfinity ? best : best - s.relative * best - s.min_delta;
    if (x < threshold) {
      best = x;
      bad = 0;
    } else {
      ++bad;
    }
    if (cooldown_counter > 0) {
      --cooldown_counter;
      bad = 0;
    }
    if (bad > s.patience) {
      lr *= s.factor;
      cooldown_counter = s.cooldown;
      bad = 0;
    }
    rates.push_back(lr);
  }
  return rates;
}

std::vector<double> Optax(const Settings& s, const std::vector<double>& values) {
  double best = kInfinity, scale = 1;
  int plateau_count = 0, cooldown_count = 0;
  std::vector<double> rates;
  for (double x : values) {
    const double threshold = best == kInfinity ? best : best - s.relative * best - s.min_delta;
    int count = plateau_count + 1;
    if (x < threshold) {
      best = x;
      count = 0;
    }
    if (cooldown_count > 0) {
      plateau_count = 0;
      cooldown_count -= 1;
    } else if (count == s.patience) {
      scale *= s.factor;
      cooldown_count = s.cooldown;
      plateau_count = 0;
    } else {
      plateau_count = count;
    }
    rates.push_back(scale);
  }
  return rates;
}

TEST(ReduceOnPlateauTest, IsEachLibrarysLoopOnRandomMeasurements) {
  std::mt19937_64 random(20);
  for (int trial = 0; trial < 600; ++trial) {
    Settings s;
    s.patience = 1 + static_cast<int>(random() % 4);
    s.cooldown = static_cast<int>(random() % 5);
    s.min_delta = random() % 2 == 0 ? 0 : 0.0625;
    s.relative = random() % 2 == 0 ? 0 : 0.03125;
    // Few different values, so that equal ones are common; each an exact fraction. A first one that
    // is not a number is a matter of its own.
    std::vector<double> values;
    for (int i = 0; i < 60; ++i) {
      const bool nan = i > 0 && random() % 16 == 0;
      values.push_back(nan ? kNan : 1 + static_cast<double>(random() % 64) / 16 - 0.03 * i / 16);
    }
    const char* names[] = {"KERAS", "PYTORCH", "OPTAX"};
    for (int kind = 0; kind < 3; ++kind) {
      Settings used = s;
      if (kind == 0) used.relative = 0;  // Keras has none.
      const std::vector<double> expected = kind == 0   ? Keras(used, values)
                                           : kind == 1 ? PyTorch(used, values)
                                                       : Optax(used, values);
      FedController fed(absl::StrCat(
          "reduce_on_plateau { monitor: \"validation/loss\" factor: 0.5 counting: ", names[kind],
          " patience: ", used.patience, " cooldown: ", used.cooldown,
          " min_delta: ", used.min_delta, " min_relative_delta: ", used.relative, " }"));
      for (size_t i = 0; i < values.size(); ++i) {
        fed.Validate(values[i]);
        ASSERT_EQ(fed.Apply(1), expected[i])  // Powers of two are exact.
            << names[kind] << ", trial " << trial << ", validation " << i;
      }
    }
  }
}

TEST(ReduceOnPlateauTest, AFirstMeasureThatIsNotANumberIsNotTheBest) {
  // In Keras nothing would ever improve on it.
  FedController fed("reduce_on_plateau { monitor: \"validation/loss\" patience: 2 }");
  fed.Validate(kNan);
  EXPECT_FALSE(fed.numbers[0].has_value());
  fed.Validate(3);
  EXPECT_EQ(fed.numbers[0], absl::optional<double>(3));
  EXPECT_EQ(Cuts("patience: 2", {kNan, 3, 2, 1, 0, 0, 0}), (Indices{6}));
  EXPECT_EQ(Cuts("patience: 2", {kNan, kNan, kNan, kNan}), (Indices{1, 3}));
  EXPECT_EQ(Cuts("patience: 2", {kInfinity, 3, 2, 1}), Indices{});
  EXPECT_EQ(Cuts("patience: 2", {-kInfinity, 3, 2, 1}), Indices{});
}

TEST(ReduceOnPlateauTest, PatienceZeroCutsAtEveryMeasurementWithoutAnImprovement) {
  for (const char* counting : {"KERAS", "PYTORCH", "OPTAX"}) {
    EXPECT_EQ(Cuts(absl::StrCat("patience: 0 counting: ", counting), {3, 2, 2, 2, 1, 1}),
              (Indices{2, 3, 5}))
        << counting;
  }
}

TEST(ReduceOnPlateauTest, ThresholdsAreRightForNegativeMeasures) {
  // From -1 to -1.05 is better by 5%, to -0.95 it is worse; best * (1 - 0.1) would say the reverse.
  const std::string relative = "patience: 1 min_delta: 0 min_relative_delta: 0.1";
  EXPECT_EQ(Cuts(relative, {-1, -1.05}), (Indices{1}));
  EXPECT_EQ(Cuts(relative, {-1, -0.95}), (Indices{1}));
  EXPECT_EQ(Cuts(relative, {-1, -1.15}), Indices{});
  EXPECT_EQ(Cuts(absl::StrCat(relative, " direction: MAX"), {-1, -0.95}), (Indices{1}));
  EXPECT_EQ(Cuts(absl::StrCat(relative, " direction: MAX"), {-1, -0.85}), Indices{});
  EXPECT_EQ(Cuts("patience: 1 min_delta: 0.5", {-1, -1.25}), (Indices{1}));
  EXPECT_EQ(Cuts("patience: 1 min_delta: 0.5", {-1, -1.75}), Indices{});
}

TEST(ReduceOnPlateauTest, TheDirectionIsThatOfTheMonitor) {
  const std::string text = "reduce_on_plateau { monitor: \"batch/accuracy\" patience: 1 ";
  FedController better(absl::StrCat(text, "}")), worse(absl::StrCat(text, "direction: MIN }"));
  for (FedController* fed : {&better, &worse}) {
    fed->Feed(Section::kBatch, 0, 1, 0.5);
    fed->Feed(Section::kBatch, 0, 2, 0.6);
  }
  EXPECT_EQ(better.Apply(1), 1);
  EXPECT_EQ(worse.Apply(1), 0.1);
}

TEST(ReduceOnPlateauTest, WatchesNothingButItsMonitor) {
  FedController fed("reduce_on_plateau { monitor: \"train/loss\" patience: 1 }");
  EXPECT_TRUE(fed.controller().Watches(Section::kTrain));
  EXPECT_FALSE(fed.controller().Watches(Section::kBatch));
  EXPECT_FALSE(fed.controller().Watches(Section::kValidation));
  EXPECT_FALSE(fed.controller().NeedsAlignment());
}

TEST(ReduceOnPlateauTest, MinLearningRateBoundsTheRateAndLeavesTheScheduleAlone) {
  FedController fed(
      "reduce_on_plateau { monitor: \"validation/loss\" patience: 1 min_learning_rate: 0.01 }");
  EXPECT_EQ(fed.Apply(0.5), 0.5);
  for (int i = 0; i < 4; ++i) fed.Validate(1);  // Three cuts.
  EXPECT_EQ(fed.Apply(100), 100 * *fed.numbers[1]);
  EXPECT_EQ(fed.Apply(0.5), 0.01);
  EXPECT_EQ(fed.Apply(0.01), 0.01);
  EXPECT_EQ(fed.Apply(0.001), 0.001);
  EXPECT_EQ(fed.Apply(0), 0);
}

TEST(ReduceOnPlateauTest, MinScaleEndsTheCuts) {
  EXPECT_EQ(Cuts("patience: 1 factor: 0.5 min_scale: 0.25", Flat(8)), (Indices{1, 2}));
  // Without one the rate can still be multiplied when the product of all cuts has underflowed.
  FedController fed(
      "reduce_on_plateau { monitor: \"validation/loss\" patience: 1 factor: 1e-200 }");
  for (int i = 0; i < 8; ++i) fed.Validate(1);
  EXPECT_GT(fed.Apply(1), 0);
}

TEST(ReduceOnPlateauTest, RisesOnAnImprovementUpToTheSchedule) {
  FedController fed(
      "reduce_on_plateau { monitor: \"validation/loss\" patience: 1 factor: 0.25 rise_factor: 2 }");
  fed.Validate(3);
  EXPECT_EQ(fed.Apply(1), 1);  // There is nothing to rise from.
  EXPECT_EQ(fed.cause, "");
  fed.Validate(3);
  EXPECT_EQ(fed.Apply(1), 0.25);
  fed.Validate(2);
  EXPECT_EQ(fed.Apply(1), 0.5);
  EXPECT_EQ(fed.cause, "validation/loss 2 is better than 3");
  fed.Validate(1);
  EXPECT_EQ(fed.Apply(1), 1);
  fed.Validate(0);
  EXPECT_EQ(fed.Apply(1), 1);
  EXPECT_EQ(fed.cause, "");
  FedController late(
      "reduce_on_plateau { monitor: \"validation/loss\" patience: 1 factor: 0.25 rise_factor: 2 }");
  late.Validate(kNan);
  EXPECT_EQ(late.cause, "validation/loss has not been a finite number for 1 measurement");
  late.Validate(1);
  EXPECT_EQ(late.cause, "validation/loss 1 is the first finite number");
  EXPECT_EQ(late.Apply(1), 0.5);
}

TEST(ReduceOnPlateauTest, AveragesMeasurementsAsOptaxAccumulates) {
  // Means: 2, 2, 1; a mean with something that is not finite in it is not finite.
  FedController fed(
      "reduce_on_plateau { monitor: \"validation/loss\" patience: 1 average: 3 min_delta: 0 }");
  for (double x : {1.0, 2.0, 3.0, 3.0, 2.0}) fed.Validate(x);
  EXPECT_EQ(fed.Apply(1), 1);
  fed.Validate(1);
  EXPECT_EQ(fed.Apply(1), 0.1);
  EXPECT_EQ(fed.cause, "validation/loss has not been better than 2 for 1 mean of 3 measurements");
  for (double x : {0.0, 1.0, 2.0}) fed.Validate(x);
  EXPECT_EQ(fed.Apply(1), 0.1);
  EXPECT_EQ(fed.numbers[0], absl::optional<double>(1));
  for (double x : {0.0, kNan}) fed.Validate(x);
  EXPECT_EQ(fed.Apply(1), 0.1);
  fed.Validate(0);
  EXPECT_NEAR(fed.Apply(1), 0.01, 1e-17);
}

TEST(ReduceOnPlateauTest, SmoothsWithoutABiasToTheStart) {
  // The mean of all values so far, weighted with powers of the smoothing.
  FedController fed(
      "reduce_on_plateau { monitor: \"validation/loss\" patience: 1 smoothing: 0.75 min_delta: 0 "
      "}");
  const std::vector<double> values = {8, 6, kNan, 7, 1, 5};
  double best = kInfinity, cuts = 0;
  for (size_t n = 0; n < values.size(); ++n) {
    fed.Validate(values[n]);
    double sum = 0, weights = 0, weight = 1;
    for (size_t i = n + 1; i-- > 0;) {
      if (std::isnan(values[i])) continue;
      sum += weight * values[i];
      weights += weight;
      weight *= 0.75;
    }
    if (!std::isnan(values[n]) && sum / weights < best) {
      best = sum / weights;
    } else {
      ++cuts;
    }
    ASSERT_NEAR(*fed.numbers[0], best, 1e-14) << n;  // Some twenty roundings of numbers below 8.
    ASSERT_NEAR(fed.Apply(1), std::pow(0.1, cuts), 1e-16) << n;
  }
  EXPECT_EQ(fed.cause.substr(0, 9), "smoothed ");
}

TEST(ReduceOnPlateauTest, PatienceAndCooldownRunOnAnyClock) {
  // An epoch is 10 updates, the run 1000; a validation every 5 updates that never improves.
  const auto cuts = [](const std::string& fields) {
    FedController fed(
        absl::StrCat("reduce_on_plateau { monitor: \"validation/loss\" ", fields, " }"));
    std::vector<int> updates;
    for (int update = 5; update <= 100; update += 5) {
      const double before = fed.Apply(1);
      fed.Feed(Section::kValidation, 1, update);
      if (fed.Apply(1) < before) updates.push_back(update);
    }
    return updates;
  };
  // The first measurement, at 5, is the best one: 2 epochs later, and every 2 epochs.
  EXPECT_EQ(cuts("patience: 2 clock: EPOCHS"), (Indices{25, 45, 65, 85}));
  EXPECT_EQ(cuts("patience: 20 clock: STEPS"), (Indices{25, 45, 65, 85}));
  EXPECT_EQ(cuts("patience: 200 clock: EXAMPLES"), (Indices{25, 45, 65, 85}));
  EXPECT_EQ(cuts("patience: 0.02 clock: RUN"), (Indices{25, 45, 65, 85}));
  // Whole epochs: at 5 none is finished, at 20 two are.
  EXPECT_EQ(cuts("patience: 2 clock: WHOLE_EPOCHS"), (Indices{20, 40, 60, 80, 100}));
  // More than 2 epochs is the next measurement.
  EXPECT_EQ(cuts("patience: 2 clock: EPOCHS counting: PYTORCH"), (Indices{30, 55, 80}));
  // A cooldown of an epoch puts the next cut off by it.
  EXPECT_EQ(cuts("patience: 2 cooldown: 1 clock: EPOCHS counting: OPTAX"), (Indices{25, 55, 85}));
  // In Keras by one measurement less.
  EXPECT_EQ(cuts("patience: 2 cooldown: 1 clock: EPOCHS"), (Indices{25, 50, 75, 100}));
}

TEST(ReduceOnPlateauTest, AClockThatCannotBeReadIsRefused) {
  controller::ReduceOnPlateau plateau;
  plateau.set_monitor("batch/loss");
  plateau.set_clock(EPOCHS);
  ControllerConfig config;
  *config.mutable_reduce_on_plateau() = plateau;
  Diagnostics diagnostics;
  EXPECT_EQ(MakeController(config, TestMonitors(), std::make_shared<Timeline>(), ConfigPath(),
                           &diagnostics),
            nullptr);
  ASSERT_EQ(diagnostics.findings().size(), 1u);
  EXPECT_EQ(diagnostics.findings()[0].path.ToString(), "reduce_on_plateau.clock");
  EXPECT_EQ(diagnostics.findings()[0].message,
            "reduce_on_plateau: clock EPOCHS cannot be read: the number of training examples is "
            "not known");
}

TEST(ReduceOnPlateauTest, SaysWhyItCuts) {
  FedController fed("reduce_on_plateau { monitor: \"validation/loss\" patience: 10 }");
  fed.Validate(0.234);
  for (int i = 0; i < 9; ++i) {
    fed.Validate(0.3);
    EXPECT_EQ(fed.cause, "");
  }
  fed.Validate(0.3);
  EXPECT_EQ(fed.cause, "validation/loss has not been better than 0.234 for 10 measurements");
  FedController timed(
      "reduce_on_plateau { monitor: \"train/loss\" patience: 2.5 clock: WHOLE_EPOCHS }");
  for (int epoch = 1; epoch <= 4; ++epoch) timed.Feed(Section::kTrain, 1, 10 * epoch);
  EXPECT_EQ(timed.cause, "train/loss has not been better than 1 for 3 whole epochs");
}

}  // namespace
}  // namespace gradus
