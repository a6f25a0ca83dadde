// Runs side by side: what differs between their configurations and what came of them.

#ifndef GRADUS_API_RUN_TABLE_H_
#define GRADUS_API_RUN_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/run_record.h"
#include "gradus/direction.pb.h"

namespace gradus {

struct RunTableOptions {
  std::string
      sort;  // A measure, such as "validation/accuracy", by which the best is first; else by folder.
  Direction direction = AUTO;
  int columns = 0;  // How wide a terminal's lines are; 0: it is none, and nothing is left out.
  bool utf8 = true;  // Whether it shows an ellipsis.
  // The columns of a text, by their titles, a measure's name, or a field's address; all when empty.
  std::vector<std::string> shown;
};

struct RunTable {
  struct Row {
    std::string run, state, message;
    std::vector<std::string> fields;  // "" where the run has no such field.
    std::vector<double> best, last;   // By measure; NaN where there is none.
    double learning_rate = 0, seconds = 0;
    int64_t steps = 0, epochs = 0;
  };
  std::vector<std::string> fields;    // Addresses, of what differs.
  std::vector<std::string> names;     // Their short names, for people.
  std::vector<std::string> measures;  // "validation/loss", "test/accuracy", ...
  std::vector<Row> rows;
  std::vector<std::string> notes;  // Runs whose configuration could not be read, and why.
};

// An error when nothing has the measure to sort by.
absl::StatusOr<RunTable> MakeRunTable(const std::vector<RunRecord>& runs,
                                      const RunTableOptions& options);

// Whether the table has the columns that options.shown names.
absl::Status CheckColumns(const RunTable& table, const RunTableOptions& options);
// For people: lined up; of the measures those of validation, or of training where there is none. On a
// terminal long values are cut in the middle; where a line would be too wide all the same, columns are
// left out from the least important on, and named below.
std::string ToText(const RunTable& table, const RunTableOptions& options);
// Everything, with 17 significant digits; what there is not is empty.
std::string ToCsv(const RunTable& table);
// A list of objects; what there is not is null.
std::string ToJson(const RunTable& table);

// "0.8 s", "4:05", "3:20:15"; "-" of NaN.
std::string DurationInWords(double seconds);

}  // namespace gradus

#endif  // GRADUS_API_RUN_TABLE_H_
