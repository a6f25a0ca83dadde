// The files of a run folder, read together.

#include "gradus/api/run_record.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/api/read_metrics.h"
#include "gradus/api/run_file.h"
#include "gradus/api/run_folder.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kMostDepth = 8;

// Why a process is over, of the last one; without a record of its own by what it left behind.
void ReadState(const RunFolder& folder, RunRecord* run) {
  const absl::StatusOr<bool> running = IsRunning(folder.path);
  if (running.ok() && *running) {
    run->state = RunState::kRunning;
    return;
  }
  std::string process;
  for (const ProgressLine& line : run->progress) {
    if (line.process.empty()) continue;
    process = line.process;
    run->message = line.message;
  }
  if (process == "finished" || process == "early") {
    run->state = RunState::kFinished;
  } else if (process == "failed") {
    run->state = RunState::kFailed;
  } else if (process == "began" || Exists(JoinPath(folder.path, "lock"))) {
    run->state = RunState::kKilled;  // Whoever ends by himself removes his lock.
  } else if (process.empty() && Exists(JoinPath(folder.path, "model.pbtxt"))) {
    run->state = RunState::kFinished;
  }
}

// In older runs a table's part on the diagonal stands as a number, under the table's name.
void LeaveOutTables(std::vector<MetricLine>* lines) {
  for (MetricLine& line : *lines) {
    for (const NamedTable& named : line.tables) {
      line.metrics.erase(
          std::remove_if(line.metrics.begin(), line.metrics.end(),
                         [&](const auto& metric) { return metric.first == named.name; }),
          line.metrics.end());
    }
  }
}

// On straight lines through points that ascend.
void Interpolate(const std::map<double, double>& points, std::vector<double>* values) {
  for (double& value : *values) {
    if (points.size() < 2) {
      value = points.count(value) > 0 ? points.at(value) : kNone;
      continue;
    }
    auto after = points.lower_bound(value);
    if (after == points.end()) --after;
    if (after == points.begin()) ++after;
    const auto before = std::prev(after);
    value = before->second + (value - before->first) / (after->first - before->first) *
                                 (after->second - before->second);
  }
}

// "run-10" after "run-2".
bool NaturallyBefore(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (absl::ascii_isdigit(a[i]) && absl::ascii_isdigit(b[j])) {
      const auto number = [](const std::string& text, size_t* at) {
        while (*at < text.size() && text[*at] == '0') ++*at;
        const size_t begin = *at;
        while (*at < text.size() && absl::ascii_isdigit(text[*at])) ++*at;
        return text.substr(begin, *at - begin);
      };
      const std::string x = number(a, &i), y = number(b, &j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i, ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

bool IsFolder(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void Find(const std::string& folder, int depth, std::vector<std::string>* runs) {
  if (Exists(JoinPath(folder, "run.pbtxt"))) {
    runs->push_back(folder);
    return;
  }
  if (depth == 0) return;
  absl::StatusOr<std::vector<std::string>> names = ListFolder(folder);
  if (!names.ok()) return;  // What may not be read holds no run of ours.
  for (const std::string& name : *names) {
    const std::string path = folder == "." ? name : JoinPath(folder, name);
    if (name[0] != '.' && IsFolder(path)) Find(path, depth - 1, runs);
  }
}

}  // namespace

absl::string_view Name(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kFinished:
      return "finished";
    case RunState::kStopped:
      return "stopped";
    case RunState::kFailed:
      return "failed";
    case RunState::kKilled:
      return "killed";
  }
  return "";
}

int64_t RunRecord::steps() const {
  int64_t steps = 0;
  for (const MetricLine& line : lines) steps = std::max(steps, line.step);
  if (!progress.empty()) steps = std::max(steps, progress.back().step);
  return steps;
}

int64_t RunRecord::epochs() const {
  int64_t epochs = 0;
  for (const MetricLine& line : lines) {
    if (line.scope == MetricLine::kEpoch && line.split == "train") {
      epochs = std::max(epochs, line.epoch);
    }
  }
  return epochs;
}

double RunRecord::seconds() const { return progress.empty() ? kNone : progress.back().seconds; }

double RunRecord::learning_rate() const {
  return lines.empty() ? kNone : lines.back().learning_rate;
}

std::vector<std::string> RunRecord::Measures() const {
  std::vector<std::string> measures;
  const auto add = [&](const std::string& split, const std::string& name) {
    const std::string measure = absl::StrCat(split, "/", name);
    if (std::find(measures.begin(), measures.end(), measure) == measures.end()) {
      measures.push_back(measure);
    }
  };
  // A line of each split and scope has all that the others have.
  std::vector<std::pair<std::string, MetricLine::Scope>> seen;
  for (const MetricLine& line : lines) {
    const std::pair<std::string, MetricLine::Scope> kind(line.split, line.scope);
    if (std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
    seen.push_back(kind);
    add(line.split, "loss");
    for (const auto& metric : line.metrics) add(line.split, metric.first);
  }
  return measures;
}

Direction RunRecord::DirectionOf(absl::string_view measure) const {
  return gradus::DirectionOf(directions, measure);
}

double RunRecord::Best(absl::string_view measure, Direction direction) const {
  const std::pair<std::string, std::string> name = absl::StrSplit(measure, absl::MaxSplits('/', 1));
  if (direction == AUTO) direction = DirectionOf(measure);
  double best = kNone;
  if (direction == AUTO) return best;
  for (const MetricLine& line : lines) {
    if (line.split != name.first) continue;
    if (line.scope == MetricLine::kStep && line.split == "train") continue;
    const double value = MeasureOf(line, name.second);
    if (std::isfinite(value) && (std::isnan(best) || Better(direction, value, best, 0))) {
      best = value;
    }
  }
  return best;
}

double RunRecord::Last(absl::string_view measure) const {
  const std::pair<std::string, std::string> name = absl::StrSplit(measure, absl::MaxSplits('/', 1));
  double last = kNone;
  for (const MetricLine& line : lines) {
    if (line.split != name.first) continue;
    if (line.scope == MetricLine::kStep && line.split == "train") continue;
    last = MeasureOf(line, name.second);
  }
  return last;
}

void RunRecord::ToEpochs(std::vector<double>* steps) const {
  std::map<double, double> points = {{0, 0}};
  for (const MetricLine& line : lines) {
    if (line.scope != MetricLine::kEpoch) continue;
    points[static_cast<double>(line.step)] = static_cast<double>(line.epoch);
  }
  Interpolate(points, steps);
}

void RunRecord::ToSeconds(std::vector<double>* steps) const {
  std::map<double, double> points;
  for (const ProgressLine& line : progress) {
    points.emplace(static_cast<double>(line.step), line.seconds);
  }
  Interpolate(points, steps);
}

absl::StatusOr<RunRecord> ReadRun(const std::string& path) {
  RunFolder folder;
  folder.path = path;
  if (!Exists(folder.configuration())) {
    return absl::NotFoundError(absl::StrCat(
        path, " is not the folder of a run: ", folder.configuration(), " does not exist"));
  }
  RunRecord run;
  run.path = path;
  absl::StatusOr<RunFile> file = RunFile::Read(folder.configuration());
  if (file.ok()) {
    run.config = file->config();
    run.config_status = file->diagnostics().ToStatus();
  } else {
    run.config_status = file.status();
  }
  GRADUS_ASSIGN_OR_RETURN(run.directions, ReadMeasures(folder.measures()));
  GRADUS_ASSIGN_OR_RETURN(run.lines, ReadMetricLines(folder.metrics()));
  if (run.directions.empty()) LeaveOutTables(&run.lines);
  GRADUS_ASSIGN_OR_RETURN(run.progress, ReadProgress(folder.progress()));
  // Events may have schedules of plugins in them: without those there are none to show.
  if (run.config_status.ok()) {
    GRADUS_ASSIGN_OR_RETURN(run.events, ReadEvents(folder.events()));
  }
  ReadState(folder, &run);
  return run;
}

absl::StatusOr<std::vector<std::string>> FindRuns(const std::string& folder) {
  const absl::Status listed = ListFolder(folder).status();
  if (!listed.ok()) {
    return absl::Status(listed.code(),
                        absl::StrCat(listed.message(), "; give the folder that the runs are in"));
  }
  std::vector<std::string> runs;
  Find(folder, kMostDepth, &runs);
  std::sort(runs.begin(), runs.end(), NaturallyBefore);
  return runs;
}

}  // namespace gradus
