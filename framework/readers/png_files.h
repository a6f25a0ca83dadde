// Files of a folder of images: which there are, and their pixels when they are asked for.

#ifndef GRADUS_READERS_PNG_FILES_H_
#define GRADUS_READERS_PNG_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/data/dataset.h"

namespace gradus {

struct PngFiles {
  std::string path;                // Of the folder.
  std::vector<std::string> names;  // Of the images, relative to it: "a.png", "cat/a.png".

  std::string File(size_t i) const;  // As it can be opened.
};

// The images of one flat folder, those of the folders in it, or one image by itself, in the order of
// the bytes of their names. Images beside folders of images are refused.
absl::StatusOr<PngFiles> FindPngFiles(const std::string& path);

// What an image is to be; 0: whatever the first one is.
struct ImageForm {
  int64_t height = 0, width = 0;
  int channels = 0;
  bool convert = true;  // An image of other channels is converted; otherwise it is refused.
};

// An example is the bytes of one image, read and checked when it is asked for, so that memory does
// not grow with their number. The first image is read here. Messages name the image.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenPngFiles(PngFiles files, std::string input,
                                                            ImageForm form);

}  // namespace gradus

#endif  // GRADUS_READERS_PNG_FILES_H_
