// Runs what every update rule owes (tests/testing/optimizer_conformance.h) over all rules that are
// registered.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/base/isa.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

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
};

TEST_P(OptimizerConformance, BringsExamplesOfItsOwnAndTextsThatItRefuses) {
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

TEST_P(OptimizerConformance, NamesItsSlotsApart) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) -> std::string {
    std::set<std::string> names;
    for (const SlotSpec& slot : parsed.rule->Slots(*parsed.message)) {
      if (slot.name.empty() || !names.insert(slot.name).second) return slot.name + " is not apart";
    }
    return "";
  });
}

TEST_P(OptimizerConformance, GivesTheGoldenWeights) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample& example) {
    const double rate = example.golden_rate;
    const std::vector<double> weights =
        GoldenUpdates(parsed, {rate, rate, rate}, example.golden_dims);
    for (size_t i = 0; i < example.golden.size(); ++i) {
      // Ten digits of numbers below 2.1.
      EXPECT_NEAR(weights[i], example.golden[i], 1e-9) << example.text;
    }
    return "";
  });
}

TEST_P(OptimizerConformance, ConvergesOnAQuadratic) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample& example) {
    return CheckConverges(parsed, example.rate);
  });
}

TEST_P(OptimizerConformance, ResumesToTheSameBits) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckResumesExactly(parsed);
  });
}

TEST_P(OptimizerConformance, GivesTheSameBitsForAnyCutIntoRanges) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckAnyCutGivesTheSameBits(parsed);
  });
}

TEST_P(OptimizerConformance, SeesGradientsAndWeightsThatAreNotFinite) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckSeesWhatIsNotFinite(parsed);
  });
}

TEST_P(OptimizerConformance, DoesNothingAtRateZeroAndOnAnEmptyRange) {
  ForEveryExample([](const ParsedOptimizer& parsed, const OptimizerExample&) {
    return CheckZeroRateAndEmptyRange(parsed);
  });
}

TEST_P(OptimizerConformance, RefusesWhatIsOutOfRange) {
  for (const RefusedText& refused : examples().refused) {
    EXPECT_EQ(std::string(ParseOptimizer(refused.text).status().message()), refused.message)
        << refused.text;
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  return absl::StrReplaceAll(absl::StripPrefix(info.param, "gradus.OptimizerConfig."),
                             {{".", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Optimizers, OptimizerConformance,
                         testing::ValuesIn(Registry<Optimizer>::Get().Keys()), TestName);

TEST(OptimizerRegistryTest, HoldsEachRuleOnce) {
  EXPECT_TRUE(Registry<Optimizer>::Get().RegistrationStatus().ok());
  EXPECT_TRUE(Registry<OptimizerExamples>::Get().RegistrationStatus().ok());
  // Without the rooms linked there would be none, and nothing to fail.
  EXPECT_GE(Registry<Optimizer>::Get().Keys().size(), 4u);
}

// A line per example; the same on every instruction set.
std::string Digests() {
  std::string lines;
  for (const std::string& key : Registry<Optimizer>::Get().Keys()) {
    const OptimizerExamples* examples = Registry<OptimizerExamples>::Get().Find(key);
    if (examples == nullptr) continue;
    for (const OptimizerExample& example : examples->good) {
      const auto parsed = ParseOptimizer(example.text);
      if (parsed.ok()) {
        absl::StrAppend(&lines, "digest ", example.text, " ", absl::Hex(Digest(**parsed)), "\n");
      }
    }
  }
  return lines;
}

TEST(OptimizerDigests, ArePrinted) {
  const std::string digests = Digests();
  EXPECT_NE(digests, "");
  std::fputs(digests.c_str(), stdout);
}

// The instruction set is decided once per process, so each of the others is a process of its own.
TEST(OptimizerDigestsElsewhere, AreTheSameOnEveryInstructionSetOfThisMachine) {
  if (std::getenv("GRADUS_MAX_ISA") != nullptr) GTEST_SKIP() << "one set was asked for";
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  ASSERT_GT(length, 0);
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    if (isa >= CurrentIsa()) continue;
    // The results of this process stand in files that the other one must not write.
    std::FILE* child = popen(
        absl::StrCat("env -u XML_OUTPUT_FILE -u GTEST_OUTPUT -u TEST_TOTAL_SHARDS GRADUS_MAX_ISA=",
                     Name(isa), " '", absl::string_view(self, length),
                     "' --gtest_filter=OptimizerDigests.* --gtest_brief=1")
            .c_str(),
        "r");
    ASSERT_NE(child, nullptr);
    std::string output, digests;
    char buffer[1024];
    while (std::fgets(buffer, sizeof buffer, child) != nullptr) output += buffer;
    EXPECT_EQ(pclose(child), 0) << output;
    for (absl::string_view line : absl::StrSplit(output, '\n')) {
      if (absl::ConsumePrefix(&line, "digest ")) absl::StrAppend(&digests, "digest ", line, "\n");
    }
    EXPECT_EQ(digests, Digests()) << std::string(Name(isa));
  }
}

}  // namespace
}  // namespace gradus
