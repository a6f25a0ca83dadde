// Hundreds of tables made at random, right and broken ones, against a parser that is written here for clarity and nothing else: a state a
// byte, no blocks, no threads. Each is read in blocks of any size, on one thread and on several: the numbers, the texts, the lines and the
// first error must be the same.

#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/data/csv.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

struct PlainTable {
  std::vector<std::vector<std::string>> rows;  // With the header.
  std::vector<int64_t> lines;
  bool broken = false;  // The text after these rows.
};

bool IsBlank(char c, char separator) { return (c == ' ' || c == '\t') && c != separator; }

std::string Bare(const std::string& cell, char separator) {
  std::string bare = cell;
  while (!bare.empty() && IsBlank(bare.back(), separator)) bare.pop_back();
  while (!bare.empty() && IsBlank(bare.front(), separator)) bare.erase(0, 1);
  return bare;
}

PlainTable ParsePlainly(const std::string& text, char separator) {
  PlainTable table;
  size_t at = 0;
  int64_t line = 1;
  while (at < text.size()) {
    std::vector<std::string> row;
    const int64_t first_line = line;
    bool any_quoted = false;
    for (bool more = true; more;) {
      std::string cell;
      size_t behind_blanks = at;
      while (behind_blanks < text.size() && IsBlank(text[behind_blanks], separator)) {
        ++behind_blanks;
      }
      const bool quoted = behind_blanks < text.size() && text[behind_blanks] == '"';
      any_quoted = any_quoted || quoted;
      if (quoted) {
        at = behind_blanks;
        for (++at;; ++at) {
          if (at >= text.size()) return table.broken = true, table;
          if (text[at] == '\n') ++line;
          if (text[at] != '"') {
            cell += text[at];
          } else if (at + 1 < text.size() && text[at + 1] == '"') {
            cell += text[at++];
          } else {
            break;
          }
        }
        ++at;
        while (at < text.size() && IsBlank(text[at], separator)) ++at;
      } else {
        while (at < text.size() && text[at] != separator && text[at] != '\n' && text[at] != '\r') {
          if (text[at] == '"') return table.broken = true, table;
          cell += text[at++];
        }
      }
      row.push_back(cell);
      more = false;
      if (at == text.size()) break;
      if (text[at] == separator) {
        more = true;
        ++at;
      } else if (text[at] == '\n') {
        ++at;
        ++line;
      } else if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') {
        at += 2;
        ++line;
      } else {
        return table.broken = true, table;
      }
    }
    const bool blank = row.size() == 1 && !any_quoted && Bare(row[0], separator).empty();
    if (blank && (table.rows.empty() || table.rows[0].size() > 1)) continue;
    if (!table.rows.empty() && row.size() != table.rows[0].size()) {
      return table.broken = true, table;
    }
    table.rows.push_back(row);
    table.lines.push_back(first_line);
  }
  return table;
}

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}
  uint64_t Below(uint64_t n) { return random_() % n; }

  // Columns: even ones are numbers, odd ones texts. `damage`: some bytes are replaced.
  std::string Table(char separator, int columns, int rows, bool damage) {
    std::string text = Below(3) == 0 ? "\xef\xbb\xbf" : "";
    const int ends = static_cast<int>(Below(3));
    for (int r = 0; r <= rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        if (c > 0) text += separator;
        text += r == 0 ? absl::StrCat("c", c) : c % 2 == 0 ? Number(separator) : Text(separator);
      }
      if (r == rows && Below(2) == 0) break;
      text += ends == 0 || (ends == 1 && Below(2) == 0) ? "\n" : "\r\n";
      if (columns > 1 && Below(6) == 0) text += Blanks(separator) + "\n";
    }
    if (damage) {
      const std::string bytes = absl::StrCat("\"\n\r,x", std::string(1, separator));
      for (uint64_t i = 0; i <= Below(3); ++i)
        text[Below(text.size())] = bytes[Below(bytes.size())];
    }
    return text;
  }

 private:
  // None to two spaces or tabulators, whichever does not separate.
  std::string Blanks(char separator) {
    const char blank = separator == '\t' || (separator != ' ' && Below(2) == 0) ? ' ' : '\t';
    return std::string(Below(3), blank);
  }
  std::string Number(char separator) {
    if (Below(3) > 0) return Digits();
    const std::string before = Blanks(separator);
    return before + Digits() + Blanks(separator);
  }
  std::string Digits() {
    switch (Below(8)) {
      case 0:
        return Below(2) == 0 ? "" : "NA";
      case 1:
        return absl::StrCat("\"", Below(1000), "\"");
      case 2:
        return absl::StrCat("-", Below(1000), ".", Below(100000));
      case 3:
        return absl::StrCat(Below(100), "e-", Below(30));
      case 4:
        return "0.12345678901234567890";
      default:
        return absl::StrCat(Below(1000000));
    }
  }
  std::string Text(char separator) {
    switch (Below(6)) {
      case 0:
        return absl::StrCat("\"two\nlines ", Below(3), "\"");
      case 1:
        return absl::StrCat(Below(2) == 0 ? Blanks(separator) : "", "\"a ",
                            std::string(1, separator), "\"\"b", Below(4), "\"", Blanks(separator));
      case 2:
        return Below(2) == 0 ? "null" : "\"\"";
      case 3: {
        const std::string before = Blanks(separator);
        return absl::StrCat(before, Below(4), ".5", Blanks(separator));
      }
      default:
        return absl::StrCat("t", Below(9));
    }
  }

  std::mt19937_64 random_;
};

bool Missing(const std::string& cell) { return cell.empty() || cell == "NA" || cell == "null"; }

// A finite number without letters.
bool IsDecimal(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' &&
         text.find_first_not_of("+-.0123456789") == std::string::npos;
}

// What `table` must be, given what stands in the text.
void Compare(const PlainTable& plain, const CsvTable& table, int columns, char separator) {
  const int64_t rows = static_cast<int64_t>(plain.rows.size()) - 1;
  ASSERT_EQ(table.lines.size(), rows);
  for (int c = 0; c < columns; ++c) {
    ASSERT_EQ(table.fields[c].dims(), (std::vector<int64_t>{rows, 1}));
    std::map<std::string, int> codes;
    for (int64_t r = 0; r < rows; ++r) {
      const std::string& cell = plain.rows[r + 1][c];
      EXPECT_EQ(table.lines[r], plain.lines[r + 1]);
      if (c % 2 == 0) {
        const double value = table.fields[c].data<double>()[r];
        if (Missing(Bare(cell, separator))) {
          EXPECT_TRUE(std::isnan(value)) << cell;
        } else {
          EXPECT_EQ(value, std::strtod(cell.c_str(), nullptr)) << cell;
        }
        continue;
      }
      const int32_t code = table.fields[c].data<int32_t>()[r];
      const std::string bare = Bare(cell, separator);
      const std::string& text = IsDecimal(bare) ? bare : cell;
      if (Missing(cell)) {
        EXPECT_EQ(code, -1) << cell;
      } else {
        const int expected = codes.emplace(text, static_cast<int>(codes.size())).first->second;
        ASSERT_EQ(code, expected) << cell;
        EXPECT_EQ(table.texts[c][0][code], text);
      }
    }
    EXPECT_EQ(table.texts[c].size(), c % 2 == 0 ? 0u : 1u);
    if (c % 2 == 1) {
      EXPECT_EQ(table.texts[c][0].size(), codes.size());
    }
  }
}

std::vector<CsvSelection> AllColumns(int columns) {
  std::vector<CsvSelection> selections(columns);
  for (int c = 0; c < columns; ++c) {
    selections[c].columns = {c};
    selections[c].text = c % 2 == 1;
    selections[c].may_miss = true;
  }
  return selections;
}

TEST(CsvTablesTest, EveryTableIsWhatAPlainParserMakesOfItInBlocksOfAnySize) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Maker maker(seed);
    CsvDialect dialect;
    dialect.separator = ",;\t| "[maker.Below(5)];
    dialect.on_disk = seed % 3 == 0;
    const int columns = 1 + static_cast<int>(maker.Below(5));
    const std::string text =
        maker.Table(dialect.separator, columns, static_cast<int>(maker.Below(30)), false);
    const size_t mark = text[0] == '\xef' ? 3 : 0;
    const PlainTable plain = ParsePlainly(text.substr(mark), dialect.separator);
    ASSERT_FALSE(plain.broken) << text;
    const auto file = CsvFile::Parse("t.csv", text, dialect);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_EQ(file->columns(), plain.rows[0]);
    for (int64_t block : {1, 2, 3, 7, 16, 61, 1 << 20}) {
      for (int threads : {1, 3}) {
        CsvReading reading;
        reading.block_bytes = block;
        reading.threads = threads;
        const auto table = file->Read(AllColumns(columns), reading);
        ASSERT_TRUE(table.ok()) << table.status() << "\n" << text;
        Compare(plain, *table, columns, dialect.separator);
      }
    }
  }
}

TEST(CsvTablesTest, ABrokenTableHasTheSameFirstErrorInBlocksOfAnySizeOnAnyNumberOfThreads) {
  int refused = 0;
  for (uint64_t seed = 1000; seed < 1600; ++seed) {
    SCOPED_TRACE(seed);
    Maker maker(seed);
    CsvDialect dialect;
    dialect.separator = ",;\t| "[maker.Below(5)];
    const int columns = 1 + static_cast<int>(maker.Below(4));
    const std::string text =
        maker.Table(dialect.separator, columns, static_cast<int>(maker.Below(20)), true);
    const auto file = CsvFile::Parse("t.csv", text, dialect);
    const int found = file.ok() ? static_cast<int>(file->columns().size()) : 0;
    if (found == 0) continue;
    std::vector<CsvSelection> selections = AllColumns(found);
    if (seed % 2 == 0) selections[0].may_miss = false;
    const auto whole = file->Read(selections);
    const PlainTable plain =
        ParsePlainly(text.substr(text[0] == '\xef' ? 3 : 0), dialect.separator);
    if (plain.broken) {
      EXPECT_FALSE(whole.ok()) << text;
    } else if (whole.ok()) {
      Compare(plain, *whole, found, dialect.separator);
    }
    refused += whole.ok() ? 0 : 1;
    for (int64_t block : {1, 2, 5, 13, 40}) {
      for (int threads : {1, 2, 4}) {
        CsvReading reading;
        reading.block_bytes = block;
        reading.threads = threads;
        EXPECT_EQ(file->Read(selections, reading).status(), whole.status()) << text;
      }
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(CsvTablesTest, ATableOfManyBlocksIsTheSameOnOneThreadAndOnFour) {
  std::string text = "x,city,y\n";
  for (int i = 0; i < 200000; ++i) {
    absl::StrAppend(&text, i, ".25,", i % 1000 == 7 ? "\"two\nlines\"" : absl::StrCat("c", i % 77),
                    ",", i % 3, "\n");
  }
  const std::string path = WriteTestFile("many.csv.gz", Gzip(text));
  const auto packed = CsvFile::Open(path);
  const auto plain = CsvFile::Parse("t.csv", text);
  ASSERT_TRUE(packed.ok() && plain.ok()) << packed.status();
  CsvSelection city;
  city.columns = {1};
  city.text = true;
  const std::vector<CsvSelection> selections = {{{0}}, city, {{2}, DType::kInt32}};
  for (const CsvFile* file : {&*packed, &*plain}) {
    for (int threads : {1, 4}) {
      CsvReading reading;
      reading.block_bytes = 50000;
      reading.threads = threads;
      const auto table = file->Read(selections, reading);
      ASSERT_TRUE(table.ok()) << table.status();
      ASSERT_EQ(table->lines.size(), 200000);
      EXPECT_EQ(table->texts[1][0].size(), 78u);
      for (int i = 0; i < 200000; ++i) {
        ASSERT_EQ(table->fields[0].data<double>()[i], i + .25);
        ASSERT_EQ(table->fields[2].data<int32_t>()[i], i % 3);
        ASSERT_EQ(table->lines[i], i + 2 + (i + 992) / 1000);
        ASSERT_EQ(table->texts[1][0][table->fields[1].data<int32_t>()[i]],
                  i % 1000 == 7 ? "two\nlines" : absl::StrCat("c", i % 77));
      }
    }
  }
}

}  // namespace
}  // namespace gradus
