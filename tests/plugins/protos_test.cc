// A plugin's messages against those that are there: what protobuf would end the process for is found and told.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/plugin_protos.h"
#include "gradus/run.pb.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::TextFormat;

FileDescriptorProto File(const std::string& text) {
  FileDescriptorProto file;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &file)) << text;
  return file;
}

std::string Error(const FileDescriptorSet& set) {
  const absl::StatusOr<PluginProtos> protos = CheckPluginProtos(
      set.SerializeAsString(),
      [](const std::string& file) { return file == "acme/ramp.proto" ? "plugin ramp" : ""; });
  return std::string(protos.status().message());
}

std::string Error(const std::string& text) {
  FileDescriptorSet set;
  *set.add_file() = File(text);
  return Error(set);
}

// A file that extends OptimizerConfig, with more text.
std::string Extending(const std::string& more, const std::string& name = "wave",
                      const std::string& package = "acme.waves", int number = 77000) {
  return absl::StrCat("name: 'waves/", name, ".proto' package: '", package,
                      "' dependency: ", "'gradus/optimizer.proto' message_type { name: 'Wave' } ",
                      "extension { name: 'wave' number: ", number,
                      " label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: '.", package,
                      ".Wave' extendee: '.gradus.OptimizerConfig' } ", more);
}

class ProtosTest : public testing::Test {
 protected:
  // Others' messages to clash with.
  static void SetUpTestSuite() {
    for (const char* name : {"acme_ramp", "acme_tilt"}) {
      const auto loaded = LoadPlugin(Library(name));
      ASSERT_TRUE(loaded.ok()) << loaded.status();
    }
  }
};

TEST_F(ProtosTest, NewOnesAreFine) {
  EXPECT_EQ(Error(Extending("enum_type { name: 'Kind' value { name: 'SINE' number: 0 } }")), "");
  // A package may be shared with another plugin.
  EXPECT_EQ(Error(Extending("", "wave", "acme")), "");
}

TEST_F(ProtosTest, ReservedNamesAreRefused) {
  EXPECT_EQ(Error("name: 'gradus/wave.proto' package: 'acme'"),
            "has a proto file called \"gradus/wave.proto\", a name that is not for plugins; put it "
            "into a folder of your own");
  for (const char* package : {"gradus", "gradus.waves", "google.protobuf"}) {
    EXPECT_EQ(Error(absl::StrCat("name: 'wave.proto' package: '", package, "'")),
              absl::StrCat("has messages in package ", package,
                           ", which is not for plugins; use a package of your own"));
  }
  EXPECT_EQ(Error("name: 'wave.proto'"),
            "has a proto file without a package, \"wave.proto\"; write package YOURS; into it");
  EXPECT_EQ(Error(Extending("", "wave", "gradusian")), "");  // Only begins like it.
}

TEST_F(ProtosTest, FileNamesThatAreTakenNameTheirOwner) {
  EXPECT_EQ(Error("name: 'gradus/optimizer.proto' package: 'acme'"),
            "has a proto file called \"gradus/optimizer.proto\", and so has Gradus itself; give it "
            "another name (a library that was built anew needs a new process)");
  EXPECT_TRUE(absl::StrContains(Error("name: 'acme/ramp.proto' package: 'other'"),
                                "and so has plugin ramp; give it another name"));
}

TEST_F(ProtosTest, NamesThatAreTakenAreFoundWhereverTheyStand) {
  EXPECT_EQ(Error(Extending("message_type { name: 'Tilt' }", "wave", "acme")),
            "has the message acme.Tilt, and so has acme/tilt.proto of this program itself; use "
            "another name or a package of your own");
  EXPECT_TRUE(
      absl::StrContains(Error(Extending("message_type { name: 'Ramp' }", "wave", "acme")),
                        "the message acme.Ramp, and so has acme/ramp.proto of plugin ramp"));
  EXPECT_TRUE(absl::StrContains(
      Error(Extending("enum_type { name: 'Tilt' value { name: 'A' number: 0 } }", "wave", "acme")),
      "the enumeration acme.Tilt"));
  // A value stands beside its enumeration.
  EXPECT_TRUE(absl::StrContains(
      Error(
          Extending("enum_type { name: 'Kind' value { name: 'ramp' number: 0 } }", "wave", "acme")),
      "the enumeration value acme.ramp"));
  EXPECT_TRUE(absl::StrContains(Error(Extending("service { name: 'Ramp' }", "wave", "acme")),
                                "the service acme.Ramp"));
  // A package with the name of a message, nested names of which would be its.
  EXPECT_EQ(
      Error(Extending("", "wave", "acme.Ramp")),
      "has the package acme.Ramp, and so has acme/ramp.proto of plugin ramp; use another name "
      "or a package of your own");
  EXPECT_TRUE(absl::StrContains(Error(Extending("", "wave", "acme.Ramp.Shape.deep")),
                                "has the package acme.Ramp,"));
}

// Linked as generated code does it, and not looked at by anybody: the pool has not built it.
void LinkUnused(const std::string& text) {
  static auto* const kept = new std::vector<std::unique_ptr<const std::string>>;
  kept->push_back(std::make_unique<const std::string>(File(text).SerializeAsString()));
  google::protobuf::DescriptorPool::InternalAddGeneratedFile(
      kept->back()->data(), static_cast<int>(kept->back()->size()));
}

TEST_F(ProtosTest, NamesOfLinkedFilesThatNobodyUsedYetAreTaken) {
  LinkUnused("name: 'host/lion.proto' package: 'savanna.lion' message_type { name: 'Service' }");
  // A message with the name of a package.
  EXPECT_EQ(Error(Extending("message_type { name: 'lion' }", "wave", "savanna")),
            "has the message savanna.lion, and so has host/lion.proto of this program itself; use "
            "another name or a package of your own");
  LinkUnused(
      "name: 'host/zebra.proto' package: 'savanna' enum_type { name: 'Kind' value { name: 'zebra' "
      "number: 0 } }");
  EXPECT_TRUE(
      absl::StrContains(Error(Extending("message_type { name: 'zebra' }", "wave", "savanna")),
                        "has the message savanna.zebra, and so has host/zebra.proto"));
  EXPECT_TRUE(absl::StrContains(Error(Extending("", "wave", "savanna.zebra")),
                                "has the package savanna.zebra, and so has host/zebra.proto"));
  EXPECT_EQ(Error(Extending("", "wave", "savanna.lion")), "");  // A package may be shared.
}

TEST_F(ProtosTest, ExtensionNumbersThatAreTakenNameTheirOwner) {
  EXPECT_EQ(
      Error(Extending("", "wave", "waves", 81234501)),
      "has the extension waves.wave of gradus.OptimizerConfig with the number 81234501, which "
      "is that of acme.tilt of this program itself; take another one (gradus new derives it "
      "from the full name)");
  // The same number of another message is another number.
  EXPECT_EQ(Error(Extending("", "wave", "waves", 81234502)), "");
  EXPECT_TRUE(absl::StrContains(Error(Extending("", "wave", "waves", 500)),
                                "protos that do not fit this program: waves/wave.proto: "));
}

TEST_F(ProtosTest, OnlyMessagesThatHoldAChoiceAreExtended) {
  const auto other = [](const std::string& extendee, const std::string& kind) {
    return absl::StrCat(
        "name: 'w.proto' package: 'w' dependency: 'gradus/run.proto' dependency: "
        "'gradus/optimizer.proto' dependency: 'gradus/schedule_config.proto' message_type { name: "
        "'W' } extension { name: 'w' number: 77000 ",
        kind, " extendee: '", extendee, "' }");
  };
  const std::string message = "label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: '.w.W'";
  const std::string number = "label: LABEL_OPTIONAL type: TYPE_DOUBLE";
  EXPECT_EQ(Error(other(".gradus.OptimizerConfig", message)), "");
  EXPECT_EQ(Error(other(".gradus.ScheduleConfig", number)), "");
  EXPECT_EQ(Error(other(".gradus.OptimizerConfig", number)),
            "has the extension w.w of gradus.OptimizerConfig that is not one optional message");
  EXPECT_EQ(
      Error(other(".gradus.ScheduleConfig", "label: LABEL_OPTIONAL type: TYPE_INT32")),
      "has the extension w.w of gradus.ScheduleConfig that is not one optional message or double");
  EXPECT_EQ(Error(other(".gradus.OptimizerConfig",
                        "label: LABEL_REPEATED type: TYPE_MESSAGE type_name: '.w.W'")),
            "has the extension w.w of gradus.OptimizerConfig that is not one optional message");
  // Has no room for any.
  EXPECT_TRUE(absl::StrContains(Error(other(".gradus.RunConfig", message)), "w.w"));
}

TEST_F(ProtosTest, SetsThatAreNoneAreRefused) {
  EXPECT_TRUE(absl::StrContains(Error(FileDescriptorSet()), "a descriptor set without files"));
  EXPECT_TRUE(absl::StrContains(
      CheckPluginProtos("\xff\xff\xff", [](const std::string&) { return ""; }).status().message(),
      "whose descriptor set cannot be read"));
  EXPECT_TRUE(absl::StrContains(Error("name: 'w.proto' package: 'w' message_type { name: 'W' }"),
                                "extends no message of Gradus"));
  // With its imports: Gradus' own files.
  FileDescriptorSet set;
  RunConfig::descriptor()->file()->CopyTo(set.add_file());
  EXPECT_TRUE(absl::StrContains(Error(set), "and so has Gradus itself"));
  // Without a file of its own that it imports.
  EXPECT_TRUE(absl::StrContains(Error(Extending("dependency: 'waves/base.proto'")),
                                "do not fit this program: waves/wave.proto: "));
  set.Clear();
  *set.add_file() = File(Extending(""));
  *set.add_file() = File(Extending(""));
  EXPECT_EQ(Error(set), "has two proto files called \"waves/wave.proto\"");
}

}  // namespace
}  // namespace gradus
