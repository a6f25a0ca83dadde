// New examples for a trained model, from every reader and by every way of naming them.

#include "gradus/data/new_examples.h"

#include <sys/stat.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gtest/gtest.h"
#include "tests/readers/png_testing.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

using Lines = std::vector<std::string>;

// "{'descr': ...}" and the elements.
std::string Npy(const std::string& type, const std::string& shape, const std::string& elements) {
  const std::string header =
      absl::StrCat("{'descr': '", type, "', 'fortran_order': False, 'shape': (", shape, "), }\n");
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.push_back(static_cast<char>(header.size()));
  bytes.push_back('\0');
  return bytes + header + elements;
}

std::string Safetensors(const std::string& name, const std::string& bytes) {
  const std::string header =
      absl::StrCat("{\"", name, "\":{\"dtype\":\"U8\",\"shape\":[", bytes.size() / 2,
                   ",2],\"data_offsets\":[0,", bytes.size(), "]}}");
  std::string file(1, static_cast<char>(header.size()));
  return file + std::string(7, '\0') + header + bytes;
}

// The model takes images of 1 x 2 grey pixels, divided by 2, and one number a row of a table.
class NewExamplesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = TestFile("new_examples");
    ASSERT_TRUE(RemoveTree(folder_).ok());
    InputTransform image = {"image", {}, 2, {}, {}};
    InputTransform age = {"age", {"years"}, 10, {}, {}};
    preprocessing_ = Preprocessing({image, age});
  }
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = absl::StrCat(folder_, "/", name);
    EXPECT_TRUE(MakeFolders(FolderOf(path)).ok());
    EXPECT_TRUE(WriteFile(path, bytes).ok());
    return path;
  }
  absl::StatusOr<NewExamples> Open(const std::vector<NewPlace>& places, bool with_age = false) {
    std::vector<FieldSpec> inputs = {image_};
    if (with_age) inputs.push_back({"age", DType::kFloat32, {}});
    NewExamplesOptions options;
    options.trained = trained_;
    return OpenNewExamples(places, inputs, preprocessing_, options);
  }
  // What the model is fed of the image input.
  std::vector<float> Values(const std::vector<NewPlace>& places) {
    const absl::StatusOr<NewExamples> examples = Open(places);
    EXPECT_TRUE(examples.ok()) << examples.status();
    if (!examples.ok()) return {};
    std::vector<float> values;
    for (int64_t row = 0; row < examples->dataset->size(); ++row) {
      std::vector<float> one(static_cast<size_t>(image_.elements()));
      EXPECT_TRUE(examples->dataset->Read({row}, {one.data()}).ok());
      values.insert(values.end(), one.begin(), one.end());
    }
    return values;
  }
  std::string Refused(const std::vector<NewPlace>& places, bool with_age = false) {
    const absl::StatusOr<NewExamples> examples = Open(places, with_age);
    EXPECT_FALSE(examples.ok());
    return absl::StrReplaceAll(WithoutFolder(examples.status().message()), {{"new_examples/", ""}});
  }

  std::string folder_;
  FieldSpec image_ = {"image", DType::kFloat32, {1, 2, 1}};
  Preprocessing preprocessing_;
  SourceConfig trained_;
};

TEST_F(NewExamplesTest, EveryKindOfFileGivesTheSameValues) {
  const std::string bytes = {2, 4, 6, 8};
  const std::vector<float> wanted = {1, 2, 3, 4};
  Write("flat/b.png", Png(2, 1, 0, {6, 8}));
  Write("flat/a.PNG", Png(2, 1, 0, {2, 4}));
  Write("flat/notes.txt", "no image");
  EXPECT_EQ(Values({{"", folder_ + "/flat"}}), wanted);
  EXPECT_EQ(Values({{"", folder_ + "/flat/b.png"}}), (std::vector<float>{3, 4}));
  EXPECT_EQ(Values({{"image", Write("x.npy", Npy("|u1", "2, 1, 2", bytes))}}), wanted);
  // What it is does not go by its name, and one flat axis is any shape.
  EXPECT_EQ(Values({{"", Write("x.dat", Npy("|u1", "2, 2", bytes))}}), wanted);
  EXPECT_EQ(Values({{"", Write("x-idx", Idx(8, {2, 1, 2}, bytes))}}), wanted);
  EXPECT_EQ(Values({{"", Write("x.gz", Gzip(Idx(8, {2, 1, 2}, bytes)))}}), wanted);
  EXPECT_EQ(Values({{"", Write("x.safetensors", Safetensors("image", bytes))}}), wanted);
  // In training the tensor was called otherwise.
  SafetensorsField* field = trained_.mutable_safetensors()->add_field();
  field->set_input("image");
  field->set_tensor("pixels");
  trained_.mutable_safetensors()->add_field()->set_input("label");
  EXPECT_EQ(Values({{"", Write("y.safetensors", Safetensors("pixels", bytes))}}), wanted);
}

TEST_F(NewExamplesTest, ExamplesAreCalledByTheirFilesOrRows) {
  Write("classes/dog/1.png", Png(2, 1, 0, {6, 8}));
  Write("classes/cat/2.png", Png(2, 1, 0, {2, 4}));
  const auto images = Open({{"", folder_ + "/classes"}});
  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_EQ(images->name_column, "file");
  EXPECT_EQ(images->name(0), "cat/2.png");
  EXPECT_EQ(images->name(1), "dog/1.png");
  EXPECT_EQ(WithoutFolder(images->lines[0]),
            "image  new_examples/classes: UINT8 [1, 2, 1], divided by 2");
  const auto array = Open({{"", Write("x.npy", Npy("|u1", "1, 2", {2, 4}))}});
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->name_column, "row");
  EXPECT_EQ(array->name(0), "0");
}

TEST_F(NewExamplesTest, InputsHavePlacesOfTheirOwn) {
  const std::string images = Write("x.npy", Npy("|u1", "2, 1, 2", {2, 4, 6, 8}));
  const std::string ages = Write("ages.csv", "who,years\nann,20\nbob,30\n");
  for (const std::vector<NewPlace>& places :
       {std::vector<NewPlace>{{"image", images}, {"age", ages}},
        std::vector<NewPlace>{{"age", ages}, {"", images}}}) {
    const auto examples = Open(places, true);
    ASSERT_TRUE(examples.ok()) << examples.status();
    float image[2], age[1];
    ASSERT_TRUE(examples->dataset->Read({1}, {image, age}).ok());
    EXPECT_EQ(image[1], 4);
    EXPECT_EQ(age[0], 3);
    ASSERT_NE(examples->table, nullptr);
    EXPECT_EQ(examples->table->columns(), (Lines{"who", "years"}));
    EXPECT_EQ(WithoutFolder(examples->dataset->Where(1, 1)), "new_examples/ages.csv:3");
  }
  EXPECT_EQ(
      Refused({{"", images}}, true),
      "x.npy: a file of this kind feeds one input, and \"image\", \"age\" are to be fed; give "
      "each its own");
  EXPECT_EQ(Refused({{"image", images}}, true),
            "nothing is given for \"age\" FLOAT32 []; every input has a place");
  EXPECT_EQ(Refused({{"image", images}, {"agee", ages}}, true),
            "ages.csv: no input \"agee\" is needed; did you mean \"age\"?");
  EXPECT_EQ(Refused({{"image", images}, {"image", ages}}, true),
            "input \"image\" is fed twice: from x.npy and ages.csv");
  EXPECT_EQ(Refused({{"image", images}, {"age", ages}, {"", images}}, true),
            "x.npy: every input has a place of its own; there is none left");
  EXPECT_EQ(Refused({{"image", images}, {"age", Write("one.csv", "years\n7\n")}}, true),
            "one.csv has 1 examples, x.npy has 2; each example is one row of both");
}

TEST_F(NewExamplesTest, WhatTheModelDoesNotTakeIsRefused) {
  EXPECT_EQ(Refused({{"", folder_ + "/nothing"}}), "nothing: No such file or directory");
  Write("jpegs/a.jpg", "");
  EXPECT_EQ(
      Refused({{"", folder_ + "/jpegs"}}),
      "jpegs: there is no .png file in it, nor in a folder in it; images such as \"a.jpg\" are "
      "to be saved as PNG");
  Write("wide/a.png", Png(3, 1, 0, {2, 4, 6}));
  EXPECT_EQ(Refused({{"", folder_ + "/wide"}}),
            "wide/a.png: the image has 3 x 1 pixels, the model takes 2 x 1");
  const std::string colour = Write("colour/a.png", Png(2, 1, 2, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Refused({{"", folder_ + "/colour"}}),
            "colour/a.png: the image has 3 channels (colour), the model takes 1 channel (grey)");
  Write("text/a.png", "an image");
  EXPECT_EQ(Refused({{"", folder_ + "/text"}}), "text/a.png: is not a PNG image");
  Write("both/a.png", Png(2, 1, 0, {2, 4}));
  Write("both/cat/a.png", Png(2, 1, 0, {2, 4}));
  EXPECT_EQ(
      Refused({{"", folder_ + "/both"}}),
      "both: images (a.png) lie beside folders of images (cat/a.png); give a folder of either");
  EXPECT_EQ(Refused({{"", Write("empty", "")}}),
            "empty: the file is empty; the model takes \"image\" FLOAT32 [1, 2, 1]");
  EXPECT_EQ(
      Refused({{"", Write("t.csv", "a,b\n1,2\n")}}),
      "t.csv: is text, as a table is, and the model was not trained on the columns of one (what is "
      "read for it: idx, image_folder, npy, safetensors); the model takes \"image\" FLOAT32 [1, 2, "
      "1]");
  EXPECT_EQ(Refused({{"", Write("t.bin", std::string("\0\0\0\0", 4))}}),
            "t.bin: is of no kind that is read (idx, image_folder, npy, safetensors); the model "
            "takes \"image\" FLOAT32 [1, 2, 1]");
  EXPECT_EQ(
      Refused({{"", Write("x.npy", Npy("|u1", "1, 3", {1, 2, 3}))}}),
      "input \"image\" is FLOAT32 [1, 2, 1], that is 2 numbers an example; x.npy has 3 ([3])");
  EXPECT_EQ(Refused({{"", Write("z.npz", "PK\3\4")}}),
            "z.npz: is an archive of arrays (.npz); save each array with numpy.save");
  const std::string packed = Gzip(Npy("|u1", "2, 2", {1, 2, 3, 4}));
  EXPECT_NE(Refused({{"", Write("cut.npy.gz", packed.substr(0, packed.size() - 9))}}), "");

  // The same numbers in other axes are not the same image.
  image_.dims = {2, 3, 1};
  EXPECT_EQ(Refused({{"", Write("turned.npy", Npy("|u1", "1, 3, 2", {1, 2, 3, 4, 5, 6}))}}),
            "turned.npy: an example is UINT8 [3, 2]; input \"image\" takes [2, 3, 1]");
}

// A channel that training converts is converted here.
TEST_F(NewExamplesTest, ChannelsAreConvertedWhereTrainingDid) {
  Write("colour/a.png", Png(2, 1, 2, {6, 6, 6, 8, 8, 8}));
  trained_.mutable_image_folder()->set_image("image");
  trained_.mutable_image_folder()->set_label("kind");
  EXPECT_FALSE(Open({{"", folder_ + "/colour"}}).ok());
  trained_.mutable_image_folder()->set_channels(1);
  EXPECT_EQ(Values({{"", folder_ + "/colour"}}), (std::vector<float>{3, 4}));
}

TEST_F(NewExamplesTest, AModelOfTablesTakesTables) {
  image_ = {"age", DType::kFloat32, {}};
  Write("flat/b.png", Png(2, 1, 0, {6, 8}));
  EXPECT_EQ(Refused({{"", folder_ + "/flat"}}),
            "flat: is a folder; the model takes \"age\" from a table with the column \"years\"");
  const auto table = Open({{"", Write("t.txt", "who,years\nann,20\n")}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->name_column, "");
  EXPECT_EQ(table->lines, Lines{});
}

// `gradus eval`: the input that is compared with predictions takes the class.
TEST_F(NewExamplesTest, FoldersAreTheClassesOfTraining) {
  Write("classes/dog/1.png", Png(2, 1, 0, {6, 8}));
  FieldSpec kind = {"kind", DType::kInt32, {}};
  kind.is_label = true;
  InputTransform image = {"image", {}, 2, {}, {}}, names = {"kind", {}, 1, {}, {}};
  names.class_names = {"cat", "dog"};
  const std::vector<NewPlace> places = {{"", folder_ + "/classes"}};
  const auto examples = OpenNewExamples(places, {image_, kind}, Preprocessing({image, names}));
  ASSERT_TRUE(examples.ok()) << examples.status();
  float pixels[2];
  int32_t place;
  ASSERT_TRUE(examples->dataset->Read({0}, {pixels, &place}).ok());
  EXPECT_EQ(pixels[1], 4);
  EXPECT_EQ(place, 1);
  EXPECT_EQ(
      OpenNewExamples(places, {image_, kind}, preprocessing_).status().message(),
      "the classes of input \"kind\" had no names in training, so folders cannot be told to be "
      "them; give their numbers as an array");
}

// An image that is broken far behind is found when it is read, and named.
TEST_F(NewExamplesTest, ImagesAreReadWhenTheyAreAskedFor) {
  Write("flat/a.png", Png(2, 1, 0, {6, 8}));
  Write("flat/b.png", Png(2, 1, 0, {6, 8}).substr(0, 50));
  const auto examples = Open({{"", folder_ + "/flat"}});
  ASSERT_TRUE(examples.ok()) << examples.status();
  float values[2];
  EXPECT_TRUE(examples->dataset->Read({0}, {values}).ok());
  const absl::Status status = examples->dataset->Read({1}, {values});
  EXPECT_EQ(WithoutFolder(status.message()),
            "new_examples/flat/b.png: the file ends inside the image");
}

}  // namespace
}  // namespace gradus
