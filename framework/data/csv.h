// Tables as text, as they are found: RFC 4180 with any separator, with or without a header row, with CRLF or LF, quotes, a byte order
// mark, gzip. Spaces and tabulators around numbers and around quotes do not count, also where numbers are categories ("1" and " 1" are one,
// "01" is another); those of texts, names in the header too, do. Blank lines are passed over, but where there is one column: there a blank
// line is an empty cell. Nothing is guessed. Errors say
// file:line:column and the column's name; the first one in the file is told, whatever the number of threads.
//
//   GRADUS_ASSIGN_OR_RETURN(CsvFile file, CsvFile::Open("wine.csv"));
//   CsvSelection numbers, city;
//   numbers.columns = {0, 1, 2};
//   city.columns = {file.Find("city")};
//   city.text = true;
//   GRADUS_ASSIGN_OR_RETURN(CsvTable table, file.Read({numbers, city}));

#ifndef GRADUS_DATA_CSV_H_
#define GRADUS_DATA_CSV_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/base/tensor.h"
#include "gradus/data/input_file.h"

namespace gradus {

// How a table is written.
struct CsvDialect {
  char separator = ',';
  // Whether the first row has the names of the columns; without it they are called "1", "2", and so on.
  bool header = true;
  // The cells that are missing beside empty ones, quoted or not.
  std::vector<std::string> missing = {"NA", "N/A", "NaN", "nan", "NULL", "null"};
  // Whether what is read is kept in a temporary file (in TMPDIR, or /tmp) instead of in memory.
  bool on_disk = false;
};

// The separator that a configuration names: one character that no number has in it. Quotes and line ends are none.
absl::StatusOr<char> ParseCsvSeparator(absl::string_view text);

// Columns that make up one field.
struct CsvSelection {
  std::vector<int> columns;
  // Of numbers. FLOAT64: any finite number; INT32: whole numbers that fit ("3", also "3.0").
  DType dtype = DType::kFloat64;
  // Not numbers but texts, which are read as INT32 codes: their places in CsvTable::texts.
  bool text = false;
  // Whether a missing cell is NaN (FLOAT64) or code -1 (text); otherwise, and in INT32 numbers, it is an error.
  bool may_miss = false;
  // Of texts: no cell is missing, whatever it says; an empty one is the empty text, and numbers keep their blanks.
  bool as_written = false;
};

// On which line of the file each row begins. Takes no room for rows of one line each.
class CsvLines {
 public:
  int64_t size() const { return size_; }
  int64_t operator[](int64_t row) const;
  // So many more rows, one line each.
  void Add(int64_t first_line, int64_t rows);
  // Those of more rows, whose lines begin at `line`.
  void Add(const CsvLines& more, int64_t line);

 private:
  int64_t size_ = 0;
  std::vector<std::pair<int64_t, int64_t>> runs_;  // First row, and its line.
};

struct CsvTable {
  std::vector<Tensor> fields;  // One per selection, [rows, columns].
  // By selection and column: the distinct texts in the order of their first appearance; empty for numbers.
  std::vector<std::vector<std::vector<std::string>>> texts;
  CsvLines lines;
};

// How a table is read: nothing of this changes what is read, or which error is found.
struct CsvReading {
  int64_t block_bytes = 1 << 20;  // Of text that a thread parses at once.
  int threads = 0;                // 0: as many as there are cores, at most 8.
};

class CsvFile {
 public:
  // Plain or gzip, with or without a UTF-8 byte order mark; reads the header.
  static absl::StatusOr<CsvFile> Open(const std::string& path, const CsvDialect& dialect = {});
  // The same, also from a pipe (`/dev/stdin`): at most 1 GiB, which is kept.
  static absl::StatusOr<CsvFile> OpenFileOrPipe(const std::string& path,
                                                const CsvDialect& dialect = {});
  static absl::StatusOr<CsvFile> Parse(std::string name, std::string text,
                                       const CsvDialect& dialect = {});

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  int Find(absl::string_view column) const;  // -1 when there is none.

  // Reads the rows, from the first one, block by block: the text is not kept in memory.
  absl::StatusOr<CsvTable> Read(absl::Span<const CsvSelection> selections,
                                const CsvReading& reading = {}) const;

 private:
  static absl::StatusOr<CsvFile> Start(std::unique_ptr<InputFile> file, const CsvDialect& dialect);

  std::string name_;
  CsvDialect dialect_;
  std::shared_ptr<const InputFile> file_;
  std::vector<std::string> columns_;
  // Of the columns, by name. Not a map of Abseil: those do not survive a failed allocation.
  std::unordered_map<std::string, int> places_;
  int64_t body_ = 0;       // Where the first row begins,
  int64_t body_line_ = 1;  // and on which line.
};

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_H_
