// The skeleton of a plugin by its text; tests/install builds it.

#include "gradus/api/new_plugin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"

namespace gradus {
namespace {

std::map<std::string, std::string> TextsOf(const PluginSkeleton& skeleton) {
  std::map<std::string, std::string> texts;
  for (const PluginFile& file : skeleton.files) texts[file.path] = file.text;
  return texts;
}

TEST(NewPlugin, IsTheExampleUnderItsOwnName) {
  const struct {
    PluginKind kind;
    const char* name;
    const char* folder;
  } examples[] = {{PluginKind::kOptimizer, "acme.lion", "examples/optimizer_plugin"},
                  {PluginKind::kSchedule, "acme.square_root_decay", "examples/schedule_plugin"}};
  for (const auto& example : examples) {
    const auto skeleton = NewPlugin(example.kind, example.name);
    ASSERT_TRUE(skeleton.ok()) << skeleton.status();
    EXPECT_EQ(skeleton->files.size(), 10u);
    for (const PluginFile& file : skeleton->files) {
      const auto text = ReadFile(JoinPath(example.folder, file.path), 1 << 20);
      ASSERT_TRUE(text.ok()) << text.status();
      EXPECT_EQ(file.text, *text) << file.path;
    }
  }
}

TEST(NewPlugin, HasNothingOfTheExampleUnderAnotherName) {
  for (const PluginKind kind : {PluginKind::kOptimizer, PluginKind::kSchedule}) {
    const auto skeleton = NewPlugin(kind, "zoo.big_cats.tiger_2");
    ASSERT_TRUE(skeleton.ok()) << skeleton.status();
    EXPECT_EQ(skeleton->name, "tiger_2");
    EXPECT_EQ(skeleton->library, "zoo_big_cats_tiger_2");
    for (const PluginFile& file : skeleton->files) {
      for (const char* left : {"acme", "lion", "Lion", "square_root", "SquareRoot"}) {
        EXPECT_FALSE(absl::StrContains(file.path, left)) << file.path;
        EXPECT_FALSE(absl::StrContains(file.text, left)) << file.path << ": " << left;
      }
    }
    std::map<std::string, std::string> texts = TextsOf(*skeleton);
    EXPECT_TRUE(absl::StrContains(texts["tiger_2.proto"], "\npackage zoo.big_cats;\n"));
    EXPECT_TRUE(absl::StrContains(
        texts["tiger_2.proto"],
        absl::StrCat("optional Tiger2 tiger_2 = ", ExtensionNumber("zoo.big_cats.tiger_2"), ";")));
    EXPECT_TRUE(absl::StrContains(texts["tiger_2.cc"], "\nnamespace zoo::big_cats {\n"));
    EXPECT_TRUE(absl::StrContains(texts["tiger_2.cc"], "\"zoo.big_cats.tiger_2\""));
    EXPECT_TRUE(absl::StrContains(texts["tiger_2.cc"], "\"zoo/big_cats/tiger_2.pb.h\""));
    EXPECT_TRUE(absl::StrContains(texts["Makefile"], "protoc -Izoo/big_cats=. "));
    EXPECT_TRUE(absl::StrContains(texts["BUILD"], "package = \"zoo.big_cats\","));
  }
}

// By the formula of the header, from FNV-1a's published hashes of "" and "a"; the others are what the
// examples have.
TEST(NewPlugin, TheNumberIsTheDocumentedHash) {
  EXPECT_EQ(ExtensionNumber(""), 1000 + 14695981039346656037u % 536868912 + 1000);
  EXPECT_EQ(ExtensionNumber("a"), 1000 + 12638187200555641996u % 536868912 + 1000);
  EXPECT_EQ(ExtensionNumber("acme.lion"), 302939717);
  EXPECT_EQ(ExtensionNumber("acme.square_root_decay"), 89231224);
}

TEST(NewPlugin, NumbersAreThoseThatProtobufAllows) {
  int32_t least = 536870911, greatest = 0;
  for (int i = 0; i < 200000; ++i) {
    const int32_t number = ExtensionNumber(absl::StrCat("acme.rule_", i));
    ASSERT_GE(number, 1000);
    ASSERT_LE(number, 536870911);
    ASSERT_FALSE(number >= 19000 && number <= 19999);
    least = std::min(least, number);
    greatest = std::max(greatest, number);
  }
  // 200000 of them leave gaps of 2700 on average.
  EXPECT_LT(least, 60000);
  EXPECT_GT(greatest, 536810000);
}

TEST(NewPlugin, SaysWhatANameMayNotBe) {
  const struct {
    const char* name;
    const char* reason;
  } cases[] = {
      {"lion",
       "it has no package, which tells your names from those of others; write for example "
       "\"acme.lion\""},
      {"",
       "it has no package, which tells your names from those of others; write for example "
       "\"acme.lion\""},
      {"acme.Lion", "\"Lion\" has an upper-case letter"},
      {"acme..lion", "a word is empty"},
      {"acme.", "a word is empty"},
      {"acme.li-on", "\"li-on\" has a \"-\", which is no letter, digit or underscore"},
      {"acme.2lion", "\"2lion\" does not begin with a letter"},
      {"acme._lion", "\"_lion\" does not begin with a letter"},
      {"acme.lion_", "\"lion_\" has an underscore at its end, or two together"},
      {"acme.li__on", "\"li__on\" has an underscore at its end, or two together"},
      {"acme.new", "\"new\" is a word of C++ with a meaning of its own"},
      {"union.lion", "\"union\" is a word of C++ with a meaning of its own"},
      {"gradus.lion", "\"gradus\" is the name of a library that is used"},
      {"google.protobuf.lion", "\"google\" is the name of a library that is used"},
      {"acme.std.lion", "\"std\" is the name of a library that is used"},
      {"time.lion", "\"time\" is a function of the C library"},
      {"acme/../x.lion", "\"acme/\" has a \"/\", which is no letter, digit or underscore"},
  };
  for (const auto& each : cases) {
    const auto skeleton = NewPlugin(PluginKind::kOptimizer, each.name);
    EXPECT_EQ(std::string(skeleton.status().message()),
              absl::StrCat("a plugin cannot be called \"", each.name, "\": ", each.reason));
  }
  EXPECT_FALSE(NewPlugin(PluginKind::kSchedule, "acme." + std::string(200, 'a')).ok());
  EXPECT_TRUE(NewPlugin(PluginKind::kSchedule, "acme.time").ok());
}

TEST(WritePlugin, OverwritesNothingAndThenWritesNothing) {
  const std::string folder = JoinPath(testing::TempDir(), "new_plugin/deep");
  ASSERT_TRUE(RemoveTree(folder).ok());
  const auto skeleton = NewPlugin(PluginKind::kOptimizer, "acme.lion");
  ASSERT_TRUE(skeleton.ok());
  ASSERT_TRUE(WritePlugin(*skeleton, folder).ok());
  EXPECT_EQ(ListFolder(folder)->size(), skeleton->files.size());

  ASSERT_TRUE(RemoveTree(folder).ok());
  ASSERT_TRUE(MakeFolders(folder).ok());
  ASSERT_TRUE(WriteFile(JoinPath(folder, "lion_test.cc"), "mine").ok());
  const absl::Status refused = WritePlugin(*skeleton, folder);
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(absl::EndsWith(refused.message(),
                             "lion_test.cc is there already, and nothing is overwritten"))
      << refused;
  EXPECT_EQ(ListFolder(folder)->size(), 1u);
}

}  // namespace
}  // namespace gradus
