// Reads all rows of a table on several threads: each takes the next block of text and parses it, and what was parsed is appended in the
// order of the blocks. So the result, and the first error, are those of one thread, and in memory are a few blocks and what was asked for.

#ifndef GRADUS_DATA_CSV_READER_H_
#define GRADUS_DATA_CSV_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/data/csv.h"
#include "gradus/data/csv_blocks.h"

namespace gradus {

struct CsvJob {
  const std::string& name;  // Of the file, for messages.
  const CsvDialect& dialect;
  const std::vector<std::string>& columns;
  absl::Span<const CsvSelection> selections;
  int64_t first_line = 1;  // Of the first row.
};

// `threads` as in CsvReading.
absl::StatusOr<CsvTable> ReadCsvRows(const CsvJob& job, int threads, CsvBlocks* blocks);

}  // namespace gradus

#endif  // GRADUS_DATA_CSV_READER_H_
