// A curve from a file.
//
//   time,value
//   0,0.1
//   500,0.05
//
// The times are those of the schedule's clock. Between two rows a straight line, or the earlier
// value until the next row's time; before the first and after the last row theirs hold. The file is
// read once, when the schedule is made, and is at most 16 MiB. A run notes its checksum, so that it
// goes on, and is explained and replayed, with the rates that it began with or not at all.
//
//   learning_rate { table { path: "rates.csv" } }

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gradus/base/checksum.h"
#include "gradus/base/file.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = 16 << 20;

struct Row {
  double time, value;
};

// Of the two-column table `text`; a message names the file, the line and the column.
absl::StatusOr<std::vector<Row>> ParseRows(absl::string_view text, const std::string& file) {
  std::vector<Row> rows;
  int64_t line_number = 0;
  const auto wrong = [&](size_t column, absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ":", line_number, ":", column + 1, ": ", what));
  };
  const auto number = [&](absl::string_view cell, size_t column,
                          absl::string_view name) -> absl::StatusOr<double> {
    double value;
    if (absl::SimpleAtod(cell, &value) && std::isfinite(value)) return value;
    return wrong(column,
                 absl::StrCat(name, " \"", cell.substr(0, 40), "\" is not a finite number"));
  };
  while (!text.empty()) {
    ++line_number;
    const size_t end = text.find('\n');
    absl::string_view line = absl::StripSuffix(text.substr(0, end), "\r");
    text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
    if (line_number == 1) {
      if (line != "time,value") return wrong(0, "the first line must be \"time,value\"");
      continue;
    }
    const size_t comma = line.find(',');
    if (comma == absl::string_view::npos || line.find(',', comma + 1) != absl::string_view::npos) {
      return wrong(0, "a row must have two columns");
    }
    Row row;
    GRADUS_ASSIGN_OR_RETURN(row.time, number(line.substr(0, comma), 0, "time"));
    GRADUS_ASSIGN_OR_RETURN(row.value, number(line.substr(comma + 1), comma + 1, "value"));
    if (row.time < 0) return wrong(0, absl::StrCat("time ", row.time, " must be at least 0"));
    if (!rows.empty() && row.time <= rows.back().time) {
      return wrong(
          0, absl::StrCat("times must increase, but ", row.time, " follows ", rows.back().time));
    }
    rows.push_back(row);
  }
  if (line_number == 0) line_number = 1;
  if (rows.empty()) return wrong(0, "the table has no rows");
  return rows;
}

class Table final : public Schedule {
 public:
  using Config = ScheduleConfig::Table;

  Table(const Config& config, ScheduleScope* scope) : hold_(config.between() == Config::HOLD) {
    if (config.path().empty()) return;  // A finding already.
    absl::StatusOr<std::vector<Row>> rows = Read(config);
    if (rows.ok()) {
      rows_ = *std::move(rows);
    } else {
      scope->diagnostics()->Error("table", scope->path().Child("path"),
                                  absl::StrCat("table: ", rows.status().message()),
                                  // What is wrong in a file that is as it was is no news.
                                  config.crc32() == 0 || absl::IsInvalidArgument(rows.status())
                                      ? ""
                                      : WhatToDo(scope->path()));
    }
  }

  double At(const ScheduleTime& time) const override {
    const double t = time.elapsed();
    // The first row whose time has not come.
    const auto next = std::partition_point(rows_.begin(), rows_.end(),
                                           [t](const Row& row) { return Reached(t, row.time); });
    if (next == rows_.begin()) return next->value;
    const auto row = next - 1;
    if (hold_ || next == rows_.end()) return row->value;
    return row->value + (next->value - row->value) * ((t - row->time) / (next->time - row->time));
  }

  double length() const override { return rows_.back().time; }

 private:
  static absl::StatusOr<std::vector<Row>> Read(const Config& config) {
    GRADUS_ASSIGN_OR_RETURN(std::string text, ReadFile(config.path(), kMostBytes));
    if (config.crc32() != 0 && Crc32(text) != config.crc32()) {
      return absl::FailedPreconditionError(
          absl::StrCat(config.path(), " is not what it was when the run took it"));
    }
    return ParseRows(text, config.path());
  }

  static std::string WhatToDo(const ConfigPath& path) {
    const std::string address = path.Child("path").ToString();
    if (!absl::StartsWith(address, "optimizer.")) return "put it back as it was";
    return absl::StrCat("put it back as it was, or let the run go on with another: gradus train "
                        "--resume RUN --set ",
                        address, "=FILE");
  }

  const bool hold_;
  std::vector<Row> rows_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.table", Table, ScheduleConfig::Table);

}  // namespace
}  // namespace gradus
