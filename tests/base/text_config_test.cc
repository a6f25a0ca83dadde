// The language: parsed, set, checked, placed.

#include "gradus/base/text_config.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gradus/base/descriptor_set.h"
#include "gradus/base/registry.h"
#include "gradus/run.pb.h"

namespace gradus {
namespace {

using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr char kModel[] = R"(
model {
  name: "xor"
  input { name: "x" shape: 2 }
  layer { name: "hidden" dense { units: 8 activation: TANH } }
  layer { name: "output" dense { units: 1 activation: SIGMOID } }
}
optimizer { adam { beta1: 0.8 } learning_rate { constant: 0.1 } }
)";

RunConfig Parse(const std::string& text, const std::vector<std::string>& settings = {}) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "run.pbtxt", RunConfig::default_instance(), settings, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  RunConfig config;
  if (parsed.message != nullptr) config.CopyFrom(*parsed.message);
  return config;
}

TEST(ParseTextConfigTest, AgreesWithProtobufsOwnParserOnWhatItAccepts) {
  // All spellings of the text format: separators, both brackets, lists, concatenated and escaped
  // strings, comments, signs.
  const std::string text = R"(  # a comment
model: < name: 'single' "\tand \"double\" \303\274\x41\u20ac"
  input { name: "x"; shape: [ 28, 0x1C ], type: FLOAT32 };
  input: [ { name: "y" }, < name: "z" shape: [] > ]
  layer { name: "h" dense: { units: 2147483647 use_bias: false } }
  loss { weight: .5 mean_squared_error { prediction: "h" label: "y" } }
  loss { weight: 1e-3 mean_squared_error { prediction: "h" label: "y" } }
  loss { weight: 12345678901234567890 mean_squared_error { prediction: "h" label: "y" } }
>
optimizer { sgd {} learning_rate { constant: 5e-324 } }
run { seed: 9007199254740991 epochs: - 0 })";
  RunConfig expected;
  ASSERT_TRUE(TextFormat::ParseFromString(text, &expected));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(Parse(text), expected));
}

TEST(ParseTextConfigTest, KeepsEveryBitOfANumber) {
  for (const char* number : {"0.1", "0.30000000000000004", "1.7976931348623157e308", "2.5e-310"}) {
    const std::string text = std::string(kModel) + "data { train { memory { name: 'a' } } }";
    const RunConfig config =
        Parse(text, {std::string("optimizer.learning_rate.constant=") + number});
    EXPECT_EQ(config.optimizer().learning_rate().constant(), std::strtod(number, nullptr));
  }
}

TEST(ParseTextConfigTest, WhatIsPrintedParsesToTheSame) {
  const RunConfig config = Parse(kModel);
  const std::string text = PrintTextConfig(config);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(Parse(text), config));
  EXPECT_EQ(PrintTextConfig(Parse(text)), text);
  EXPECT_TRUE(absl::StrContains(text, "beta1: 0.8\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "shape: [2]\n")) << text;
}

TEST(ParseTextConfigTest, GivesNoMessageForMalformedTextAndOneForAllElse) {
  Diagnostics malformed, semantic;
  EXPECT_EQ(ParseTextConfig("model {", "a", RunConfig::default_instance(), {}, &malformed).message,
            nullptr);
  EXPECT_NE(ParseTextConfig("modle {}", "a", RunConfig::default_instance(), {}, &semantic).message,
            nullptr);
  EXPECT_FALSE(malformed.ok());
  EXPECT_FALSE(semantic.ok());
  EXPECT_EQ(malformed.findings()[0].code, "syntax");
  EXPECT_EQ(semantic.findings()[0].code, "unknown-name");
}

TEST(ParseTextConfigTest, NestsSixtyFourDeepAndNoDeeper) {
  // The types of the language are not nested that deeply, so unknown fields must do.
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "a {";
    return text + std::string(static_cast<size_t>(depth), '}');
  };
  Diagnostics fine, deep, very_deep;
  ParseTextConfig(nested(64), "a", RunConfig::default_instance(), {}, &fine);
  ParseTextConfig(nested(65), "a", RunConfig::default_instance(), {}, &deep);
  ParseTextConfig(nested(1000000), "a", RunConfig::default_instance(), {}, &very_deep);
  EXPECT_FALSE(absl::StrContains(fine.ToStatus().message(), "nested")) << fine.ToStatus();
  EXPECT_TRUE(
      absl::StrContains(deep.ToStatus().message(), "messages are nested more than 64 deep"));
  EXPECT_TRUE(
      absl::StrContains(very_deep.ToStatus().message(), "messages are nested more than 64 deep"));
}

TEST(ParseTextConfigTest, RefusesTextsThatAreTooLarge) {
  Diagnostics diagnostics;
  const std::string text(static_cast<size_t>(kMostConfigBytes) + 1, ' ');
  EXPECT_EQ(ParseTextConfig(text, "a", RunConfig::default_instance(), {}, &diagnostics).message,
            nullptr);
  EXPECT_EQ(diagnostics.ToStatus().message(),
            "a:1:1: the text has 16777217 bytes; at most 16777216 are read");
}

TEST(ParseTextConfigTest, StopsAfterVeryManyFindings) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "a: 1\n";
  Diagnostics diagnostics;
  ParseTextConfig(text, "a", RunConfig::default_instance(), {}, &diagnostics);
  EXPECT_LE(diagnostics.findings().size(), size_t{Diagnostics::kMostFindings});
}

TEST(ParseTextConfigTest, LeavesOutWhatIsUnreadButForItsSyntax) {
  constexpr absl::string_view kUnread[] = {"gradus.RunConfig.optimizer",
                                           "gradus.LayerConfig.dense"};
  const auto parse = [&](const std::string& text, Diagnostics* diagnostics) {
    return ParseTextConfig(text, "a", RunConfig::default_instance(), {}, diagnostics, kUnread);
  };
  Diagnostics none;
  const ParsedConfig parsed = parse(
      "optimizer { [acme.lion] { x: [1, -2] } adam < y: 'z' > } optimizer: { } "
      "model { layer { name: 'h' dense { unit: 3 } } } run { epochs: 2 }",
      &none);
  EXPECT_TRUE(none.ok()) << none.ToStatus();
  const auto& config = static_cast<const RunConfig&>(*parsed.message);
  EXPECT_FALSE(config.has_optimizer());
  EXPECT_EQ(config.model().layer(0).name(), "h");
  EXPECT_FALSE(config.model().layer(0).has_dense());
  EXPECT_EQ(config.run().epochs(), 2);
  // Everything else is as strict as ever, and what is unread must end where it ends.
  Diagnostics unknown, open;
  parse("optimizer { a: 1 } optimiser { a: 1 } model { }", &unknown);
  EXPECT_EQ(unknown.ToStatus().message(),
            "a:1:20: no field is called \"optimiser\"; did you mean \"optimizer\"?");
  EXPECT_EQ(parse("model { } optimizer { a: 1", &open).message, nullptr);
  EXPECT_EQ(open.ToStatus().message(), "a:1:27: expected \"}\", found the end of the text");
}

TEST(ConfigSourceTest, KnowsWhereEverythingStands) {
  Diagnostics diagnostics;
  const ParsedConfig parsed = ParseTextConfig(
      "model {\n  input { name: \"x\" shape: [1,\n 2] }\n  layer { name: \"h\" dense { units: 3 } "
      "}\n}\n",
      "a.pbtxt", RunConfig::default_instance(), {"run.epochs=3", "model.layer[h].dense.units=4"},
      &diagnostics);
  const auto at = [&parsed](const char* path) {
    const Position position = parsed.source.Locate(*ConfigPath::Parse(path));
    return position.file + ":" + std::to_string(position.line) + ":" +
           std::to_string(position.column);
  };
  EXPECT_EQ(at("model"), "a.pbtxt:1:1");
  EXPECT_EQ(at("model.input[x]"), "a.pbtxt:2:3");
  EXPECT_EQ(at("model.input[0].name"), "a.pbtxt:2:17");
  EXPECT_EQ(at("model.input[x].shape[0]"), "a.pbtxt:2:29");
  EXPECT_EQ(at("model.input[x].shape[1]"), "a.pbtxt:3:2");
  EXPECT_EQ(at("model.layer[h].dense"), "a.pbtxt:4:21");
  EXPECT_EQ(at("model.layer[h].dense.activation"),
            "a.pbtxt:4:21");  // Unset: the enclosing message.
  EXPECT_EQ(at("model.layer[nobody].dense"), "a.pbtxt:1:1");
  EXPECT_EQ(at("data.train"), "a.pbtxt:1:1");
  EXPECT_EQ(at("model.layer[h].dense.units"), "--set model.layer[h].dense.units=4:0:28");
  EXPECT_EQ(at("run.epochs"), "--set run.epochs=3:0:12");
  EXPECT_EQ(at("run"), "--set run.epochs=3:0:1");
  EXPECT_EQ(parsed.source.file(), "a.pbtxt");
  EXPECT_EQ(ConfigSource().Locate(ConfigPath()).file, "");
}

TEST(ConfigSourceTest, StaysUsefulAfterTheParsedConfigIsGone) {
  Diagnostics diagnostics;
  { ParseTextConfig(kModel, "a.pbtxt", RunConfig::default_instance(), {}, &diagnostics); }
  diagnostics.Error("shape", *ConfigPath::Parse("model.layer[output]"), "wrong");
  EXPECT_EQ(diagnostics.ToStatus().message(), "a.pbtxt:6:3: wrong [model.layer[output]]");
}

TEST(SettingTest, ReplacesAndCreates) {
  const RunConfig config =
      Parse(kModel, {"model.layer[hidden].dense.units=16", "model.layer[1].dense.activation=RELU",
                     "model.name=a=b c", "model.layer[hidden].dense.use_bias=false",
                     "run.checkpoint.every_epochs=2",
                     "optimizer.learning_rate={ exponential_decay { initial_learning_rate: 1 "
                     "decay_steps: 10 decay_rate: 0.5 } }",
                     "data.validation.source.memory=name: \"held\"", "model.input[x].shape=[3, 4]",
                     "model.output=[output, \"hidden\"]"});
  EXPECT_EQ(config.model().layer(0).dense().units(), 16);
  EXPECT_EQ(config.model().layer(0).dense().activation(), layer::TANH);
  EXPECT_FALSE(config.model().layer(0).dense().use_bias());
  EXPECT_EQ(config.model().layer(1).dense().activation(), layer::RELU);
  EXPECT_EQ(config.model().name(), "a=b c");
  EXPECT_EQ(config.run().checkpoint().every_epochs(), 2);
  EXPECT_EQ(config.optimizer().learning_rate().exponential_decay().decay_steps(), 10);
  EXPECT_EQ(config.data().validation().source().memory().name(), "held");
  EXPECT_EQ(config.model().input(0).shape_size(), 2);
  EXPECT_EQ(config.model().input(0).shape(1), 4);
  EXPECT_EQ(config.model().output(0), "output");
  EXPECT_EQ(config.model().output(1), "hidden");
}

TEST(SettingTest, ReplacesAnotherMemberOfAOneof) {
  const RunConfig config =
      Parse(kModel, {"optimizer.sgd.momentum=0.9", "model.layer[hidden].dropout.rate=0.5"});
  EXPECT_TRUE(config.optimizer().has_sgd());
  EXPECT_FALSE(config.optimizer().has_adam());
  EXPECT_TRUE(config.model().layer(0).has_dropout());
  // A whole message replaces what was there; a field of it does not.
  EXPECT_EQ(Parse(kModel, {"optimizer.adam.beta2=0.5"}).optimizer().adam().beta1(), 0.8);
  EXPECT_FALSE(Parse(kModel, {"optimizer.adam=beta2: 0.5"}).optimizer().adam().has_beta1());
  EXPECT_FALSE(Parse(kModel, {"optimizer.adam={}"}).optimizer().adam().has_beta1());
}

TEST(SettingTest, SetsOneElementOfAList) {
  const RunConfig config =
      Parse(kModel, {"model.input[x].shape=[5, 6, 7]", "model.input[x].shape[1]=60",
                     "model.layer[hidden]={ name: \"first\" dropout { rate: 0.1 } }",
                     "model.layer[first].dropout.rate=0.2"});
  EXPECT_EQ(config.model().input(0).shape(0), 5);
  EXPECT_EQ(config.model().input(0).shape(1), 60);
  EXPECT_EQ(config.model().input(0).shape(2), 7);
  EXPECT_EQ(config.model().layer_size(), 2);
  EXPECT_EQ(config.model().layer(0).dropout().rate(), 0.2);
  EXPECT_EQ(config.model().layer(1).name(), "output");
}

TEST(SettingTest, TheLastOneWins) {
  EXPECT_EQ(Parse(kModel, {"run.epochs=3", "run.epochs=4"}).run().epochs(), 4);
}

TEST(SettingTest, AWrongOneLeavesNoTrace) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(kModel, "a", RunConfig::default_instance(),
                      {"optimizer.sgd.momentm=1", "optimizer.sgd={ momentum: x }"}, &diagnostics);
  EXPECT_FALSE(diagnostics.ok());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*parsed.message, Parse(kModel)));
}

TEST(CheckRulesTest, AppliesToMessagesThatNoTextMade) {
  RunConfig config = Parse(kModel);
  config.mutable_optimizer()->mutable_adam()->set_beta1(std::numeric_limits<double>::quiet_NaN());
  config.mutable_model()->mutable_layer(1)->mutable_dense()->set_units(-1);
  config.mutable_optimizer()->mutable_adam()->set_epsilon(std::numeric_limits<double>::infinity());
  Diagnostics diagnostics;
  CheckRules(config, ConfigPath(), &diagnostics);
  EXPECT_EQ(diagnostics.ToStatus().message(),
            "layer \"output\": units -1 must be at least 1 [model.layer[output].dense.units]\n"
            "adam: beta1 nan must be a finite number [optimizer.adam.beta1]\n"
            "adam: epsilon inf must be a finite number [optimizer.adam.epsilon]");
}

TEST(ChosenFieldTest, IsTheOneThatIsSet) {
  OptimizerConfig optimizer;
  EXPECT_EQ(ChosenField(optimizer), nullptr);
  optimizer.mutable_sgd();
  ASSERT_NE(ChosenField(optimizer), nullptr);
  EXPECT_EQ(ChosenField(optimizer)->full_name(), "gradus.OptimizerConfig.sgd");
  EXPECT_EQ(ChosenField(optimizer.sgd()), nullptr);  // It has nothing to choose.
}

// A stranger's rule, in a file that this program was not linked with.
class StrangersRuleTest : public testing::Test {
 protected:
  void SetUp() override {
    google::protobuf::FileDescriptorSet set;
    ASSERT_TRUE(set.ParseFromArray(EmbeddedDescriptorSet().data(),
                                   static_cast<int>(EmbeddedDescriptorSet().size())));
    google::protobuf::FileDescriptorProto* lion = set.add_file();
    ASSERT_TRUE(TextFormat::ParseFromString(
        R"(name: "acme/lion.proto" package: "acme" dependency: "gradus/optimizer.proto" dependency: "gradus/rule.proto"
           message_type { name: "Lion" field { name: "beta" number: 1 label: LABEL_OPTIONAL type: TYPE_DOUBLE
                                               options { [gradus.rule] { min: 0 below: 1 } } } }
           extension { name: "lion" number: 1000 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".acme.Lion"
                       extendee: ".gradus.OptimizerConfig" }
           extension { name: "tiger" number: 1001 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".acme.Lion"
                       extendee: ".gradus.OptimizerConfig" })",
        lion));
    for (const auto& file : set.file()) ASSERT_NE(pool_.BuildFile(file), nullptr) << file.name();
    // Both owners' tests have the same one rule.
    if (!IsRegistered("acme.lion")) {
      Registry<StrangersContract>::Get().Add("acme.lion", std::make_unique<StrangersContract>());
    }
    prototype_ = factory_.GetPrototype(pool_.FindMessageTypeByName("gradus.RunConfig"));
  }

  struct StrangersContract {};

  std::string Findings(const std::string& optimizer,
                       const std::vector<std::string>& settings = {}) {
    Diagnostics diagnostics;
    parsed_ = ParseTextConfig("model { input { name: \"x\" } }\n" + optimizer, "a", *prototype_,
                              settings, &diagnostics);
    return std::string(diagnostics.ToStatus().message());
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
  const Message* prototype_ = nullptr;
  ParsedConfig parsed_;
};

TEST_F(StrangersRuleTest, IsTreatedLikeOurs) {
  EXPECT_EQ(Findings("optimizer { [acme.lion] { beta: 0.9 } }"), "");
  EXPECT_EQ(
      Findings("optimizer { [acme.lion] { beta: 2 } }"),
      "a:2:33: (acme.lion): beta 2 must be at least 0 and below 1 [optimizer.(acme.lion).beta]");
  EXPECT_EQ(Findings("optimizer { [acme.lion] { bta: 0.9 } }"),
            "a:2:27: (acme.lion): no field is called \"bta\"; did you mean \"beta\"? "
            "[optimizer.(acme.lion)]");
  EXPECT_EQ(Findings("optimizer { [acme.loin] { } }"),
            "a:2:13: optimizer: no extension is called \"acme.loin\"; did you mean \"acme.lion\"? "
            "[optimizer]");
}

TEST_F(StrangersRuleTest, CountsAsOneOfTheChoice) {
  EXPECT_EQ(
      Findings("optimizer { adam { } [acme.lion] { } }"),
      "a:2:1: optimizer: adam and [acme.lion] are both set; only one of them can be [optimizer]");
  EXPECT_EQ(Findings("optimizer { adam { } }", {"optimizer.(acme.lion).beta=0.5"}), "");
  EXPECT_EQ(Findings("optimizer { [acme.lion] { } }", {"optimizer.adam={}"}), "");
  EXPECT_EQ(PrintTextConfig(*parsed_.message),
            "model {\n  input {\n    name: \"x\"\n  }\n}\noptimizer {\n  adam {\n  }\n}\n");
}

TEST_F(StrangersRuleTest, IsNoChoiceWithoutARule) {
  EXPECT_EQ(Findings("optimizer {\n [acme.tiger] { } }"),
            "a:3:2: optimizer: [acme.tiger] is set, but nothing is registered for it; is its plugin "
            "loaded? (--plugin, or plugin: in the run file) [optimizer.(acme.tiger)]");
  const Message& run = *parsed_.message;
  EXPECT_EQ(ChosenField(run.GetReflection()->GetMessage(
                run, run.GetDescriptor()->FindFieldByName("optimizer"))),
            nullptr);
  EXPECT_EQ(Findings("optimizer { adam { } [acme.tiger] { } }"),
            "a:2:22: optimizer: [acme.tiger] is set, but nothing is registered for it; is its plugin "
            "loaded? (--plugin, or plugin: in the run file) [optimizer.(acme.tiger)]");
}

TEST(FollowingFindingsTest, AreLeftOutWhenTheRulesAreCheckedAgain) {
  const std::string text =
      "model { input { name: 'x' } layer { name: 'h' dense { unit: 3 activation: RELUU } }"
      "  layer { name: 'i' densee { } } layer { name: 'j' dense { units: 'a' } }"
      "  layer { name: 'k' dense { } } }";
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "a", RunConfig::default_instance(), {}, &diagnostics);
  const std::string before(diagnostics.ToStatus().message());
  EXPECT_EQ(diagnostics.findings().size(), 5u) << before;
  CheckRules(*parsed.message, ConfigPath(), &diagnostics);
  EXPECT_EQ(diagnostics.ToStatus().message(), before);
}

TEST(ReadConfigFileTest, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(ReadConfigFile("no/such.pbtxt").status().message(),
            "cannot read no/such.pbtxt: No such file or directory");
  EXPECT_EQ(ReadConfigFile("no/such.pbtxt").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadConfigFile("tests").status().message(), "cannot read tests: Is a directory");
  EXPECT_EQ(ReadConfigFile("/dev/zero").status().message(),
            "/dev/zero is not a regular file or a pipe");
}

}  // namespace
}  // namespace gradus
