// Opens tables and reads their header; csv_reader.h reads the rows.

#include "gradus/data/csv.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/csv_blocks.h"
#include "gradus/data/csv_number.h"
#include "gradus/data/csv_reader.h"
#include "gradus/data/csv_scanner.h"

namespace gradus {
namespace {

constexpr int64_t kMostPipeBytes = int64_t{1} << 30;
constexpr int64_t kHeaderBlock = 64 << 10;

// A table of two bytes a character, with its mark or without (its first character is half empty).
bool IsUtf16(absl::string_view text) {
  if (absl::StartsWith(text, "\xff\xfe") || absl::StartsWith(text, "\xfe\xff")) return true;
  return text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0');
}

}  // namespace

absl::StatusOr<char> ParseCsvSeparator(absl::string_view text) {
  if (text.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("separator ", QuoteCsv(text), " is not one character"));
  }
  const char c = text[0];
  const absl::string_view others("\"\r\n\0+-.", 7);
  if (absl::ascii_isalnum(c) || !absl::ascii_isascii(c) || absl::StrContains(others, c)) {
    return absl::InvalidArgumentError(
        absl::StrCat("separator ", QuoteCsv(text),
                     " cannot separate: letters, digits, signs, points, quotes and line ends are "
                     "what cells and rows are made of"));
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

void CsvLines::Add(const CsvLines& more, int64_t line) {
  for (size_t i = 0; i < more.runs_.size(); ++i) {
    const int64_t end = i + 1 < more.runs_.size() ? more.runs_[i + 1].first : more.size_;
    Add(line + more.runs_[i].second, end - more.runs_[i].first);
  }
}

absl::StatusOr<CsvFile> CsvFile::Open(const std::string& path, const CsvDialect& dialect) {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, InputFile::Open(path));
  return Start(std::move(file), dialect);
}

absl::StatusOr<CsvFile> CsvFile::OpenFileOrPipe(const std::string& path,
                                                const CsvDialect& dialect) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) return Open(path, dialect);
  GRADUS_ASSIGN_OR_RETURN(std::string text, ReadFileOrPipe(path, kMostPipeBytes));
  return Parse(path, std::move(text), dialect);
}

absl::StatusOr<CsvFile> CsvFile::Parse(std::string name, std::string text,
                                       const CsvDialect& dialect) {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file,
                          InputFile::OfBytes(std::move(name), std::move(text)));
  return Start(std::move(file), dialect);
}

absl::StatusOr<CsvFile> CsvFile::Start(std::unique_ptr<InputFile> input,
                                       const CsvDialect& dialect) {
  GRADUS_RETURN_IF_ERROR(ParseCsvSeparator({&dialect.separator, 1}).status());
  CsvFile file;
  file.name_ = input->path();
  file.dialect_ = dialect;
  file.file_ = std::move(input);
  const auto error = [&file](int64_t line, int64_t column, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(file.name_, ":", line, ":", column, ": ", what));
  };
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> content, file.file_->Again());
  CsvBlocks blocks(std::move(content), std::min(kHeaderBlock, file.file_->most_bytes() + 1));
  CsvBlock block;
  GRADUS_RETURN_IF_ERROR(blocks.Next(&block));
  const absl::string_view text = block.text();
  if (absl::StartsWith(text, "PK\3\4")) {
    return absl::InvalidArgumentError(absl::StrCat(
        file.name_, ": is a ZIP archive or a spreadsheet, not text; save the table as CSV"));
  }
  if (IsUtf16(text)) return error(1, 1, "the file is UTF-16; save it as UTF-8");
  file.body_ = absl::StartsWith(text, "\xef\xbb\xbf") ? 3 : 0;
  if (static_cast<int64_t>(text.size()) == file.body_) {
    return absl::InvalidArgumentError(absl::StrCat(file.name_, ": the file is empty"));
  }
  if (block.endless()) return error(1, 1, CsvBlocks::EndlessRow());
  CsvScanner scanner(text, dialect.separator, static_cast<size_t>(file.body_), 1);
  std::vector<CsvCell> cells;
  CsvProblem problem;
  do {
    // Blank lines may come before the first row.
    if (!scanner.Row(&cells, &problem)) return error(problem.line, problem.column, problem.message);
  } while (IsBlankCsvRow(cells, dialect.separator) && !scanner.done());
  if (IsBlankCsvRow(cells, dialect.separator)) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.name_, ": the file is empty: there are only blank lines"));
  }
  for (const CsvCell& cell : cells) {
    const int place = static_cast<int>(file.columns_.size());
    std::string column = dialect.header ? CsvCellText(cell) : absl::StrCat(place + 1);
    if (!file.places_.emplace(column, place).second) {
      return error(cell.line, cell.column,
                   absl::StrCat("column ", QuoteCsv(column), " is there twice"));
    }
    file.columns_.push_back(std::move(column));
  }
  if (dialect.header) {
    file.body_ = static_cast<int64_t>(scanner.position());
    file.body_line_ = scanner.line();
  }
  return file;
}

int CsvFile::Find(absl::string_view column) const {
  const auto found = places_.find(std::string(column));
  return found == places_.end() ? -1 : found->second;
}

absl::StatusOr<CsvTable> CsvFile::Read(absl::Span<const CsvSelection> selections,
                                       const CsvReading& reading) const {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, file_->Again());
  const int64_t most = file->most_bytes() - body_ + 1;
  const bool one_block = most <= reading.block_bytes;
  CsvBlocks blocks(std::move(file),
                   std::max<int64_t>(1, one_block ? file_->most_bytes() + 1 : reading.block_bytes),
                   body_);
  const CsvJob job = {name_, dialect_, columns_, selections, body_line_};
  return ReadCsvRows(job, one_block ? 1 : reading.threads, &blocks);
}

}  // namespace gradus
