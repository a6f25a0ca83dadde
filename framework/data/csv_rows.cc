// The quick pass and the exact one.

#include "gradus/data/csv_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/data/csv_number.h"

namespace gradus {

CsvPlan::CsvPlan(const CsvDialect& dialect, const std::vector<std::string>& columns,
                 absl::Span<const CsvSelection> selections)
    : dialect_(dialect), columns_(columns), selections_(selections) {
  for (size_t s = 0; s < selections.size(); ++s) {
    const CsvSelection& selection = selections[s];
    GRADUS_CHECK(selection.text || !selection.as_written);
    GRADUS_CHECK(selection.text || selection.dtype == DType::kFloat64 ||
                 selection.dtype == DType::kInt32);
    for (size_t k = 0; k < selection.columns.size(); ++k) {
      const int column = selection.columns[k];
      GRADUS_CHECK(column >= 0 && column < static_cast<int>(columns.size()));
      steps_.push_back({column, static_cast<int>(s), static_cast<int>(k), false});
    }
  }
  std::stable_sort(steps_.begin(), steps_.end(),
                   [](const Step& a, const Step& b) { return a.column < b.column; });
  for (size_t i = 1; i < steps_.size(); ++i) {
    steps_[i - 1].again = steps_[i - 1].column == steps_[i].column;
  }
  for (char c : {dialect.separator, '"', '\r', '\n'}) ends_[static_cast<unsigned char>(c)] = true;
  for (const std::string& word : dialect.missing) {
    if (!word.empty()) missing_[static_cast<unsigned char>(word[0])] = true;
  }
}

bool CsvPlan::IsMissing(absl::string_view text) const {
  if (text.empty()) return true;
  if (!MayBeMissing(text[0])) return false;
  return std::find(dialect_.missing.begin(), dialect_.missing.end(), text) !=
         dialect_.missing.end();
}

CsvRows::CsvRows(const CsvPlan& plan) : plan_(plan), fields_(plan.selections_.size()) {
  for (size_t s = 0; s < fields_.size(); ++s) {
    const CsvSelection& selection = plan.selections_[s];
    fields_[s].columns = static_cast<int64_t>(selection.columns.size());
    fields_[s].real = !selection.text && selection.dtype == DType::kFloat64;
    if (selection.text) fields_[s].texts.resize(selection.columns.size());
  }
}

void CsvRows::MakeRoom(int64_t rows) {
  for (Field& field : fields_) {
    const size_t numbers = static_cast<size_t>(rows * field.columns);
    if (field.real) {
      field.reals.resize(numbers);
    } else {
      field.integers.resize(numbers);
    }
  }
  room_ = rows;
}

bool CsvRows::Parse(const CsvBlock& block) {
  text_ = block.text();
  end_ = text_.data() + text_.size();
  size_ = line_ = 0;
  lines_ = CsvLines();
  for (Field& field : fields_) {
    for (TextCodes& texts : field.texts) texts.Clear();
  }
  if (block.endless()) {
    problem_ = {0, 1, CsvBlocks::EndlessRow()};
    return false;
  }
  int64_t run_line = 0, run_size = 0;  // Rows of one line each since the last that was not.
  for (const char* row = text_.data(); row < end_;) {
    if (size_ == room_) MakeRoom(std::max<int64_t>(16, 2 * size_));
    const int64_t line = line_;
    const char* next = QuickRow(row);
    if (next != nullptr) {
      ++line_;
    } else {
      bool blank = false;
      next = ExactRow(row, &blank);
      if (next == nullptr) return false;
      if (blank) {
        lines_.Add(run_line, size_ - run_size);
        run_line = line_;
        run_size = size_;
        row = next;
        continue;
      }
    }
    row = next;
    ++size_;
    if (line_ == line + 1) continue;
    lines_.Add(run_line, size_ - run_size);
    run_line = line_;
    run_size = size_;
  }
  lines_.Add(run_line, size_ - run_size);
  return true;
}

// The end of the cell, and what it says; null when the exact pass must look.
const char* CsvRows::SkipCell(const char* cell, absl::string_view* text) const {
  const char* p = cell;
  if (*p != '"') {
    while (!plan_.EndsCell(*p)) ++p;
    *text = {cell, static_cast<size_t>(p - cell)};
    return *p == '"' ? nullptr : p;
  }
  ++p;
  const void* found = std::memchr(p, '"', static_cast<size_t>(end_ - p));
  if (found == nullptr) return nullptr;
  const char* close = static_cast<const char*>(found);
  const size_t size = static_cast<size_t>(close - p);
  if (close[1] == '"' || std::memchr(p, '\n', size) != nullptr) return nullptr;
  *text = {p, size};
  return close + 1;
}

// As ReadDecimal, of a number that may have blanks around it. Null also when a word for missing cells begins like it.
const char* CsvRows::PaddedNumber(const char* cell, double* number) const {
  while (plan_.IsBlank(*cell)) ++cell;
  if (plan_.MayBeMissing(*cell)) return nullptr;
  const char* end = ReadDecimal(cell, number);
  while (end != nullptr && plan_.IsBlank(*end)) ++end;
  return end;
}

// As SkipCell, and puts the cell into its place.
const char* CsvRows::QuickCell(const char* cell, const CsvPlan::Step& step) {
  Field& field = fields_[step.selection];
  if (!plan_.selections_[step.selection].text && !plan_.MayBeMissing(*cell)) {
    double number;
    const char* end = ReadDecimal(cell, &number);
    if (end == nullptr || !plan_.EndsCell(*end)) end = PaddedNumber(cell, &number);
    if (end != nullptr && plan_.EndsCell(*end)) {
      const size_t index = static_cast<size_t>(size_ * field.columns + step.place);
      if (field.real) {
        field.reals[index] = number;
        return end;
      }
      if (number >= -0x1p31 && number < 0x1p31 && number == std::trunc(number)) {
        field.integers[index] = static_cast<int32_t>(number);
        return end;
      }
    }
  }
  absl::string_view text;
  const char* end = SkipCell(cell, &text);
  if (end == nullptr || !Store(text, step.selection, step.place).empty()) return nullptr;
  return end;
}

// Where the next row begins; null when the exact pass must look. Behind the text stands a line feed.
const char* CsvRows::QuickRow(const char* row) {
  const char* p = row;
  const char separator = plan_.dialect_.separator;
  const int last = static_cast<int>(plan_.columns_.size()) - 1;
  int column = 0;
  absl::string_view skipped;
  for (const CsvPlan::Step& step : plan_.steps_) {
    for (; column < step.column; ++column) {
      p = SkipCell(p, &skipped);
      if (p == nullptr || *p++ != separator) return nullptr;
    }
    const char* const end = QuickCell(p, step);
    if (end == nullptr) return nullptr;
    if (step.again) continue;
    p = end;
    if (column < last && *p++ != separator) return nullptr;
    ++column;
  }
  for (; column <= last; ++column) {
    p = SkipCell(p, &skipped);
    if (p == nullptr || (column < last && *p++ != separator)) return nullptr;
  }
  if (*p == '\n') return std::min(p + 1, end_);
  if (*p == '\r' && p[1] == '\n' && p + 1 < end_) return p + 2;
  return nullptr;
}

// Where the next row begins; null when something is wrong with this one.
const char* CsvRows::ExactRow(const char* row, bool* blank) {
  const int64_t line = line_;
  CsvScanner scanner(text_, plan_.dialect_.separator, static_cast<size_t>(row - text_.data()),
                     line);
  if (!scanner.Row(&cells_, &problem_)) return nullptr;
  const size_t columns = plan_.columns_.size();
  if (cells_.size() != columns) {
    *blank = IsBlankCsvRow(cells_, plan_.dialect_.separator);
    if (!*blank) {
      problem_ = {
          line, 1,
          absl::StrCat("the row has ", cells_.size(), cells_.size() == 1 ? " cell" : " cells",
                       ", the ", plan_.dialect_.header ? "header " : "first row ", columns)};
      return nullptr;
    }
    line_ = scanner.line();
    return text_.data() + scanner.position();
  }
  for (size_t s = 0; s < plan_.selections_.size(); ++s) {
    const CsvSelection& selection = plan_.selections_[s];
    for (size_t k = 0; k < selection.columns.size(); ++k) {
      const CsvCell& cell = cells_[selection.columns[k]];
      const bool simple = !cell.quoted || !absl::StrContains(cell.text, '"');
      const std::string wrong =
          simple ? Store(cell.text, static_cast<int>(s), static_cast<int>(k))
                 : Store(CsvCellText(cell), static_cast<int>(s), static_cast<int>(k));
      if (wrong.empty()) continue;
      problem_ = {
          cell.line, cell.column,
          absl::StrCat("column ", QuoteCsv(plan_.columns_[selection.columns[k]]), ": ", wrong)};
      return nullptr;
    }
  }
  line_ = scanner.line();
  return text_.data() + scanner.position();
}

std::string CsvRows::Store(absl::string_view text, int selection, int place) {
  Field& field = fields_[selection];
  const CsvSelection& what = plan_.selections_[selection];
  const size_t index = static_cast<size_t>(size_ * field.columns + place);
  // Words for missing cells may be blanks.
  bool missing = !what.as_written && plan_.IsMissing(text);
  if (!what.as_written) {
    const absl::string_view bare = what.text ? BareCsvNumber(text, plan_.dialect_.separator)
                                             : WithoutCsvBlanks(text, plan_.dialect_.separator);
    if (bare.size() < text.size()) {
      text = bare;
      missing = missing || plan_.IsMissing(text);
    }
  }
  if (missing) {
    if (!what.may_miss || (!what.text && !field.real)) {
      return text.empty() ? "the cell is empty"
                          : absl::StrCat("the cell is missing (", QuoteCsv(text), ")");
    }
    if (what.text) {
      field.integers[index] = -1;
    } else {
      field.reals[index] = std::numeric_limits<double>::quiet_NaN();
    }
    return "";
  }
  if (what.text) {
    field.integers[index] = field.texts[place].Code(text);
    return "";
  }
  double number = 0;
  std::string wrong = ParseCsvNumber(text, what.dtype, &number);
  if (!wrong.empty()) return wrong;
  if (field.real) {
    field.reals[index] = number;
  } else {
    field.integers[index] = static_cast<int32_t>(number);
  }
  return "";
}

}  // namespace gradus
