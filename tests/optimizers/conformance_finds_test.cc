// The conformance kit finds rules that are wrong: each of these has one fault, and one check that
// must name it. All are descent, beside a fault. They are registered as a plugin's rules are, under
// the fields of wrong_rules.proto.

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"
#include "gradus/train/elementwise.h"
#include "gradus/train/whole.h"
#include "tests/optimizers/wrong_rules.pb.h"
#include "tests/testing/optimizer_allocations.h"
#include "tests/testing/optimizer_conformance.h"
#include "tests/testing/optimizer_problems.h"

namespace gradus {
namespace {

struct OnElements {
  using Config = optimizer::Sgd;
  template <class F>
  struct Numbers {
    F rate, t;
  };
  static bool Serves(const Config&) { return true; }
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static Numbers<F> Prepare(const Config&, const UpdateStep& step) {
    return {F(step.rate), F(step.t)};
  }
};

struct Descent : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g;
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.nothing", Descent);
struct Ascent : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w += n.rate * g;
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.ascent", Ascent);

// Right to a part in a million, and only after the tenth update wrong at all.
struct Late : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g * (n.t > F(10) ? F(1.000001) : F(1));
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.late", Late);
struct DecaysByItself : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g + F(0.001) * w;
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.decays_by_itself", DecaysByItself);

// 0 / 0 where a gradient is 0.
struct Normalized : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g / std::sqrt(g * g);
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.normalized", Normalized);

// What is to be evaluated is said to be x + 1.
struct EvaluatesOther : Descent {
  template <class F>
  GRADUS_INLINE static F Evaluate(const Numbers<F>&, F w) {
    return w + F(1);
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.evaluates_other", EvaluatesOther);

// A rule that begins with a momentum moves weights of 0 that have no gradient: padding, too, if it were
// not for the updater.
struct MovesPadding : OnElements {
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum", 0.5}}; }
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w, F& m) {
    m += F(0.1) * (g - m);
    w -= n.rate * m;
  }
};
GRADUS_REGISTER_ELEMENTWISE("gradus.wrong.moves_padding", MovesPadding);

// Rules by elements that are not made of a struct for one element.
class OnRanges : public Optimizer {
 public:
  const google::protobuf::Descriptor* config_type() const override {
    return optimizer::Sgd::descriptor();
  }
  std::vector<SlotSpec> Slots(const google::protobuf::Message&) const override { return {}; }
  UpdateWatch Update(const UpdateStep& step, const UpdateRange<float>& range) const override {
    return Descend(step, range);
  }
  UpdateWatch Update(const UpdateStep& step, const UpdateRange<double>& range) const override {
    return Descend(step, range);
  }

 protected:
  // Sees what is not finite as far as it looks; what it moves by is the sign of the mean.
  explicit OnRanges(bool sees, bool by_mean) : sees_(sees), by_mean_(by_mean) {}

 private:
  template <class F>
  UpdateWatch Descend(const UpdateStep& step, const UpdateRange<F>& range) const {
    UpdateWatch watch;
    double mean = 0;
    for (int64_t i = 0; i < range.count; ++i) {
      mean += static_cast<double>(range.gradients[i]) / static_cast<double>(range.count);
    }
    for (int64_t i = 0; i < range.count; ++i) {
      const F g = range.gradients[i];
      if (sees_ && !std::isfinite(g)) watch.gradients_finite = false;
      if (by_mean_ || g != 0) range.weights[i] -= F(step.rate) * (by_mean_ ? F(mean) : g);
      if (sees_ && !std::isfinite(range.weights[i])) watch.weights_finite = false;
    }
    return watch;
  }

  const bool sees_, by_mean_;
};
struct CutDependent final : OnRanges {
  CutDependent() : OnRanges(true, true) {}
};
GRADUS_REGISTER(Optimizer, "gradus.wrong.cut_dependent", CutDependent);
struct SeesNothing final : OnRanges {
  SeesNothing() : OnRanges(false, false) {}
};
GRADUS_REGISTER(Optimizer, "gradus.wrong.sees_nothing", SeesNothing);

struct OnParameters {
  using Config = optimizer::Sgd;
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static void Descend(const ParameterView<F>& p, double factor = 1) {
    ForElements(p, [&](int64_t i) { p.weights[i] -= F(p.step->rate * factor) * p.gradients[i]; });
  }
};
struct CountsPadding : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    Descend(p, 1 / std::sqrt(1.0 + static_cast<double>(p.rows * p.pitch)));
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.counts_padding", CountsPadding);
struct WritesBetweenRows : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    Descend(p);
    if (p.is_matrix() && p.rows > 0 && p.pitch > p.columns) p.weights[p.columns] = F(1);
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.writes_between_rows", WritesBetweenRows);

// What it remembers is not declared.
struct Forgetful : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    static double hidden = 0;
    hidden = p.step->t == 1 ? 0 : hidden + 1;
    Descend(p, 1 + hidden);
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.forgetful", Forgetful);

// Who comes first is served first.
struct ByTurns : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    static std::atomic<int64_t> turn{0}, update{0};
    turn = update == p.step->t ? turn.load() + 1 : 0;
    update = p.step->t;
    Descend(p, 1 / (1 + static_cast<double>(turn.load())));
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.by_turns", ByTurns);

struct Allocates : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    const std::vector<F> copy(p.gradients, p.gradients + p.rows * p.pitch);
    ForElements(p, [&](int64_t i) { p.weights[i] -= F(p.step->rate) * copy[i]; });
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.allocates", Allocates);
// The framework's memory, but more of it than in the first update.
struct AllocatesLate : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    if (p.step->t == 10) p.work->template Take<double>(10000);
    Descend(p);
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.allocates_late", AllocatesLate);

struct OneNameTwice : OnParameters {
  static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"momentum"}}; }
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    Descend(p);
  }
};
GRADUS_REGISTER_BY_PARAMETER("gradus.wrong.one_name_twice", OneNameTwice);

// Counts where it stands in the list.
struct FirstMovesMost {
  using Config = optimizer::Sgd;
  static constexpr Reach kReach = Reach::kAll;
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static absl::Status Update(const Config&, const WholeUpdate<F>& update) {
    double number = 1;
    for (const ParameterView<F>& p : update.parameters) {
      OnParameters::Descend(p, 1 / number);
      number += 1;
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_WHOLE("gradus.wrong.first_moves_most", FirstMovesMost);
// Counts parameters, where some have no elements.
struct SharesByParameters : FirstMovesMost {
  template <class F>
  static absl::Status Update(const Config&, const WholeUpdate<F>& update) {
    for (const ParameterView<F>& p : update.parameters) {
      OnParameters::Descend(p, 1 / static_cast<double>(update.parameters.size()));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_WHOLE("gradus.wrong.shares_by_parameters", SharesByParameters);

const ParsedOptimizer& Rule(const std::string& name) {
  static std::vector<std::unique_ptr<ParsedOptimizer>> kept;
  auto parsed = ParseOptimizer("[gradus.wrong." + name + "] {}");
  GRADUS_CHECK(parsed.ok());
  kept.push_back(*std::move(parsed));
  return *kept.back();
}

bool Says(const std::string& wrong, const std::string& part) {
  return wrong.find(part) != std::string::npos;
}

class ConformanceFindsTest : public testing::Test {
 protected:
  const OptimizerExample example_ = {"", 0.1, {}};
  const OptimizerFormula formula_ = internal::MakeFormula(Formula, Formula);

 private:
  static std::vector<double> Formula(const optimizer::Sgd&, const UpdateHistory& h) {
    std::vector<double> weights = h.weights;
    for (size_t i = 0; i < weights.size(); ++i) {
      for (int64_t t = 1; t <= h.updates(); ++t) weights[i] -= h.rate(t) * h.gradient(t, i);
    }
    return weights;
  }
};

TEST_F(ConformanceFindsTest, NothingInARuleThatIsRight) {
  const ParsedOptimizer& rule = Rule("nothing");
  OptimizerExample example = example_;
  example.golden = {0.975, -2.03, 0.53};
  EXPECT_EQ(CheckNames(rule), "");
  EXPECT_EQ(CheckGolden(rule, example), "");
  EXPECT_EQ(CheckFormula(rule, example_, formula_), "");
  EXPECT_EQ(CheckConverges(rule, example_, QuadraticProblem()), "");
  EXPECT_EQ(CheckConverges(rule, example_, IllConditionedProblem()), "");
  EXPECT_EQ(CheckConverges(rule, example_, RosenbrockProblem()), "");
  EXPECT_EQ(CheckConverges(rule, example_, LogisticProblem()), "");
  EXPECT_EQ(CheckResumesExactly(rule), "");
  EXPECT_EQ(CheckOrderDoesNotMatter(rule), "");
  EXPECT_EQ(CheckSeesWhatIsNotFinite(rule), "");
  EXPECT_EQ(CheckRateZero(rule, example_), "");
  EXPECT_EQ(CheckDegenerateParameters(rule), "");
  EXPECT_EQ(CheckRefuses({"sgd { momentum: 2 }",
                          "text:1:17: sgd: momentum 2 must be at least 0 and at most 1 "
                          "[sgd.momentum]"}),
            "");
}

TEST_F(ConformanceFindsTest, OneNameForTwoSlots) {
  EXPECT_EQ(CheckNames(Rule("one_name_twice")), "slot \"momentum\" is not apart");
}

TEST_F(ConformanceFindsTest, OtherWeightsThanTheGoldenOnes) {
  OptimizerExample example = example_;
  example.golden = {0.975, -2.03, 0.5300001};
  EXPECT_TRUE(Says(CheckGolden(Rule("nothing"), example), "element 2"));
}

TEST_F(ConformanceFindsTest, WhatIsOffTheFormulaByAMillionth) {
  const std::string wrong = CheckFormula(Rule("late"), example_, formula_);
  EXPECT_TRUE(Says(wrong, "double, update 11, element ")) << wrong;
}

TEST_F(ConformanceFindsTest, WeightsToEvaluateThatAreOthersThanTheFormulas) {
  const std::string wrong = CheckFormula(Rule("evaluates_other"), example_, formula_);
  EXPECT_TRUE(Says(wrong, "to evaluate after update 1, element 0")) << wrong;
  OptimizerFormula trained_only = formula_;
  trained_only.evaluated = nullptr;
  EXPECT_NE(CheckFormula(Rule("evaluates_other"), example_, trained_only), "");
}

TEST_F(ConformanceFindsTest, WhatDoesNotConverge) {
  for (const OptimizerProblem* problem :
       {&QuadraticProblem(), &IllConditionedProblem(), &RosenbrockProblem(), &LogisticProblem()}) {
    EXPECT_NE(CheckConverges(Rule("ascent"), example_, *problem), "") << problem->name;
  }
}

TEST_F(ConformanceFindsTest, WhatMovesAtRateZeroAndWhatSaysSoWrongly) {
  EXPECT_EQ(CheckRateZero(Rule("decays_by_itself"), example_), "rate 0 moved a weight");
  OptimizerExample says_so = example_;
  says_so.moves_at_rate_zero = "it decays by itself";
  EXPECT_EQ(CheckRateZero(Rule("decays_by_itself"), says_so), "");
  EXPECT_NE(CheckRateZero(Rule("nothing"), says_so), "");
}

TEST_F(ConformanceFindsTest, WhatDividesZeroByZero) {
  EXPECT_TRUE(Says(CheckDegenerateParameters(Rule("normalized")), "gradients of 0"));
}

TEST_F(ConformanceFindsTest, WhatAParameterWithoutElementsChanges) {
  EXPECT_TRUE(
      Says(CheckDegenerateParameters(Rule("shares_by_parameters")), "parameters without elements"));
}

TEST_F(ConformanceFindsTest, WhatDoesNotSeeNumbersThatAreNotFinite) {
  EXPECT_TRUE(Says(CheckSeesWhatIsNotFinite(Rule("sees_nothing")), "was not seen"));
}

TEST_F(ConformanceFindsTest, WhatTouchesOrCountsNumbersBetweenRows) {
  std::string wrong = CheckOrderDoesNotMatter(Rule("counts_padding"));
  EXPECT_TRUE(Says(wrong, "padding between rows")) << wrong;
  wrong = CheckOrderDoesNotMatter(Rule("writes_between_rows"));
  EXPECT_TRUE(Says(wrong, "wrote between rows")) << wrong;
}

TEST_F(ConformanceFindsTest, NothingInARuleThatMovesPaddingBecauseTheUpdaterPutsItBack) {
  EXPECT_EQ(CheckOrderDoesNotMatter(Rule("moves_padding")), "");
  // Nor is it in the average.
  const auto averaged =
      ParseOptimizer("[gradus.wrong.moves_padding] {} average { ema {} evaluate: true }");
  ASSERT_TRUE(averaged.ok()) << averaged.status();
  UnderUpdate<float> state(**averaged, {1, 2, 3});
  for (int64_t t = 1; t <= 3; ++t) {
    state.Update(0.1, t, {1, 1, 1});
    EXPECT_LE(state.weights[0], state.EvaluationWeights()[0]);
  }
  EXPECT_TRUE(state.status.ok()) << state.status;
}

TEST_F(ConformanceFindsTest, WhatRemembersMoreThanItDeclares) {
  EXPECT_TRUE(Says(CheckResumesExactly(Rule("forgetful")), "other bits after a copy at 1"));
  EXPECT_TRUE(Says(CheckCheckpoints(Rule("forgetful")), "a checkpoint of update 1"));
}

TEST_F(ConformanceFindsTest, WhatDependsOnThreads) {
  const std::string wrong = CheckOrderDoesNotMatter(Rule("cut_dependent"));
  EXPECT_TRUE(Says(wrong, "2 threads: other bits")) << wrong;
}

TEST_F(ConformanceFindsTest, WhatDependsOnTheOrderOfParameters) {
  std::string wrong = CheckOrderDoesNotMatter(Rule("first_moves_most"));
  EXPECT_TRUE(Says(wrong, "in another order")) << wrong;
  EXPECT_NE(CheckOrderDoesNotMatter(Rule("by_turns")), "");
}

TEST_F(ConformanceFindsTest, WhatAllocates) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  EXPECT_EQ(CheckAllocations(Rule("nothing"), 1, 0), "");
  EXPECT_TRUE(Says(CheckAllocations(Rule("allocates"), 1, 0), "allocate"));
  EXPECT_TRUE(Says(CheckAllocations(Rule("allocates_late"), 1, 0), "allocate"));
}

TEST_F(ConformanceFindsTest, WhatIsNotRefusedOrWithOtherWords) {
  EXPECT_EQ(CheckRefuses({"sgd { momentum: 1 }", "text:1:17: ..."}),
            "sgd { momentum: 1 }: is taken");
  EXPECT_NE(CheckRefuses({"sgd { momentum: 2 }", "momentum 2"}), "");
}

}  // namespace
}  // namespace gradus
