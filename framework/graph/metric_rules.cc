// Names and units.

#include "gradus/graph/metric_rules.h"

namespace gradus {

bool IsLogColumn(absl::string_view name) {
  static constexpr absl::string_view kColumns[] = {"step", "epoch", "split", "loss",
                                                   "learning_rate"};
  for (absl::string_view column : kColumns) {
    if (column == name) return true;
  }
  return false;
}

UnitsByInput UnitsOfNumbers(const UnitsByInput& units,
                            const std::vector<PredictionMeaning>& meanings) {
  UnitsByInput of_numbers;
  for (const auto& [label, label_units] : units) {
    bool numbers = false, classes = false;
    for (const PredictionMeaning& meaning : meanings) {
      if (meaning.label != label) continue;
      (meaning.kind == PredictionMeaning::kInUnits ? numbers : classes) = true;
    }
    if (numbers || !classes) of_numbers.emplace(label, label_units);
  }
  return of_numbers;
}

}  // namespace gradus
