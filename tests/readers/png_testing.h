// PNG images, made byte by byte.

#ifndef GRADUS_TESTS_READERS_PNG_TESTING_H_
#define GRADUS_TESTS_READERS_PNG_TESTING_H_

#include <zlib.h>

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {

inline std::string PngChunk(const std::string& type, const std::string& body) {
  const std::string checked = type + body;
  const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(checked.data()), checked.size());
  return BigEndian(static_cast<uint32_t>(body.size())) + checked +
         BigEndian(static_cast<uint32_t>(sum));
}

// `type`: 0 grey, 2 colour, 4 grey and opacity, 6 colour and opacity; samples of `bits` bits.
inline std::string Png(uint32_t width, uint32_t height, int type, const std::string& samples,
                       int bits = 8) {
  std::string header = BigEndian(width) + BigEndian(height);
  for (int byte : {bits, type, 0, 0, 0}) header.push_back(static_cast<char>(byte));
  std::string rows;
  const size_t row = samples.size() / height;
  for (uint32_t r = 0; r < height; ++r) rows += std::string(1, '\0') + samples.substr(r * row, row);
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(&packed[0]), &size,
                     reinterpret_cast<const Bytef*>(rows.data()), rows.size()),
            Z_OK);
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" + PngChunk("IHDR", header) + PngChunk("IDAT", packed) +
         PngChunk("IEND", "");
}

}  // namespace gradus

#endif  // GRADUS_TESTS_READERS_PNG_TESTING_H_
