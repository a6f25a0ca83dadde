// A scanner that finds the cells of a row, and a reader that parses those that are wanted
// (std::from_chars: exact, and independent of the locale).

#include "gradus/data/csv.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/input_file.h"

namespace gradus {
namespace {

constexpr int64_t kMostPipeBytes = int64_t{1} << 30;

struct Cell {
  absl::string_view
      text;  // Without the quotes around it; quotes inside a quoted cell are still doubled.
  int64_t line = 0;
  int64_t column = 0;
  bool quoted = false;
};

std::string Quote(absl::string_view text) {
  constexpr size_t kMost = 40;
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text.substr(0, kMost)),
                      text.size() > kMost ? "..." : "", "\"");
}

class Scanner {
 public:
  Scanner(const std::string& name, absl::string_view text, char separator, size_t begin,
          int64_t line)
      : name_(name),
        text_(text),
        separator_(separator),
        at_(begin),
        line_begin_(begin),
        line_(line) {}

  bool done() const { return at_ == text_.size(); }
  size_t position() const { return at_; }
  int64_t line() const { return line_; }

  absl::Status Error(int64_t line, int64_t column, absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", line, ":", column, ": ", what));
  }

  // The cells up to the end of the line, or of the file.
  absl::Status Row(std::vector<Cell>* cells) {
    cells->clear();
    for (;;) {
      Cell cell;
      cell.line = line_;
      cell.column = Column();
      GRADUS_RETURN_IF_ERROR(at_ < text_.size() && text_[at_] == '"' ? Quoted(&cell)
                                                                     : Plain(&cell));
      cells->push_back(cell);
      if (at_ == text_.size()) return absl::OkStatus();
      if (text_[at_] == separator_) {
        ++at_;
        continue;
      }
      if (text_[at_] == '\r') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '\n') {
          return Error(line_, Column(), "a carriage return that no line feed follows");
        }
        ++at_;
      }
      ++at_;
      NextLine();
      return absl::OkStatus();
    }
  }

 private:
  int64_t Column() const { return static_cast<int64_t>(at_ - line_begin_) + 1; }
  void NextLine() {
    ++line_;
    line_begin_ = at_;
  }

  absl::Status Plain(Cell* cell) {
    const size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == separator_ || c == '\n' || c == '\r') break;
      if (c == '"')
        return Error(line_, Column(), "a quote inside a cell that does not begin with one");
      ++at_;
    }
    cell->text = text_.substr(begin, at_ - begin);
    return absl::OkStatus();
  }

  absl::Status Quoted(Cell* cell) {
    cell->quoted = true;
    const size_t begin = ++at_;
    for (;; ++at_) {
      if (at_ == text_.size()) {
        return Error(cell->line, cell->column, "the quote is never closed");
      }
      if (text_[at_] == '\n') {
        ++at_;
        NextLine();
        --at_;
      } else if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
    }
    cell->text = text_.substr(begin, at_ - begin);
    ++at_;
    if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
        text_[at_] != '\r') {
      return Error(line_, Column(), "text after the closing quote");
    }
    return absl::OkStatus();
  }

  const std::string& name_;
  const absl::string_view text_;
  const char separator_;
  size_t at_;
  size_t line_begin_;
  int64_t line_;
};

// What is wrong with the number, or empty.
std::string ParseNumber(absl::string_view text, DType dtype, double* number) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (*begin == '+' && text.size() > 1 && begin[1] != '-') ++begin;  // from_chars takes no plus.
  const std::from_chars_result result = std::from_chars(begin, end, *number);
  if (result.ec == std::errc::result_out_of_range && result.ptr == end) {
    return absl::StrCat(text, " is out of the range of a double");
  }
  if (result.ec != std::errc() || result.ptr != end) {
    return absl::StrCat(Quote(text), " is not a number");
  }
  if (!std::isfinite(*number)) return absl::StrCat(text, " is not finite");
  if (dtype == DType::kInt32) {
    if (*number != std::trunc(*number)) return absl::StrCat(text, " is not a whole number");
    if (std::abs(*number) >= 0x1p31 && *number != -0x1p31) {
      return absl::StrCat(text, " does not fit INT32");
    }
  }
  return "";
}

std::string Unquoted(const Cell& cell) {
  return cell.quoted ? absl::StrReplaceAll(cell.text, {{"\"\"", "\""}}) : std::string(cell.text);
}

// One column's texts.
struct Texts {
  std::vector<std::string> texts;
  std::unordered_map<std::string, int32_t> codes;

  int32_t Code(std::string text) {
    const auto [found, is_new] = codes.emplace(text, static_cast<int32_t>(texts.size()));
    if (is_new) texts.push_back(std::move(text));
    return found->second;
  }
};

}  // namespace

absl::StatusOr<char> ParseCsvSeparator(absl::string_view text) {
  if (text.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("separator ", Quote(text), " is not one character"));
  }
  const char c = text[0];
  if (absl::ascii_isalnum(c) || absl::StrContains(absl::string_view("\"\r\n\0+-.", 7), c)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "separator ", Quote(text), " cannot be one: numbers, quotes and line ends are made of it"));
  }
  return c;
}

int64_t CsvLines::operator[](int64_t row) const {
  GRADUS_CHECK(row >= 0 && row < size_);
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), row,
                                      [](int64_t r, const auto& run) { return r < run.first; });
  const auto& run = *(after - 1);
  return run.second + (row - run.first);
}

void CsvLines::Add(int64_t first_line, int64_t rows) {
  if (rows == 0) return;
  if (runs_.empty() || runs_.back().second + (size_ - runs_.back().first) != first_line) {
    runs_.emplace_back(size_, first_line);
  }
  size_ += rows;
}

absl::StatusOr<CsvFile> CsvFile::Open(const std::string& path, const CsvDialect& dialect) {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, InputFile::Open(path));
  GRADUS_ASSIGN_OR_RETURN(std::string text, file->ReadAll());
  return Parse(path, std::move(text), dialect);
}

absl::StatusOr<CsvFile> CsvFile::OpenFileOrPipe(const std::string& path,
                                                const CsvDialect& dialect) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) {
    GRADUS_ASSIGN_OR_RETURN(std::string text, ReadFileOrPipe(path, kMostPipeBytes));
    if (absl::StartsWith(text, "\x1f\x8b")) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": what comes out of a pipe must not be compressed; unpack it first"));
    }
    return Parse(path, std::move(text), dialect);
  }
  return Open(path, dialect);
}

absl::StatusOr<CsvFile> CsvFile::Parse(std::string name, std::string text,
                                       const CsvDialect& dialect) {
  CsvFile file;
  file.name_ = std::move(name);
  file.dialect_ = dialect;
  file.text_ = std::move(text);
  const absl::string_view all = file.text_;
  if (absl::StartsWith(all, "\xff\xfe") || absl::StartsWith(all, "\xfe\xff")) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.name_, ":1:1: the file is UTF-16; save it as UTF-8"));
  }
  Scanner scanner(file.name_, all, dialect.separator, absl::StartsWith(all, "\xef\xbb\xbf") ? 3 : 0,
                  1);
  if (scanner.done()) {
    return absl::InvalidArgumentError(absl::StrCat(file.name_, ": the file is empty"));
  }
  file.body_ = scanner.position();
  file.body_line_ = scanner.line();
  std::vector<Cell> cells;
  GRADUS_RETURN_IF_ERROR(scanner.Row(&cells));
  for (const Cell& cell : cells) {
    std::string column = dialect.header ? Unquoted(cell) : absl::StrCat(file.columns_.size() + 1);
    if (!file.places_.emplace(column, static_cast<int>(file.columns_.size())).second) {
      return scanner.Error(cell.line, cell.column,
                           absl::StrCat("column ", Quote(column), " is there twice"));
    }
    file.columns_.push_back(std::move(column));
  }
  if (dialect.header) {
    file.body_ = scanner.position();
    file.body_line_ = scanner.line();
  }
  return file;
}

int CsvFile::Find(absl::string_view column) const {
  const auto found = places_.find(std::string(column));
  return found == places_.end() ? -1 : found->second;
}

absl::StatusOr<CsvTable> CsvFile::Read(absl::Span<const CsvSelection> selections) const {
  CsvTable table;
  // They grow as rows are read: a row that is not there yet is not believed in.
  std::vector<std::vector<double>> numbers(selections.size());
  std::vector<std::vector<Texts>> texts(selections.size());
  for (size_t i = 0; i < selections.size(); ++i) {
    for (int column : selections[i].columns) {
      GRADUS_CHECK(column >= 0 && column < static_cast<int>(columns_.size()));
    }
    if (selections[i].text) texts[i].resize(selections[i].columns.size());
  }

  Scanner scanner(name_, text_, dialect_.separator, body_, body_line_);
  std::vector<Cell> cells;
  cells.reserve(columns_.size());
  while (!scanner.done()) {
    const int64_t line = scanner.line();
    GRADUS_RETURN_IF_ERROR(scanner.Row(&cells));
    if (cells.size() != columns_.size()) {
      const bool blank = cells.size() == 1 && cells[0].text.empty() && !cells[0].quoted;
      return scanner.Error(
          line, 1,
          blank ? "the line is empty"
                : absl::StrCat("the row has ", cells.size(), " cells, the ",
                               dialect_.header ? "header " : "first row ", columns_.size()));
    }
    for (size_t i = 0; i < selections.size(); ++i) {
      const CsvSelection& selection = selections[i];
      for (size_t k = 0; k < selection.columns.size(); ++k) {
        const Cell& cell = cells[selection.columns[k]];
        std::string text = Unquoted(cell);
        const bool missing =
            text.empty() || std::find(dialect_.missing.begin(), dialect_.missing.end(), text) !=
                                dialect_.missing.end();
        double number = selection.text ? -1 : std::numeric_limits<double>::quiet_NaN();
        std::string problem;
        if (missing) {
          if (!selection.may_miss || (!selection.text && selection.dtype == DType::kInt32)) {
            problem = text.empty() ? "the cell is empty"
                                   : absl::StrCat("the cell is missing (", Quote(text), ")");
          }
        } else if (selection.text) {
          number = texts[i][k].Code(std::move(text));
        } else {
          problem = ParseNumber(cell.text, selection.dtype, &number);
        }
        if (!problem.empty()) {
          return scanner.Error(
              cell.line, cell.column,
              absl::StrCat("column ", Quote(columns_[selection.columns[k]]), ": ", problem));
        }
        numbers[i].push_back(number);
      }
    }
    table.lines.Add(line, 1);
  }

  const int64_t rows = table.lines.size();
  table.texts.resize(selections.size());
  for (size_t i = 0; i < selections.size(); ++i) {
    const int64_t columns = static_cast<int64_t>(selections[i].columns.size());
    const DType dtype = selections[i].text ? DType::kInt32 : selections[i].dtype;
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(dtype, {rows, columns}));
    if (dtype == DType::kInt32) {
      std::copy(numbers[i].begin(), numbers[i].end(), tensor.mutable_data<int32_t>().begin());
    } else {
      std::copy(numbers[i].begin(), numbers[i].end(), tensor.mutable_data<double>().begin());
    }
    table.fields.push_back(std::move(tensor));
    for (Texts& column : texts[i]) table.texts[i].push_back(std::move(column.texts));
  }
  return table;
}

}  // namespace gradus
