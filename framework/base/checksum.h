// CRC-32 (zlib's) of a file's bytes: what pairs a header with its tensors, and a run with its tables.

#ifndef GRADUS_BASE_CHECKSUM_H_
#define GRADUS_BASE_CHECKSUM_H_

#include <zlib.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace gradus {

inline uint32_t Crc32(absl::string_view bytes) {
  uLong crc = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const size_t part = std::min<size_t>(bytes.size(), 1u << 30);  // zlib counts in 32 bits.
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(part));
    bytes.remove_prefix(part);
  }
  return static_cast<uint32_t>(crc);
}

}  // namespace gradus

#endif  // GRADUS_BASE_CHECKSUM_H_
