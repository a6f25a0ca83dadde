// The run's own configuration says it.

#include "gradus/api/training_dialect.h"

#include "gradus/api/run_file.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/checkpoint.h"

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

absl::StatusOr<CsvDialect> OfTraining(const std::string& run) {
  CsvDialect dialect;
  const std::string path = JoinPath(run, "run.pbtxt");
  if (!Exists(path)) return dialect;
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  Diagnostics diagnostics;
  // How it was trained is not read: its plugins need not be there.
  const ParsedConfig parsed =
      ParseTextConfig(text, path, RunConfig::default_instance(), {}, &diagnostics, kFieldsOfRules);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  const CsvSource* table = FindTable(static_cast<const RunConfig&>(*parsed.message).data().train());
  if (table == nullptr) return dialect;
  GRADUS_ASSIGN_OR_RETURN(dialect.separator, ParseCsvSeparator(table->separator()));
  dialect.header = table->header();
  if (table->missing_size() > 0) {
    dialect.missing.assign(table->missing().begin(), table->missing().end());
  }
  return dialect;
}

}  // namespace

absl::StatusOr<CsvDialect> DialectFor(const std::string& run, const GivenDialect& given) {
  GRADUS_ASSIGN_OR_RETURN(CsvDialect dialect, OfTraining(run));
  if (!given.separator.empty()) {
    GRADUS_ASSIGN_OR_RETURN(dialect.separator, ParseCsvSeparator(given.separator));
  }
  if (given.header != GivenDialect::kAsInTraining) {
    dialect.header = given.header == GivenDialect::kYes;
  }
  return dialect;
}

}  // namespace gradus
