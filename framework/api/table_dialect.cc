// How a table is written. A separator is right when every row has the same number of cells, two at least; a first row is a header when
// it has no number where the rows below have numbers.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/table_facts.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr char kSeparators[] = {'\t', ';', ',', '|'};

CsvDialect WithoutHeader(char separator) {
  CsvDialect dialect;
  dialect.separator = separator;
  dialect.header = false;
  return dialect;
}

// In how many columns the rows are, or 0 when they are not all in as many.
int64_t ColumnsWith(char separator, const std::string& path, const std::string& text) {
  const auto file = CsvFile::Parse(path, text, WithoutHeader(separator));
  if (!file.ok() || !file->Read({}).ok()) return 0;
  return static_cast<int64_t>(file->columns().size());
}

absl::StatusOr<char> GuessSeparator(const std::string& path, const std::string& text) {
  for (const char separator : kSeparators) {
    if (ColumnsWith(separator, path, text) >= 2) return separator;
  }
  // Rows differ, or there is one column. What splits the first row most is meant, and the reader will say which row is wrong.
  char best = ',';
  size_t most = 1;
  for (const char separator : kSeparators) {
    const auto file = CsvFile::Parse(path, text, WithoutHeader(separator));
    if (file.ok() && file->columns().size() > most) {
      most = file->columns().size();
      best = separator;
    }
  }
  return best;
}

// Whether the first row has the names of the columns.
bool GuessHeader(const CsvFile& file, const std::string& target, std::string* why) {
  CsvSelection all;
  all.text = all.may_miss = true;
  for (size_t i = 0; i < file.columns().size(); ++i) all.columns.push_back(static_cast<int>(i));
  const absl::StatusOr<CsvTable> read = file.Read({all});
  if (!read.ok()) return true;  // A row is wrong, and the reader will say which.
  const CsvTable& table = *read;
  const int64_t rows = table.lines.size();
  const int64_t columns = static_cast<int64_t>(all.columns.size());
  if (rows == 0) return true;
  const absl::Span<const int32_t> codes = table.fields[0].data<int32_t>();
  int64_t below = 0, above = 0;  // Columns that are numbers below the first row; and in it.
  for (int64_t k = 0; k < columns; ++k) {
    const std::vector<std::string>& texts = table.texts[0][static_cast<size_t>(k)];
    const int32_t first = codes[static_cast<size_t>(k)];
    if (first >= 0 && texts[static_cast<size_t>(first)] == target) return true;
    bool numbers = false;
    for (int64_t row = 1; row < rows; ++row) {
      const int32_t code = codes[static_cast<size_t>(row * columns + k)];
      if (code < 0) continue;
      double number;
      numbers = IsCsvNumber(texts[static_cast<size_t>(code)], &number);
      if (!numbers) break;
    }
    if (!numbers) continue;
    ++below;
    double number;
    above += first < 0 || IsCsvNumber(texts[static_cast<size_t>(first)], &number);
  }
  if (below == 0 || above < below) return true;
  *why = "the first row has numbers where the rows below have numbers";
  return false;
}

}  // namespace

absl::StatusOr<CsvDialect> GuessDialect(const std::string& path, const std::string& beginning,
                                        const LookOptions& options, std::string* why_header) {
  CsvDialect dialect;
  if (options.separator.empty()) {
    GRADUS_ASSIGN_OR_RETURN(dialect.separator, GuessSeparator(path, beginning));
  } else {
    GRADUS_ASSIGN_OR_RETURN(dialect.separator, ParseCsvSeparator(options.separator));
  }
  dialect.header = options.header != LookOptions::kNo;
  if (options.header == LookOptions::kGuess) {
    GRADUS_ASSIGN_OR_RETURN(const CsvFile file,
                            CsvFile::Parse(path, beginning, WithoutHeader(dialect.separator)));
    dialect.header = GuessHeader(file, options.target, why_header);
  }
  return dialect;
}

}  // namespace gradus
