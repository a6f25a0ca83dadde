// Names first, pixels later.

#include "framework/readers/png_files.h"

#include <sys/stat.h>

#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "framework/readers/png_image.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

bool IsPng(const std::string& name) {
  return absl::EndsWith(absl::AsciiStrToLower(name), ".png") && !absl::StartsWith(name, ".");
}

// What is said of a folder with images of another format.
std::string OtherImage(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string lower = absl::AsciiStrToLower(name);
    for (const char* other : {".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}) {
      if (!absl::EndsWith(lower, other)) continue;
      return absl::StrCat("; images such as ", Quoted(name), " are to be saved as PNG");
    }
  }
  return "";
}

std::string ChannelsInWords(int channels) {
  return absl::StrCat(channels, channels == 1   ? " channel (grey)"
                                : channels == 3 ? " channels (colour)"
                                : channels == 4 ? " channels (colour and opacity)"
                                                : " channels");
}

class PngDataset : public Dataset {
 public:
  PngDataset(PngFiles files, std::string input, const ImageForm& form)
      : files_(std::move(files)),
        form_(form),
        spec_({std::move(input), DType::kUint8, {form.height, form.width, form.channels}}) {}

  absl::Span<const FieldSpec> fields() const override { return absl::MakeConstSpan(&spec_, 1); }
  int64_t size() const override { return static_cast<int64_t>(files_.names.size()); }
  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    char* to = static_cast<char*>(destinations[0]);
    for (const int64_t row : rows) {
      GRADUS_ASSIGN_OR_RETURN(const PngImage image, ReadOne(files_, row, form_));
      std::memcpy(to, image.pixels.data(), image.pixels.size());
      to += image.pixels.size();
    }
    return absl::OkStatus();
  }
  std::string Where(int64_t row, int) const override {
    return files_.File(static_cast<size_t>(row));
  }

  static absl::StatusOr<PngImage> ReadOne(const PngFiles& files, int64_t row,
                                          const ImageForm& form) {
    const std::string file = files.File(static_cast<size_t>(row));
    GRADUS_ASSIGN_OR_RETURN(PngImage image, ReadPng(file, form.convert ? form.channels : 0));
    if (form.channels != 0 && image.channels != form.channels) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": the image has ", ChannelsInWords(image.channels),
                       ", the model takes ", ChannelsInWords(form.channels)));
    }
    if (form.height != 0 && (image.height != form.height || image.width != form.width)) {
      return absl::InvalidArgumentError(absl::StrCat(file, ": the image has ", image.width, " x ",
                                                     image.height, " pixels, the model takes ",
                                                     form.width, " x ", form.height));
    }
    return image;
  }

 private:
  const PngFiles files_;
  const ImageForm form_;
  const FieldSpec spec_;
};

}  // namespace

std::string PngFiles::File(size_t i) const { return JoinPath(path, names[i]); }

absl::StatusOr<PngFiles> FindPngFiles(const std::string& path) {
  PngFiles found;
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
    found.path = FolderOf(path);
    found.names = {path.substr(path.rfind('/') + 1)};
    return found;
  }
  found.path = path;
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(path));
  std::vector<std::string> in_folders;
  for (const std::string& name : names) {
    if (absl::StartsWith(name, ".")) continue;
    const absl::StatusOr<std::vector<std::string>> files = ListFolder(JoinPath(path, name));
    if (!files.ok()) {
      if (IsPng(name)) found.names.push_back(name);
      continue;
    }
    for (const std::string& file : *files) {
      if (IsPng(file)) in_folders.push_back(JoinPath(name, file));
    }
  }
  if (found.names.empty()) found.names.swap(in_folders);
  if (found.names.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": there is no .png file in it, nor in a folder in it", OtherImage(names)));
  }
  if (!in_folders.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": images (", found.names[0],
                                                   ") lie beside folders of images (",
                                                   in_folders[0], "); give a folder of either"));
  }
  return found;
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenPngFiles(PngFiles files, std::string input,
                                                            ImageForm form) {
  GRADUS_ASSIGN_OR_RETURN(const PngImage first, PngDataset::ReadOne(files, 0, form));
  form.height = first.height;
  form.width = first.width;
  form.channels = first.channels;
  return std::shared_ptr<const Dataset>(
      std::make_shared<PngDataset>(std::move(files), std::move(input), form));
}

}  // namespace gradus
