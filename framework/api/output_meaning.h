// What a model's outputs mean to people: probabilities of classes that have names, or numbers in the target's own units. The loss knows the
// first half (graph/prediction_meaning.h), the saved preprocessing of its label the second.

#ifndef GRADUS_API_OUTPUT_MEANING_H_
#define GRADUS_API_OUTPUT_MEANING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/tensor.h"
#include "gradus/data/dataset.h"
#include "gradus/data/preprocessing.h"
#include "gradus/graph/prediction_meaning.h"
#include "gradus/model.pb.h"

namespace gradus {

struct OutputMeaning {
  std::string output;
  int64_t elements = 1;  // Of an example.
  PredictionMeaning::Kind kind = PredictionMeaning::kPlain;
  // What is predicted: the label's column in its table, or the label's input; the output's own name when it is plain.
  std::string target;
  // Of classes: their names in the order of their numbers; of one question: those of no and yes. Otherwise those of an example's
  // numbers: columns, or `target[i]`.
  std::vector<std::string> names;
  // Of numbers whose label was standardised, scaled or a logarithm: what was done to it. Empty when nothing was.
  std::vector<NumberMap> units;

  bool one_of_classes() const;  // Each example is of one class.
  bool yes_or_no() const;       // Each number answers a question.
  bool has_probabilities() const;
};

// What an output says, in words that can be read.
struct Interpretation {
  // Of classes [rows, classes]: probabilities, or scores when the loss knows none. Of questions, as the output: probabilities of yes, or
  // scores. Of numbers in units, as the output: those. Otherwise the output itself.
  Tensor values;
  // Of classes: the number of the most probable one in each row. Of questions: 1 for yes, for each number. Otherwise empty.
  std::vector<int32_t> chosen;
};

// `outputs` of a model with what its losses say. `labels` are the inputs that losses compare with.
std::vector<OutputMeaning> MeaningsOf(absl::Span<const FieldSpec> outputs, const ModelConfig& model,
                                      absl::Span<const PredictionMeaning> meanings,
                                      absl::Span<const FieldSpec> labels,
                                      const Preprocessing& preprocessing);

// The names of the classes that a metric counts, by the metric's name; empty when its label has none.
std::vector<std::string> ClassesOfMetric(const ModelConfig& model, const std::string& metric,
                                         const Preprocessing& preprocessing);

// `values` are the output's, [rows, ...].
absl::StatusOr<Interpretation> Interpret(const OutputMeaning& meaning, const Tensor& values);

}  // namespace gradus

#endif  // GRADUS_API_OUTPUT_MEANING_H_
