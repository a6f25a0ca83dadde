// What is learned of columns that have a treatment of their own, from the rows that are trained on:
// what stands for missing cells, means and deviations or the least and the most, categories.

#ifndef GRADUS_DATA_LEARN_COLUMNS_H_
#define GRADUS_DATA_LEARN_COLUMNS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data/dataset.h"
#include "gradus/data/rows.h"
#include "gradus/data/source.h"

namespace gradus {

// Sets the treatments of `feed`, which has groups. False after findings.
bool LearnColumns(const Dataset& raw, const Rows& rows, Feed* feed, Diagnostics* diagnostics);

// Columns of numbers of one raw field (FLOAT64, NaN where a cell is missing), all of them at once so
// that the rows are gone through as seldom as possible. `transforms` are those of the columns, which
// get what is learned; null for columns of which nothing is.
struct NumberColumn {
  ColumnTransform* transform = nullptr;
  const CsvColumns* plan = nullptr;
  int column = 0;  // Of the input.
};
// A finding as the group's path, the message and the hint.
struct ColumnFinding {
  int column = 0;  // Of the input.
  std::string message, hint;
};
absl::Status LearnNumbers(const Dataset& raw, int field, const Rows& rows, const Feed& feed,
                          absl::Span<const NumberColumn> columns,
                          std::vector<ColumnFinding>* findings);

// The categories of one column, given how often each text is in the rows and how often none is.
// What is wrong, to be said behind the column's name, or nothing.
std::string LearnCategories(const CsvColumns& plan, const std::vector<std::string>& texts,
                            const std::vector<int64_t>& counts, int64_t missing,
                            ColumnTransform* transform, std::string* hint);

// Makes `places` of a feed's parts from its transform and texts. A text that is no category where
// that is an error is a finding at `path` (else at the column's group), with the first row that has
// it. False after findings.
bool PlaceCategories(const Dataset& raw, const ConfigPath* path, Feed* feed,
                     Diagnostics* diagnostics);

// "wine.csv:18:3" for a row of the raw dataset.
std::string WhereCell(const Dataset& raw, const Feed& feed, int64_t row, int column);

}  // namespace gradus

#endif  // GRADUS_DATA_LEARN_COLUMNS_H_
