// Findings: collected, ordered, suggested names.

#include "gradus/base/diagnostics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

Finding At(const std::string& file, int line, int column, const std::string& message) {
  Finding finding;
  finding.position = {file, line, column};
  finding.message = message;
  return finding;
}

TEST(DiagnosticsTest, IsOkUntilThereIsAnError) {
  Diagnostics diagnostics;
  EXPECT_TRUE(diagnostics.ToStatus().ok());
  diagnostics.Warning("style", ConfigPath(), "odd");
  EXPECT_TRUE(diagnostics.ok());
  EXPECT_TRUE(diagnostics.ToStatus().ok());
  diagnostics.Error("shape", ConfigPath(), "wrong");
  EXPECT_FALSE(diagnostics.ok());
  EXPECT_EQ(diagnostics.ToStatus().message(), "wrong");
  EXPECT_EQ(diagnostics.findings().size(), 2u);
}

TEST(DiagnosticsTest, AFindingIsOneLine) {
  Finding finding = At("a.pbtxt", 3, 7, "layer \"hidden\": units 0 must be at least 1");
  EXPECT_EQ(ToString(finding), "a.pbtxt:3:7: layer \"hidden\": units 0 must be at least 1");
  finding.hint = "did you mean 10?";
  finding.path = ConfigPath().Child("model").Child("layer", 0, "hidden");
  EXPECT_EQ(ToString(finding),
            "a.pbtxt:3:7: layer \"hidden\": units 0 must be at least 1; did you mean 10? "
            "[model.layer[hidden]]");
  finding.position = {"--set a=1", 0, 3};
  finding.hint = "";
  finding.path = ConfigPath();
  EXPECT_EQ(ToString(finding), "--set a=1:3: layer \"hidden\": units 0 must be at least 1");
  finding.position = {"a.csv", 0, 0};
  EXPECT_EQ(ToString(finding), "a.csv: layer \"hidden\": units 0 must be at least 1");
}

TEST(DiagnosticsTest, SortsByPositionWithSettingsLastAndLeavesRepetitionsOut) {
  Diagnostics diagnostics;
  diagnostics.Add(At("--set b=1", 0, 3, "third"));
  diagnostics.Add(At("a.pbtxt", 10, 1, "second"));
  diagnostics.Add(At("a.pbtxt", 2, 9, "first"));
  diagnostics.Add(At("a.pbtxt", 2, 10, "first, further right"));
  diagnostics.Add(At("a.pbtxt", 10, 1, "second"));
  EXPECT_EQ(diagnostics.ToStatus().message(),
            "a.pbtxt:2:9: first\na.pbtxt:2:10: first, further right\na.pbtxt:10:1: second\n"
            "--set b=1:3: third");
}

TEST(DiagnosticsTest, LeavesOutWhatFollows) {
  Diagnostics diagnostics;
  diagnostics.set_follows([](const Finding& finding) { return finding.code == "missing"; });
  diagnostics.Error("missing", ConfigPath(), "wrong");
  EXPECT_TRUE(diagnostics.ok());
  diagnostics.Error("shape", ConfigPath(), "wrong");
  EXPECT_EQ(diagnostics.findings().size(), 1u);
}

TEST(DiagnosticsTest, MemoryThatRunsOutIsNotAnInvalidArgument) {
  Diagnostics diagnostics;
  diagnostics.Error("shape", ConfigPath(), "wrong");
  EXPECT_TRUE(absl::IsInvalidArgument(diagnostics.ToStatus()));
  diagnostics.Error("memory", ConfigPath(), "too much");
  EXPECT_TRUE(absl::IsResourceExhausted(diagnostics.ToStatus()));
}

TEST(DiagnosticsTest, AsksTheLocatorForWhatHasNoPosition) {
  Diagnostics diagnostics([](const ConfigPath& path) {
    return Position{"a.pbtxt", static_cast<int>(path.segments().size()), 1};
  });
  diagnostics.Error("x", ConfigPath().Child("a").Child("b"), "wrong");
  diagnostics.Add(At("given", 7, 7, "also"));
  EXPECT_EQ(ToString(diagnostics.findings()[0]), "a.pbtxt:2:1: wrong [a.b]");
  EXPECT_EQ(ToString(diagnostics.findings()[1]), "given:7:7: also");
}

TEST(DiagnosticsTest, ShowsTheFirstHundredOfVeryManyAndCountsTheRest) {
  Diagnostics diagnostics;
  for (int i = 1; i <= 5000; ++i) diagnostics.Add(At("a", i, 1, "x"));
  const std::string message(diagnostics.ToStatus().message());
  EXPECT_EQ(static_cast<int>(std::count(message.begin(), message.end(), '\n')), 100);
  EXPECT_NE(message.find("and 4900 more"), std::string::npos);
  EXPECT_EQ(diagnostics.findings().size(), size_t{Diagnostics::kMostFindings});
}

TEST(SubjectTest, IsTheNearestElementWithANameOrElseTheMessage) {
  const ConfigPath layer = ConfigPath().Child("model").Child("layer", 2, "hidden");
  EXPECT_EQ(SubjectOf(layer), "layer \"hidden\": ");
  EXPECT_EQ(SubjectOf(layer.Child("dense").Child("kernel_initializer")), "layer \"hidden\": ");
  EXPECT_EQ(SubjectOf(ConfigPath().Child("optimizer").Child("adam")), "adam: ");
  EXPECT_EQ(SubjectOf(ConfigPath().Child("model").Child("loss", 1, "")), "loss[1]: ");
  EXPECT_EQ(SubjectOf(ConfigPath()), "");
}

TEST(NearestTest, FindsMisspeltNames) {
  const std::vector<std::string> names = {"units", "activation", "use_bias", "RELU", "beta1"};
  EXPECT_EQ(Nearest("unit", names), "units");
  EXPECT_EQ(Nearest("untis", names), "units");
  EXPECT_EQ(Nearest("activaton", names), "activation");
  EXPECT_EQ(Nearest("relu", names), "RELU");
  EXPECT_EQ(Nearest("beta_1", names), "beta1");
}

TEST(NearestTest, DoesNotGuessWildly) {
  const std::vector<std::string> names = {"units", "activation", "x", "lr"};
  EXPECT_EQ(Nearest("rate", names), "");
  EXPECT_EQ(Nearest("y", names), "");
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest(std::string(10000, 'u'), names), "");
  EXPECT_EQ(SuggestName("rate", names), "");
  EXPECT_EQ(SuggestName("unit", names), "did you mean \"units\"?");
}

TEST(QuotedTest, EscapesWhatWouldSpoilTheLine) {
  EXPECT_EQ(Quoted("hidden"), "\"hidden\"");
  EXPECT_EQ(Quoted("a\nb\"c\\"), "\"a\\nb\\\"c\\\\\"");
  EXPECT_EQ(Quoted("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(Quoted("\xff"), "\"\\377\"");
  EXPECT_EQ(Quoted(std::string(200, 'x')), "\"" + std::string(80, 'x') + "...\"");
  // Cut between characters, never inside of one.
  std::string umlauts = "x";
  for (int i = 0; i < 100; ++i) umlauts += "\xc3\xbc";
  EXPECT_TRUE(IsUtf8(Quoted(umlauts)));
}

TEST(Utf8Test, KnowsWellFormedFromMalformed) {
  for (const char* good : {"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  // A lone continuation, a truncated character, overlong forms, a surrogate, beyond U+10FFFF, no
  // leading byte at all.
  for (const char* bad : {"\x80", "\xc3", "\xe2\x82", "\xc0\x80", "\xe0\x80\x80",
                          "\xf0\x80\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsUtf8(bad)) << Escaped(bad);
  }
}

TEST(ShortestNumberTest, ReadsBackToTheSameDouble) {
  EXPECT_EQ(ShortestNumber(0.9), "0.9");
  EXPECT_EQ(ShortestNumber(1), "1");
  EXPECT_EQ(ShortestNumber(1e-7), "1e-07");
  EXPECT_EQ(ShortestNumber(std::numeric_limits<double>::infinity()), "inf");
  for (double value : {0.1, 1.0 / 3, 1e300, 5e-324, -123456.789, 9007199254740993.0}) {
    EXPECT_EQ(std::strtod(ShortestNumber(value).c_str(), nullptr), value);
  }
}

}  // namespace
}  // namespace gradus
