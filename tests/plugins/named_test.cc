// `plugin:` of a run's text: a bare name, looked up before the rest of the text is read.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/plugin.h"
#include "gradus/api/plugin_field.h"
#include "gradus/api/run_file.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

std::vector<std::string> Named(const std::string& text) {
  std::vector<std::string> names;
  for (const NamedPlugin& plugin : PluginsNamedIn(text)) {
    names.push_back(absl::StrCat(plugin.line, ":", plugin.column, " ", plugin.name));
  }
  return names;
}

using Names = std::vector<std::string>;

// What reading the text says; empty when it is fine.
std::string Error(const std::string& text, const PluginOptions& options = {},
                  const std::vector<std::string>& settings = {}) {
  absl::StatusOr<RunFile> file = RunFile::Parse(text, "run.pbtxt", settings, ".", options);
  return std::string(file.ok() ? file->diagnostics().ToStatus().message()
                               : file.status().message());
}

PluginOptions In(const std::vector<std::string>& folders) {
  PluginOptions options;
  options.folders = folders;
  return options;
}

constexpr char kFolder[] = "tests/plugins/libraries";

TEST(PluginField, IsFoundInAllWaysToWriteIt) {
  EXPECT_EQ(Named("plugin: 'a'"), Names{"1:9 a"});
  EXPECT_EQ(Named("# plugin: 'no'\nplugin:'a' plugin: \"b\""), (Names{"2:8 a", "2:20 b"}));
  EXPECT_EQ(Named("plugin: ['a', \"b\" 'c'] plugin: 'd'"), (Names{"1:10 a", "1:15 bc", "1:32 d"}));
  EXPECT_EQ(Named("plugin: [] model { name: 'x' }, plugin: 'e';"), Names{"1:41 e"});
  EXPECT_EQ(Named("model { plugin: 'inside' } data < plugin: 'too' > x: plugin plugin: 'f'"),
            Names{"1:69 f"});
  EXPECT_EQ(Named("x: [plugin, 'y'] [acme.plugin] { plugin: 'z' } plugin: 'g'"), Names{"1:56 g"});
  EXPECT_EQ(Named("optimizer { note: \"plugin: 'quoted'\" }"), Names{});
}

TEST(PluginField, EndsWhereTheTextIsMalformed) {
  for (const char* text : {"plugin", "plugin:", "plugin: [", "plugin: ['a'", "plugin: ['a',",
                           "plugin: 5", "plugin: 'a", "}}} plugin", "plugin: '\\q'",
                           "\x01 plugin: 'x'", "plugin { }", "plugin: [['a']]"}) {
    PluginsNamedIn(text);
    EXPECT_NE(Error(text, In({kFolder})), "") << text;
  }
}

TEST(PluginField, IsABareName) {
  const std::string end =
      "; it is a bare name: acme_lion for acme_lion.so or libacme_lion.so in a folder that "
      "--plugin_dir gives [plugin[0]]";
  EXPECT_EQ(Error("\n  plugin: 'sub/acme_tilt'", In({kFolder})),
            "run.pbtxt:2:11: plugin \"sub/acme_tilt\" is a path" + end);
  EXPECT_EQ(Error("plugin: '/etc/acme_tilt'", In({kFolder})),
            "run.pbtxt:1:9: plugin \"/etc/acme_tilt\" is a path" + end);
  EXPECT_EQ(Error("plugin: ''", In({kFolder})), "run.pbtxt:1:9: plugin \"\" is empty" + end);
  EXPECT_EQ(Error("plugin: '..'", In({kFolder})),
            "run.pbtxt:1:9: plugin \"..\" begins with a dot" + end);
  EXPECT_EQ(Error("plugin: '.hidden'", In({kFolder})),
            "run.pbtxt:1:9: plugin \".hidden\" begins with a dot" + end);
  EXPECT_EQ(Error("plugin: 'a..b'", In({kFolder})),
            "run.pbtxt:1:9: plugin \"a..b\" has two dots" + end);
  EXPECT_EQ(Error("plugin: 'acme_tilt.so'", In({kFolder})),
            "run.pbtxt:1:9: plugin \"acme_tilt.so\" ends in .so" + end);
  EXPECT_EQ(Error("plugin: 'acme_tilt.so.1.0'", In({kFolder})),
            "run.pbtxt:1:9: plugin \"acme_tilt.so.1.0\" has a version behind .so" + end);
  EXPECT_FALSE(absl::StrContains(Error("plugin: 'acme.solver'", In({kFolder})), "bare name"));
  EXPECT_TRUE(
      absl::StrContains(Error("plugin: 'a b'", In({kFolder})), "has characters other than"));
  EXPECT_TRUE(
      absl::StrContains(Error("plugin: 'a\\000b'", In({kFolder})), "has characters other than"));
}

TEST(PluginField, ThatIsNowhereNamesTheFolders) {
  EXPECT_EQ(
      Error("plugin: 'lion'", In({kFolder, "/nowhere"})),
      "run.pbtxt:1:9: plugin \"lion\" is not loaded, and neither lion.so nor liblion.so is in "
      "tests/plugins/libraries, /nowhere; --plugin_dir gives another folder, --plugin the file "
      "itself [plugin[0]]");
  EXPECT_EQ(
      Error("plugin: 'lion'"),
      "run.pbtxt:1:9: plugin \"lion\" is not loaded, and no folder is given to look for it in; "
      "--plugin_dir gives one, --plugin the file itself [plugin[0]]");
  // All of them are told, and nothing that follows from them.
  const std::string two =
      Error("plugin: ['lion', 'x/y'] optimizer { [acme.lion] {} }", In({kFolder}));
  EXPECT_TRUE(absl::StrContains(two, "run.pbtxt:1:10: ") &&
              absl::StrContains(two, "run.pbtxt:1:18: "))
      << two;
  EXPECT_FALSE(absl::StrContains(two, "no extension")) << two;
}

TEST(PluginField, WhatIsWrongWithTheLibraryStandsAtItsName) {
  const Hostile hostile("exit 3");
  const std::string error = Error("plugin: 'hostile'", In({kFolder}));
  EXPECT_TRUE(absl::StartsWith(error,
                               "run.pbtxt:1:9: plugin tests/plugins/libraries/hostile.so would end "
                               "this program: "))
      << error;
}

TEST(PluginField, CannotBeSet) {
  EXPECT_EQ(
      Error("", In({kFolder}), {"plugin=acme_tilt"}),
      "--set plugin=acme_tilt: plugin cannot be set, because the text is read with it; --plugin "
      "loads a library whatever the text says [plugin]");
}

TEST(PluginField, IsLoadedBeforeTheTextIsRead) {
  const std::string text =
      "optimizer { [acme.tilt] { memory: 0.5 } learning_rate { [acme.ramp] { height: 1 } } }";
  const std::string before = Error(text);
  EXPECT_TRUE(
      absl::StrContains(before,
                        "run.pbtxt:1:13: optimizer: no extension is called \"acme.tilt\"; is "
                        "its plugin loaded? (--plugin, or plugin: in the run file)"))
      << before;
  const absl::StatusOr<RunFile> file = RunFile::Parse(
      absl::StrCat("model { } data { } ", text, " plugin: 'acme_tilt'", " plugin: ['acme_ramp']"),
      "run.pbtxt", {}, ".", In({"/nowhere", kFolder}));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_FALSE(absl::StrContains(file->config().optimizer().DebugString(), "81234501"));
  EXPECT_EQ(file->config().plugin_size(), 2);
  // Loaded is loaded: no folder is needed any more, for programs' configurations neither.
  EXPECT_FALSE(absl::StrContains(Error("plugin: 'acme_tilt' " + text), "acme"));
  RunConfig config;
  config.add_plugin("acme_tilt");
  RunFile of = RunFile::Of(config);
  EXPECT_FALSE(absl::StrContains(of.diagnostics().ToStatus().message(), "plugin"));
  config.add_plugin("lion");
  RunFile of_lion = RunFile::Of(config);
  EXPECT_TRUE(absl::StrContains(of_lion.diagnostics().ToStatus().message(),
                                "plugin \"lion\" is not loaded, and no folder"));
}

TEST(PluginFolders, AreThoseOfTheProcessUnlessOthersAreGiven) {
  AddPluginFolder("/nowhere/at/all");
  AddPluginFolder("/nowhere/at/all");
  EXPECT_EQ(PluginFolders(), Names{"/nowhere/at/all"});
  EXPECT_TRUE(absl::StrContains(Error("plugin: 'lion'"), "is in /nowhere/at/all;"));
}

}  // namespace
}  // namespace gradus
