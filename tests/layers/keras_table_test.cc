// The table "From Keras" in README.md, held to what there is: every text on the right is one of Gradus' language, and every layer, activation,
// loss, metric and initializer that there is stands in it.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/base/text_config.h"
#include "gradus/graph/layer.h"
#include "gradus/model.pb.h"

namespace gradus {
namespace {

// The right-hand texts by the heading they stand under: those cells that are one text.
std::map<std::string, std::vector<std::string>> Table() {
  std::ifstream file("README.md");
  std::ostringstream readme;
  readme << file.rdbuf();
  std::map<std::string, std::vector<std::string>> texts;
  std::string heading;
  bool within = false;
  const std::string all = readme.str();
  for (absl::string_view line : absl::StrSplit(all, '\n')) {
    if (absl::StartsWith(line, "## ")) within = line == "## From Keras";
    if (absl::ConsumePrefix(&line, "### ")) heading = std::string(line);
    if (!within || !absl::ConsumeSuffix(&line, "` |")) continue;
    const size_t begin = line.rfind("| `");
    if (begin == absl::string_view::npos || absl::StrContains(line.substr(begin + 3), '`'))
      continue;
    texts[heading].emplace_back(line.substr(begin + 3));
  }
  return texts;
}

// What is wrong with the text of a model's element; "" when nothing is.
std::string Errors(const std::string& element) {
  Diagnostics diagnostics;
  ParseTextConfig(absl::StrCat("input { name: \"x\" }\n", element), "t",
                  ModelConfig::default_instance(), {}, &diagnostics);
  return diagnostics.ok() ? "" : diagnostics.ToStatus().ToString();
}

// `hinge {}` with what every loss and metric needs.
std::string WithPair(std::string text) {
  const size_t brace = text.find('{');
  return brace == std::string::npos ? text
                                    : text.insert(brace + 1, " prediction: \"p\" label: \"y\" ");
}

std::string LayerOf(const std::string& kind) {
  return absl::StrCat("layer { name: \"l\" ", kind, " }");
}

void ExpectAll(const std::string& owner, const std::vector<std::string>& texts) {
  for (const std::string& key : Registry<Layer>::Get().Keys()) {
    const std::string prefix = absl::StrCat("gradus.", owner, ".");
    if (!absl::StartsWith(key, prefix)) continue;
    const std::string kind(absl::StripPrefix(key, prefix));
    bool found = false;
    for (const std::string& text : texts) found |= absl::StartsWith(text, kind + " ");
    EXPECT_TRUE(found) << key << " is not in the table";
  }
}

TEST(KerasTableTest, EveryTextIsOneOfTheLanguage) {
  const auto table = Table();
  ASSERT_EQ(table.size(), 6u);
  for (const std::string& text : table.at("Layers")) EXPECT_EQ(Errors(LayerOf(text)), "") << text;
  for (const std::string& text : table.at("Activations")) {
    EXPECT_EQ(Errors(LayerOf(absl::StrCat("dense { units: 1 activation: ", text, " }"))), "") << text;
  }
  for (const std::string& text : table.at("Losses")) {
    EXPECT_EQ(Errors(absl::StrCat("loss { ", WithPair(text), " }")), "") << text;
  }
  for (const std::string& text : table.at("Metrics")) {
    EXPECT_EQ(Errors(absl::StrCat("metric { ", WithPair(text), " }")), "") << text;
  }
  for (const std::string& text : table.at("Initializers")) {
    EXPECT_EQ(Errors(LayerOf(absl::StrCat("dense { units: 1 kernel_initializer { ", text, " } }"))),
              "")
        << text;
  }
  for (const std::string& text : table.at("Regularizers")) {
    EXPECT_EQ(Errors(LayerOf(absl::StrCat("dense { units: 1 } regularizer { ", text, " }"))), "")
        << text;
  }
  EXPECT_NE(Errors(LayerOf("dense { unit: 1 }")), "");
  EXPECT_NE(Errors("loss { hinge {} }"), "");
}

TEST(KerasTableTest, EverythingThatThereIsStandsInIt) {
  const auto table = Table();
  ExpectAll("LayerConfig", table.at("Layers"));
  ExpectAll("LossConfig", table.at("Losses"));
  ExpectAll("MetricConfig", table.at("Metrics"));
  const std::set<std::string> functions(table.at("Activations").begin(),
                                        table.at("Activations").end());
  for (int i = 0; i < layer::Activation_descriptor()->value_count(); ++i) {
    EXPECT_EQ(functions.count(layer::Activation_descriptor()->value(i)->name()), 1u)
        << layer::Activation_descriptor()->value(i)->name();
  }
  for (int i = 0; i < InitializerConfig::Scaled_descriptor()->value_count(); ++i) {
    const std::string text =
        absl::StrCat("scaled: ", InitializerConfig::Scaled_descriptor()->value(i)->name());
    const auto& initializers = table.at("Initializers");
    EXPECT_EQ(std::count(initializers.begin(), initializers.end(), text), 1) << text;
  }
}

}  // namespace
}  // namespace gradus
