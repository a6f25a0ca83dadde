// Records of trials, and their table.

#include "gradus/api/sweep_records.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/line_up.h"
#include "gradus/api/read_metrics.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/sweep_json.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 32;
constexpr size_t kWidestValue = 40;

using Row = std::vector<std::string>;

std::string NumberCell(double value) {
  return std::isnan(value) ? "-" : absl::StrFormat("%.6g", value);
}

std::string ValueCell(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (text.size() > kWidestValue) text = text.substr(0, kWidestValue - 3) + "...";
  return text;
}

// Of the columns. Entries with the same address are one column.
std::vector<std::string> Addresses(const Sweep& sweep) {
  std::vector<std::string> addresses;
  for (const SearchEntry& entry : sweep.space.entries()) {
    const std::string address = absl::StrCat(entry.address, entry.fields ? ".*" : "");
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

const SearchValue* ValueOf(const Sweep& sweep, int64_t trial, const std::string& address) {
  const std::vector<SearchEntry>& entries = sweep.space.entries();
  const SearchPoint& point = sweep.points[static_cast<size_t>(trial)];
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!point.values[i].has_value()) continue;
    if (absl::StrCat(entries[i].address, entries[i].fields ? ".*" : "") != address) continue;
    return &*point.values[i];
  }
  return nullptr;
}

absl::StatusOr<TrialRecord::State> ParseState(const std::string& name) {
  for (TrialRecord::State state :
       {TrialRecord::kStopped, TrialRecord::kFinished, TrialRecord::kFailed}) {
    if (name == Name(state)) return state;
  }
  return absl::DataLossError(absl::StrCat("there is no state \"", name, "\""));
}

// The last line for each trial. A last line that was not written to its end is as if it were not.
absl::StatusOr<std::vector<TrialEnd>> ReadEnds(const std::string& path, int64_t trials) {
  std::vector<TrialEnd> ends;
  if (!Exists(path)) return ends;
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(text).substr(0, text.rfind('\n') + 1), '\n',
                      absl::SkipEmpty())) {
    const absl::StatusOr<google::protobuf::Struct> object = ParseJson(line);
    if (!object.ok()) {
      return absl::DataLossError(absl::StrCat(path, ": ", object.status().message()));
    }
    TrialEnd end;
    const double trial = NumberOf(*object, "trial");
    if (!(trial >= 0 && trial < static_cast<double>(trials))) {
      return absl::DataLossError(absl::StrCat(path, ": there is no trial ", trial));
    }
    end.trial = static_cast<int64_t>(trial);
    const absl::StatusOr<TrialRecord::State> state = ParseState(TextOf(*object, "state"));
    if (!state.ok()) return absl::DataLossError(absl::StrCat(path, ": ", state.status().message()));
    end.state = *state;
    end.final = NumberOf(*object, "again") != 1;
    end.message = TextOf(*object, "message");
    ends.push_back(std::move(end));
  }
  return ends;
}

}  // namespace

absl::Status ReadMetrics(const std::string& path, const std::string& metric, TrialRecord* record) {
  record->measures.clear();
  record->epochs = 0;
  GRADUS_ASSIGN_OR_RETURN(const std::vector<MetricLine> lines, ReadMetricLines(path));
  const std::pair<std::string, std::string> name = absl::StrSplit(metric, absl::MaxSplits('/', 1));
  for (const MetricLine& line : lines) {
    if (line.scope == MetricLine::kStep && line.split == "train") continue;
    if (line.scope == MetricLine::kEpoch && line.split == "train") {
      record->epochs = std::max(record->epochs, line.epoch);
    }
    if (line.split == name.first) {
      record->measures.push_back({line.epoch, MeasureOf(line, name.second)});
    }
  }
  return absl::OkStatus();
}

std::string ToJsonLine(const TrialEnd& end) {
  return absl::StrCat("{\"trial\":", end.trial, ",\"state\":", JsonText(Name(end.state)),
                      end.final ? "" : ",\"again\":1",
                      end.message.empty() ? "" : ",\"message\":", end.message.empty()
                          ? ""
                          : JsonText(end.message),
                      "}\n");
}

absl::StatusOr<std::vector<TrialRecord>> ReadTrials(const std::string& folder, const Sweep& sweep,
                                                    bool retry) {
  std::vector<TrialRecord> records(static_cast<size_t>(sweep.trials()));
  GRADUS_ASSIGN_OR_RETURN(const std::vector<TrialEnd> ends,
                          ReadEnds(JoinPath(folder, "trials.jsonl"), sweep.trials()));
  for (const TrialEnd& end : ends) {
    TrialRecord& record = records[static_cast<size_t>(end.trial)];
    record.state = end.state;
    record.message = end.message;
    if (retry && end.state == TrialRecord::kFailed && !end.final) {
      record.state = TrialRecord::kWaiting;
      record.message.clear();
    }
  }
  for (int64_t i = 0; i < sweep.trials(); ++i) {
    TrialRecord& record = records[static_cast<size_t>(i)];
    const std::string run = JoinPath(folder, sweep.TrialName(i));
    GRADUS_RETURN_IF_ERROR(
        ReadMetrics(RunFolder{run, nullptr}.metrics(), sweep.options.metric, &record));
    const absl::StatusOr<bool> running = IsRunning(run);
    if (running.ok() && *running) {
      record.state = TrialRecord::kRunning;
    } else if (record.state == TrialRecord::kWaiting && record.epochs > 0) {
      record.state = TrialRecord::kStopped;
    }
  }
  return records;
}

std::string SweepTable(const Sweep& sweep, const std::vector<TrialRecord>& records) {
  const std::vector<std::string> addresses = Addresses(sweep);
  const Direction direction = sweep.options.direction;
  Row title = {"rank", "trial"};
  std::vector<bool> right = {true, false};
  for (const std::string& address : addresses) {
    title.push_back(address);
    right.push_back(false);
  }
  for (const std::string& name :
       {absl::StrCat("best ", sweep.options.metric), std::string("last"), std::string("epochs")}) {
    title.push_back(name);
    right.push_back(true);
  }
  title.push_back("state");
  right.push_back(false);
  std::vector<Row> rows = {title};
  for (int64_t trial : RankTrials(records, direction)) {
    const TrialRecord& record = records[static_cast<size_t>(trial)];
    const double best = record.Best(direction);
    const bool ranked = record.state != TrialRecord::kFailed && !std::isnan(best);
    Row row = {ranked ? absl::StrCat(rows.size()) : "-", sweep.TrialName(trial)};
    for (const std::string& address : addresses) {
      const SearchValue* value = ValueOf(sweep, trial, address);
      row.push_back(value == nullptr ? "-" : ValueCell(value->shown));
    }
    row.push_back(NumberCell(best));
    row.push_back(NumberCell(record.Last()));
    row.push_back(absl::StrCat(record.epochs));
    row.push_back(absl::StrCat(
        Name(record.state),
        record.state == TrialRecord::kFailed ? absl::StrCat(": ", record.message) : ""));
    rows.push_back(std::move(row));
  }
  return LinedUp(rows, right);
}

std::string PointText(const Sweep& sweep, int64_t trial) {
  std::vector<std::string> texts;
  for (const std::string& address : Addresses(sweep)) {
    const SearchValue* value = ValueOf(sweep, trial, address);
    if (value != nullptr) texts.push_back(absl::StrCat(address, "=", ValueCell(value->shown)));
  }
  return absl::StrJoin(texts, " ");
}

}  // namespace gradus
