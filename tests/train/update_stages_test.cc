// What stands around a rule, against plain loops in double; groups with rules of their own and groups
// that stand still; averages and the weights that are evaluated.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradus/base/text_config.h"
#include "gradus/train/loose_optimizer.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

const std::vector<LooseParameter> kParameters = {{"a/kernel", {2, 3}}, {"a/bias", {3}}};
const std::vector<double> kStart = {1, -2, 0.5, 0.3, 0.7, -1.1, 0.25, 0, -4};
const std::vector<std::vector<double>> kGradients = {
    {0.1, -0.2, 0.3, 0.4, 0.05, -0.1, 3, -1, 0.5},
    {-0.05, 0.4, 0, 0.2, -0.3, 0.1, -2, 0.125, 1},
    {0.2, 0.1, -0.6, 0.3, 0, 0.5, 0.5, 0.25, -0.75}};

absl::StatusOr<std::unique_ptr<LooseOptimizer<double>>> Make(
    const std::string& text, const std::vector<LooseParameter>& parameters = kParameters,
    ThreadPool* pool = nullptr) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", OptimizerConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  return LooseOptimizer<double>::Create(static_cast<const OptimizerConfig&>(*parsed.message),
                                        parameters, pool, &diagnostics);
}

std::vector<double> AfterUpdates(const std::string& text) {
  auto optimizer = Make(text);
  EXPECT_TRUE(optimizer.ok()) << optimizer.status();
  if (!optimizer.ok()) return {};
  (*optimizer)->SetWeights(kStart);
  for (const std::vector<double>& gradients : kGradients) {
    EXPECT_TRUE((*optimizer)->Update(gradients).ok());
  }
  return (*optimizer)->Weights();
}

// Gradient descent with momentum 0.9 in plain loops; `before` changes gradients and weights as a
// stage does.
template <class Before>
std::vector<double> PlainMomentum(double rate, const Before& before) {
  std::vector<double> w = kStart, v(kStart.size(), 0);
  for (std::vector<double> g : kGradients) {
    before(&g, &w);
    for (size_t i = 0; i < w.size(); ++i) {
      v[i] = 0.9 * v[i] - rate * g[i];
      w[i] += v[i];
    }
  }
  return w;
}

void ExpectNear(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  // Some roundings of numbers below 8.
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-14) << i;
}

constexpr char kMomentum[] = "sgd { momentum: 0.9 } learning_rate { constant: 0.1 } ";

using Numbers = std::vector<double>;

TEST(UpdateStagesTest, DecayActsBeforeTheRuleInEachForm) {
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "weight_decay: 0.05")),
             PlainMomentum(0.1, [](Numbers*, Numbers* w) {
               for (double& x : *w) x -= 0.1 * 0.05 * x;
             }));
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "weight_decay: 0.05 weight_decay_form: COUPLED")),
             PlainMomentum(0.1, [](Numbers* g, Numbers* w) {
               for (size_t i = 0; i < w->size(); ++i) (*g)[i] += 0.05 * (*w)[i];
             }));
  ExpectNear(AfterUpdates(absl::StrCat(
                 kMomentum, "weight_decay: 0.05 weight_decay_form: DECOUPLED_FROM_RATE")),
             PlainMomentum(0.1, [](Numbers*, Numbers* w) {
               for (double& x : *w) x -= 0.05 * x;
             }));
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "l1: 0.05")),
             PlainMomentum(0.1, [](Numbers* g, Numbers* w) {
               for (size_t i = 0; i < w->size(); ++i) {
                 (*g)[i] += (*w)[i] > 0 ? 0.05 : (*w)[i] < 0 ? -0.05 : 0;
               }
             }));
}

double NormOf(const Numbers& g, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += g[i] * g[i];
  return std::sqrt(sum);
}

TEST(UpdateStagesTest, ClippingKeepsGradientsFromGrowing) {
  const auto scale = [](Numbers* g, size_t begin, size_t end, double most) {
    const double norm = NormOf(*g, begin, end);
    for (size_t i = begin; i < end && norm > most; ++i) (*g)[i] *= most / norm;
  };
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "clip { value: 0.25 }")),
             PlainMomentum(0.1, [](Numbers* g, Numbers*) {
               for (double& x : *g) x = std::max(-0.25, std::min(0.25, x));
             }));
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "clip { norm: 0.5 }")),
             PlainMomentum(0.1, [&](Numbers* g, Numbers*) {
               scale(g, 0, 6, 0.5);
               scale(g, 6, 9, 0.5);
             }));
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "clip { global_norm: 1 }")),
             PlainMomentum(0.1, [&](Numbers* g, Numbers*) { scale(g, 0, 9, 1); }));
  // Units: the three columns of the kernel, the three elements of the bias.
  ExpectNear(AfterUpdates(absl::StrCat(kMomentum, "clip { adaptive { factor: 0.1 epsilon: 0.5 } }")),
             PlainMomentum(0.1, [&](Numbers* g, Numbers* w) {
               const std::vector<std::vector<size_t>> units = {{0, 3}, {1, 4}, {2, 5}, {6}, {7}, {8}};
               for (const std::vector<size_t>& unit : units) {
                 double gradient = 0, weight = 0;
                 for (size_t i : unit) {
                   gradient += (*g)[i] * (*g)[i];
                   weight += (*w)[i] * (*w)[i];
                 }
                 const double most = 0.1 * std::max(std::sqrt(weight), 0.5);
                 for (size_t i : unit) {
                   if (std::sqrt(gradient) > most) (*g)[i] *= most / std::sqrt(gradient);
                 }
               }
             }));
}

TEST(UpdateStagesTest, ClippingComesBeforeDecay) {
  ExpectNear(AfterUpdates(absl::StrCat(
                 kMomentum, "clip { value: 0.25 } weight_decay: 0.5 weight_decay_form: COUPLED")),
             PlainMomentum(0.1, [](Numbers* g, Numbers* w) {
               for (size_t i = 0; i < w->size(); ++i) {
                 (*g)[i] = std::max(-0.25, std::min(0.25, (*g)[i])) + 0.5 * (*w)[i];
               }
             }));
}

TEST(UpdateStagesTest, TheGlobalNormDoesNotDependOnThreads) {
  // More than one piece of the sum, on one and on three threads.
  const int64_t count = 300000;
  const std::vector<LooseParameter> large = {{"w", {count}}};
  std::vector<double> gradients;
  for (int64_t i = 0; i < count; ++i) gradients.push_back(std::sin(0.1 * static_cast<double>(i)));
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    auto optimizer = Make(absl::StrCat(kMomentum, "clip { global_norm: 1 }"), large, &pool);
    ASSERT_TRUE(optimizer.ok()) << optimizer.status();
    ASSERT_TRUE((*optimizer)->Update(gradients).ok());
    results.push_back((*optimizer)->Weights());
  }
  EXPECT_EQ(results[0], results[1]);
  double sum = 0;
  for (double g : gradients) sum += g * g;
  EXPECT_NEAR(results[0][7], -0.1 * gradients[7] / std::sqrt(sum), 1e-12 / std::sqrt(sum));
}

TEST(UpdateStagesTest, AGradientThatIsNotFiniteStaysSeen) {
  for (const char* clip : {"value: 0.25", "norm: 0.5", "global_norm: 1", "adaptive {}"}) {
    auto optimizer = Make(absl::StrCat(kMomentum, "clip { ", clip, " }"));
    ASSERT_TRUE(optimizer.ok()) << optimizer.status();
    (*optimizer)->SetWeights(kStart);
    std::vector<double> gradients = kGradients[0];
    gradients[4] = std::numeric_limits<double>::quiet_NaN();
    const auto watch = (*optimizer)->Update(gradients);
    ASSERT_TRUE(watch.ok());
    EXPECT_FALSE(watch->gradients_finite) << clip;
  }
}

TEST(UpdateStagesTest, AveragesFollowTheWeights) {
  const auto trace = [](const std::string& average) {
    auto optimizer = Make(absl::StrCat(kMomentum, "average { ", average, " evaluate: true }"));
    EXPECT_TRUE(optimizer.ok()) << optimizer.status();
    (*optimizer)->SetWeights(kStart);
    std::vector<double> first;
    EXPECT_EQ(*(*optimizer)->EvaluationWeights(), kStart);
    for (int i = 0; i < 6; ++i) {
      EXPECT_TRUE((*optimizer)->Update(kGradients[i % 3]).ok());
      first.push_back((*(*optimizer)->EvaluationWeights())[0]);
    }
    return first;
  };
  std::vector<double> w, v = {0};
  double at = kStart[0], velocity = 0;
  for (int i = 0; i < 6; ++i) {
    velocity = 0.9 * velocity - 0.1 * kGradients[i % 3][0];
    at += velocity;
    w.push_back(at);
  }
  std::vector<double> ema = {w[0]};
  for (int i = 1; i < 6; ++i) ema.push_back(0.75 * ema.back() + 0.25 * w[i]);
  ExpectNear(trace("ema { momentum: 0.75 }"), ema);
  // Updates 2 and 4 count; before them the weights themselves.
  ExpectNear(trace("swa { start: 2 every: 2 }"),
             {w[0], w[1], w[2], w[2], (w[2] + w[4]) / 2, (w[2] + w[4]) / 2});
}

TEST(UpdateStagesTest, AGroupMayHaveARuleOfItsOwnOrStandStill) {
  // Adam for the kernel by itself, and gradient descent for the bias by itself.
  auto both = Make(
      "sgd { momentum: 0.9 } learning_rate { constant: 0.1 } "
      "group { name: \"matrices\" match: \".*/kernel\" rule { adam {} } learning_rate { constant: "
      "0.01 } }");
  ASSERT_TRUE(both.ok()) << both.status();
  auto adam = Make("adam {} learning_rate { constant: 0.01 }", {kParameters[0]});
  auto sgd = Make(kMomentum, {kParameters[1]});
  auto still = Make(absl::StrCat(kMomentum, "group { name: \"still\" match: \".*/kernel\" frozen: "
                                            "true }"));
  ASSERT_TRUE(adam.ok() && sgd.ok() && still.ok()) << still.status();
  (*both)->SetWeights(kStart);
  (*still)->SetWeights(kStart);
  (*adam)->SetWeights(absl::MakeConstSpan(kStart).subspan(0, 6));
  (*sgd)->SetWeights(absl::MakeConstSpan(kStart).subspan(6));
  for (const std::vector<double>& g : kGradients) {
    ASSERT_TRUE((*both)->Update(g).ok());
    ASSERT_TRUE((*still)->Update(g).ok());
    ASSERT_TRUE((*adam)->Update(absl::MakeConstSpan(g).subspan(0, 6)).ok());
    ASSERT_TRUE((*sgd)->Update(absl::MakeConstSpan(g).subspan(6)).ok());
  }
  std::vector<double> expected = (*adam)->Weights();
  const std::vector<double> bias = (*sgd)->Weights();
  expected.insert(expected.end(), bias.begin(), bias.end());
  EXPECT_EQ((*both)->Weights(), expected);
  std::vector<double> half(kStart.begin(), kStart.begin() + 6);
  half.insert(half.end(), bias.begin(), bias.end());
  EXPECT_EQ((*still)->Weights(), half);
  // Slots are there for the parameters of their group alone.
  std::vector<std::string> names;
  for (const auto& slot : (*both)->Slots()) names.push_back(slot.parameter + "/" + slot.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/bias/momentum", "a/kernel/momentum",
                                             "a/kernel/velocity"}));
}

TEST(UpdateStagesTest, WhatDoesNotGoTogetherIsAFindingWithItsPlace) {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"adam {} clip { value: 1 norm: 2 }",
       "text:1:25: clip: value and norm are both set; only one of them can be; value was set first in "
       "line 1 [clip]"},
      {"adam {} clip { global_norm: 0 }",
       "text:1:29: clip: global_norm 0 must be above 0 [clip.global_norm]"},
      {"adam {} group { name: \"g\" match: \".*\" rule { sgd {} weight_decay: 1 } }",
       "text:1:67: group \"g\": weight_decay cannot be set in a group's rule; write it in the group "
       "itself [group[g].rule.weight_decay]"},
      {"adam {} group { name: \"g\" match: \".*\" rule { sgd {} } frozen: true }",
       "text:1:39: group \"g\" is frozen, so its rule has no effect [group[g].rule]"},
      {"adam {} group { name: \"g\" match: \".*\" learning_rate_scale: 2 frozen: true }",
       "text:1:60: group \"g\" is frozen, so its learning_rate_scale has no effect; leave it out, or "
       "set it to 1 [group[g].learning_rate_scale]"},
      {"adam {} group { name: \"g\" match: \".*\" learning_rate_scale: 1 frozen: true }",
       "text:1:1: all parameters are frozen: nothing is trained [adam]"},
      {"lbfgs {} group { name: \"g\" match: \".*/bias\" weight_decay: 0.1 }",
       "text:1:59: lbfgs goes on from decayed weights to where the loss is least, which takes the decay "
       "back [group[g].weight_decay]"},
      {"lbfgs {} group { name: \"g\" match: \".*/bias\" learning_rate_scale: 2 } clip { value: 1 }",
       "text:1:10: lbfgs searches along one line for all parameters: group \"g\" cannot have a rate of "
       "its own [group[g]]\n"
       "text:1:70: lbfgs evaluates the loss, which knows nothing of what is done to its gradient "
       "[clip]"},
      {"adam {} group { name: \"g\" match: \".*\" frozen: true }",
       "text:1:1: all parameters are frozen: nothing is trained [adam]"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(std::string(Make(c.text).status().message()), c.message) << c.text;
  }
}

TEST(UpdateStagesTest, ARunEvaluatesAndSavesItsAverage) {
  const std::string folder = FreshFolder("average");
  const char* const text =
      "optimizer { adam {} learning_rate { constant: 0.05 } average { ema { momentum: 0.9 } evaluate:"
      " true } } run { epochs: 3 }";
  auto run = MakeRun(text, true, 1, folder);
  ASSERT_NE(run, nullptr);
  ASSERT_TRUE(run->Go().ok());
  const ParameterStore& store = run->state.store;
  ASSERT_NE(store.evaluated(), store.weights());
  bool other = false;
  for (int64_t i = 0; i < store.floats(); ++i) other |= store.evaluated()[i] != store.weights()[i];
  EXPECT_TRUE(other);
  // Who loads the weights alone gets what was evaluated.
  std::vector<std::string> skipped;
  const auto path = NewestCheckpoint(folder, &skipped);
  ASSERT_TRUE(path.ok()) << path.status();
  auto plain = MakeRun("optimizer { sgd {} } run { epochs: 1 }", true);
  ASSERT_TRUE(LoadCheckpointWeights(*path, &plain->state.store).ok());
  for (int64_t i = 0; i < store.floats(); ++i) {
    ASSERT_EQ(plain->state.store.weights()[i], store.evaluated()[i]) << i;
  }
  // Who goes on has all of it.
  auto resumed = MakeRun(text, true);
  ASSERT_TRUE(
      LoadCheckpoint(*path, resumed->step->numbers(), *resumed->watcher, &resumed->state).ok());
  EXPECT_TRUE(Bytes(resumed->state) == Bytes(run->state));
}

absl::Status Step(TestRun* run, float first) {
  std::vector<float> x = {first, 0.2f, -0.3f, 0.4f}, label = {1, 0};
  const void* inputs[] = {x.data(), label.data()};
  StepReport report;
  return run->step->Run(inputs, 2, &run->state, &report);
}

TEST(UpdateStagesTest, AnAverageGoesBackWithItsWeights) {
  auto run = MakeRun(
      "optimizer { sgd {} learning_rate { constant: 0.5 } average { ema { momentum: 0.9 } evaluate: "
      "true } controller { divergence_guard { snapshot_every_steps: 10 } } } run { epochs: 3 }");
  ASSERT_NE(run, nullptr);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Step(run.get(), 0.1f).ok());
  // Back to where the run began, at update 3.
  ASSERT_TRUE(Step(run.get(), std::numeric_limits<float>::quiet_NaN()).ok());
  EXPECT_EQ(run->state.progress.update, 3);
  const ParameterStore& store = run->state.store;
  const auto expect_weights = [&] {
    ASSERT_TRUE(run->step->RefreshEvaluation(run->state).ok());
    for (int64_t i = 0; i < store.floats(); ++i) {
      ASSERT_EQ(store.evaluated()[i], store.weights()[i]) << i;
    }
  };
  expect_weights();  // There is no average yet...
  ASSERT_TRUE(Step(run.get(), 0.1f).ok());
  expect_weights();  // ... and now it begins.
  ASSERT_TRUE(Step(run.get(), 0.1f).ok());
  ASSERT_TRUE(run->step->RefreshEvaluation(run->state).ok());
  EXPECT_NE(store.evaluated()[0], store.weights()[0]);
}

TEST(UpdateStagesTest, StatesAreThoseOfTheWeightsBeforeTheUpdateWhateverTheRuleTries) {
  // The moving averages after an update by a rule that tries other weights, and by one that does not.
  auto tries = MakeRun("optimizer { lbfgs { max_iterations: 4 } } run { epochs: 1 }", true);
  auto plain = MakeRun("optimizer { sgd {} } run { epochs: 1 }", true);
  ASSERT_NE(tries, nullptr);
  const int64_t states = plain->state.store.state_layout().floats();
  ASSERT_GT(states, 0);
  ASSERT_TRUE(Step(tries.get(), 0.1f).ok());
  ASSERT_TRUE(Step(plain.get(), 0.1f).ok());
  for (int64_t i = 0; i < states; ++i) {
    EXPECT_EQ(tries->state.store.states()[i], plain->state.store.states()[i]) << i;
  }
  const ParameterStore& a = tries->state.store;
  const ParameterStore& b = plain->state.store;
  bool moved = false;
  for (int64_t i = 0; i < a.floats(); ++i) moved |= a.weights()[i] != b.weights()[i];
  EXPECT_TRUE(moved);
}

}  // namespace
}  // namespace gradus
