// measures.json of a run folder: which way what the run measures gets better, which metrics know of
// themselves, so that whoever looks at the run later need not guess by their names.
//
//   {"loss":"min","accuracy":"max","spread":null}
//
// null: the metric does not say. Metrics that are only tables have no number and do not stand here.

#ifndef GRADUS_API_MEASURES_FILE_H_
#define GRADUS_API_MEASURES_FILE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/direction.pb.h"
#include "gradus/train/controller.h"

namespace gradus {

// By a measure's name without its split; AUTO where it has none.
using Directions = std::map<std::string, Direction>;

Directions DirectionsOf(const MonitorTable& monitors);
// "validation/accuracy" or "accuracy": of what is not among them, by its name.
Direction DirectionOf(const Directions& directions, absl::string_view measure);

absl::Status WriteMeasures(const std::string& path, const MonitorTable& monitors);
// Empty when there is no such file: the run is older.
absl::StatusOr<Directions> ReadMeasures(const std::string& path);

}  // namespace gradus

#endif  // GRADUS_API_MEASURES_FILE_H_
