// The lines of a sweep's files. Internal to sweep.

#ifndef GRADUS_API_SWEEP_JSON_H_
#define GRADUS_API_SWEEP_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"

namespace gradus {

std::string JsonText(absl::string_view text);                  // In quotes.
std::string JsonTexts(const std::vector<std::string>& texts);  // In brackets.

// One JSON object.
absl::StatusOr<google::protobuf::Struct> ParseJson(absl::string_view line);
// Of a field that is missing, or of another type: "", NaN, {}.
std::string TextOf(const google::protobuf::Struct& object, const std::string& name);
double NumberOf(const google::protobuf::Struct& object, const std::string& name);
std::vector<std::string> TextsOf(const google::protobuf::Struct& object, const std::string& name);

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_JSON_H_
