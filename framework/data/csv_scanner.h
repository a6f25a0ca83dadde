// Finds the cells of a row, exactly and not fast: the grammar of RFC 4180, whatever the separator and with blanks around quotes, with the
// place of each cell and of what is wrong. Lines count from 0, as a block of rows does not know where in the file it begins.
//
//   row   = cell *(separator cell) (LF / CR LF / end)
//   cell  = *(any but separator, quote, CR, LF) / *blank quote *(any but quote / quote quote) quote *blank
//   blank = space / tabulator, but for the separator

#ifndef GRADUS_DATA_CSV_SCANNER_H_
#define GRADUS_DATA_CSV_SCANNER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace gradus {

struct CsvCell {
  // Without the quotes around it; quotes inside a quoted cell are still doubled.
  absl::string_view text;
  int64_t line = 0;
  int64_t column = 0;  // From 1, in bytes.
  bool quoted = false;
};

// Spaces and tabulators, where they do not separate.
inline bool IsCsvBlank(char c, char separator) { return (c == ' ' || c == '\t') && c != separator; }
absl::string_view WithoutCsvBlanks(absl::string_view text, char separator);

// Whether a row is one of nothing but blanks.
bool IsBlankCsvRow(const std::vector<CsvCell>& cells, char separator);

// What the cell says.
std::string CsvCellText(const CsvCell& cell);

// What is wrong, and where.
struct CsvProblem {
  int64_t line = 0;
  int64_t column = 1;
  std::string message;
};

class CsvScanner {
 public:
  // From `begin`, which is where a row begins; `column` is its first byte's.
  CsvScanner(absl::string_view text, char separator, size_t begin, int64_t line)
      : text_(text), separator_(separator), at_(begin), line_begin_(begin), line_(line) {}

  bool done() const { return at_ == text_.size(); }
  size_t position() const { return at_; }
  int64_t line() const { return line_; }

  // The cells up to the end of the line, or of the text. False when something is wrong.
  bool Row(std::vector<CsvCell>* cells, CsvProblem* problem);

 private:
  int64_t Column() const { return static_cast<int64_t>(at_ - line_begin_) + 1; }
  bool AtBlank() const { return at_ < text_.size() && IsCsvBlank(text_[at_], separator_); }
  bool Plain(CsvCell* cell, CsvProblem* problem);
  bool Quoted(CsvCell* cell, CsvProblem* problem);

  const absl::string_view text_;
  const char separator_;
  size_t at_;
  size_t line_begin_;
  int64_t line_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_SCANNER_H_
