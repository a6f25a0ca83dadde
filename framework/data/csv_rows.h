// Parses a block of rows into numbers and codes. Blanks around numbers do not count, also where they are read as texts; those of other texts
// do. Blank lines are no rows, but where there is one column, whose empty cell such a line is.
//
// A row is first taken in one pass over its bytes, which knows plain cells and cells in quotes without line breaks or quotes inside. Where
// it meets anything else, or anything wrong, the scanner takes that row from its beginning: it says what a row means, and what is wrong.

#ifndef GRADUS_DATA_CSV_ROWS_H_
#define GRADUS_DATA_CSV_ROWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/data/csv.h"
#include "gradus/data/csv_blocks.h"
#include "gradus/data/csv_scanner.h"
#include "gradus/data/text_codes.h"

namespace gradus {

// What is asked for, prepared for parsing. Refers to what it is made of.
class CsvPlan {
 public:
  CsvPlan(const CsvDialect& dialect, const std::vector<std::string>& columns,
          absl::Span<const CsvSelection> selections);

 private:
  friend class CsvRows;
  // A cell that is read, in the order of a row's cells.
  struct Step {
    int column = 0;
    int selection = 0;
    int place = 0;       // In the row of the selection.
    bool again = false;  // The next step reads the same cell.
  };

  bool IsMissing(absl::string_view text) const;
  bool IsBlank(char c) const { return IsCsvBlank(c, dialect_.separator); }
  bool EndsCell(char c) const { return ends_[static_cast<unsigned char>(c)]; }
  bool MayBeMissing(char first) const { return missing_[static_cast<unsigned char>(first)]; }

  const CsvDialect& dialect_;
  const std::vector<std::string>& columns_;
  const absl::Span<const CsvSelection> selections_;
  std::vector<Step> steps_;
  std::array<bool, 256> ends_ = {};     // Separator, quote, CR, LF.
  std::array<bool, 256> missing_ = {};  // What words for missing cells begin with.
};

// The rows of a block. To be used again for other blocks: its memory stays.
class CsvRows {
 public:
  explicit CsvRows(const CsvPlan& plan);

  // False when there is something wrong; problem() then says what.
  bool Parse(const CsvBlock& block);

  const CsvProblem& problem() const { return problem_; }
  int64_t size() const { return size_; }
  // Of the rows, and in all, from line 0.
  const CsvLines& lines() const { return lines_; }
  int64_t line_count() const { return line_; }
  // What a selection is read as: FLOAT64, or INT32.
  bool is_real(int selection) const { return fields_[selection].real; }
  const std::vector<double>& reals(int selection) const { return fields_[selection].reals; }
  std::vector<int32_t>& integers(int selection) { return fields_[selection].integers; }
  const TextCodes& texts(int selection, int place) const { return fields_[selection].texts[place]; }

 private:
  struct Field {
    int64_t columns = 0;
    bool real = true;
    std::vector<double> reals;
    std::vector<int32_t> integers;
    std::vector<TextCodes> texts;
  };

  void MakeRoom(int64_t rows);
  const char* QuickRow(const char* row);
  const char* QuickCell(const char* cell, const CsvPlan::Step& step);
  const char* PaddedNumber(const char* cell, double* number) const;
  const char* SkipCell(const char* cell, absl::string_view* text) const;
  // `blank`: whether the line is no row, but blank.
  const char* ExactRow(const char* row, bool* blank);
  // Puts the cell of the row that is being read into its place. What is wrong with it, or empty.
  std::string Store(absl::string_view text, int selection, int place);

  const CsvPlan& plan_;
  std::vector<Field> fields_;
  absl::string_view text_;  // Of the block.
  const char* end_ = nullptr;
  int64_t size_ = 0;
  int64_t room_ = 0;
  CsvLines lines_;
  int64_t line_ = 0;
  std::vector<CsvCell> cells_;
  CsvProblem problem_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_ROWS_H_
