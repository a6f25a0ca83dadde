// Fuzzes the reader of tables, which come from strangers. The first byte chooses the dialect and what the columns are read as. Beyond not
// crashing:
//   - what is refused has a message that names the file and is valid UTF-8;
//   - blocks of any size and any number of threads give the same numbers, texts, lines and first error;
//   - every code has a text.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gradus/base/status.h"
#include "gradus/base/text_escape.h"
#include "gradus/data/csv.h"

namespace gradus {
namespace {

void CheckMessage(const absl::Status& status) {
  GRADUS_CHECK(absl::StartsWith(status.message(), "fuzz.csv:"));
  GRADUS_CHECK(IsUtf8(status.message()));
}

void CheckSame(const CsvTable& a, const CsvTable& b) {
  GRADUS_CHECK(a.texts == b.texts && a.lines.size() == b.lines.size());
  for (int64_t row = 0; row < a.lines.size(); ++row) GRADUS_CHECK(a.lines[row] == b.lines[row]);
  for (size_t i = 0; i < a.fields.size(); ++i) {
    GRADUS_CHECK(a.fields[i].dims() == b.fields[i].dims());
    const size_t bytes = static_cast<size_t>(a.fields[i].bytes());
    GRADUS_CHECK(bytes == 0 || std::memcmp(a.fields[i].raw(), b.fields[i].raw(), bytes) == 0);
  }
}

void FuzzOne(uint8_t choice, std::string text) {
  CsvDialect dialect;
  dialect.separator = ",;\t|"[choice & 3];
  dialect.header = (choice & 4) == 0;
  const absl::StatusOr<CsvFile> file = CsvFile::Parse("fuzz.csv", std::move(text), dialect);
  if (!file.ok()) return CheckMessage(file.status());
  std::vector<CsvSelection> selections(3);
  selections[1].text = true;
  selections[2].dtype = DType::kInt32;
  for (CsvSelection& selection : selections) selection.may_miss = (choice & 8) != 0;
  for (int c = 0; c < static_cast<int>(file->columns().size()); ++c) {
    GRADUS_CHECK(file->Find(file->columns()[c]) == c);
    selections[(c + choice / 16) % 3].columns.push_back(c);
  }
  const absl::StatusOr<CsvTable> table = file->Read(selections);
  for (int64_t block : {1, 7, 64}) {
    CsvReading reading;
    reading.block_bytes = block;
    reading.threads = block == 7 ? 2 : 1;
    const absl::StatusOr<CsvTable> other = file->Read(selections, reading);
    GRADUS_CHECK(other.status() == table.status());
    if (table.ok()) CheckSame(*table, *other);
  }
  if (!table.ok()) return CheckMessage(table.status());
  const size_t width = selections[1].columns.size();
  const absl::Span<const int32_t> codes = table->fields[1].data<int32_t>();
  for (size_t i = 0; i < codes.size(); ++i) {
    GRADUS_CHECK(codes[i] >= -1 && codes[i] < static_cast<int>(table->texts[1][i % width].size()));
  }
}

}  // namespace
}  // namespace gradus

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) gradus::FuzzOne(data[0], std::string(data + 1, data + size));
  return 0;
}
