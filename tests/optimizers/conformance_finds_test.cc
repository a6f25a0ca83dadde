// The conformance kit finds rules that are wrong: each of these has one fault, and one check that
// must name it. All are descent, beside a fault.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "gradus/optimizer_rule.pb.h"
#include "gradus/train/by_parameter.h"
#include "gradus/train/elementwise.h"
#include "gradus/train/whole.h"
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
struct Ascent : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w += n.rate * g;
  }
};
// Right to a part in a million, and only after the tenth update wrong at all.
struct Late : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g * (n.t > F(10) ? F(1.000001) : F(1));
  }
};
struct DecaysByItself : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g + F(0.001) * w;
  }
};
// 0 / 0 where a gradient is 0.
struct Normalized : OnElements {
  template <class F>
  GRADUS_INLINE static void Step(const Numbers<F>& n, F g, F& w) {
    w -= n.rate * g / std::sqrt(g * g);
  }
};

struct OnParameters {
  using Config = optimizer::Sgd;
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
};
struct ReadsBetweenRows : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    double sum = 0;
    for (int64_t i = 0; i < p.rows * p.pitch; ++i) sum += p.gradients[i];
    ForElements(p, [&](int64_t i) { p.weights[i] -= F(p.step->rate * sum); });
  }
};
struct WritesBetweenRows : OnParameters {
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    ForElements(p, [&](int64_t i) { p.weights[i] -= F(p.step->rate) * p.gradients[i]; });
    if (p.is_matrix() && p.rows > 0 && p.pitch > p.columns) p.weights[p.columns] = F(1);
  }
};
// What it remembers is not declared.
struct Forgetful : OnParameters {
  static double* Hidden() {
    static double hidden = 0;
    return &hidden;
  }
  template <class F>
  static void Update(const Config&, const ParameterView<F>& p) {
    double& hidden = *Hidden();
    hidden = p.step->t == 1 ? 0 : hidden + 1;
    ForElements(
        p, [&](int64_t i) { p.weights[i] -= F(p.step->rate * (1 + hidden)) * p.gradients[i]; });
  }
};
// Counts where it stands in the list.
struct FirstMovesMost {
  using Config = optimizer::Sgd;
  static constexpr Reach kReach = Reach::kAll;
  static std::vector<SlotSpec> Slots(const Config&) { return {}; }
  template <class F>
  static absl::Status Update(const Config&, const WholeUpdate<F>& update) {
    double number = 1;
    for (const ParameterView<F>& p : update.parameters) {
      ForElements(p, [&](int64_t i) { p.weights[i] -= F(p.step->rate / number) * p.gradients[i]; });
      number += 1;
    }
    return absl::OkStatus();
  }
};

class ConformanceFindsTest : public testing::Test {
 protected:
  template <class Rule>
  const ParsedOptimizer& ByElements() {
    return Hold(std::make_unique<internal::ElementwiseOptimizer<Rule>>());
  }
  template <class Rule>
  const ParsedOptimizer& ByParameters() {
    return Hold(std::make_unique<internal::ByParameterOptimizer<Rule>>());
  }
  template <class Rule>
  const ParsedOptimizer& Whole() {
    return Hold(std::make_unique<internal::WholeOptimizer<Rule>>());
  }

  const OptimizerExample example_ = {"", 0.1, {}};
  const OptimizerFormula formula_ =
      internal::MakeFormula(+[](const optimizer::Sgd&, const UpdateHistory& h) {
        std::vector<double> weights = h.weights;
        for (size_t i = 0; i < weights.size(); ++i) {
          for (int64_t t = 1; t <= h.updates(); ++t) weights[i] -= h.rate(t) * h.gradient(t, i);
        }
        return weights;
      });

 private:
  const ParsedOptimizer& Hold(std::unique_ptr<Optimizer> rule) {
    rule_ = std::move(rule);
    parsed_.rule = rule_.get();
    parsed_.message = &parsed_.config.sgd();
    return parsed_;
  }

  std::unique_ptr<Optimizer> rule_;
  ParsedOptimizer parsed_;
};

TEST_F(ConformanceFindsTest, NothingInARuleThatIsRight) {
  const ParsedOptimizer& rule = ByElements<Descent>();
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
}

TEST_F(ConformanceFindsTest, WhatIsOffTheFormulaByAMillionth) {
  const std::string wrong = CheckFormula(ByElements<Late>(), example_, formula_);
  EXPECT_NE(wrong.find("double, update 11, element "), std::string::npos) << wrong;
}

TEST_F(ConformanceFindsTest, WhatDoesNotConverge) {
  const ParsedOptimizer& rule = ByElements<Ascent>();
  for (const OptimizerProblem* problem :
       {&QuadraticProblem(), &IllConditionedProblem(), &RosenbrockProblem(), &LogisticProblem()}) {
    EXPECT_NE(CheckConverges(rule, example_, *problem), "") << problem->name;
  }
}

TEST_F(ConformanceFindsTest, WhatMovesAtRateZeroAndWhatSaysSoWrongly) {
  EXPECT_EQ(CheckRateZero(ByElements<DecaysByItself>(), example_), "rate 0 moved a weight");
  OptimizerExample says_so = example_;
  says_so.moves_at_rate_zero = "it decays by itself";
  EXPECT_EQ(CheckRateZero(ByElements<DecaysByItself>(), says_so), "");
  EXPECT_NE(CheckRateZero(ByElements<Descent>(), says_so), "");
}

TEST_F(ConformanceFindsTest, WhatDividesZeroByZero) {
  EXPECT_EQ(CheckDegenerateParameters(ByElements<Normalized>()).substr(0, 14), "gradients of 0");
}

TEST_F(ConformanceFindsTest, WhatTouchesNumbersBetweenRows) {
  EXPECT_NE(CheckOrderDoesNotMatter(ByParameters<ReadsBetweenRows>()), "");
  const std::string wrong = CheckOrderDoesNotMatter(ByParameters<WritesBetweenRows>());
  EXPECT_NE(wrong.find("wrote between rows"), std::string::npos) << wrong;
}

TEST_F(ConformanceFindsTest, WhatRemembersMoreThanItDeclares) {
  EXPECT_NE(CheckResumesExactly(ByParameters<Forgetful>()), "");
}

TEST_F(ConformanceFindsTest, WhatDependsOnTheOrderOfParameters) {
  const std::string wrong = CheckOrderDoesNotMatter(Whole<FirstMovesMost>());
  EXPECT_NE(wrong.find("in another order"), std::string::npos) << wrong;
}

}  // namespace
}  // namespace gradus
