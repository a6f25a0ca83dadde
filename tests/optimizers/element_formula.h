// Formulas (tests/testing/optimizer_conformance.h) of rules that work element by element, from the
// mathematics of one weight:
//
//   struct LionWeight {
//     using Config = optimizer::Lion;
//     LionWeight(const Config&, double w) : w(w) {}
//     void Update(const Config& c, int64_t t, double rate, double g) { ... }
//     double Evaluated() const { return w; }  // Where it is not the one that is trained.
//     double w, m = 0;
//   };
//   GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.lion", Trained<LionWeight>);

#ifndef GRADUS_TESTS_OPTIMIZERS_ELEMENT_FORMULA_H_
#define GRADUS_TESTS_OPTIMIZERS_ELEMENT_FORMULA_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/testing/optimizer_conformance.h"

namespace gradus {

template <class Weight, class Use>
std::vector<double> ForEveryWeight(const typename Weight::Config& c, const UpdateHistory& h,
                                   const Use& use) {
  std::vector<double> values;
  for (size_t i = 0; i < h.weights.size(); ++i) {
    Weight weight(c, h.weights[i]);
    for (int64_t t = 1; t <= h.updates(); ++t) weight.Update(c, t, h.rate(t), h.gradient(t, i));
    values.push_back(use(weight));
  }
  return values;
}

template <class Weight>
std::vector<double> Trained(const typename Weight::Config& c, const UpdateHistory& h) {
  return ForEveryWeight<Weight>(c, h, [](const Weight& weight) { return weight.w; });
}
template <class Weight>
std::vector<double> Evaluated(const typename Weight::Config& c, const UpdateHistory& h) {
  return ForEveryWeight<Weight>(c, h, [](const Weight& weight) { return weight.Evaluated(); });
}

// That the rule is its formula in a setting that is no example, because it does not converge to
// where the loss is least.
inline void ExpectFormula(const std::string& text, double rate) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const OptimizerFormula* formula = nullptr;
  for (const std::string& key : Registry<OptimizerFormula>::Get().Keys()) {
    if (Registry<Optimizer>::Get().Find(key) == (*parsed)->rule) {
      formula = Registry<OptimizerFormula>::Get().Find(key);
    }
  }
  ASSERT_NE(formula, nullptr) << text;
  EXPECT_EQ(CheckFormula(**parsed, {text, rate, {}}, *formula), "") << text;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_OPTIMIZERS_ELEMENT_FORMULA_H_
