// The JSON header of a safetensors file, and nothing more of JSON than it needs:
//
//   {"__metadata__":{"format":"pt"},"a/b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}
//
// Read strictly: a name that stands twice, a field that the format does not know, a number that is
// no whole number of 63 bits, or text behind the object is an error with the byte where it stands.
// Nesting is fixed by the format, so no input can make the parser recurse.

#ifndef GRADUS_TRAIN_SAFETENSORS_HEADER_H_
#define GRADUS_TRAIN_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gradus {

struct SafetensorsEntry {
  std::string name;
  std::string type;  // "F32"
  std::vector<int64_t> dims;
  int64_t begin = 0, end = 0;  // Bytes of the data; begin <= end.
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // In the order of the text.
  std::map<std::string, std::string> metadata;
};

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view json);

// A string as JSON writes it.
std::string JsonQuote(absl::string_view text);

}  // namespace gradus

#endif  // GRADUS_TRAIN_SAFETENSORS_HEADER_H_
