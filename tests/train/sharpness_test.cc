// Gradients that are taken nearby, against plain loops in double and against the graph itself moved
// there by hand.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "gradus/train/loose_optimizer.h"
#include "gradus/train/non_finite.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

struct Prepared {
  RunConfig config;
  std::unique_ptr<TrainStep> step;
  TrainState state;
  StepReport report;

  absl::Status Run(const std::vector<float>& x, const std::vector<float>& y) {
    const void* inputs[] = {x.data(), y.data()};
    return step->Run(inputs, static_cast<int64_t>(y.size()), &state, &report);
  }
  std::vector<float> Weights() const {
    return {state.store.weights(), state.store.weights() + state.store.floats()};
  }
  std::vector<float> Gradients() const {
    return {state.store.gradients(), state.store.gradients() + state.store.floats()};
  }
  std::vector<float> States() const {
    return {state.store.states(), state.store.states() + state.store.state_layout().floats()};
  }
  void SetWeights(const std::vector<float>& weights) {
    std::copy(weights.begin(), weights.end(), state.store.weights());
  }
};

absl::StatusOr<Prepared> Make(const std::string& text, ThreadPool* pool = nullptr) {
  Prepared prepared;
  prepared.config = ParseRun(text);
  Diagnostics diagnostics;
  StepOptions options;
  options.seed = 7;
  options.pool = pool;
  auto step = TrainStep::Create(prepared.config.model(), prepared.config.optimizer(), options,
                                &diagnostics);
  if (!step.ok()) return step.status();
  auto state = (*step)->NewState();
  if (!state.ok()) return state.status();
  prepared.step = *std::move(step);
  prepared.state = *std::move(state);
  return prepared;
}

Prepared Sound(const std::string& text, ThreadPool* pool = nullptr) {
  auto prepared = Make(text, pool);
  EXPECT_TRUE(prepared.ok()) << prepared.status();
  return prepared.ok() ? *std::move(prepared) : Prepared();
}

// y = k x + b with the loss 3 (y - t)^2.
constexpr char kLine[] =
    "model { name: \"line\" input { name: \"x\" shape: 1 } input { name: \"y\" shape: 1 }"
    " layer { name: \"out\" input: \"x\" dense { units: 1 } } "
    "loss { name: \"l\" weight: 3 mean_squared_error { prediction: \"out\" label: \"y\" } } } ";
const std::vector<float> kX = {1, 3, -2, 0.5f}, kY = {2, 5, 1, 0};

std::vector<double> LineGradient(const std::vector<double>& w) {
  std::vector<double> g = {0, 0};
  for (size_t i = 0; i < kX.size(); ++i) {
    const double residual = w[0] * kX[i] + w[1] - kY[i];
    g[0] += 6 * residual * kX[i] / static_cast<double>(kX.size());
    g[1] += 6 * residual / static_cast<double>(kX.size());
  }
  return g;
}

std::vector<double> Nearby(const std::vector<double>& w, double radius, bool adaptive) {
  const std::vector<double> g = LineGradient(w);
  double sum = 0;
  for (int i = 0; i < 2; ++i) sum += std::pow(adaptive ? w[i] * g[i] : g[i], 2);
  std::vector<double> at = w;
  for (int i = 0; i < 2; ++i) {
    at[i] += radius * (adaptive ? w[i] * w[i] : 1) * g[i] / std::sqrt(sum);
  }
  return at;
}

TEST(SharpnessTest, TheRuleGetsTheGradientOfAStepUp) {
  const char* const kRules[] = {"sgd { momentum: 0.9 } learning_rate { constant: 0.01 }",
                                "adam {} learning_rate { constant: 0.05 }",
                                "lamb {} learning_rate { constant: 0.05 }"};
  for (const char* rule : kRules) {
    for (const bool adaptive : {false, true}) {
      SCOPED_TRACE(absl::StrCat(rule, adaptive));
      Prepared p = Sound(absl::StrCat(
          kLine, "optimizer { ", rule, " sharpness_aware { radius: 0.3 adaptive: ",
          adaptive ? "true" : "false", " } }"));
      float& kernel = p.state.store.weights()[p.state.store.layout().place(0).offset];
      float& bias = p.state.store.weights()[p.state.store.layout().place(1).offset];
      kernel = 2;
      bias = -1;
      const OptimizerConfig plain = ParseRun(absl::StrCat(kLine, "optimizer { ", rule, " }")).optimizer();
      Diagnostics diagnostics;
      auto optimizer = LooseOptimizer<double>::Create(
          plain, {{"out/kernel", {1, 1}}, {"out/bias", {1}}}, nullptr, &diagnostics);
      ASSERT_TRUE(optimizer.ok()) << optimizer.status();
      (*optimizer)->SetWeights({2, -1});
      for (int update = 0; update < 8; ++update) {
        const std::vector<double> w = (*optimizer)->Weights();
        double loss = 0;
        for (size_t i = 0; i < kX.size(); ++i) {
          loss += 3 * std::pow(w[0] * kX[i] + w[1] - kY[i], 2);
        }
        ASSERT_TRUE((*optimizer)->Update(LineGradient(Nearby(w, 0.3, adaptive))).ok());
        ASSERT_TRUE(p.Run(kX, kY).ok());
        // The loss is that of w. Some roundings of 2^-24 in each update, of gradients below 64.
        EXPECT_NEAR(p.report.sums.loss, loss, 1e-4 * (1 + loss)) << update;
        EXPECT_NEAR(kernel, (*optimizer)->Weights()[0], 2e-5) << update;
        EXPECT_NEAR(bias, (*optimizer)->Weights()[1], 2e-5) << update;
      }
    }
  }
}

std::vector<float> Inputs(int64_t rows) {
  std::vector<float> x;
  for (int64_t i = 0; i < 2 * rows; ++i) x.push_back(std::sin(1.3f * static_cast<float>(i) + 0.2f));
  return x;
}
std::vector<float> Labels(int64_t rows) {
  std::vector<float> y;
  for (int64_t i = 0; i < rows; ++i) y.push_back(i % 3 == 0 ? 1.f : 0.f);
  return y;
}

// w + e as the formula says it, of the layout's block; frozen parameters stay.
std::vector<float> MovedByHand(const Prepared& p, const std::vector<float>& g, double radius,
                               bool adaptive, const std::string& frozen = "none") {
  std::vector<float> w = p.Weights();
  const auto each = [&](const auto& use) {
    for (int i = 0; i < p.state.store.layout().count(); ++i) {
      const ParameterPlace& place = p.state.store.layout().place(i);
      if (absl::StartsWith(place.name, frozen)) continue;
      for (int64_t k = place.offset; k < place.offset + place.floats(); ++k) {
        use(static_cast<size_t>(k));
      }
    }
  };
  double sum = 0;
  each([&](size_t k) { sum += std::pow(static_cast<double>(g[k]) * (adaptive ? w[k] : 1.0), 2); });
  each([&](size_t k) {
    const double scale = adaptive ? static_cast<double>(w[k]) * w[k] : 1;
    w[k] = static_cast<float>(w[k] + radius / std::sqrt(sum) * scale * g[k]);
  });
  return w;
}

// A model with everything that a second evaluation could get wrong: random masks, statistics of
// batches, several batches in an update, frozen parameters, threads.
void ExpectTheGraphsOwnGradient(bool adaptive, int threads, int batches) {
  SCOPED_TRACE(absl::StrCat(adaptive, " ", threads, " ", batches));
  ThreadPool pool(threads);
  const std::string text = absl::StrCat(
      PointsModel(true, "layer { name: \"drop\" dropout { rate: 0.5 } }"),
      "optimizer { sgd {} learning_rate { constant: 0.5 } gradient_accumulation_steps: ", batches,
      " group { name: \"still\" match: \"output/.*\" frozen: true } ");
  Prepared sharp = Sound(absl::StrCat(text, "sharpness_aware { radius: 0.25 adaptive: ",
                                      adaptive ? "true" : "false", " } }"),
                         &pool);
  Prepared here = Sound(text + "}", &pool), there = Sound(text + "}", &pool);
  const std::vector<float> x = Inputs(40), y = Labels(40);
  for (int update = 0; update < 3; ++update) {
    const std::vector<float> w = sharp.Weights(), states = sharp.States();
    here.SetWeights(w);
    std::copy(states.begin(), states.end(), here.state.store.states());
    std::copy(states.begin(), states.end(), there.state.store.states());
    ASSERT_TRUE(here.Run(x, y).ok());
    Prepared at_w = Sound(text + "}", &pool);
    at_w.SetWeights(w);
    there.SetWeights(MovedByHand(at_w, here.Gradients(), 0.25, adaptive, "output"));
    ASSERT_TRUE(there.Run(x, y).ok());
    ASSERT_TRUE(sharp.Run(x, y).ok());
    // Loss, metrics and states are those of w.
    EXPECT_EQ(sharp.report.sums.loss, here.report.sums.loss);
    EXPECT_EQ(sharp.report.sums.metrics, here.report.sums.metrics);
    EXPECT_EQ(sharp.States(), here.States());
    EXPECT_NE(sharp.States(), there.States());
    const std::vector<float> gradients = sharp.Gradients(), expected = there.Gradients();
    ASSERT_EQ(gradients.size(), expected.size());
    // w + e is rounded once, from a double whose last digits depend on the order of a sum: it may be
    // the float beside.
    for (size_t i = 0; i < gradients.size(); ++i) EXPECT_NEAR(gradients[i], expected[i], 1e-6) << i;
    for (size_t i = 0; i < gradients.size(); ++i) {
      const ParameterPlace& still =
          sharp.state.store.layout().place(sharp.state.store.layout().Find("output/kernel"));
      const bool frozen = static_cast<int64_t>(i) >= still.offset &&
                          static_cast<int64_t>(i) < still.offset + still.floats();
      // From w itself, bit for bit.
      if (frozen) {
        EXPECT_EQ(sharp.Weights()[i], w[i]);
      }
    }
  }
}

TEST(SharpnessTest, TheSecondGradientIsTheGraphsAtTheOtherWeights) {
  for (const bool adaptive : {false, true}) {
    ExpectTheGraphsOwnGradient(adaptive, 1, 1);
    ExpectTheGraphsOwnGradient(adaptive, 2, 1);
    ExpectTheGraphsOwnGradient(adaptive, 1, 3);
  }
}

TEST(SharpnessTest, AtRateZeroWeightsStayBitForBit) {
  for (const char* adaptive : {"true", "false"}) {
    Prepared p = Sound(absl::StrCat(PointsModel(true),
                                    "optimizer { sgd {} learning_rate { constant: 0 } "
                                    "sharpness_aware { radius: 0.7 adaptive: ",
                                    adaptive, " } }"));
    const std::vector<float> before = p.Weights();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(p.Run(Inputs(16), Labels(16)).ok());
    EXPECT_EQ(p.Weights(), before);
  }
}

TEST(SharpnessTest, ARadiusOfZeroIsThePlainRule) {
  const std::string text = PointsModel(true) + "optimizer { adam {} ";
  Prepared zero = Sound(text + "sharpness_aware { radius: 0 } }"), plain = Sound(text + "}");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(zero.Run(Inputs(16), Labels(16)).ok());
    ASSERT_TRUE(plain.Run(Inputs(16), Labels(16)).ok());
  }
  EXPECT_EQ(zero.Weights(), plain.Weights());
}

TEST(SharpnessTest, WhereTheGradientIsZeroItStaysThere) {
  Prepared p = Sound(absl::StrCat(kLine, "optimizer { sgd {} sharpness_aware {} }"));
  const std::vector<float> before = p.Weights();
  ASSERT_TRUE(p.Run({0}, {0}).ok());  // The bias is 0: there is nothing to mend.
  EXPECT_EQ(p.Weights(), before);
}

TEST(SharpnessTest, ItsRadiusMayFollowASchedule) {
  const std::string text = PointsModel() + "optimizer { sgd {} learning_rate { constant: 0.5 } ";
  for (const char* name : {"optimizer.sharpness_aware.radius", "sharpness_aware.radius"}) {
    Prepared followed = Sound(absl::StrCat(
        text, "sharpness_aware {} schedule { field: \"", name,
        "\" follow { piecewise_constant_decay { boundaries: 0 values: [0, 0.5] } } } }"));
    Prepared constant = Sound(text + "sharpness_aware { radius: 0.5 } }"), plain = Sound(text + "}");
    ASSERT_TRUE(followed.Run(Inputs(16), Labels(16)).ok());
    ASSERT_TRUE(plain.Run(Inputs(16), Labels(16)).ok());
    EXPECT_EQ(followed.Weights(), plain.Weights());
    constant.SetWeights(plain.Weights());
    ASSERT_TRUE(followed.Run(Inputs(16), Labels(16)).ok());
    ASSERT_TRUE(constant.Run(Inputs(16), Labels(16)).ok());
    EXPECT_EQ(followed.Weights(), constant.Weights());
    EXPECT_EQ(followed.report.numbers.back(), 0.5);
  }
}

TEST(SharpnessTest, WhatIsNotFiniteThereIsSkippedOrEndsTheRun) {
  // Far away the square of the error overflows; the batch's statistics are a state.
  const std::string text =
      "model { name: \"m\" input { name: \"x\" shape: 2 } input { name: \"label\" shape: 1 }"
      " layer { name: \"norm\" input: \"x\" batch_norm {} } layer { name: \"out\" dense { units: 1 } }"
      " loss { mean_squared_error { prediction: \"out\" label: \"label\" } } } "
      "optimizer { sgd {} gradient_accumulation_steps: 2 sharpness_aware { radius: 1e30 } ";
  for (const bool skips : {false, true}) {
    Prepared p = Sound(text + (skips ? "skip_non_finite {} }" : "}"));
    const std::vector<float> weights = p.Weights(), states = p.States();
    const absl::Status status = p.Run(Inputs(16), Labels(16));
    EXPECT_EQ(status.ok(), skips) << status;
    EXPECT_EQ(IsNonFinite(status), !skips);
    const std::string why = skips ? p.report.skipped : std::string(status.message());
    EXPECT_TRUE(absl::StartsWith(why, "step 1: ")) << why;
    EXPECT_TRUE(absl::EndsWith(why, "; at the weights of sharpness_aware, 1e+30 away")) << why;
    EXPECT_EQ(p.Weights(), weights);
    EXPECT_EQ(p.States(), states);
    EXPECT_EQ(p.state.progress.update, 0);
  }
}

TEST(SharpnessTest, AGradientThatIsNotFiniteHereNamesItsParameter) {
  Prepared p = Sound(absl::StrCat(kLine, "optimizer { sgd {} sharpness_aware {} }"));
  std::fill_n(p.state.store.weights(), p.state.store.floats(), 0.f);
  const std::vector<float> before = p.Weights();
  const absl::Status status = p.Run({3e38f}, {1e18f});
  EXPECT_TRUE(IsNonFinite(status));
  EXPECT_TRUE(absl::StrContains(status.message(), "the gradient of \"out/kernel\"")) << status;
  EXPECT_EQ(p.Weights(), before);
}

TEST(SharpnessTest, WhatItCannotWrapIsRefusedWithTheReason) {
  const struct {
    const char* optimizer;
    const char* message;
  } kCases[] = {
      {"lbfgs {} sharpness_aware {}",
       "lbfgs evaluates the loss and its gradient at weights of its own choice, which cannot be others "
       "at the same time"},
      {"sgd {} schedule { field: \"sharpness_aware.radius\" follow { constant: 1 } }",
       "there is no number called \"sharpness_aware.radius\""},
      {"sgd {} sharpness_aware {} schedule { field: \"sharpness_aware.adaptive\" follow { constant: 1 } "
       "}",
       "there is no number called \"sharpness_aware.adaptive\""},
      {"sgd {} sharpness_aware {} group { name: \"g\" match: \"out/bias\" schedule { field: "
       "\"sharpness_aware.radius\" follow { constant: 1 } } }",
       "the radius belongs to no group of parameters; write it as optimizer { schedule { ... } }"},
  };
  for (const auto& c : kCases) {
    const auto made = Make(absl::StrCat(kLine, "optimizer { ", c.optimizer, " }"));
    EXPECT_TRUE(absl::StrContains(made.status().message(), c.message)) << made.status();
  }
}

// All wrappers at once, with what else there is, stopped and gone on.
TEST(SharpnessTest, ARunThatIsResumedHasTheSameBytes) {
  for (const char* rule : {"adam {}", "sgd { momentum: 0.9 }", "muon {}", "prodigy {}"}) {
    SCOPED_TRACE(rule);
    const std::string optimizer = absl::StrCat(
        "optimizer { ", rule,
        " learning_rate { constant: 0.05 } sharpness_aware { radius: 0.1 adaptive: true } "
        "lookahead { sync_period: 4 } centralize_gradients: true gradient_accumulation_steps: 2 "
        "clip { global_norm: 0.5 } average { ema { momentum: 0.9 } evaluate: true } skip_non_finite {} "
        "schedule { field: \"sharpness_aware.radius\" follow { linear { initial_learning_rate: 0.1 "
        "end_learning_rate: 0 steps: 10 } } } "
        "group { name: \"biases\" match: \".*/bias\" rule { adam {} } } "
        "group { name: \"still\" match: \"norm/.*\" frozen: true } } ");
    auto whole = MakeRun(absl::StrCat(optimizer, "run { epochs: 3 }"), true, 2, "", 16);
    ASSERT_TRUE(whole->Go().ok());
    const std::string folder = FreshFolder("wrappers");
    auto first = MakeRun(absl::StrCat(optimizer, "run { max_steps: 6 epochs: 3 }"), true, 2, folder, 16);
    ASSERT_TRUE(first->Go().ok());
    auto second = MakeRun(absl::StrCat(optimizer, "run { epochs: 3 }"), true, 2, "", 16);
    std::vector<std::string> skipped;
    const auto path = NewestCheckpoint(folder, &skipped);
    ASSERT_TRUE(path.ok()) << path.status();
    ASSERT_TRUE(
        LoadCheckpoint(*path, second->step->numbers(), *second->watcher, &second->state).ok());
    ASSERT_TRUE(second->Go().ok());
    EXPECT_EQ(second->state.progress.update, 12);
    EXPECT_TRUE(Bytes(second->state) == Bytes(whole->state));
  }
}

TEST(SharpnessTest, AGuardTakesTheSlowWeightsBackToo) {
  const std::string text =
      "optimizer { sgd { momentum: 0.9 } learning_rate { constant: 0.1 } sharpness_aware {} lookahead { "
      "sync_period: 2 } controller { divergence_guard { snapshot_every_steps: 3 } } } run { epochs: 3 }";
  auto guarded = MakeRun(text), plain = MakeRun(text);
  StepReport report;
  const auto step = [&](TestRun* run, float first) {
    std::vector<float> x = Inputs(16), y = Labels(16);
    x[0] = first;
    const void* inputs[] = {x.data(), y.data()};
    return run->step->Run(inputs, 16, &run->state, &report);
  };
  // The guard keeps the first state until two more have been kept.
  const auto slots = [](const TestRun& run) {
    StoreSnapshot snapshot;
    EXPECT_TRUE(run.state.store.CopyTo(&snapshot).ok());
    const float* slow = snapshot.memory.At(snapshot.memory.slots() - 1, 0);
    std::vector<float> all(slow, slow + run.state.store.floats());
    all.insert(all.end(), run.state.store.weights(),
               run.state.store.weights() + run.state.store.floats());
    for (double number : snapshot.memory.numbers()) all.push_back(static_cast<float>(number));
    return all;
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(step(plain.get(), 0.1f).ok());
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(step(guarded.get(), 0.1f).ok());
  ASSERT_TRUE(step(guarded.get(), std::numeric_limits<float>::quiet_NaN()).ok());
  EXPECT_TRUE(report.restored);
  EXPECT_EQ(slots(*guarded), slots(*plain));
}

}  // namespace
}  // namespace gradus
