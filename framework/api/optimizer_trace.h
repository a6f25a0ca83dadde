// What an optimizer makes of given gradients, update by update, in double: how an author looks at a
// new rule and how its numbers are held against those of other libraries. What `gradus optimizer`
// shows.
//
//   OptimizerTraceOptions options;
//   options.parameters = {1, -2, 0.5};
//   options.gradients = {{0.1, -0.2, 0.3}, {-0.05, 0.4, 0}};
//   OptimizerTrace trace = *TraceOptimizer("adam {} learning_rate { constant: 0.1 }", options);
//   trace.rows[1]     // p0, p1, p2 after the second update

#ifndef GRADUS_API_OPTIMIZER_TRACE_H_
#define GRADUS_API_OPTIMIZER_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gradus {

struct OptimizerTraceOptions {
  std::vector<double> parameters;
  // One row an update, as long as the parameters.
  std::vector<std::vector<double>> gradients;
  // The parameters as one tensor, row by row; empty: a vector. Rules that see matrices see one then.
  std::vector<int64_t> shape;
  // Slots, numbers of the rule, and the weights to evaluate where they are others than those that are
  // trained, as columns beside the parameters.
  bool slots = false;
};

struct OptimizerTrace {
  // "p0", "p1", ...; then "momentum0", ..., the names of numbers, and "evaluated0", ....
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;  // After update 1, 2, ...
};

// `text` is that of an OptimizerConfig; the tensor's name for groups is "p". Schedules run on steps.
// Errors: findings about the text under the name `name`; sizes that do not go together; a rule that
// evaluates the loss, which gradients alone do not give.
absl::StatusOr<OptimizerTrace> TraceOptimizer(absl::string_view text, const std::string& name,
                                              const OptimizerTraceOptions& options);

// Rows of numbers separated by commas, without a header; `name` is the file's in errors.
absl::StatusOr<std::vector<std::vector<double>>> ParseNumberRows(absl::string_view text,
                                                                 const std::string& name);

// A header "step p0 p1 ...", then a row an update, steps counted from 1, with 17 significant digits,
// separated by tabs; and as JSON.
std::string ToTsv(const OptimizerTrace& trace);
std::string ToJson(const OptimizerTrace& trace);

// Where a trace differs most from one that was expected, in the form of ToTsv. Steps and columns that
// are not in what was expected are not compared; a column that the trace has not is an error.
struct TraceDifference {
  double largest = 0;  // Infinite or NaN when a number is not finite in one of them only.
  int64_t step = 0;
  std::string column;
  double value = 0, expected = 0;
  int64_t steps = 0;  // That were compared.
};
absl::StatusOr<TraceDifference> CompareTrace(const OptimizerTrace& trace, absl::string_view expected,
                                             const std::string& name);

}  // namespace gradus

#endif  // GRADUS_API_OPTIMIZER_TRACE_H_
