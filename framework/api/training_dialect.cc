// What the training table says, then what is given.

#include "gradus/api/training_dialect.h"

#include "gradus/base/status.h"

namespace gradus {
namespace {

// The first table of a source, or null.
const CsvSource* FindTable(const SourceConfig& source) {
  if (source.has_csv()) return &source.csv();
  for (const SourceConfig& each : source.side_by_side().source()) {
    const CsvSource* table = FindTable(each);
    if (table != nullptr) return table;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<CsvDialect> DialectFor(const SourceConfig& training, const GivenDialect& given) {
  CsvDialect dialect;
  const CsvSource* table = FindTable(training);
  if (table != nullptr) {
    GRADUS_ASSIGN_OR_RETURN(dialect.separator, ParseCsvSeparator(table->separator()));
    dialect.header = table->header();
    dialect.on_disk = table->on_disk();
    if (table->missing_size() > 0) {
      dialect.missing.assign(table->missing().begin(), table->missing().end());
    }
  }
  if (!given.separator.empty()) {
    GRADUS_ASSIGN_OR_RETURN(dialect.separator, ParseCsvSeparator(given.separator));
  }
  if (given.header != GivenDialect::kAsInTraining) {
    dialect.header = given.header == GivenDialect::kYes;
  }
  return dialect;
}

}  // namespace gradus
