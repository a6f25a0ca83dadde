// The tests that every update rule owes (tests/testing/optimizer_conformance.h), as one
// parameterised suite. One source file of a program includes this header and names the rules:
//
//   GRADUS_INSTANTIATE_OPTIMIZER_CONFORMANCE(Acme, testing::Values("acme.lion"));
//
// It is installed as sources, which the test of a plugin outside of the tree compiles with itself
// (there the headers are gradus/testing/...; examples/optimizer_plugin has such a test):
//
//   kit=$(pkg-config --variable=testingdir gradus)
//   g++ -std=c++17 *.cc $kit/gradus/testing/*.cc -I. -I$kit -o test
//       $(pkg-config --cflags --libs gradus) -lgtest -lgtest_main -lpthread -ldl
//
// It counts allocations and so replaces malloc and operator new
// (tests/testing/allocation_counter.h).

#ifndef GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_SUITE_H_
#define GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_SUITE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "tests/testing/optimizer_allocations.h"
#include "tests/testing/optimizer_conformance.h"
#include "tests/testing/optimizer_problems.h"

namespace gradus {

// The parameter is the key of a rule.
class OptimizerConformance : public testing::TestWithParam<std::string> {
 protected:
  static const OptimizerExamples& examples() {
    static const OptimizerExamples none;
    const OptimizerExamples* found = Registry<OptimizerExamples>::Get().Find(GetParam());
    return found == nullptr ? none : *found;
  }

  // Runs a check that says "" or what is wrong over all examples.
  template <class Check>
  static void ForEveryExample(Check check) {
    for (const OptimizerExample& example : examples().good) {
      const auto parsed = ParseOptimizer(example.text);
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      EXPECT_EQ(check(**parsed, example), "") << example.text;
    }
  }

  static void ExpectConvergence(const OptimizerProblem& problem) {
    ForEveryExample([&](const ParsedOptimizer& parsed, const OptimizerExample& example) {
      const std::string wrong = CheckConverges(parsed, example, problem);
      const auto why = example.unreached.find(problem.name);
      if (why == example.unreached.end()) return wrong;
      if (!wrong.empty()) return std::string();
      return absl::StrCat(problem.name, ": reached, though the example says: ", why->second);
    });
  }
};

TEST_P(OptimizerConformance, BringsExamplesOfItsOwnAndTextsThatItRefuses) {
  ASSERT_NE(Registry<Optimizer>::Get().Find(GetParam()), nullptr) << GetParam();
  EXPECT_FALSE(examples().good.empty()) << GetParam() << " has no GRADUS_OPTIMIZER_EXAMPLES";
  EXPECT_FALSE(examples().refused.empty()) << GetParam() << " has no texts that it refuses";
  bool golden = false;
  for (const OptimizerExample& example : examples().good) {
    const auto parsed = ParseOptimizer(example.text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ((*parsed)->rule, Registry<Optimizer>::Get().Find(GetParam())) << example.text;
    golden |= !example.golden.empty();
  }
  EXPECT_TRUE(golden) << GetParam() << " has no golden weights";
}

TEST_P(OptimizerConformance, NamesItsSlotsAndNumbersApart) {
  ForEveryExample(
      [](const ParsedOptimizer& parsed, const OptimizerExample&) { return CheckNames(parsed); });
}

TEST_P(OptimizerConformance, GivesTheGoldenWeights) { ForEveryExample(CheckGolden); }

TEST_P(OptimizerConformance, IsItsFormulaUnderChangingRates) {
  const OptimizerFormula* formula = Registry<OptimizerFormula>::Get().Find(GetParam());
  ASSERT_NE(formula, nullptr) << GetParam() << " has no GRADUS_OPTIMIZER_FORMULA";
  ForEveryExample([&](const ParsedOptimizer& parsed, const OptimizerExample& example) {
    return CheckFormula(parsed, example, *formula);
  });
}

TEST_P(OptimizerConformance, ConvergesOnAQuadratic) { ExpectConvergence(QuadraticProblem()); }
TEST_P(OptimizerConformance, ConvergesOnAnIllConditionedQuadratic) {
  ExpectConvergence(IllConditionedProblem());
}
TEST_P(OptimizerConformance, FollowsRosenbrocksValley) { ExpectConvergence(RosenbrockProblem()); }
TEST_P(OptimizerConformance, ConvergesOnLogisticRegression) {
  ExpectConvergence(LogisticProblem());
}

TEST_P(OptimizerConformance, ResumesToTheSameBits) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckResumesExactly(parsed);
  });
}

TEST_P(OptimizerConformance, DoesNotDependOnThreadsGeometriesAndOrder) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckOrderDoesNotMatter(parsed);
  });
}

TEST_P(OptimizerConformance, SeesGradientsAndWeightsThatAreNotFinite) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckSeesWhatIsNotFinite(parsed);
  });
}

TEST_P(OptimizerConformance, MovesNothingAtRateZeroUnlessItSaysWhy) {
  ForEveryExample(CheckRateZero);
}

TEST_P(OptimizerConformance, TakesEmptyAndScalarParametersAndGradientsOfZero) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckDegenerateParameters(parsed);
  });
}

TEST_P(OptimizerConformance, AllocatesNothingAfterTheFirstUpdate) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return absl::StrCat(CheckAllocations(parsed, 1, 0), CheckAllocations(parsed, 1, 3),
                        CheckAllocations(parsed, 3, 0));
  });
}

TEST_P(OptimizerConformance, RefusesWhatIsOutOfRange) {
  for (const RefusedText& refused : examples().refused) EXPECT_EQ(CheckRefuses(refused), "");
}

inline std::string OptimizerConformanceName(const testing::TestParamInfo<std::string>& info) {
  return absl::StrReplaceAll(absl::StripPrefix(info.param, "gradus.OptimizerConfig."),
                             {{".", "_"}});
}

// `keys` is a generator of GoogleTest: testing::Values("acme.lion"), testing::ValuesIn(...).
#define GRADUS_INSTANTIATE_OPTIMIZER_CONFORMANCE(Name, ...)                  \
  using ::gradus::OptimizerConformance; /* GoogleTest wants a plain name. */ \
  INSTANTIATE_TEST_SUITE_P(Name, OptimizerConformance, __VA_ARGS__,          \
                           ::gradus::OptimizerConformanceName)

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OPTIMIZER_CONFORMANCE_SUITE_H_
