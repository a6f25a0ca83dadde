// Runs what every update rule owes (tests/testing/optimizer_conformance.h) over
// all rules that are registered.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/base/isa.h"
#include "tests/testing/optimizer_conformance_suite.h"

namespace gradus {
namespace {

GRADUS_INSTANTIATE_OPTIMIZER_CONFORMANCE(Optimizers,
                                         testing::ValuesIn(Registry<Optimizer>::Get().Keys()));

TEST(OptimizerRegistryTest, HoldsEachRuleOnce) {
  EXPECT_TRUE(Registry<Optimizer>::Get().RegistrationStatus().ok());
  EXPECT_TRUE(Registry<OptimizerExamples>::Get().RegistrationStatus().ok());
  EXPECT_TRUE(Registry<OptimizerFormula>::Get().RegistrationStatus().ok());
  // What the text can name is what is linked.
  const google::protobuf::OneofDescriptor& rules =
      *OptimizerConfig::descriptor()->FindOneofByName("rule");
  std::vector<std::string> names;
  for (int i = 0; i < rules.field_count(); ++i) names.push_back(rules.field(i)->full_name());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(Registry<Optimizer>::Get().Keys(), names);
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

// The instruction set is decided once per process, so each of the others is a
// process of its own.
TEST(OptimizerDigestsElsewhere, AreTheSameOnEveryInstructionSetOfThisMachine) {
  if (std::getenv("GRADUS_MAX_ISA") != nullptr) GTEST_SKIP() << "one set was asked for";
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  ASSERT_GT(length, 0);
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    if (isa >= CurrentIsa()) continue;
    // The results of this process stand in files that the other one must not
    // write.
    std::FILE* child = popen(absl::StrCat("env -u XML_OUTPUT_FILE -u GTEST_OUTPUT -u "
                                          "TEST_TOTAL_SHARDS GRADUS_MAX_ISA=",
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
