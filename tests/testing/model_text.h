// Models from text in one line, for tests.

#ifndef GRADUS_TESTS_TESTING_MODEL_TEXT_H_
#define GRADUS_TESTS_TESTING_MODEL_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "gradus/graph/build_graph.h"

namespace gradus {

struct BuiltModel {
  ModelGraph model;
  std::string errors;    // One a line with positions, as the user sees them; "" when there are none.
  std::string warnings;  // The same.
};

// Parses the text of a ModelConfig, which stands in the file "m", and builds it.
BuiltModel BuildModel(absl::string_view text, Mode mode = Mode::kTraining,
                      Parts parts = Parts::kAll);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_MODEL_TEXT_H_
