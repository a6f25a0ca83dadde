// The scanner, cell by cell.

#include "gradus/data/csv_scanner.h"

#include "absl/strings/str_replace.h"

namespace gradus {

absl::string_view WithoutCsvBlanks(absl::string_view text, char separator) {
  while (!text.empty() && IsCsvBlank(text.front(), separator)) text.remove_prefix(1);
  while (!text.empty() && IsCsvBlank(text.back(), separator)) text.remove_suffix(1);
  return text;
}

bool IsBlankCsvRow(const std::vector<CsvCell>& cells, char separator) {
  return cells.size() == 1 && !cells[0].quoted &&
         WithoutCsvBlanks(cells[0].text, separator).empty();
}

std::string CsvCellText(const CsvCell& cell) {
  return cell.quoted ? absl::StrReplaceAll(cell.text, {{"\"\"", "\""}}) : std::string(cell.text);
}

bool CsvScanner::Row(std::vector<CsvCell>* cells, CsvProblem* problem) {
  cells->clear();
  for (;;) {
    CsvCell cell;
    cell.line = line_;
    cell.column = Column();
    const size_t begin = at_;
    while (AtBlank()) ++at_;
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (quoted) {
      cell.column = Column();
    } else {
      at_ = begin;  // Blanks are the cell's own.
    }
    if (!(quoted ? Quoted(&cell, problem) : Plain(&cell, problem))) return false;
    cells->push_back(cell);
    if (at_ == text_.size()) return true;
    if (text_[at_] == separator_) {
      ++at_;
      continue;
    }
    if (text_[at_] == '\r') {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '\n') {
        *problem = {line_, Column(), "a carriage return that no line feed follows"};
        return false;
      }
      ++at_;
    }
    line_begin_ = ++at_;
    ++line_;
    return true;
  }
}

bool CsvScanner::Plain(CsvCell* cell, CsvProblem* problem) {
  const size_t begin = at_;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == separator_ || c == '\n' || c == '\r') break;
    if (c == '"') {
      *problem = {line_, Column(), "a quote inside a cell that does not begin with one"};
      return false;
    }
  }
  cell->text = text_.substr(begin, at_ - begin);
  return true;
}

bool CsvScanner::Quoted(CsvCell* cell, CsvProblem* problem) {
  cell->quoted = true;
  const size_t begin = ++at_;
  for (;; ++at_) {
    if (at_ == text_.size()) {
      *problem = {cell->line, cell->column, "the quote is never closed"};
      return false;
    }
    if (text_[at_] == '\n') {
      ++line_;
      line_begin_ = at_ + 1;
    } else if (text_[at_] == '"') {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
      ++at_;
    }
  }
  cell->text = text_.substr(begin, at_ - begin);
  ++at_;
  while (AtBlank()) ++at_;
  if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r') {
    *problem = {line_, Column(), "text after the closing quote"};
    return false;
  }
  return true;
}

}  // namespace gradus
