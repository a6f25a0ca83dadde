// Configurations are compared by address; lists by the names of their elements.

#include "gradus/api/config_diff.h"

#include <gtest/gtest.h>

#include "gradus/api/run_file.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

RunConfig Config(const std::string& text) {
  const absl::StatusOr<RunFile> file = RunFile::Parse(text, "test");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? file->config() : RunConfig();
}

std::string Diff(const std::string& a, const std::string& b) {
  return ToText(DiffConfigs(Config(a), Config(b)));
}

std::string Layers(const std::string& layers) { return "model { " + layers + " }"; }

TEST(ConfigDiff, IsEmptyOfTheSame) { EXPECT_EQ(Diff(LookingConfig(), LookingConfig()), ""); }

TEST(ConfigDiff, NamesFieldsByTheirAddresses) {
  EXPECT_EQ(Diff(LookingConfig("0.001"), LookingConfig("0.0003", 32)),
            "model.layer[hidden].dense.units   4 -> 32\n"
            "optimizer.learning_rate.constant  0.001 -> 0.0003\n");
}

TEST(ConfigDiff, KnowsDefaults) {
  EXPECT_EQ(Diff("optimizer { adam {} }", "optimizer { adam { beta1: 0.95 } }"),
            "optimizer.adam.beta1  0.9 (default) -> 0.95\n");
  EXPECT_EQ(Diff("optimizer { adam { beta1: 0.95 } }", "optimizer { adam {} }"),
            "optimizer.adam.beta1  0.95 -> 0.9 (default)\n");
  // The same number, written or not.
  EXPECT_EQ(Diff("optimizer { adam { beta1: 0.9 } }", "optimizer { adam {} }"), "");
  EXPECT_EQ(Diff("run { max_steps: 5 }", "run {}"), "run.max_steps  - 5\n");
}

TEST(ConfigDiff, AnotherChoiceIsOneDifference) {
  EXPECT_EQ(Diff("optimizer { sgd { momentum: 0.9 } }", "optimizer { adam {} }"),
            "optimizer  sgd { momentum: 0.9 } -> adam {}\n");
  EXPECT_EQ(Diff("optimizer { adam {} learning_rate { constant: 0.1 } }",
                 "optimizer { adam {} learning_rate { polynomial_decay { initial_learning_rate: 1 "
                 "decay_steps: 9 } } }"),
            "optimizer.learning_rate  constant: 0.1 -> polynomial_decay { initial_learning_rate: 1 "
            "decay_steps: 9 }\n");
}

TEST(ConfigDiff, ComparesLayersByName) {
  const std::string a = R"(layer { name: "a" dense { units: 1 } })";
  const std::string b = R"(layer { name: "b" dropout { rate: 0.5 } })";
  EXPECT_EQ(Diff(Layers(a), Layers(b + a)), "model.layer[b]  + dropout { rate: 0.5 }\n");
  EXPECT_EQ(Diff(Layers(b + a), Layers(a)), "model.layer[b]  - dropout { rate: 0.5 }\n");
  EXPECT_EQ(Diff(Layers(a + b), Layers(b + a)), "model.layer  order a, b -> order b, a\n");
}

TEST(ConfigDiff, ComparesWhatHasNoNameByPosition) {
  EXPECT_EQ(Diff("model { metric { binary_accuracy { threshold: 0.5 } } }",
                 "model { metric { binary_accuracy { threshold: 0.6 } } }"),
            "model.metric[0].binary_accuracy.threshold  0.5 -> 0.6\n");
}

TEST(ConfigDiff, ColumnsHaveTheShortestNamesThatTellThemApart) {
  const RunConfig a = Config(LookingConfig("0.1", 4)), b = Config(LookingConfig("0.2", 8)),
                  c = Config(LookingConfig("0.1", 16));
  const std::vector<ConfigColumn> columns = DifferingFields({&a, &b, &c});
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[0].name, "units");
  EXPECT_EQ(columns[0].address, "model.layer[hidden].dense.units");
  EXPECT_EQ(columns[0].values, (std::vector<std::string>{"4", "8", "16"}));
  // What a constant is of says more than that it is one.
  EXPECT_EQ(columns[1].name, "learning_rate.constant");
  EXPECT_EQ(columns[1].values, (std::vector<std::string>{"0.1", "0.2", "0.1"}));
  EXPECT_TRUE(DifferingFields({&a}).empty());
  EXPECT_TRUE(DifferingFields({}).empty());
}

}  // namespace
}  // namespace gradus
