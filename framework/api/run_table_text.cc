// The table for people.
//
// On a terminal a measure's name stands once, over its best and its last, long values are cut in the
// middle, and where a line is still too wide, columns are left out. In a file or a pipe there is one
// line of titles and everything is there as it is.

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/line_up.h"
#include "gradus/api/run_table.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr size_t kNoLimit = static_cast<size_t>(-1);
constexpr size_t kMostFields = 8;                  // Of a terminal; of more no eye keeps hold.
constexpr size_t kMostNamed = 12;                  // Of those that are left out.
constexpr int kOfField = 20, kOfLongField = 1000;  // Ranks.

// How wide a value may be, as wide as there is room for.
struct Widths {
  size_t field, run, message;
};
constexpr Widths kWide = {32, 60, 60}, kNarrow = {16, 32, 40};
constexpr Widths kWhole = {kNoLimit, kNoLimit, kNoLimit};

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

size_t Characters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !Continues(c); }));
}

// On one line; what is too much is left out in the middle, since runs and paths differ at their ends.
std::string Cut(std::string text, size_t most, bool utf8) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (Characters(text) <= most) return text;
  const std::string gap = utf8 ? "\u2026" : "...";
  const size_t kept = most - Characters(gap), before = kept / 2;
  std::vector<std::string> characters;
  for (char c : text) {
    if (!Continues(c) || characters.empty()) characters.emplace_back();
    characters.back().push_back(c);
  }
  return absl::StrCat(
      absl::StrJoin(characters.begin(), characters.begin() + static_cast<long>(before), ""), gap,
      absl::StrJoin(characters.end() - static_cast<long>(kept - before), characters.end(), ""));
}

std::string Cell(double value) { return std::isnan(value) ? "-" : absl::StrFormat("%.4g", value); }

struct Column {
  std::string title;
  std::string measure;  // Of columns about one: what stands over them.
  std::string name;     // What --columns calls it; of a field also its address.
  std::string address;
  bool right = true;
  int rank = 0;  // Those with the highest are left out first.
  std::vector<std::string> cells;

  std::string Title() const { return measure.empty() ? title : absl::StrCat(title, " ", measure); }
};

size_t WidthOf(const Column& column, const std::string& title) {
  size_t width = Characters(title);
  for (const std::string& cell : column.cells) width = std::max(width, Characters(cell));
  return width;
}

// The measures that a table for people has room for: validation before training, the loss first.
std::vector<size_t> Shown(const RunTable& table, const RunTableOptions& options) {
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
  const auto add = [&](const std::string& name, bool first) {
    for (size_t i = 0; i < table.measures.size(); ++i) {
      if (table.measures[i] != name) continue;
      const auto there = std::find(shown.begin(), shown.end(), i);
      if (there != shown.end() && !first) continue;
      if (there != shown.end()) shown.erase(there);
      shown.insert(first ? shown.begin() : shown.end(), i);
    }
  };
  add(options.sort, true);
  for (const std::string& name : options.shown) add(name, false);
  return shown;
}

std::vector<Column> Columns(const RunTable& table, const RunTableOptions& options,
                            const Widths& widths) {
  std::vector<Column> columns;
  const auto add = [&](const std::string& title, bool right, int rank) -> Column& {
    columns.push_back({title, "", title, title, right, rank, {}});
    return columns.back();
  };
  const auto fill = [&](Column& column, auto cell) {
    for (const RunTable::Row& row : table.rows) column.cells.push_back(cell(row));
  };
  const auto cut = [&](const std::string& text, size_t most) {
    return Cut(text, most, options.utf8);
  };
  fill(add("run", false, 0), [&](const RunTable::Row& row) { return cut(row.run, widths.run); });
  for (size_t i = 0; i < table.fields.size(); ++i) {
    // What takes a whole line of the configuration tells less than a number.
    const bool is_long =
        std::any_of(table.rows.begin(), table.rows.end(), [&](const RunTable::Row& row) {
          return row.fields[i].size() > kWide.field || absl::StrContains(row.fields[i], "{");
        });
    const int rank = (is_long ? kOfLongField : kOfField) + static_cast<int>(i);
    Column& column = add(cut(table.names[i], widths.field), false, rank);
    column.name = table.names[i];
    column.address = table.fields[i];
    fill(column, [&](const RunTable::Row& row) {
      return row.fields[i].empty() ? std::string("-") : cut(row.fields[i], widths.field);
    });
  }
  int rank = 2;
  for (size_t i : Shown(table, options)) {
    const bool test = absl::StartsWith(table.measures[i], "test/");
    const auto of_measure = [&](const std::string& title, bool right_now) -> Column& {
      Column& column = add(title, true, right_now ? rank : rank + 10);
      column.measure = table.measures[i];
      column.name = column.address = table.measures[i];
      return column;
    };
    // Once in the end is best and last alike.
    if (!test) {
      fill(of_measure("best", true), [&](const RunTable::Row& row) { return Cell(row.best[i]); });
    }
    fill(of_measure(test ? "" : "last", false),
         [&](const RunTable::Row& row) { return Cell(row.last[i]); });
    if (test) columns.back().title = columns.back().measure, columns.back().measure.clear();
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
         [&](const RunTable::Row& row) { return cut(row.message, widths.message); });
  }
  return columns;
}

// Those that were asked for, in that order, behind the run's name.
std::vector<Column> Chosen(std::vector<Column> columns, const std::vector<std::string>& names) {
  if (names.empty()) return columns;
  std::vector<Column> chosen = {columns[0]};
  for (const std::string& name : names) {
    for (Column& column : columns) {
      if (name != "run" && (column.name == name || column.address == name)) {
        chosen.push_back(std::move(column));
        column.name = column.address = "";
      }
    }
  }
  return chosen;
}

// How a terminal shows it: the names of measures over their columns, the last one as wide as they need.
struct Headed {
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> widths;
  std::string head;
  size_t width = 0;
};

Headed UnderHeads(const std::vector<Column>& columns) {
  Headed headed;
  for (const Column& column : columns) headed.widths.push_back(WidthOf(column, column.title));
  for (size_t i = 0; i < columns.size();) {
    size_t end = i + 1, width = headed.widths[i];
    while (!columns[i].measure.empty() && end < columns.size() &&
           columns[end].measure == columns[i].measure) {
      width += 2 + headed.widths[end++];
    }
    const size_t needed = Characters(columns[i].measure);
    if (needed > width) {
      headed.widths[end - 1] += needed - width;
      width = needed;
    }
    // Over numbers, which end where their column ends.
    absl::StrAppend(&headed.head, i == 0 ? "" : "  ", std::string(width - needed, ' '),
                    columns[i].measure);
    headed.width += (i == 0 ? 0 : 2) + width;
    i = end;
  }
  return headed;
}

std::string Text(const std::vector<Column>& columns, bool terminal) {
  std::vector<std::vector<std::string>> rows(columns.empty() ? 1 : columns[0].cells.size() + 1);
  std::vector<bool> right;
  std::string head;
  Headed headed;
  if (terminal) headed = UnderHeads(columns);
  for (size_t c = 0; c < columns.size(); ++c) {
    right.push_back(columns[c].right);
    std::string title = terminal ? columns[c].title : columns[c].Title();
    if (terminal && columns[c].right) {
      title.insert(0, headed.widths[c] - Characters(title), ' ');
    }
    rows[0].push_back(std::move(title));
    for (size_t i = 0; i < columns[c].cells.size(); ++i) rows[i + 1].push_back(columns[c].cells[i]);
  }
  const bool any = headed.head.find_first_not_of(' ') != std::string::npos;
  return absl::StrCat(any ? absl::StripTrailingAsciiWhitespace(headed.head) : "", any ? "\n" : "", LinedUp(rows, right));
}

}  // namespace

absl::Status CheckColumns(const RunTable& table, const RunTableOptions& options) {
  std::vector<std::string> names;
  for (const Column& column : Columns(table, {}, kWhole)) {
    names.push_back(column.name);
    if (column.address != column.name) names.push_back(column.address);
  }
  names.insert(names.end(), table.measures.begin(), table.measures.end());
  for (const std::string& name : options.shown) {
    if (name == "because" || std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string hint = SuggestName(name, names);
    if (hint.empty()) {
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      hint = absl::StrCat("there is ", absl::StrJoin(names, ", "));
    }
    return absl::NotFoundError(absl::StrCat("there is no column ", Quoted(name), "; ", hint));
  }
  return absl::OkStatus();
}

std::string ToText(const RunTable& table, const RunTableOptions& options) {
  if (options.columns == 0) {
    return Text(Chosen(Columns(table, options, kWhole), options.shown), /*terminal=*/false);
  }
  const auto most = static_cast<size_t>(options.columns);
  std::vector<Column> columns;
  for (const Widths& widths : {kWide, kNarrow}) {
    columns = Chosen(Columns(table, options, widths), options.shown);
    if (UnderHeads(columns).width <= most) break;
  }
  std::vector<std::string> left_out;
  size_t fields = table.fields.size();
  while (options.shown.empty() && (fields > kMostFields || UnderHeads(columns).width > most)) {
    const auto worst =
        std::max_element(columns.begin(), columns.end(),
                         [](const Column& a, const Column& b) { return a.rank < b.rank; });
    if (worst->rank == 0) break;
    if (worst->rank >= kOfField) --fields;
    if (worst->title != "last") left_out.push_back(worst->name);
    columns.erase(worst);
  }
  std::string text = Text(columns, /*terminal=*/true);
  if (!left_out.empty()) {
    std::reverse(left_out.begin(), left_out.end());
    const size_t more = left_out.size() - std::min(left_out.size(), kMostNamed);
    left_out.resize(left_out.size() - more);
    if (more > 0) left_out.push_back(absl::StrCat(more, " more"));
    absl::StrAppend(&text, "\nnot shown, for want of room: ", absl::StrJoin(left_out, ", "),
                    " (--columns chooses)\n");
  }
  return text;
}

}  // namespace gradus
