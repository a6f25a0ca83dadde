// One PNG image as bytes, 0 to 255, whatever its own form is.

#ifndef GRADUS_FRAMEWORK_READERS_PNG_IMAGE_H_
#define GRADUS_FRAMEWORK_READERS_PNG_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gradus {

struct PngImage {
  int64_t height = 0, width = 0;
  int channels = 0;             // 1 grey, 3 colour, 4 colour and opacity.
  std::vector<uint8_t> pixels;  // [height, width, channels]
};

// `channels` 0: as the file has it. Colour becomes grey by its luminance, opacity is left out or
// full, 16 bits are rounded to 8; gamma is left as it is. A decoded image has at most 256 MiB.
absl::StatusOr<PngImage> ReadPng(const std::string& path, int channels);

}  // namespace gradus

#endif  // GRADUS_FRAMEWORK_READERS_PNG_IMAGE_H_
