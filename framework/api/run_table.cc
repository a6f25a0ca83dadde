// The table, and its forms for programs.

#include "gradus/api/run_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/config_diff.h"
#include "gradus/api/json_lines.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

// As the runs that have the measure say.
absl::StatusOr<Direction> SortDirection(const std::vector<RunRecord>& runs,
                                        const RunTableOptions& options) {
  Direction direction = options.direction;
  const RunRecord* first = nullptr;
  for (const RunRecord& run : runs) {
    const std::vector<std::string> measures = run.Measures();
    if (direction != AUTO && first == nullptr) break;
    if (std::find(measures.begin(), measures.end(), options.sort) == measures.end()) continue;
    const Direction own = run.DirectionOf(options.sort);
    if (own == AUTO) continue;
    if (first != nullptr && own != direction) {
      return absl::FailedPreconditionError(
          absl::StrCat(Quoted(options.sort), " is not the same in all runs: more is better in ",
                       direction == MAX ? first->path : run.path, ", less in ",
                       direction == MAX ? run.path : first->path, "; give --direction"));
    }
    first = &run;
    direction = own;
  }
  if (direction != AUTO) return direction;
  return absl::FailedPreconditionError(absl::StrCat(
      Quoted(options.sort), " does not say which way it gets better; give --direction min or max"));
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
    const std::string validated = absl::StrCat("validation/", options.sort);
    if (std::find(table.measures.begin(), table.measures.end(), validated) !=
        table.measures.end()) {
      hint = absl::StrCat("did you mean ", Quoted(validated), "?");
    }
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
    GRADUS_ASSIGN_OR_RETURN(const Direction direction, SortDirection(runs, options));
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
