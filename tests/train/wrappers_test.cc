// What is wrapped around a rule's gradients and weights, against plain loops in double: centralised
// gradients and lookahead, with rules that see an element, a parameter or everything.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "gradus/base/text_config.h"
#include "gradus/train/loose_optimizer.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

using Numbers = std::vector<double>;

const std::vector<LooseParameter> kParameters = {
    {"a/kernel", {4, 3}}, {"a/bias", {3}}, {"c/kernel", {2, 2, 1, 5}}, {"s", {}}};
constexpr int kElements = 12 + 3 + 20 + 1;

absl::StatusOr<std::unique_ptr<LooseOptimizer<double>>> Make(const std::string& text,
                                                             ThreadPool* pool = nullptr) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "text", OptimizerConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  return LooseOptimizer<double>::Create(static_cast<const OptimizerConfig&>(*parsed.message),
                                        kParameters, pool, &diagnostics);
}

std::unique_ptr<LooseOptimizer<double>> Sound(const std::string& text, ThreadPool* pool = nullptr) {
  auto optimizer = Make(text, pool);
  EXPECT_TRUE(optimizer.ok()) << text << ": " << optimizer.status();
  return optimizer.ok() ? *std::move(optimizer) : nullptr;
}

double Wave(int i, double phase) { return std::sin(1.7 * i + phase) + 0.3 * std::cos(0.9 * i); }

Numbers Start() {
  Numbers w;
  for (int i = 0; i < kElements; ++i) w.push_back(Wave(i, 0.4));
  return w;
}

Numbers Gradients(int update) {
  Numbers g;
  for (int i = 0; i < kElements; ++i) g.push_back(Wave(i, 1.1 * update + 2));
  return g;
}

// Kernels lose each column's mean; a row has as many columns as the last dimension.
Numbers Centralized(Numbers g) {
  const auto matrix = [&](int begin, int rows, int columns) {
    for (int c = 0; c < columns; ++c) {
      double sum = 0;
      for (int r = 0; r < rows; ++r) sum += g[begin + r * columns + c];
      for (int r = 0; r < rows; ++r) g[begin + r * columns + c] -= sum / rows;
    }
  };
  matrix(0, 4, 3);
  matrix(15, 4, 5);
  return g;
}

void ExpectNear(const Numbers& a, const Numbers& b, double tolerance = 1e-13) {
  ASSERT_EQ(a.size(), b.size());
  // Numbers around 1, and some dozen roundings of 1e-16 in each.
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

// The rules of the plain loops: one update of all elements.
using PlainRule = std::function<void(int update, const Numbers& g, Numbers* w)>;

PlainRule PlainMomentum() {
  return [v = Numbers(kElements, 0)](int, const Numbers& g, Numbers* w) mutable {
    for (int i = 0; i < kElements; ++i) {
      v[i] = 0.9 * v[i] - 0.1 * g[i];
      (*w)[i] += v[i];
    }
  };
}

PlainRule PlainAdam() {
  return [m = Numbers(kElements, 0), v = Numbers(kElements, 0)](int update, const Numbers& g,
                                                                Numbers* w) mutable {
    const double t = update + 1;
    const double rate = 0.01 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
    for (int i = 0; i < kElements; ++i) {
      m[i] += (g[i] - m[i]) * (1 - 0.9);
      v[i] += (g[i] * g[i] - v[i]) * (1 - 0.999);
      (*w)[i] -= rate * m[i] / (std::sqrt(v[i]) + 1e-7);
    }
  };
}

const struct {
  const char* text;
  PlainRule (*plain)();
} kPlain[] = {{"sgd { momentum: 0.9 } learning_rate { constant: 0.1 } ", PlainMomentum},
              {"adam {} learning_rate { constant: 0.01 } ", PlainAdam}};

// Rules of every reach, which stand for themselves here: what is around them is what is tested.
const char* const kRules[] = {"sgd { momentum: 0.9 } learning_rate { constant: 0.1 } ",
                              "adam {} learning_rate { constant: 0.01 } ",
                              "lamb {} learning_rate { constant: 0.01 } ",
                              "muon {} learning_rate { constant: 0.02 } ",
                              "shampoo {} learning_rate { constant: 0.1 } ",
                              "prodigy {} learning_rate { constant: 1 } "};

TEST(CentralizeTest, AKernelLosesTheMeanOverItsInputs) {
  for (const auto& rule : kPlain) {
    auto optimizer = Sound(absl::StrCat(rule.text, "centralize_gradients: true"));
    optimizer->SetWeights(Start());
    Numbers w = Start();
    const PlainRule plain = rule.plain();
    for (int update = 0; update < 5; ++update) {
      ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
      plain(update, Centralized(Gradients(update)), &w);
    }
    ExpectNear(optimizer->Weights(), w);
  }
}

TEST(CentralizeTest, ItComesBeforeClippingAndDecay) {
  auto optimizer = Sound(absl::StrCat(
      kPlain[0].text,
      "centralize_gradients: true clip { global_norm: 1 } weight_decay: 0.5 weight_decay_form: "
      "COUPLED"));
  optimizer->SetWeights(Start());
  Numbers w = Start();
  const PlainRule plain = PlainMomentum();
  for (int update = 0; update < 5; ++update) {
    ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
    Numbers g = Centralized(Gradients(update));
    double sum = 0;
    for (double x : g) sum += x * x;
    for (int i = 0; i < kElements; ++i) {
      g[i] = g[i] / std::max(std::sqrt(sum), 1.0) + 0.5 * w[i];
    }
    plain(update, g, &w);
  }
  ExpectNear(optimizer->Weights(), w);
}

TEST(CentralizeTest, EveryRuleGetsWhatItLeaves) {
  for (const char* rule : kRules) {
    SCOPED_TRACE(rule);
    auto optimizer = Sound(absl::StrCat(rule, "centralize_gradients: true"));
    auto plain = Sound(rule);
    optimizer->SetWeights(Start());
    plain->SetWeights(Start());
    for (int update = 0; update < 5; ++update) {
      ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
      ASSERT_TRUE(plain->Update(Centralized(Gradients(update))).ok());
    }
    // The mean is summed up in another order; the rules' roots and inverses take it some digits up.
    ExpectNear(optimizer->Weights(), plain->Weights(), 1e-9);
  }
}

TEST(CentralizeTest, ThreadsChangeNothing) {
  ThreadPool pool(3);
  for (const char* rule : kRules) {
    auto one = Sound(absl::StrCat(rule, "centralize_gradients: true lookahead { sync_period: 2 }"));
    auto three = Sound(
        absl::StrCat(rule, "centralize_gradients: true lookahead { sync_period: 2 }"), &pool);
    one->SetWeights(Start());
    three->SetWeights(Start());
    for (int update = 0; update < 5; ++update) {
      ASSERT_TRUE(one->Update(Gradients(update)).ok());
      ASSERT_TRUE(three->Update(Gradients(update)).ok());
    }
    EXPECT_EQ(one->Weights(), three->Weights()) << rule;
  }
}

// In float and in the geometry of a model on this machine.
TEST(CentralizeTest, PaddingAndFrozenParametersStayAsTheyAre) {
  // Five columns leave a gap behind them.
  const std::string model = PointsModel(
      false, "layer { name: \"odd\" dense { units: 5 activation: TANH } }");
  const auto make = [&](const std::string& more) {
    const RunConfig config = ParseRun(absl::StrCat(
        model, "optimizer { sgd {} learning_rate { constant: 0.1 } group { name: \"still\" match: "
               "\"output/.*\" frozen: true } ", more, " }"));
    Diagnostics diagnostics;
    auto step = TrainStep::Create(config.model(), config.optimizer(), {}, &diagnostics);
    EXPECT_TRUE(step.ok()) << step.status();
    return *std::move(step);
  };
  const auto with = make("centralize_gradients: true"), without = make("");
  TrainState a = *with->NewState(), b = *without->NewState();
  const std::vector<float> x = {0.1f, 0.2f, -0.3f, 0.4f}, label = {1, 0};
  const void* inputs[] = {x.data(), label.data()};
  StepReport report;
  ASSERT_TRUE(with->Run(inputs, 2, &a, &report).ok());
  ASSERT_TRUE(without->Run(inputs, 2, &b, &report).ok());
  const ParameterLayout& layout = a.store.layout();
  for (int i = 0; i < layout.count(); ++i) {
    const ParameterPlace& place = layout.place(i);
    SCOPED_TRACE(place.name);
    for (int64_t c = 0; c < place.columns; ++c) {
      double sum = 0;
      for (int64_t r = 0; r < place.rows; ++r) {
        sum += b.store.gradients()[place.offset + r * place.pitch + c];
      }
      for (int64_t r = 0; r < place.rows; ++r) {
        const int64_t at = place.offset + r * place.pitch + c;
        const float raw = b.store.gradients()[at];
        if (place.dims.size() < 2 || place.name == "output/kernel") {
          EXPECT_EQ(a.store.gradients()[at], raw);
        } else {
          // One rounding of a number below 1.
          EXPECT_NEAR(a.store.gradients()[at], raw - sum / static_cast<double>(place.rows), 6e-8);
        }
      }
    }
  }
  EXPECT_TRUE(layout.PaddingIsZero(a.store.gradients()));
  EXPECT_TRUE(layout.PaddingIsZero(a.store.weights()));
}

TEST(CentralizeTest, AMatrixWithAPitchIsAnyOther) {
  std::vector<std::unique_ptr<LooseOptimizer<float>>> optimizers;
  OptimizerConfig config;
  config.mutable_adam();
  config.set_centralize_gradients(true);
  config.mutable_lookahead()->set_sync_period(2);
  std::vector<float> start;
  for (int i = 0; i < 3 * 512; ++i) start.push_back(static_cast<float>(Wave(i, 0)));
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    Diagnostics diagnostics;
    auto made = LooseOptimizer<float>::Create(config, {{"k", {3, 512}}}, nullptr, &diagnostics, isa);
    ASSERT_TRUE(made.ok()) << made.status();
    optimizers.push_back(*std::move(made));
    optimizers.back()->SetWeights(start);
    for (int update = 0; update < 3; ++update) {
      std::vector<float> g;
      for (int i = 0; i < 3 * 512; ++i) g.push_back(static_cast<float>(Wave(i, update + 1)));
      ASSERT_TRUE(optimizers.back()->Update(g).ok());
    }
    EXPECT_TRUE(optimizers.back()->PaddingIsZero());
  }
  EXPECT_EQ(optimizers[0]->Weights(), optimizers[1]->Weights());
}

TEST(LookaheadTest, WeightsMeetTheSlowOnesEveryFewUpdates) {
  for (const auto& rule : kPlain) {
    for (const int period : {1, 3}) {
      auto optimizer = Sound(absl::StrCat(rule.text, "lookahead { sync_period: ", period,
                                          " slow_step_size: 0.25 }"));
      optimizer->SetWeights(Start());
      Numbers w = Start(), slow = Start();
      const PlainRule plain = rule.plain();
      for (int update = 0; update < 11; ++update) {
        ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
        plain(update, Gradients(update), &w);
        if ((update + 1) % period == 0) {
          for (int i = 0; i < kElements; ++i) {
            slow[i] += 0.25 * (w[i] - slow[i]);
            w[i] = slow[i];
          }
        }
        ExpectNear(optimizer->Weights(), w);
      }
    }
  }
}

TEST(LookaheadTest, EveryRuleGoesOnFromWhereTheyMet) {
  for (const char* rule : kRules) {
    SCOPED_TRACE(rule);
    auto optimizer = Sound(absl::StrCat(rule, "lookahead { sync_period: 4 }"));
    auto plain = Sound(rule);
    optimizer->SetWeights(Start());
    plain->SetWeights(Start());
    Numbers slow = Start();
    for (int update = 0; update < 10; ++update) {
      ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
      ASSERT_TRUE(plain->Update(Gradients(update)).ok());
      if ((update + 1) % 4 == 0) {
        const Numbers w = plain->Weights();
        for (int i = 0; i < kElements; ++i) slow[i] += 0.5 * (w[i] - slow[i]);
        plain->SetWeights(slow);
      }
      // The same arithmetic, element by element.
      EXPECT_EQ(optimizer->Weights(), plain->Weights());
    }
  }
}

TEST(LookaheadTest, TheWholeWayIsTheRulesOwn) {
  auto optimizer =
      Sound(absl::StrCat(kRules[1], "lookahead { sync_period: 2 slow_step_size: 1 }"));
  auto plain = Sound(kRules[1]);
  optimizer->SetWeights(Start());
  plain->SetWeights(Start());
  for (int update = 0; update < 7; ++update) {
    ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
    ASSERT_TRUE(plain->Update(Gradients(update)).ok());
    EXPECT_EQ(optimizer->Weights(), plain->Weights());
  }
}

TEST(LookaheadTest, AnAverageIsOneOfTheWeightsAfterTheyHaveMet) {
  for (const char* rule : kRules) {
    for (const char* kind : {"ema { momentum: 0.75 }", "swa { start: 2 every: 2 }"}) {
      SCOPED_TRACE(absl::StrCat(rule, kind));
      auto optimizer = Sound(absl::StrCat(rule, "lookahead { sync_period: 3 } average { ", kind,
                                          " evaluate: true }"));
      optimizer->SetWeights(Start());
      Numbers average;
      for (int update = 0; update < 8; ++update) {
        ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
        const Numbers w = optimizer->Weights();
        const bool ema = kind[0] == 'e';
        // Updates 2, 4, 6 are averaged by swa, 0 and 1 replace what was there.
        const double part = ema ? (update == 0 ? 1 : 0.25)
                            : update < 2 ? 1
                            : update % 2 == 0 ? 1.0 / (1 + (update - 2) / 2)
                                              : 0;
        if (update == 0) average = w;
        for (int i = 0; i < kElements; ++i) average[i] += part * (w[i] - average[i]);
        ExpectNear(*optimizer->EvaluationWeights(), average);
      }
    }
  }
}

TEST(LookaheadTest, GroupsMeetTogetherAndFrozenOnesStandStill) {
  auto optimizer = Sound(
      "sgd { momentum: 0.9 } learning_rate { constant: 0.1 } lookahead { sync_period: 2 } "
      "centralize_gradients: true "
      "group { name: \"still\" match: \"a/kernel\" frozen: true } "
      "group { name: \"biases\" match: \".*/bias\" rule { adam {} } learning_rate { constant: 0.01 } }");
  optimizer->SetWeights(Start());
  Numbers w = Start(), slow = Start();
  const PlainRule momentum = PlainMomentum(), adam = PlainAdam();
  for (int update = 0; update < 5; ++update) {
    ASSERT_TRUE(optimizer->Update(Gradients(update)).ok());
    Numbers with_momentum = w, with_adam = w;
    momentum(update, Centralized(Gradients(update)), &with_momentum);
    adam(update, Centralized(Gradients(update)), &with_adam);
    for (int i = 12; i < kElements; ++i) w[i] = i < 15 ? with_adam[i] : with_momentum[i];
    for (int i = 0; i < kElements && update % 2 == 1; ++i) {
      slow[i] += 0.5 * (w[i] - slow[i]);
      w[i] = slow[i];
    }
  }
  ExpectNear(optimizer->Weights(), w);
}

TEST(LookaheadTest, WhatWasCopiedGoesOnBitForBit) {
  for (const char* rule : kRules) {
    const std::string text =
        absl::StrCat(rule, "lookahead { sync_period: 4 } centralize_gradients: true");
    auto whole = Sound(text), first = Sound(text), second = Sound(text);
    whole->SetWeights(Start());
    first->SetWeights(Start());
    // Three updates, so that a meeting is near.
    for (int update = 0; update < 3; ++update) {
      ASSERT_TRUE(whole->Update(Gradients(update)).ok());
      ASSERT_TRUE(first->Update(Gradients(update)).ok());
    }
    ASSERT_TRUE(first->CopyTo(second.get()).ok());
    for (int update = 3; update < 9; ++update) {
      ASSERT_TRUE(whole->Update(Gradients(update)).ok());
      ASSERT_TRUE(second->Update(Gradients(update)).ok());
    }
    EXPECT_EQ(whole->Weights(), second->Weights()) << rule;
  }
}

TEST(LookaheadTest, AWayThatIsTooLongIsSeen) {
  auto optimizer = Sound("sgd {} learning_rate { constant: 1 } lookahead { sync_period: 2 }");
  Numbers w = Start(), g = Gradients(0);
  w[3] = g[3] = 1.7e308;
  optimizer->SetWeights(w);
  // To 0, to -1.7e308: finite, but the way between is not.
  EXPECT_TRUE((*optimizer->Update(g)).weights_finite);
  EXPECT_FALSE((*optimizer->Update(g)).weights_finite);
}

TEST(WrappersTest, WhatDoesNotGoTogetherIsAFindingWithItsReason) {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"lbfgs {} centralize_gradients: true",
       "text:1:32: lbfgs evaluates the loss, which knows nothing of what is done to its gradient "
       "[centralize_gradients]"},
      {"lbfgs {} lookahead {}",
       "text:1:10: lbfgs learns the curvature from its own steps, and lookahead would take parts of "
       "them back [lookahead]"},
      {"schedule_free_sgd {} lookahead {}",
       "text:1:22: schedule_free_sgd makes the weights to evaluate from its slots, which stay where "
       "they are when lookahead sets back those that are trained [lookahead]"},
      {"asgd { averaged: true } lookahead {}",
       "text:1:25: asgd makes the weights to evaluate from its slots, which stay where they are when "
       "lookahead sets back those that are trained [lookahead]"},
      {"sgd {} sharpness_aware {}",
       "text:1:8: sharpness_aware asks for the gradient at other weights, and here gradients are given "
       "[sharpness_aware]"},
      {"adam {} group { name: \"g\" match: \"s\" rule { sgd {} lookahead {} } }",
       "text:1:52: group \"g\": lookahead cannot be set in a group's rule; write it in the optimizer "
       "itself [group[g].rule.lookahead]"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(std::string(Make(c.text).status().message()), c.message) << c.text;
  }
  EXPECT_TRUE(Make("asgd {} lookahead {}").ok());
}

}  // namespace
}  // namespace gradus
