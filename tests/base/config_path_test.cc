// Addresses: parsed, printed, refused.

#include "gradus/base/config_path.h"

#include <gtest/gtest.h>

#include <string>

namespace gradus {
namespace {

std::string RoundTrip(const std::string& text) {
  const auto path = ConfigPath::Parse(text);
  return path.ok() ? path->ToString() : std::string(path.status().message());
}

TEST(ConfigPathTest, ReadsAndWritesTheSameText) {
  for (const char* text :
       {"model", "model.name", "model.layer[hidden_1].dense.units", "data.train.csv.field[0]",
        "optimizer.(acme.lion).beta1", "model.layer[a-b.c/d].dense", "(acme.lion)",
        "model.loss[\"total error\"].weight", "model.layer[\"7\"].dense", "a[\"]=\\\"\"].b"}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
}

TEST(ConfigPathTest, TellsNamesFromPositions) {
  const auto path = ConfigPath::Parse("a[2].b[\"2\"].c[two].d");
  ASSERT_TRUE(path.ok());
  const auto& segments = path->segments();
  EXPECT_EQ(segments[0].index, 2);
  EXPECT_FALSE(segments[0].named());
  EXPECT_EQ(segments[1].index, -1);
  EXPECT_TRUE(segments[1].named());
  EXPECT_EQ(segments[1].selector, "2");
  EXPECT_TRUE(segments[2].named());
  EXPECT_FALSE(segments[3].named());
}

TEST(ConfigPathTest, KnowsTheColumnOfEachSegment) {
  const auto path = ConfigPath::Parse("model.layer[hidden].(a.b).c");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(path->segments()[0].column, 1);
  EXPECT_EQ(path->segments()[1].column, 7);
  EXPECT_EQ(path->segments()[2].column, 21);
  EXPECT_EQ(path->segments()[3].column, 27);
}

TEST(ConfigPathTest, RefusesMalformedTextAndNamesTheColumn) {
  EXPECT_EQ(RoundTrip(""), "column 1: expected a field's name at the end");
  EXPECT_EQ(RoundTrip("model."), "column 7: expected a field's name at the end");
  EXPECT_EQ(RoundTrip("model..name"), "column 7: expected a field's name");
  EXPECT_EQ(RoundTrip("model name"), "column 6: expected a .");
  EXPECT_EQ(RoundTrip("layer[]"), "column 7: expected a name or a position");
  EXPECT_EQ(RoundTrip("layer[a"), "column 8: expected ] at the end");
  EXPECT_EQ(RoundTrip("layer[\"a]"), "column 10: expected a closing \" at the end");
  EXPECT_EQ(RoundTrip("layer[\"\\q\"]"), "column 8: expected a quoted name");
  EXPECT_EQ(RoundTrip("()"), "column 2: expected an extension's full name");
  EXPECT_EQ(RoundTrip("(a.b"), "column 5: expected ) at the end");
  EXPECT_EQ(RoundTrip("layer[99999999999]"), "column 7: expected a smaller position");
}

TEST(ConfigPathTest, AChildShowsItsNameOrItsPosition) {
  const ConfigPath model = ConfigPath().Child("model");
  EXPECT_EQ(model.Child("layer", 3, "hidden").Child("dense").ToString(),
            "model.layer[hidden].dense");
  EXPECT_EQ(model.Child("loss", 3, "").ToString(), "model.loss[3]");
  // A name that looks like a position is quoted, or it would select another element.
  EXPECT_EQ(model.Child("layer", 3, "0").ToString(), "model.layer[\"0\"]");
}

TEST(ConfigPathTest, TheParentLacksTheLastSegment) {
  EXPECT_EQ(ConfigPath::Parse("a.b[c].d")->Parent().ToString(), "a.b[c]");
  EXPECT_TRUE(ConfigPath::Parse("a")->Parent().empty());
  EXPECT_TRUE(ConfigPath().Parent().empty());
}

}  // namespace
}  // namespace gradus
