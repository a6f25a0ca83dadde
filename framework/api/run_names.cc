// What to call runs, and what happened to them, in few words.

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/config_diff.h"
#include "gradus/api/plot_runs.h"

namespace gradus {
namespace {

constexpr size_t kMostFields = 3, kLongestValue = 28;

// The last parts of the paths that tell them from one another.
std::vector<std::string> ShortPaths(const std::vector<RunRecord>& runs) {
  std::vector<std::vector<std::string>> parts;
  for (const RunRecord& run : runs) {
    parts.push_back(absl::StrSplit(run.path, '/', absl::SkipEmpty()));
    if (parts.back().empty()) parts.back().push_back(run.path);
  }
  std::vector<std::string> names(runs.size());
  size_t longest = 1;
  for (const auto& part : parts) longest = std::max(longest, part.size());
  for (size_t count = 1; count <= longest; ++count) {
    for (size_t i = 0; i < runs.size(); ++i) {
      const size_t first = parts[i].size() - std::min(count, parts[i].size());
      names[i] =
          absl::StrJoin(parts[i].begin() + static_cast<std::ptrdiff_t>(first), parts[i].end(), "/");
    }
    if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) break;
  }
  return names;
}

}  // namespace

std::vector<std::string> NamesOfRuns(const std::vector<RunRecord>& runs) {
  std::vector<std::string> names = ShortPaths(runs);
  std::vector<const google::protobuf::Message*> configs;
  std::vector<size_t> readable;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].config_status.ok()) continue;
    configs.push_back(&runs[i].config);
    readable.push_back(i);
  }
  if (configs.size() < 2) return names;
  std::vector<size_t> fields(runs.size(), 0);
  for (const ConfigColumn& column : DifferingFields(configs)) {
    for (size_t k = 0; k < readable.size(); ++k) {
      const size_t i = readable[k];
      const std::string& value = column.values[k];
      if (value.empty() || value.size() > kLongestValue || fields[i] == kMostFields) continue;
      absl::StrAppend(&names[i], fields[i]++ == 0 ? ": " : ", ", column.name, " ", value);
    }
  }
  return names;
}

std::vector<RunEvent> EventsOfRun(const RunRecord& run) {
  std::map<int64_t, RunEvent> by_step;
  const auto add = [&](int64_t step, const std::string& text, const std::string& cause) {
    RunEvent& event = by_step[step];
    event.step = step;
    if (event.text.empty()) event.text = text;
    absl::StrAppend(&event.cause, event.cause.empty() ? "" : "; ", cause);
  };
  for (const RecordedEvent& recorded : run.events) {
    const RateEvent& event = recorded.event;
    const std::string field = event.field == "learning_rate" ? "rate" : event.field;
    const bool changed = event.old_value != event.new_value;
    const std::string change = changed ? absl::StrCat(field, " ", RateInWords(event.old_value),
                                                      " -> ", RateInWords(event.new_value))
                                       : "";
    std::string text = change;
    if (absl::StrContains(event.layer, "divergence_guard")) {
      text = "restored";
    } else if (event.layer == "resume") {
      text = changed ? change : "other settings";
    } else if (text.empty()) {
      text = "command";
    }
    add(event.step, text,
        absl::StrCat(event.cause, change.empty() || change == event.cause ? "" : ": ", change));
  }
  for (size_t i = 0; i < run.progress.size(); ++i) {
    const ProgressLine& line = run.progress[i];
    if (line.process == "stopped" || line.process == "failed") {
      add(line.step, line.process,
          absl::StrCat(line.process, line.message.empty() ? "" : ": ", line.message));
    } else if (line.process == "early") {
      add(line.step, "early stop", line.message);
    } else if (line.process == "began" && i > 0 && run.progress[i - 1].process.empty()) {
      add(line.step, "went on", "went on after the process before it was killed");
    }
  }
  std::vector<RunEvent> events;
  for (auto& event : by_step) events.push_back(std::move(event.second));
  return events;
}

}  // namespace gradus
