// The table, and its three forms.

#include "gradus/api/run_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/config_diff.h"
#include "gradus/api/json_lines.h"
#include "gradus/api/line_up.h"
#include "gradus/base/diagnostics.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

constexpr size_t kWidestField = 32, kWidestMessage = 60;
constexpr size_t kMostFields = 8;                  // Of text; of more no eye keeps hold.
constexpr size_t kMostNamed = 12;                  // Of those that are left out.
constexpr int kOfField = 20, kOfLongField = 1000;  // Ranks.

// Shorter than UTF-8 characters are never cut.
std::string Cut(std::string text, size_t most) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (text.size() <= most) return text;
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string Cell(double value) { return std::isnan(value) ? "-" : absl::StrFormat("%.4g", value); }

struct Column {
  std::string title;
  bool right = true;
  int rank = 0;  // Those with the highest are left out first.
  std::vector<std::string> cells;
};

size_t WidthOf(const Column& column) {
  size_t width = 0;
  const auto characters = [](const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
  };
  width = characters(column.title);
  for (const std::string& cell : column.cells) width = std::max(width, characters(cell));
  return width;
}

// The measures that a table for people has room for: validation before training, the loss first.
std::vector<size_t> Shown(const RunTable& table, const std::string& sort) {
  std::vector<size_t> shown;
  for (const char* split : {"validation/", "train/"}) {
    if (!shown.empty()) break;
    for (size_t i = 0; i < table.measures.size(); ++i) {
      if (absl::StartsWith(table.measures[i], split)) shown.push_back(i);
    }
  }
  for (size_t i = 0; i < table.measures.size(); ++i) {
    if (absl::StartsWith(table.measures[i], "test/")) shown.push_back(i);
  }
  for (size_t i = 0; i < table.measures.size(); ++i) {
    if (table.measures[i] != sort) continue;
    shown.erase(std::remove(shown.begin(), shown.end(), i), shown.end());
    shown.insert(shown.begin(), i);
  }
  return shown;
}

std::vector<Column> Columns(const RunTable& table, const RunTableOptions& options) {
  std::vector<Column> columns;
  const auto add = [&](const std::string& title, bool right, int rank) {
    columns.push_back({title, right, rank, {}});
    return columns.size() - 1;
  };
  const auto fill = [&](size_t column, auto cell) {
    for (const RunTable::Row& row : table.rows) columns[column].cells.push_back(cell(row));
  };
  fill(add("run", false, 0), [](const RunTable::Row& row) { return row.run; });
  for (size_t i = 0; i < table.fields.size(); ++i) {
    // What takes a whole line of the configuration tells less than a number.
    const bool is_long =
        std::any_of(table.rows.begin(), table.rows.end(), [&](const RunTable::Row& row) {
          return row.fields[i].size() > kWidestField || absl::StrContains(row.fields[i], "{");
        });
    const int rank = (is_long ? kOfLongField : kOfField) + static_cast<int>(i);
    fill(add(table.names[i], false, rank), [&](const RunTable::Row& row) {
      return row.fields[i].empty() ? std::string("-") : Cut(row.fields[i], kWidestField);
    });
  }
  int rank = 2;
  for (size_t i : Shown(table, options.sort)) {
    const bool test = absl::StartsWith(table.measures[i], "test/");
    // Once in the end is best and last alike.
    if (!test) {
      fill(add(absl::StrCat("best ", table.measures[i]), true, rank),
           [&](const RunTable::Row& row) { return Cell(row.best[i]); });
    }
    fill(add(test ? table.measures[i] : "last", true, test ? 15 : rank + 10),
         [&](const RunTable::Row& row) { return Cell(row.last[i]); });
    ++rank;
  }
  fill(add("rate", true, 16), [](const RunTable::Row& row) { return Cell(row.learning_rate); });
  fill(add("epochs", true, 3), [](const RunTable::Row& row) { return absl::StrCat(row.epochs); });
  fill(add("steps", true, 17), [](const RunTable::Row& row) { return absl::StrCat(row.steps); });
  fill(add("time", true, 4), [](const RunTable::Row& row) { return DurationInWords(row.seconds); });
  fill(add("state", false, 1), [](const RunTable::Row& row) { return row.state; });
  const bool messages = std::any_of(table.rows.begin(), table.rows.end(),
                                    [](const RunTable::Row& row) { return !row.message.empty(); });
  if (messages) {
    fill(add("because", false, 18),
         [](const RunTable::Row& row) { return Cut(row.message, kWidestMessage); });
  }
  return columns;
}

}  // namespace

std::string DurationInWords(double seconds) {
  if (std::isnan(seconds)) return "-";
  if (seconds < 60) return absl::StrFormat(seconds < 10 ? "%.1f s" : "%.0f s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  return whole < 3600 ? absl::StrFormat("%d:%02d", whole / 60, whole % 60)
                      : absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

absl::StatusOr<RunTable> MakeRunTable(const std::vector<RunRecord>& runs,
                                      const RunTableOptions& options) {
  RunTable table;
  std::vector<const google::protobuf::Message*> configs;
  for (const RunRecord& run : runs) {
    if (run.config_status.ok()) configs.push_back(&run.config);
    for (const std::string& measure : run.Measures()) {
      if (std::find(table.measures.begin(), table.measures.end(), measure) ==
          table.measures.end()) {
        table.measures.push_back(measure);
      }
    }
  }
  const bool sorted = !options.sort.empty();
  if (sorted && std::find(table.measures.begin(), table.measures.end(), options.sort) ==
                    table.measures.end()) {
    std::string hint = SuggestName(options.sort, table.measures);
    if (hint.empty()) {
      hint = table.measures.empty()
                 ? "no run has a line in its log yet"
                 : absl::StrCat("there is ", absl::StrJoin(table.measures, ", "));
    }
    return absl::NotFoundError(absl::StrCat("no run has ", Quoted(options.sort), "; ", hint));
  }
  const std::vector<ConfigColumn> fields = DifferingFields(configs);
  for (const ConfigColumn& field : fields) {
    table.fields.push_back(field.address);
    table.names.push_back(field.name);
  }
  size_t readable = 0;
  for (const RunRecord& run : runs) {
    RunTable::Row row;
    row.run = run.path;
    row.state = std::string(Name(run.state));
    row.message = run.message;
    for (const ConfigColumn& field : fields) {
      row.fields.push_back(run.config_status.ok() ? field.values[readable] : "");
    }
    if (run.config_status.ok()) {
      ++readable;
    } else {
      table.notes.push_back(absl::StrCat(run.path, ": ", run.config_status.message()));
    }
    for (const std::string& measure : table.measures) {
      row.best.push_back(run.Best(measure, options.direction));
      row.last.push_back(run.Last(measure));
    }
    row.learning_rate = run.learning_rate();
    row.seconds = run.seconds();
    row.steps = run.steps();
    row.epochs = run.epochs();
    table.rows.push_back(std::move(row));
  }
  if (sorted) {
    const size_t by =
        static_cast<size_t>(std::find(table.measures.begin(), table.measures.end(), options.sort) -
                            table.measures.begin());
    const Direction direction = DirectionOf(options.direction, options.sort);
    std::stable_sort(table.rows.begin(), table.rows.end(),
                     [&](const RunTable::Row& a, const RunTable::Row& b) {
                       if (std::isnan(a.best[by]) || std::isnan(b.best[by])) {
                         return !std::isnan(a.best[by]) && std::isnan(b.best[by]);
                       }
                       return Better(direction, a.best[by], b.best[by], 0);
                     });
  }
  return table;
}

std::string ToText(const RunTable& table, const RunTableOptions& options) {
  std::vector<Column> columns = Columns(table, options);
  std::vector<std::string> left_out;
  const auto total = [&] {
    size_t width = 2 * (columns.size() - 1);
    for (const Column& column : columns) width += WidthOf(column);
    return width;
  };
  size_t fields = table.fields.size();
  while (fields > kMostFields ||
         (options.columns > 0 && total() > static_cast<size_t>(options.columns))) {
    const auto worst =
        std::max_element(columns.begin(), columns.end(),
                         [](const Column& a, const Column& b) { return a.rank < b.rank; });
    if (worst->rank == 0) break;
    if (worst->rank >= kOfField) --fields;
    if (worst->title != "last") left_out.push_back(worst->title);
    columns.erase(worst);
  }
  std::vector<std::vector<std::string>> rows(table.rows.size() + 1);
  std::vector<bool> right;
  for (const Column& column : columns) {
    right.push_back(column.right);
    rows[0].push_back(column.title);
    for (size_t i = 0; i < table.rows.size(); ++i) rows[i + 1].push_back(column.cells[i]);
  }
  std::string text = LinedUp(rows, right);
  if (!left_out.empty()) {
    std::reverse(left_out.begin(), left_out.end());
    const size_t more = left_out.size() - std::min(left_out.size(), kMostNamed);
    left_out.resize(left_out.size() - more);
    if (more > 0) left_out.push_back(absl::StrCat(more, " more"));
    absl::StrAppend(&text, "\nnot shown, for want of room: ", absl::StrJoin(left_out, ", "), "\n");
  }
  return text;
}

std::string ToCsv(const RunTable& table) {
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
  };
  const auto number = [](double value) {
    return std::isnan(value) ? std::string() : absl::StrFormat("%.17g", value);
  };
  std::vector<std::string> cells = {"run",   "state",   "message",      "epochs",
                                    "steps", "seconds", "learning_rate"};
  for (const std::string& measure : table.measures) {
    cells.push_back(absl::StrCat("best ", measure));
    cells.push_back(absl::StrCat("last ", measure));
  }
  cells.insert(cells.end(), table.fields.begin(), table.fields.end());
  std::string csv;
  const auto flush = [&] {
    for (std::string& cell : cells) cell = quoted(cell);
    absl::StrAppend(&csv, absl::StrJoin(cells, ","), "\n");
    cells.clear();
  };
  flush();
  for (const RunTable::Row& row : table.rows) {
    cells = {row.run,
             row.state,
             row.message,
             absl::StrCat(row.epochs),
             absl::StrCat(row.steps),
             number(row.seconds),
             number(row.learning_rate)};
    for (size_t i = 0; i < table.measures.size(); ++i) {
      cells.push_back(number(row.best[i]));
      cells.push_back(number(row.last[i]));
    }
    cells.insert(cells.end(), row.fields.begin(), row.fields.end());
    flush();
  }
  return csv;
}

std::string ToJson(const RunTable& table) {
  std::vector<std::string> rows;
  for (const RunTable::Row& row : table.rows) {
    std::string json =
        absl::StrCat("{\"run\":", JsonString(row.run), ",\"state\":", JsonString(row.state),
                     ",\"message\":", JsonString(row.message), ",\"epochs\":", row.epochs,
                     ",\"steps\":", row.steps, ",\"seconds\":", JsonNumber(row.seconds),
                     ",\"learning_rate\":", JsonNumber(row.learning_rate), ",\"best\":{");
    const auto measures = [&](const std::vector<double>& values) {
      std::vector<std::string> pairs;
      for (size_t i = 0; i < table.measures.size(); ++i) {
        pairs.push_back(absl::StrCat(JsonString(table.measures[i]), ":", JsonNumber(values[i])));
      }
      return absl::StrJoin(pairs, ",");
    };
    absl::StrAppend(&json, measures(row.best), "},\"last\":{", measures(row.last),
                    "},\"fields\":{");
    for (size_t i = 0; i < table.fields.size(); ++i) {
      absl::StrAppend(&json, i == 0 ? "" : ",", JsonString(table.fields[i]), ":",
                      row.fields[i].empty() ? "null" : JsonString(row.fields[i]));
    }
    rows.push_back(json + "}}");
  }
  return absl::StrCat("[", absl::StrJoin(rows, ",\n "), "]\n");
}

}  // namespace gradus
