// Comma-separated values as RFC 4180 has them: a header row, cells that may be quoted, CRLF or LF.
// Cells that are asked for must be numbers; nothing is guessed, trimmed or filled in. Errors say
// file:line:column and the column's name.
//
//   GRADUS_ASSIGN_OR_RETURN(CsvFile file, CsvFile::Open("wine.csv"));
//   GRADUS_ASSIGN_OR_RETURN(CsvTable table, file.Read({{{0, 1, 2}, DType::kFloat64}, {{3},
//   DType::kInt32}}));

#ifndef GRADUS_DATA_CSV_H_
#define GRADUS_DATA_CSV_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/base/tensor.h"

namespace gradus {

// Columns that make up one field. FLOAT64: any finite number; INT32: whole numbers that fit ("3",
// also "3.0").
struct CsvSelection {
  std::vector<int> columns;
  DType dtype = DType::kFloat64;
};

struct CsvTable {
  std::vector<Tensor> fields;  // One per selection, [rows, columns].
  std::vector<int64_t> lines;  // On which line of the file each row begins.
};

class CsvFile {
 public:
  // Plain or gzip, with or without a UTF-8 byte order mark; reads all of it and parses the header.
  static absl::StatusOr<CsvFile> Open(const std::string& path);
  // The same, also from a pipe (`/dev/stdin`): plain, and at most 1 GiB.
  static absl::StatusOr<CsvFile> OpenFileOrPipe(const std::string& path);
  static absl::StatusOr<CsvFile> Parse(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  int Find(absl::string_view column) const;  // -1 when there is none.

  absl::StatusOr<CsvTable> Read(absl::Span<const CsvSelection> selections) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::string> columns_;
  // Of the columns, by name. Not a map of Abseil: those do not survive a failed allocation.
  std::unordered_map<std::string, int> places_;
  size_t body_ = 0;        // Where the first row begins,
  int64_t body_line_ = 0;  // and on which line.
};

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_H_
