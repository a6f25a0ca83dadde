// What is only of metrics: names that they must not have, and the units in which they are told.

#ifndef GRADUS_GRAPH_METRIC_RULES_H_
#define GRADUS_GRAPH_METRIC_RULES_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "gradus/graph/prediction_meaning.h"
#include "gradus/graph/value_units.h"

namespace gradus {

// Whether a line of metrics.jsonl has a column of this name beside the metrics.
bool IsLogColumn(absl::string_view name);

// The units of labels that are numbers. Where all losses take a label for classes or for yes and no, it is what it was made, whatever it was
// in the table: metrics compare it with probabilities, too.
UnitsByInput UnitsOfNumbers(const UnitsByInput& units,
                            const std::vector<PredictionMeaning>& meanings);

}  // namespace gradus

#endif  // GRADUS_GRAPH_METRIC_RULES_H_
