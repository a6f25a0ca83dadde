// Selections of a table, one for each kind of column of each input.

#include "gradus/data/csv_fields.h"

#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/status.h"
#include "gradus/data/csv_number.h"
#include "gradus/data/input_file.h"
#include "gradus/data/learn_columns.h"
#include "gradus/data/row_blocks.h"

namespace gradus {

void CsvFields::Add(Feed* feed, DType input, const std::vector<Column>& columns, bool by_column) {
  feed->raw_fields.clear();
  feed->parts.clear();
  feed->cells.clear();
  uses_.push_back({feed, input, columns});
  // Kinds of columns, by whether they are texts and may miss; -1: not there yet.
  int part_of[2][2] = {{-1, -1}, {-1, -1}};
  for (const Column& column : columns) {
    int& part = part_of[column.text ? 1 : 0][column.may_miss ? 1 : 0];
    if (part < 0) {
      part = static_cast<int>(feed->raw_fields.size());
      feed->raw_fields.push_back(first_field_ + static_cast<int>(selections_.size()));
      CsvSelection selection;
      selection.text = column.text;
      selection.may_miss = column.may_miss;
      // Whole numbers that may miss are doubles, which have a NaN.
      selection.dtype = column.text || (input == DType::kInt32 && !column.may_miss)
                            ? DType::kInt32
                            : DType::kFloat64;
      selections_.push_back(selection);
      specs_.push_back({feed->transform.input, selection.dtype, {0}});
      feed->parts.push_back({selection.dtype, 0, column.text});
    }
    const int selection = feed->raw_fields[part] - first_field_;
    feed->cells.push_back({part, static_cast<int>(feed->parts[part].columns)});
    selections_[selection].columns.push_back(column.place);
    specs_[selection].dims = {++feed->parts[part].columns};
  }
  if (by_column) return;
  GRADUS_CHECK(feed->raw_fields.size() == 1);
  feed->parts.clear();
  feed->cells.clear();
}

absl::StatusOr<std::shared_ptr<const Dataset>> CsvFields::Read(const CsvFile& file,
                                                               const CsvDialect& dialect) {
  GRADUS_ASSIGN_OR_RETURN(CsvTable table, file.Read(selections_));
  const auto lines = std::make_shared<const CsvLines>(std::move(table.lines));
  const std::string name = file.name();
  for (const Use& use : uses_) {
    if (!use.feed->by_column()) continue;
    use.feed->texts.clear();
    for (int field : use.feed->raw_fields) {
      use.feed->texts.push_back(std::move(table.texts[field - first_field_]));
    }
    use.feed->where = [name, lines, separator = dialect.separator, columns = use.columns](
                          int64_t row, int column) {
      return WhereCsvCell(name, separator, (*lines)[row], columns[column].place);
    };
  }
  std::shared_ptr<const Dataset> raw = MakeTensorDataset(
      specs_, std::move(table.fields),
      [name, lines](int64_t row, int) { return absl::StrCat(name, ":", (*lines)[row]); },
      dialect.on_disk);
  for (const Use& use : uses_) GRADUS_RETURN_IF_ERROR(CheckWhole(*raw, use));
  return raw;
}

// Doubles that feed an INT32 input are whole numbers that fit.
absl::Status CsvFields::CheckWhole(const Dataset& raw, const Use& use) const {
  if (use.input != DType::kInt32) return absl::OkStatus();
  const Feed& feed = *use.feed;
  for (size_t c = 0; c < feed.cells.size(); ++c) {
    const ColumnCell cell = feed.cells[c];
    const ColumnPart& part = feed.parts[cell.part];
    if (part.dtype != DType::kFloat64) continue;
    std::string problem;
    GRADUS_RETURN_IF_ERROR(ForRowBlocks(
        raw, feed.raw_fields[cell.part] - first_field_, Rows::Range(0, raw.size()),
        [&](const void* block, int64_t begin, int64_t count) {
          const double* numbers = static_cast<const double*>(block) + cell.column;
          for (int64_t r = 0; r < count && problem.empty(); ++r, numbers += part.columns) {
            const double x = *numbers;
            if (x != x || (x == std::trunc(x) && x >= -0x1p31 && x < 0x1p31)) continue;
            problem = absl::StrCat(
                feed.where(begin + r, static_cast<int>(c)), ": ",
                feed.transform.NameOfColumn(static_cast<int64_t>(c)), ": ", ShortestNumber(x),
                x == std::trunc(x) ? " does not fit INT32" : " is not a whole number");
          }
        }));
    if (!problem.empty()) return absl::InvalidArgumentError(problem);
  }
  return absl::OkStatus();
}

std::string WhereCsvCell(const std::string& file, char separator, int64_t line, int column) {
  const std::string row = absl::StrCat(file, ":", line);
  absl::StatusOr<std::unique_ptr<InputFile>> input = InputFile::Open(file);
  if (!input.ok()) return row;
  std::string block(size_t{1} << 16, '\0');
  int64_t at_line = 1, at = 1;  // Of the next byte.
  int cell = 0;
  bool quoted = false, first = true;
  for (;;) {
    const absl::StatusOr<int64_t> bytes = (*input)->Read(&block[0], block.size());
    if (!bytes.ok() || *bytes == 0) return row;
    const bool mark = first && absl::StartsWith(block, "\xef\xbb\xbf");
    first = false;
    for (int64_t i = mark ? 3 : 0; i < *bytes; ++i) {
      if (at_line >= line && cell == column) return absl::StrCat(file, ":", at_line, ":", at);
      const char c = block[i];
      ++at;
      if (c == '\n') {
        ++at_line;
        at = 1;
        if (at_line > line && !quoted) return row;
      }
      if (at_line < line) continue;
      if (c == '"') quoted = !quoted;
      if (c == separator && !quoted) ++cell;
    }
  }
}

std::vector<CsvFields::Column> TrainedColumns(const InputTransform& transform,
                                              const std::vector<int>& places) {
  std::vector<CsvFields::Column> columns;
  for (size_t c = 0; c < places.size(); ++c) {
    const bool known = c < transform.treatments.size();
    columns.push_back({places[c], known && transform.treatments[c].text(),
                       known && transform.treatments[c].may_miss()});
  }
  return columns;
}

absl::StatusOr<std::shared_ptr<const Dataset>> PrepareCsvForModel(
    const CsvFile& file, const CsvDialect& dialect, absl::Span<const FieldSpec> inputs,
    const Preprocessing& preprocessing) {
  Source source;
  source.feeds.resize(inputs.size());
  CsvFields fields;
  std::vector<std::string> missing;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const FieldSpec& input = inputs[i];
    const InputTransform* transform = preprocessing.Find(input.input);
    const auto error = [&input](auto&&... what) {
      return absl::InvalidArgumentError(absl::StrCat("input \"", input.input, "\" ", what...));
    };
    if (transform == nullptr || transform->columns.empty()) {
      return error("was not fed from a CSV file in training: no columns are known for it");
    }
    const bool by_column = !transform->treatments.empty();
    const int64_t count =
        by_column ? transform->width() : static_cast<int64_t>(transform->columns.size());
    if (count != input.elements()) {
      return error("has ", input.elements(), " elements, and ", count,
                   by_column ? " numbers come of the columns that are saved for it"
                             : " columns are saved for it");
    }
    std::vector<int> places;
    for (const std::string& name : transform->columns) {
      places.push_back(file.Find(name));
      if (places.back() < 0) missing.push_back(absl::StrCat("\"", name, "\""));
    }
    source.feeds[i].transform = *transform;
    fields.Add(&source.feeds[i], input.dtype, TrainedColumns(*transform, places), by_column);
  }
  if (!missing.empty()) {
    // Most likely it is separated by something else.
    const std::string only = file.columns().size() == 1 ? absl::StrCat("; the only column is ",
                                                                       QuoteCsv(file.columns()[0]))
                                                        : "";
    return absl::InvalidArgumentError(absl::StrCat(file.name(), ":1:1: no column ",
                                                   absl::StrJoin(missing, ", "),
                                                   "; the model was trained on it", only));
  }
  GRADUS_ASSIGN_OR_RETURN(source.raw, fields.Read(file, dialect));
  Diagnostics diagnostics;
  for (Feed& feed : source.feeds) {
    if (PlaceCategories(*source.raw, &feed.path, &feed, &diagnostics)) continue;
    const Finding& finding = diagnostics.findings()[0];
    return absl::InvalidArgumentError(absl::StrCat(finding.message, "; ", finding.hint));
  }
  return Prepare(source, inputs, Rows::Range(0, source.raw->size()));
}

}  // namespace gradus
