// PNG images in folders, one folder a class: PATH/cat/1.png. Classes are numbered in the order of the
// bytes of their names, examples are in the order of classes and files; names of classes are saved
// with the model, and a folder for a trained model is known by its name.
//
//   train { image_folder { path: "pets" image: "x" label: "kind" divide_by: 255 } }
//
// Files that do not end in .png, and files beside the folders, are not looked at.

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_escape.h"
#include "gradus/data/column_transform.h"
#include "gradus/data/reader.h"
#include "framework/readers/png_files.h"
#include "framework/readers/png_image.h"

namespace gradus {
namespace {

struct Folder {
  std::string name;
  std::vector<std::string> files;
};

// What is in a folder of no .png file, and what to do about it.
std::string HintForNoImages(const std::string& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string lower = absl::AsciiStrToLower(name);
    for (const char* other : {".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}) {
      if (absl::EndsWith(lower, other)) {
        return absl::StrCat("; images such as ", Quoted(name), " are to be saved as PNG");
      }
    }
  }
  for (const std::string& name : names) {
    if (absl::StartsWith(name, ".") || !ListFolder(JoinPath(folder, name)).ok()) continue;
    return absl::StrCat("; each class is a folder of .png files, and here are folders, such as ",
                        Quoted(name), ": if they are the classes, the path is that of \"",
                        folder, "\"");
  }
  return "; each class is a folder of .png files";
}

absl::StatusOr<std::vector<Folder>> FindImages(const std::string& path) {
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(path));
  std::vector<Folder> folders;
  for (const std::string& name : names) {
    const std::string inner = JoinPath(path, name);
    const absl::StatusOr<std::vector<std::string>> files = ListFolder(inner);
    if (!files.ok() || absl::StartsWith(name, ".")) continue;
    Folder folder = {name, {}};
    for (const std::string& file : *files) {
      if (absl::EndsWith(absl::AsciiStrToLower(file), ".png") && !absl::StartsWith(file, ".")) {
        folder.files.push_back(JoinPath(inner, file));
      }
    }
    if (!IsUtf8(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the name of the folder ", Quoted(name), " is not UTF-8"));
    }
    if (folder.files.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(inner, ": there is no .png file in it", HintForNoImages(inner, *files)));
    }
    folders.push_back(std::move(folder));
  }
  if (folders.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": there are no folders in it; each class is a folder of .png files"));
  }
  return folders;
}

std::string SizeOf(int64_t height, int64_t width) {
  return absl::StrCat(width, " x ", height, " pixels");
}

// All images [images, height, width, channels]; `channels` 0: as the first has it.
absl::StatusOr<Tensor> ReadImages(const std::vector<std::string>& files, int channels) {
  Tensor tensor;
  for (size_t i = 0; i < files.size(); ++i) {
    GRADUS_ASSIGN_OR_RETURN(const PngImage image, ReadPng(files[i], channels));
    if (i == 0) {
      channels = image.channels;
      GRADUS_ASSIGN_OR_RETURN(
          tensor, Tensor::Create(DType::kUint8, {static_cast<int64_t>(files.size()), image.height,
                                                 image.width, image.channels}));
    } else if (image.height != tensor.dims()[1] || image.width != tensor.dims()[2]) {
      return absl::InvalidArgumentError(absl::StrCat(
          files[i], ": the image has ", SizeOf(image.height, image.width), ", ", files[0], " has ",
          SizeOf(tensor.dims()[1], tensor.dims()[2]), "; all images have one size"));
    }
    std::memcpy(static_cast<uint8_t*>(tensor.mutable_raw()) + i * image.pixels.size(),
                image.pixels.data(), image.pixels.size());
  }
  return tensor;
}

class ImageFolder : public TypedReader<ImageFolderSource> {
  void Open(const ImageFolderSource& config, const ConfigPath& path,
            Opening* opening) const override {
    const int image = opening->Claim(config.image(), path.Child("image"), 0);
    if (image >= 0) {
      opening->feed(image).path = path;
      opening->PlanValues({config.image(), config.has_divide_by(), config.has_standardise(),
                           config.divide_by(), config.standardise()},
                          path, image);
    }
    const int label =
        config.has_label() ? opening->Claim(config.label(), path.Child("label"), 1) : -1;
    const int said = config.channels();
    if (config.has_channels() && said != 1 && said != 3 && said != 4) {
      const std::string message = absl::StrCat(
          "channels ", said, " is none of 1 (grey), 3 (colour) and 4 (colour and opacity)");
      if (said == 2) {
        opening->Error("out-of-range", path.Child("channels"), message);
      } else {
        opening->RuleBroken("out-of-range", path.Child("channels"), message);
      }
    }
    const std::string name = opening->Resolve(config.path());
    if (opening->predicting() && label < 0) return OpenNew(config, path, image, name, opening);
    const absl::StatusOr<std::vector<Folder>> folders = FindImages(name);
    if (!folders.ok()) {
      return opening->Error("file", path.Child("path"), folders.status().message());
    }
    std::vector<std::string> files, classes;
    std::vector<int32_t> labels;
    for (const Folder& folder : *folders) classes.push_back(folder.name);
    if (label >= 0) TakeClasses(config, path, label, opening, &classes);
    for (const Folder& folder : *folders) {
      const auto place = std::find(classes.begin(), classes.end(), folder.name);
      for (const std::string& file : folder.files) {
        files.push_back(file);
        labels.push_back(static_cast<int32_t>(place - classes.begin()));
      }
    }
    if (opening->failed()) return;

    int channels = config.channels();
    if (channels == 0 && opening->role() == Role::kTrained &&
        opening->input(image).dims.size() == 3) {
      const int64_t last = opening->input(image).dims[2];
      if (last == 1 || last == 3 || last == 4) channels = static_cast<int>(last);
    }
    absl::StatusOr<Tensor> images = ReadImages(files, channels);
    if (!images.ok()) return opening->Error("data", path.Child("path"), images.status().message());
    const std::vector<int64_t> dims(images->dims().begin() + 1, images->dims().end());
    opening->CheckFits(image, DType::kUint8, dims, path, name);
    std::vector<FieldSpec> specs = {{config.image(), DType::kUint8, dims}};
    std::vector<Tensor> tensors = {*std::move(images)};
    if (label >= 0) {
      opening->CheckFits(label, DType::kInt32, {}, path.Child("label"), "the class");
      specs.push_back({config.label(), DType::kInt32, {}});
      tensors.push_back(Tensor::Of<int32_t>({static_cast<int64_t>(labels.size())}, labels));
    }
    opening->Give(MakeTensorDataset(
        std::move(specs), std::move(tensors),
        [files = std::move(files)](int64_t row, int) { return files[static_cast<size_t>(row)]; }));
  }

  // A folder, or one image: its first bytes.
  Reads WouldRead(const GivenPlace& given) const override {
    const bool images = given.folder || absl::StartsWith(given.beginning, "\x89PNG\r\n\x1a\n");
    return images ? Reads::kYes : Reads::kNo;
  }

  // `channels` is as in training; an input that is compared with predictions takes the class.
  absl::Status PointAt(const std::string& path, absl::Span<const FieldSpec> inputs,
                       google::protobuf::Message* message) const override {
    ImageFolderSource* config = static_cast<ImageFolderSource*>(message);
    config->set_path(path);
    config->clear_image();
    config->clear_label();
    for (const FieldSpec& input : inputs) {
      if (input.is_label) config->set_label(input.input);
      if (!input.is_label) config->set_image(input.input);
    }
    if (config->has_image() && inputs.size() == (config->has_label() ? 2u : 1u)) {
      return absl::OkStatus();
    }
    std::vector<std::string> names;
    for (const FieldSpec& input : inputs) names.push_back(input.input);
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": images feed one input, and ", ListCategories(names), " are to be fed; give each its own"));
  }

  // Images without classes for a trained model, read when they are asked for.
  static void OpenNew(const ImageFolderSource& config, const ConfigPath& path, int image,
                      const std::string& name, Opening* opening) {
    if (opening->failed()) return;
    absl::StatusOr<PngFiles> files = FindPngFiles(name);
    if (!files.ok()) return opening->Error("file", path.Child("path"), files.status().message());
    const std::vector<int64_t>& dims = opening->input(image).dims;
    ImageForm form;
    if (dims.size() == 2 || dims.size() == 3) {
      form.height = dims[0];
      form.width = dims[1];
      form.channels = dims.size() == 2 ? 1 : static_cast<int>(dims[2]);
    }
    form.convert = config.has_channels();
    if (form.convert) form.channels = config.channels();
    opening->NameExamples("file", [names = files->names](int64_t row) {
      return names[static_cast<size_t>(row)];
    });
    auto images = OpenPngFiles(*std::move(files), config.image(), form);
    if (!images.ok()) return opening->Error("data", path.Child("path"), images.status().message());
    opening->CheckFits(image, DType::kUint8, (*images)->fields()[0].dims, path, name);
    opening->Give(*std::move(images));
  }

  // The classes are those of training, if there was one; folders are to be among them.
  static void TakeClasses(const ImageFolderSource& config, const ConfigPath& path, int label,
                          Opening* opening, std::vector<std::string>* classes) {
    InputTransform& transform = opening->feed(label).transform;
    if (opening->input(label).dtype != DType::kInt32) {
      opening->Error("type", path.Child("label"),
                     absl::StrCat("input \"", config.label(), "\" is ",
                                  Name(opening->input(label).dtype), "; classes are INT32"));
    }
    if (opening->role() != Role::kTrained) {
      transform.class_names = *classes;
      return;
    }
    std::vector<std::string> known = transform.class_names;
    if (known.empty() && transform.treatments.size() == 1) {
      known = transform.treatments[0].categories;
    }
    if (known.empty()) {
      return opening->Error("category", path.Child("path"),
                            absl::StrCat("the classes of input \"", config.label(),
                                         "\" had no names in training, so folders cannot be told "
                                         "to be them; give their numbers as an array"));
    }
    // What was trained on columns of a table is fed with places here.
    transform.treatments.clear();
    for (const std::string& name : *classes) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      opening->Error("category", path.Child("path"),
                     absl::StrCat("the folder ", Quoted(name),
                                  " is no class of training: ", ListCategories(known)));
    }
    *classes = known;
  }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.image_folder", ImageFolder);

}  // namespace
}  // namespace gradus
