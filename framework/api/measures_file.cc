// Directions, as an object of JSON.

#include "gradus/api/measures_file.h"

#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "gradus/api/json_lines.h"
#include "gradus/api/sweep_json.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 24;

absl::string_view Word(Direction direction) {
  return direction == MIN ? "\"min\"" : direction == MAX ? "\"max\"" : "null";
}

}  // namespace

Directions DirectionsOf(const MonitorTable& monitors) {
  Directions directions = {{"loss", MIN}};
  for (const MeasuredMetric& metric : monitors.metrics()) {
    if (!metric.table) directions[metric.name] = metric.direction;
  }
  return directions;
}

Direction DirectionOf(const Directions& directions, absl::string_view measure) {
  absl::string_view name = measure;
  for (const char* split : {"validation/", "train/", "test/", "batch/"}) {
    if (absl::ConsumePrefix(&name, split)) break;
  }
  const auto found = directions.find(std::string(name));
  return found != directions.end() ? found->second : DirectionByName(measure);
}

absl::Status WriteMeasures(const std::string& path, const MonitorTable& monitors) {
  std::vector<std::string> pairs;
  for (const auto& [name, direction] : DirectionsOf(monitors)) {
    pairs.push_back(absl::StrCat(JsonString(name), ":", Word(direction)));
  }
  return WriteFile(path, absl::StrCat("{", absl::StrJoin(pairs, ","), "}\n"));
}

absl::StatusOr<Directions> ReadMeasures(const std::string& path) {
  Directions directions;
  if (!Exists(path)) return directions;
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  const absl::StatusOr<google::protobuf::Struct> object = ParseJson(text);
  if (!object.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": ", object.status().message()));
  }
  for (const auto& [name, value] : object->fields()) {
    const bool none = value.kind_case() == google::protobuf::Value::kNullValue;
    if (!none && value.string_value() != "min" && value.string_value() != "max") {
      return absl::DataLossError(
          absl::StrCat(path, ": \"", name, "\" is neither \"min\" nor \"max\" nor null"));
    }
    directions[name] = none ? AUTO : value.string_value() == "min" ? MIN : MAX;
  }
  return directions;
}

}  // namespace gradus
