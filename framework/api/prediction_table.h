// Predictions as a table of text: which columns there are, and a row for each example.
//
//   species,p(setosa),p(versicolor),p(virginica)        one of classes
//   benign,p(0),p(1)                                     yes or no
//   progression                                          a number in the target's own units
//   output[0],output[1]                                  numbers that nothing is known of

#ifndef GRADUS_API_PREDICTION_TABLE_H_
#define GRADUS_API_PREDICTION_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/api/output_meaning.h"

namespace gradus {

// A cell of a CSV file, in quotes where it needs them.
std::string CsvCell(absl::string_view text);

class PredictionTable {
 public:
  // With `raw` the outputs are taken as numbers that nothing is known of. `before`: columns that the caller puts before them.
  PredictionTable(absl::Span<const FieldSpec> outputs, absl::Span<const OutputMeaning> meanings,
                  bool raw, absl::Span<const std::string> before);

  // Names that two outputs share are told apart by the output: "is_benign.p(1)".
  const std::vector<std::string>& columns() const { return columns_; }

  // What Predict gave for some rows is read; Append then writes one of them.
  absl::Status Read(const std::map<std::string, Tensor>& outputs);
  // The cells of row `row` of what was read, with commas between them.
  void Append(int64_t row, std::string* text) const;

  // What was read of output i.
  const Interpretation& values(int i) const { return read_[static_cast<size_t>(i)]; }

 private:
  std::vector<OutputMeaning> meanings_;
  std::vector<std::string> columns_;
  std::vector<Interpretation> read_;
};

}  // namespace gradus

#endif  // GRADUS_API_PREDICTION_TABLE_H_
