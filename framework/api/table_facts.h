// A look at a CSV file that nobody has described: how it is written, and what stands in its columns. Nothing is decided here.

#ifndef GRADUS_API_TABLE_FACTS_H_
#define GRADUS_API_TABLE_FACTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/data/csv.h"

namespace gradus {

// A column as it is in the rows that were looked at.
struct ColumnFacts {
  std::string name;
  int64_t rows = 0;
  int64_t missing = 0;
  int64_t first_missing_line = 0;  // Of the file; 0 when none is missing.
  // The distinct texts with how often they are there, in the order of their first appearance; missing cells are none.
  std::vector<std::pair<std::string, int64_t>> values;

  int64_t numbers = 0;                  // Cells that the reader takes as numbers.
  std::vector<std::string> no_numbers;  // The first distinct texts that are none, at most 8,
  int64_t no_number_texts = 0;          // and how many there are.
  int64_t no_number_line = 0;           // Where the first of them stands.
  bool whole = true;                    // Whether all numbers are whole.
  double least = 0, most = 0, mean = 0, deviation = 0;
  double skewness = 0;      // E[(x - mean)^3] / deviation^3; 0 for a constant.
  double log_skewness = 0;  // That of ln(1 + x), when least >= 0.

  // Cells that are no numbers as they stand (written_numbers.h says which), and the first of them:
  int64_t decimal_commas = 0;  // 3,14
  int64_t thousands = 0;       // 1,234,567; some are also decimal commas,
  int64_t commas = 0;          // and so many are either.
  int64_t units = 0;           // $12.50, 40%, 90 kg where nearly all others have the same unit
  int64_t dates = 0;           // 2024-03-01, with or without a time; 1.3.2024, 3/1/2024
  std::string comma_text, unit_text;
  // Cells that are numbers with a zero before them: 01067.
  int64_t leading_zeros = 0;

  int64_t present() const { return rows - missing; }
  int64_t distinct() const { return static_cast<int64_t>(values.size()); }
  bool all_numbers() const { return present() > 0 && numbers == present(); }
};

struct TableFacts {
  std::string path;
  CsvDialect dialect;
  // Beside the dialect's default: texts such as "?" that stand for missing cells. They are in dialect.missing, too.
  std::vector<std::string> missing_marks;
  std::string why_header;  // "" when it is plain.
  std::vector<ColumnFacts> columns;
  int64_t rows = 0;            // That were looked at.
  bool whole_file = true;      // Whether those are all.
  int64_t estimated_rows = 0;  // Of the whole file; rows when whole_file, 0 when it cannot be told.

  const ColumnFacts* Find(absl::string_view column) const;
};

struct LookOptions {
  std::string
      separator;  // "": of tabulator, semicolon, comma and bar the one that makes a table of it.
  enum Header { kGuess, kYes, kNo } header = kGuess;
  std::string target;                      // A name that a header would have.
  int64_t most_bytes = int64_t{16} << 20;  // Of a longer file only so much is looked at.
};

absl::StatusOr<TableFacts> LookAtTable(const std::string& path, const LookOptions& options);

// The same of one column: `codes` are places in `texts`, -1 for a missing cell. Texts of `marks` count as missing.
ColumnFacts LookAtColumn(const std::string& name, absl::Span<const int32_t> codes,
                         const std::vector<std::string>& texts, const CsvLines& lines,
                         absl::Span<const std::string> marks);

// What the reader of CSV files takes for a number: there may be blanks around it.
bool IsCsvNumber(absl::string_view text, double* number);

// How the file is written, told from its beginning; what is given is taken. `beginning` ends with a whole row.
absl::StatusOr<CsvDialect> GuessDialect(const std::string& path, const std::string& beginning,
                                        const LookOptions& options, std::string* why_header);

}  // namespace gradus

#endif  // GRADUS_API_TABLE_FACTS_H_
