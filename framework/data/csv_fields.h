// Columns of a CSV file as the raw fields that feed inputs of a model: numbers and texts apart, and
// apart those that may miss cells, each read once.

#ifndef GRADUS_DATA_CSV_FIELDS_H_
#define GRADUS_DATA_CSV_FIELDS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/data/csv.h"
#include "gradus/data/source.h"

namespace gradus {

class CsvFields {
 public:
  // `first_field`: the number of the first raw field in the whole source.
  explicit CsvFields(int first_field = 0) : first_field_(first_field) {}

  // What is asked of a column.
  struct Column {
    int place = 0;  // In the file.
    bool text = false;
    bool may_miss = false;
  };
  // These columns feed `feed`, which stays the caller's and where it is, an input of this type;
  // `by_column` when they are not all treated alike. Sets the feed's raw fields, parts and cells.
  void Add(Feed* feed, DType input, const std::vector<Column>& columns, bool by_column);

  // The rows, and the texts of the feeds.
  absl::StatusOr<std::shared_ptr<const Dataset>> Read(const CsvFile& file,
                                                      const CsvDialect& dialect);

 private:
  struct Use {
    Feed* feed;
    DType input;
    std::vector<Column> columns;
  };
  absl::Status CheckWhole(const Dataset& raw, const Use& use) const;

  const int first_field_;
  std::vector<Use> uses_;
  std::vector<FieldSpec> specs_;
  std::vector<CsvSelection> selections_;
};

// "wine.csv:18:3": where the cell of a column of the row that begins on that line stands; without
// the place in the line when the file can no longer be read.
std::string WhereCsvCell(const std::string& file, char separator, int64_t line, int column);

// The rows of a CSV file for a trained model: `inputs` are fed from the columns that were saved with
// it, and no others are needed. The message names all columns that are missing.
absl::StatusOr<std::shared_ptr<const Dataset>> PrepareCsvForModel(
    const CsvFile& file, const CsvDialect& dialect, absl::Span<const FieldSpec> inputs,
    const Preprocessing& preprocessing);

// What is asked of the columns of an input as they were in training; `places` are those in the file.
std::vector<CsvFields::Column> TrainedColumns(const InputTransform& transform,
                                              const std::vector<int>& places);

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_FIELDS_H_
