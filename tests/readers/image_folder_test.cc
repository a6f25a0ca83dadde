// Folders of PNG images, made byte by byte: pixels, classes and what is refused.

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/readers/png_testing.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

using Lines = std::vector<std::string>;

class ImageFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = TestFile("pets");
    ASSERT_TRUE(RemoveTree(folder_).ok());
    Write("dog/1.png", Png(2, 1, 0, {1, 2}));
    Write("cat/b.PNG", Png(2, 1, 0, {3, 4}));
    Write("cat/a.png", Png(2, 1, 0, {5, 6}));
    Write("cat/notes.txt", "no image");
    Write("readme.md", "neither");
  }
  void Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ + "/" + name;
    ASSERT_TRUE(MakeFolders(FolderOf(path)).ok());
    ASSERT_TRUE(WriteFile(path, bytes).ok());
  }
  DataSplits Open(const std::string& text, Lines* findings) {
    FieldSpec x = {"x", DType::kFloat32, {}};
    x.any_dims = true;
    Diagnostics diagnostics;
    DataSplits splits =
        OpenData(ParseData(text), {x, {"kind", DType::kInt32, {}}}, TestFolder(), {}, &diagnostics);
    *findings = Findings(diagnostics);
    return splits;
  }
  // The one image of a folder, read with that many channels.
  std::vector<float> One(const std::string& png, int channels) {
    EXPECT_TRUE(RemoveTree(folder_).ok());
    Write("a/1.png", png);
    Lines findings;
    const DataSplits splits =
        Open(absl::StrCat("train { image_folder { path: 'pets' image: 'x' label: 'kind' ",
                          channels == 0 ? "" : absl::StrCat("channels: ", channels), " } }"),
             &findings);
    EXPECT_EQ(findings, Lines{});
    if (splits.train == nullptr) return {};
    std::vector<float> x(splits.train->fields()[0].elements());
    int32_t kind;
    EXPECT_TRUE(splits.train->Read({0}, {x.data(), &kind}).ok());
    return x;
  }

  std::string folder_;
};

TEST_F(ImageFolderTest, FoldersAreClassesInTheOrderOfTheirNames) {
  Lines findings;
  const DataSplits splits = Open(
      "train { image_folder { path: 'pets' image: 'x' label: 'kind' divide_by: 2 } }"
      "test { image_folder { path: 'pets' image: 'x' label: 'kind' } }",
      &findings);
  ASSERT_EQ(findings, Lines{});
  for (const auto& dataset : {splits.train, splits.test}) {
    ASSERT_NE(dataset, nullptr);
    EXPECT_EQ(dataset->fields()[0].dims, (std::vector<int64_t>{1, 2, 1}));
    std::vector<float> x(6);
    std::vector<int32_t> kind(3);
    ASSERT_TRUE(dataset->Read({0, 1, 2}, {x.data(), kind.data()}).ok());
    EXPECT_EQ(x, (std::vector<float>{2.5f, 3, 1.5f, 2, 0.5f, 1}));
    EXPECT_EQ(kind, (std::vector<int32_t>{0, 0, 1}));
    EXPECT_EQ(WithoutFolder(dataset->Where(1, 0)), "pets/cat/b.PNG");
  }
  EXPECT_EQ(splits.preprocessing.ClassNames("kind"), (Lines{"cat", "dog"}));

  // A model that knows both takes a folder with one of them, under its number.
  ASSERT_TRUE(RemoveTree(folder_ + "/cat").ok());
  Diagnostics diagnostics;
  SourceConfig config;
  config.mutable_image_folder()->set_path("pets");
  config.mutable_image_folder()->set_image("x");
  config.mutable_image_folder()->set_label("kind");
  const std::vector<FieldSpec> inputs = {{"x", DType::kFloat32, {1, 2, 1}},
                                         {"kind", DType::kInt32, {}}};
  const auto open = [&] {
    return OpenSource(config, ConfigPath().Child("s"), inputs, TestFolder(), {},
                      splits.preprocessing, &diagnostics);
  };
  const auto dogs = open();
  ASSERT_NE(dogs, nullptr) << diagnostics.ToStatus();
  float x[2];
  int32_t kind;
  ASSERT_TRUE(dogs->Read({0}, {x, &kind}).ok());
  EXPECT_EQ(kind, 1);
  Write("emu/1.png", Png(2, 1, 0, {1, 2}));
  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(Findings(diagnostics), (Lines{"s.image_folder.path: the folder \"emu\" is no class of "
                                          "training: \"cat\", \"dog\""}));
}

TEST_F(ImageFolderTest, ImagesOfAnyFormBecomeBytes) {
  const std::string grey = {7, char(200)}, colour = {10, 20, 30, char(250), 0, 5};
  EXPECT_EQ(One(Png(2, 1, 0, grey), 0), (std::vector<float>{7, 200}));
  EXPECT_EQ(One(Png(2, 1, 0, grey), 3), (std::vector<float>{7, 7, 7, 200, 200, 200}));
  EXPECT_EQ(One(Png(2, 1, 0, grey), 4), (std::vector<float>{7, 7, 7, 255, 200, 200, 200, 255}));
  EXPECT_EQ(One(Png(1, 2, 2, colour), 0), (std::vector<float>{10, 20, 30, 250, 0, 5}));
  EXPECT_EQ(One(Png(1, 1, 6, {1, 2, 3, 4}), 0), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(One(Png(1, 1, 6, {1, 2, 3, 4}), 3), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(One(Png(1, 1, 4, {9, 4}), 1), std::vector<float>{9});
  // 16 bits, rounded: 0x80ff / 257 is 128.5.
  EXPECT_NEAR(One(Png(1, 1, 0, {char(0x80), char(0x80)}, 16), 0)[0], 128, 0);
  EXPECT_EQ(One(Png(8, 1, 0, {char(0xa1)}, 1), 0),
            (std::vector<float>{255, 0, 255, 0, 0, 0, 0, 255}));
  // Luminance of Rec. 709: 0.2126, 0.7152, 0.0722; libpng's coefficients have 15 bits.
  const std::vector<float> luminance = One(Png(1, 1, 2, {100, char(150), 50}), 1);
  EXPECT_NEAR(luminance[0], 0.2126 * 100 + 0.7152 * 150 + 0.0722 * 50, 1);
}

TEST_F(ImageFolderTest, WhatIsNoFolderOfImagesIsRefused) {
  const auto finding = [this](const std::string& more = "") {
    Lines findings;
    Open("train { image_folder { path: 'pets' image: 'x' label: 'kind' " + more + " } }",
         &findings);
    return findings.empty() ? "" : findings[0];
  };
  const std::string at = "data.train.image_folder.";
  EXPECT_EQ(finding(), "");
  EXPECT_EQ(finding("channels: 2"),
            at + "channels: channels 2 is none of 1 (grey), 3 (colour) and 4 (colour and opacity)");
  Write("dog/2.png", Png(1, 2, 0, {1, 2}));
  EXPECT_EQ(finding(),
            at + "path: pets/dog/2.png: the image has 1 x 2 pixels, pets/cat/a.png has 2 x 1 "
                 "pixels; all images have one size");
  Write("dog/2.png", "GIF89a, not PNG");
  EXPECT_EQ(finding(), at + "path: pets/dog/2.png: is not a PNG image");
  const std::string whole = Png(2, 1, 0, {1, 2});
  Write("dog/2.png", whole.substr(0, 45));
  EXPECT_EQ(finding(), at + "path: pets/dog/2.png: the file ends inside the image");
  Write("dog/2.png", Png(1 << 19, 1 << 19, 2, std::string(1 << 19, '\0')));
  EXPECT_EQ(finding(),
            at + "path: pets/dog/2.png: the image is 524288 x 524288, which is more than 256 "
                 "MiB");
  std::string broken = whole;
  broken[20] ^= 1;  // The width; the checksum no longer fits.
  Write("dog/2.png", broken);
  EXPECT_EQ(finding(), at + "path: pets/dog/2.png: IHDR: CRC error");
  ASSERT_TRUE(RemoveTree(folder_ + "/dog/2.png").ok());
  ASSERT_TRUE(MakeFolders(folder_ + "/empty").ok());
  EXPECT_EQ(finding(), at +
                           "path: pets/empty: there is no .png file in it; each class is a folder "
                           "of .png files");
  ASSERT_TRUE(RemoveTree(folder_).ok());
  ASSERT_TRUE(MakeFolders(folder_).ok());
  EXPECT_EQ(finding(), at +
                           "path: pets: there are no folders in it; each class is a folder of .png "
                           "files");
}

}  // namespace
}  // namespace gradus
