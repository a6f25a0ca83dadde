// The reference manual says what the protos say.

#include "gradus/api/describe.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gradus/optimizer.pb.h"

namespace gradus {
namespace {

std::vector<CatalogueSection> Catalogue() {
  return DescribeCatalogue(
      {{"optimizers", {"gradus.OptimizerConfig.adam", "gradus.OptimizerConfig.sgd"}},
       {"schedules", {"gradus.ScheduleConfig.constant"}},
       {"layers", {"gradus.LayerConfig.dense", "gradus.LayerConfig.flatten"}},
       {"ops", {"gradus.op.Matmul", "gradus.op.Reshape"}}});
}

const ThingDescription* Find(const std::vector<CatalogueSection>& catalogue,
                             const std::string& title, const std::string& name) {
  for (const CatalogueSection& section : catalogue) {
    for (const ThingDescription& thing : section.things) {
      if (section.title == title && thing.name == name) return &thing;
    }
  }
  ADD_FAILURE() << "no " << name << " in " << title;
  static const ThingDescription none;
  return &none;
}

const FieldDescription* Field(const ThingDescription& thing, const std::string& name) {
  for (const FieldDescription& field : thing.fields) {
    if (field.name == name) return &field;
  }
  ADD_FAILURE() << "no field " << name << " in " << thing.name;
  static const FieldDescription none;
  return &none;
}

TEST(DescribeTest, AFieldHasTypeRangeDefaultAndComment) {
  const auto catalogue = Catalogue();
  const ThingDescription* adam = Find(catalogue, "optimizers", "adam");
  EXPECT_EQ(adam->key, "gradus.OptimizerConfig.adam");
  EXPECT_EQ(adam->type, "gradus.optimizer.Adam");
  EXPECT_EQ(adam->default_learning_rate, "0.001");
  EXPECT_TRUE(absl::StrContains(adam->comment, "Kingma & Ba 2015"));
  const FieldDescription* beta1 = Field(*adam, "beta1");
  EXPECT_EQ(beta1->type, "double");
  EXPECT_EQ(beta1->default_value, "0.9");
  EXPECT_EQ(beta1->range, "[0, 1)");
  EXPECT_EQ(beta1->comment, "How slowly the average of gradients follows.");
  EXPECT_TRUE(beta1->schedulable);
  EXPECT_FALSE(beta1->required);
  EXPECT_FALSE(Field(*adam, "amsgrad")->schedulable);
}

TEST(DescribeTest, KnowsRequiredFieldsListsEnumerationsAndMessages) {
  const auto catalogue = Catalogue();
  const ThingDescription* dense = Find(catalogue, "layers", "dense");
  EXPECT_TRUE(Field(*dense, "units")->required);
  EXPECT_EQ(Field(*dense, "units")->range, ">= 1");
  EXPECT_EQ(Field(*dense, "activation")->type, "Activation");
  EXPECT_EQ(Field(*dense, "activation")->default_value, "LINEAR");
  EXPECT_EQ(Field(*dense, "kernel_initializer")->type, "InitializerConfig");
  EXPECT_EQ(Field(*Find(catalogue, "ops", "Reshape"), "shape")->type, "repeated Dim");
  EXPECT_TRUE(Find(catalogue, "layers", "flatten")->fields.empty());
}

TEST(DescribeTest, AScalarIsAThingToo) {
  const auto catalogue = Catalogue();
  const ThingDescription* constant = Find(catalogue, "schedules", "constant");
  EXPECT_EQ(constant->type, "double >= 0");
  EXPECT_EQ(constant->summary, "The same number at every update.");
}

TEST(DescribeTest, FollowsFieldsToFurtherMessagesAndEnumerations) {
  const auto catalogue = Catalogue();
  EXPECT_FALSE(Find(catalogue, "messages", "InitializerConfig")->fields.empty());
  EXPECT_EQ(Field(*Find(catalogue, "messages", "RandomUniform"), "maxval")->default_value, "0.05");
  EXPECT_EQ(Field(*Find(catalogue, "enumerations", "Activation"), "TANH")->comment, "tanh(x)");
}

TEST(DescribeTest, UnknownKeysAndABrokenDescriptorSetDoNoHarm) {
  const auto unknown = DescribeCatalogue({{"layers", {"acme.LayerConfig.magic", ""}}});
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].things[0].name, "acme.LayerConfig.magic");
  EXPECT_TRUE(unknown[0].things[0].fields.empty());
  // Without comments the linked descriptors still give fields, ranges and defaults.
  const std::string adam = OptimizerConfig::descriptor()->FindFieldByName("adam")->full_name();
  const auto plain = DescribeCatalogue({{"optimizers", {adam}}}, "no descriptor set");
  EXPECT_EQ(Field(plain[0].things[0], "beta1")->range, "[0, 1)");
  EXPECT_EQ(Field(plain[0].things[0], "beta1")->comment, "");
  EXPECT_FALSE(RenderCatalogue(unknown).empty());
}

TEST(DescribeTest, APluginMayImportWhatIsNotDescribed) {
  google::protobuf::FileDescriptorSet files;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(file {
           name: "zoo/lynx.proto" package: "zoo" dependency: "gradus/optimizer.proto"
           dependency: "google/protobuf/duration.proto"
           message_type {
             name: "Lynx"
             field { name: "nap" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE
                     type_name: ".google.protobuf.Duration" }
           }
           extension { name: "lynx" extendee: ".gradus.OptimizerConfig" number: 4322
                       label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".zoo.Lynx" }
           source_code_info {
             location { path: [7, 0] span: [1, 0, 1] leading_comments: " Sleeps.\n" }
             location { path: [4, 0, 2, 0] span: [1, 0, 1] leading_comments: " How long.\n" }
           }
         })",
      &files));
  testing::internal::CaptureStderr();
  const auto catalogue =
      DescribeCatalogue({{"optimizers", {"zoo.lynx"}}}, EmbeddedDescriptorSet(),
                        {{"zoo_lynx.so", {"zoo.lynx"}, files.SerializeAsString()}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  const ThingDescription* lynx = Find(catalogue, "optimizers", "[zoo.lynx]");
  EXPECT_EQ(lynx->summary, "Sleeps.");
  EXPECT_EQ(Field(*lynx, "nap")->comment, "How long.");
  EXPECT_EQ(Field(*lynx, "nap")->type, "Duration");
}

TEST(DescribeTest, APluginsThingHasItsCommentsAndSaysFromWhichLibraryItIs) {
  google::protobuf::FileDescriptorSet files;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(file {
           name: "zoo/tiger.proto" package: "zoo" dependency: "gradus/optimizer.proto"
           message_type {
             name: "Tiger"
             field { name: "stripes" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32
                     default_value: "7" }
           }
           extension { name: "tiger" extendee: ".gradus.OptimizerConfig" number: 4321
                       label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".zoo.Tiger" }
           source_code_info {
             location { path: [7, 0] span: [1, 0, 1] leading_comments: " Prowls.\n" }
             location { path: [4, 0, 2, 0] span: [1, 0, 1] leading_comments: " How many.\n" }
           }
         })",
      &files));
  const auto catalogue = DescribeCatalogue(
      {{"optimizers", {"gradus.OptimizerConfig.sgd", "zoo.tiger"}}}, EmbeddedDescriptorSet(),
      {{"zoo_tiger.so", {"zoo.tiger"}, files.SerializeAsString()}});
  EXPECT_EQ(RenderSummary(SelectThings(catalogue, "zoo.tiger")),
            "optimizers (1)\n"
            "==============\n"
            "  [zoo.tiger]  Prowls. (zoo_tiger.so)\n");
  EXPECT_EQ(RenderCatalogue(SelectThings(catalogue, "zoo.tiger")),
            "optimizers (1)\n"
            "==============\n"
            "\n"
            "  [zoo.tiger]  (zoo.Tiger)\n"
            "    Prowls.\n"
            "    From the plugin zoo_tiger.so.\n"
            "\n"
            "    field    type   default  meaning\n"
            "    stripes  int32  7        How many.\n");
  EXPECT_EQ(Find(catalogue, "optimizers", "sgd")->library, "");
}

TEST(DescribeTest, SelectsByNameKeyOrType) {
  const auto catalogue = Catalogue();
  for (const char* name : {"adam", "gradus.OptimizerConfig.adam", "gradus.optimizer.Adam"}) {
    const auto selected = SelectThings(catalogue, name);
    ASSERT_EQ(selected.size(), 1u) << name;
    ASSERT_EQ(selected[0].things.size(), 1u) << name;
    EXPECT_EQ(selected[0].things[0].name, "adam");
  }
  EXPECT_TRUE(SelectThings(catalogue, "eve").empty());
}

TEST(DescribeTest, RendersAnAlignedTable) {
  EXPECT_EQ(RenderCatalogue(SelectThings(Catalogue(), "sgd")),
            "optimizers (1)\n"
            "==============\n"
            "\n"
            "  sgd  (gradus.optimizer.Sgd)\n"
            R"(    Gradient descent, with momentum m when it is above zero and dampening d:
      w <- w - r g                                      without momentum
      RATE_INSIDE:   v <- m v - r (1 - d) g,  w <- w + v,    with Nesterov's momentum  w <- w + m v - r g
      RATE_OUTSIDE:  v <- m v + (1 - d) g,    w <- w - r v,  with Nesterov's momentum  w <- w - r (m v + g)
    Polyak 1964; Nesterov 1983; Sutskever, Martens, Dahl & Hinton 2013.
    Learning rate when none is given: 0.01.

    field                type          default      range   meaning
    momentum             double        0            [0, 1]  How much of the last update is kept. May
                                                            follow a schedule.
    nesterov             bool          false                Nesterov's form; needs a momentum, and
                                                            no dampening.
    velocity             VelocityRate  RATE_INSIDE          Whether the velocity keeps the rate that
                                                            its gradients came with, or takes the
                                                            rate of the update.
    dampening            double        0            [0, 1]  The part of the gradient that is kept
                                                            from the velocity; needs a momentum. May
                                                            follow a schedule.
    dampen_first         bool          false                The first gradient is dampened like the
                                                            others; otherwise the velocity starts as
                                                            the whole of it.
    momentum_correction  bool          false                With the rate inside the velocity: v is
                                                            multiplied by the new rate / the old one
                                                            when the rate changes, so that the
                                                            weights move as with the rate outside
                                                            (Goyal et al. 2017, arXiv:1706.02677). A
                                                            rate of 0 ends the old velocity.
)");
  EXPECT_EQ(RenderSummary(SelectThings(Catalogue(), "sgd")),
            "optimizers (1)\n"
            "==============\n"
            "  sgd  Gradient descent, with or without momentum.\n");
}

TEST(DescribeTest, SaysWhatAnOptimizerDoesWhenNothingIsSaid) {
  const std::string adamw =
      RenderCatalogue(DescribeCatalogue({{"optimizers", {"gradus.OptimizerConfig.adamw"}}}));
  EXPECT_TRUE(absl::StrContains(adamw,
                                "    Learning rate when none is given: 0.001.\n"
                                "    Weight decay when none is given: 0.004.\n"))
      << adamw;
  EXPECT_FALSE(
      absl::StrContains(RenderCatalogue(SelectThings(Catalogue(), "adam")), "Weight decay when"));
}

TEST(DescribeTest, WrapsMeaningsAtTheWidth) {
  const std::string text = RenderCatalogue(SelectThings(Catalogue(), "adam"), 80);
  const size_t table = text.find("    field");
  for (absl::string_view line : absl::StrSplit(text.substr(table), '\n')) {
    EXPECT_LE(line.size(), 80u) << line;
  }
}

}  // namespace
}  // namespace gradus
