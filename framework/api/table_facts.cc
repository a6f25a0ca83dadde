// A table is looked at as texts: each distinct text once, with how often it is there.

#include "gradus/api/table_facts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/base/status.h"
#include "gradus/api/written_numbers.h"
#include "gradus/base/text_escape.h"
#include "gradus/data/input_file.h"

namespace gradus {
namespace {

constexpr size_t kBeginning = 64 << 10;  // What is enough to tell how a file is written.

// What people write for a cell that is missing, beside what the reader takes as that.
constexpr absl::string_view kMarks[] = {"?",    "-",   "--",      ".",       "none",    "None",
                                        "NONE", "n/a", "#N/A",    "<NA>",    "nil",     "NIL",
                                        "-nan", "na",  "missing", "unknown", "Unknown", "*"};

// Spaces and tabulators, which the reader passes over around numbers.
absl::string_view WithoutBlanks(absl::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == absl::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool IsMark(absl::string_view text) {
  text = WithoutBlanks(text);
  const std::vector<std::string> usual = CsvDialect().missing;
  return text.empty() || std::find(usual.begin(), usual.end(), text) != usual.end() ||
         std::find(std::begin(kMarks), std::end(kMarks), text) != std::end(kMarks);
}

bool Digits(absl::string_view text, size_t least, size_t most) {
  if (text.size() < least || text.size() > most) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

// 2024-03-01, 2024/3/1, 1.3.2024, 3/1/2024; a time may follow behind a blank or a T.
bool IsDate(absl::string_view text) {
  const size_t end = text.find_first_of(" T");
  const absl::string_view day = text.substr(0, end);
  for (const char separator : {'-', '/', '.'}) {
    const std::vector<absl::string_view> parts = absl::StrSplit(day, separator);
    if (parts.size() != 3 || !Digits(parts[1], 1, 2)) continue;
    if (Digits(parts[0], 4, 4) && Digits(parts[2], 1, 2)) return true;
    if (Digits(parts[0], 1, 2) && Digits(parts[2], 2, 4)) return true;
  }
  return false;
}

struct Moments {
  double mean = 0, deviation = 0, skewness = 0;
};

// Of numbers with counts, in two passes.
Moments MomentsOf(const std::vector<std::pair<double, int64_t>>& numbers) {
  Moments moments;
  double n = 0;
  for (const auto& each : numbers) {
    n += static_cast<double>(each.second);
    moments.mean += each.first * static_cast<double>(each.second);
  }
  if (n == 0) return moments;
  moments.mean /= n;
  double second = 0, third = 0;
  for (const auto& each : numbers) {
    const double from_mean = each.first - moments.mean;
    const double weight = static_cast<double>(each.second) / n;
    second += weight * from_mean * from_mean;
    third += weight * from_mean * from_mean * from_mean;
  }
  moments.deviation = std::sqrt(second);
  if (second > 0) moments.skewness = third / (second * moments.deviation);
  return moments;
}

void AddNumbers(const std::vector<std::pair<double, int64_t>>& numbers, ColumnFacts* facts) {
  if (numbers.empty()) return;
  facts->least = std::numeric_limits<double>::infinity();
  facts->most = -facts->least;
  for (const auto& each : numbers) {
    facts->numbers += each.second;
    facts->whole &= each.first == std::trunc(each.first);
    facts->least = std::min(facts->least, each.first);
    facts->most = std::max(facts->most, each.first);
  }
  const Moments plain = MomentsOf(numbers);
  facts->mean = plain.mean;
  facts->deviation = plain.deviation;
  facts->skewness = plain.skewness;
  if (facts->least < 0) return;
  std::vector<std::pair<double, int64_t>> logs = numbers;
  for (auto& each : logs) each.first = std::log1p(each.first);
  facts->log_skewness = MomentsOf(logs).skewness;
}

// Letters behind numbers, in how many cells and how many different texts.
struct SharedUnit {
  int64_t cells = 0, texts = 0;
  std::string first;
};

// Letters are a unit where nearly all numbers that have any share them; house numbers such as 12A and 12B do not.
void AddUnit(const std::map<std::string, SharedUnit>& letters, ColumnFacts* facts) {
  constexpr int64_t kLeastTexts = 3;
  int64_t cells = 0;
  const SharedUnit* most = nullptr;
  for (const auto& each : letters) {
    cells += each.second.cells;
    if (most == nullptr || each.second.cells > most->cells) most = &each.second;
  }
  if (most == nullptr || most->texts < kLeastTexts || 20 * most->cells < 19 * cells) return;
  facts->units += most->cells;
  if (facts->unit_text.empty()) facts->unit_text = most->first;
}

// The text up to the end of its last whole row, which may have line ends in quotes.
void CutToRows(std::string* text) {
  bool quoted = false;
  size_t end = 0;
  for (size_t i = 0; i < text->size(); ++i) {
    if ((*text)[i] == '"') quoted = !quoted;
    if ((*text)[i] == '\n' && !quoted) end = i + 1;
  }
  text->resize(end);
}

// From 1.
size_t LineThatIsNotUtf8(absl::string_view text) {
  size_t line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (!IsUtf8(text.substr(begin, end - begin))) break;
    begin = end + 1;
  }
  return line;
}

// The texts that stand for missing cells in a column: the usual ones where all else is numbers, and "?" anywhere.
void FindMarks(const ColumnFacts& facts, std::vector<std::string>* marks) {
  const bool nearly_numbers =
      facts.numbers > 0 && facts.no_number_texts <= static_cast<int64_t>(facts.no_numbers.size()) &&
      std::all_of(facts.no_numbers.begin(), facts.no_numbers.end(), IsMark);
  for (const auto& value : facts.values) {
    double number;
    const bool mark = WithoutBlanks(value.first) == "?" ||
                      (nearly_numbers && !IsCsvNumber(value.first, &number));
    if (mark && std::find(marks->begin(), marks->end(), value.first) == marks->end()) {
      marks->push_back(value.first);
    }
  }
}

}  // namespace

bool IsCsvNumber(absl::string_view text, double* number) {
  text = WithoutBlanks(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, *number);
  return !text.empty() && result.ec == std::errc() && result.ptr == end && std::isfinite(*number);
}

const ColumnFacts* TableFacts::Find(absl::string_view column) const {
  for (const ColumnFacts& facts : columns) {
    if (facts.name == column) return &facts;
  }
  return nullptr;
}

ColumnFacts LookAtColumn(const std::string& name, absl::Span<const int32_t> codes,
                         const std::vector<std::string>& texts, const CsvLines& lines,
                         absl::Span<const std::string> marks) {
  ColumnFacts facts;
  facts.name = name;
  facts.rows = static_cast<int64_t>(codes.size());
  std::vector<int64_t> counts(texts.size(), 0), first(texts.size(), -1);
  std::vector<bool> is_missing(texts.size(), false);
  for (size_t i = 0; i < texts.size(); ++i) {
    is_missing[i] = std::find(marks.begin(), marks.end(), texts[i]) != marks.end();
  }
  for (size_t row = 0; row < codes.size(); ++row) {
    const int32_t code = codes[row];
    if (code < 0 || is_missing[static_cast<size_t>(code)]) {
      if (facts.missing++ == 0) facts.first_missing_line = lines[static_cast<int64_t>(row)];
      continue;
    }
    if (counts[static_cast<size_t>(code)]++ == 0) {
      first[static_cast<size_t>(code)] = static_cast<int64_t>(row);
    }
  }
  std::vector<std::pair<double, int64_t>> numbers;
  std::map<std::string, SharedUnit> letters;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (counts[i] == 0) continue;
    facts.values.emplace_back(texts[i], counts[i]);
    double number;
    if (IsCsvNumber(texts[i], &number)) {
      numbers.emplace_back(number, counts[i]);
      if (HasLeadingZero(absl::StripAsciiWhitespace(texts[i]))) facts.leading_zeros += counts[i];
      continue;
    }
    constexpr size_t kMost = 8;
    if (facts.no_numbers.size() < kMost) facts.no_numbers.push_back(texts[i]);
    if (facts.no_number_texts++ == 0) facts.no_number_line = lines[first[i]];
    const absl::string_view bare = absl::StripAsciiWhitespace(texts[i]);
    const bool decimal_comma = IsDecimalComma(bare), thousands = HasThousands(bare);
    if (decimal_comma) facts.decimal_commas += counts[i];
    if (thousands) facts.thousands += counts[i];
    if (decimal_comma || thousands) {
      facts.commas += counts[i];
      if (facts.comma_text.empty()) facts.comma_text = texts[i];
    }
    if (HasUnit(bare)) {
      facts.units += counts[i];
      if (facts.unit_text.empty()) facts.unit_text = texts[i];
    } else if (const absl::string_view unit = UnitBehind(bare); !unit.empty()) {
      SharedUnit& shared = letters[std::string(unit)];
      shared.cells += counts[i];
      if (shared.texts++ == 0) shared.first = texts[i];
    }
    if (IsDate(bare)) facts.dates += counts[i];
  }
  AddUnit(letters, &facts);
  AddNumbers(numbers, &facts);
  return facts;
}

absl::StatusOr<TableFacts> LookAtTable(const std::string& path, const LookOptions& options) try {
  TableFacts facts;
  facts.path = path;
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, InputFile::Open(path));
  std::string text;
  text.resize(static_cast<size_t>(std::min(file->most_bytes(), options.most_bytes)));
  GRADUS_ASSIGN_OR_RETURN(const int64_t bytes,
                          file->Read(&text[0], static_cast<int64_t>(text.size())));
  text.resize(static_cast<size_t>(bytes));
  char more;
  GRADUS_ASSIGN_OR_RETURN(const int64_t left, file->Read(&more, 1));
  facts.whole_file = left == 0;
  if (!facts.whole_file) {
    CutToRows(&text);
    if (text.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":1:1: the first row is longer than ", options.most_bytes, " bytes"));
    }
  }
  std::string beginning = text.substr(0, kBeginning);
  if (beginning.size() < text.size()) CutToRows(&beginning);
  if (beginning.empty()) beginning = text;
  GRADUS_ASSIGN_OR_RETURN(facts.dialect, GuessDialect(path, beginning, options, &facts.why_header));
  if (!IsUtf8(text)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ":", LineThatIsNotUtf8(text),
        ":1: the line is not UTF-8, as names and categories are saved; save the file as UTF-8 "
        "(iconv -f WINDOWS-1252 -t UTF-8 does it for what western European spreadsheets write)"));
  }
  const double size = static_cast<double>(text.size());
  GRADUS_ASSIGN_OR_RETURN(const CsvFile csv, CsvFile::Parse(path, std::move(text), facts.dialect));

  std::vector<CsvSelection> selections(csv.columns().size());
  for (size_t i = 0; i < selections.size(); ++i) {
    selections[i].columns = {static_cast<int>(i)};
    selections[i].text = selections[i].may_miss = true;
  }
  GRADUS_ASSIGN_OR_RETURN(const CsvTable table, csv.Read(selections));
  facts.rows = table.lines.size();
  if (facts.rows == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": there is no row below the header"));
  }
  const auto look = [&] {
    facts.columns.clear();
    for (size_t i = 0; i < selections.size(); ++i) {
      facts.columns.push_back(LookAtColumn(csv.columns()[i], table.fields[i].data<int32_t>(),
                                           table.texts[i][0], table.lines, facts.missing_marks));
    }
  };
  look();
  for (const ColumnFacts& column : facts.columns) FindMarks(column, &facts.missing_marks);
  if (!facts.missing_marks.empty()) look();
  for (const std::string& mark : facts.missing_marks) facts.dialect.missing.push_back(mark);
  facts.estimated_rows = facts.rows;
  if (!facts.whole_file) {
    const double whole = file->compressed() ? 0 : static_cast<double>(file->most_bytes());
    facts.estimated_rows = static_cast<int64_t>(static_cast<double>(facts.rows) * whole / size);
  }
  return facts;
} catch (...) {
  return StatusOfException("looking at a table");
}

}  // namespace gradus
