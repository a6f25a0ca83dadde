// Threads that take one run after another, and their records.

#include "gradus/api/race_runs.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/api/json_lines.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/sweep_json.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Seeds first, problems last: what is known of the time that is left is soon known of all problems,
// and a race that is stopped has whole tables of fewer seeds.
std::vector<RaceEntry> Waiting(const Race& race, const RaceRuns& runs) {
  std::vector<RaceEntry> waiting;
  for (int seed = 0; seed < race.seeds(); ++seed) {
    for (size_t rate = 0; rate < race.rates().size(); ++rate) {
      for (size_t rule = 0; rule < race.rules().size(); ++rule) {
        for (size_t problem = 0; problem < race.problems().size(); ++problem) {
          const RaceEntry entry = {problem, rule, rate, seed};
          if (!runs[race.index(entry)].has_value()) waiting.push_back(entry);
        }
      }
    }
  }
  return waiting;
}

class Runner {
 public:
  Runner(const Race& race, const RunRaceOptions& options, RaceRuns* runs, JsonLinesFile* file)
      : race_(race),
        options_(options),
        runs_(*runs),
        file_(*file),
        waiting_(Waiting(race, *runs)),
        left_(race.problems().size(), 0),
        spent_(race.problems().size(), {0, 0}) {
    for (const RaceEntry& entry : waiting_) left_[entry.problem] += 1;
    done_ = runs_.size() - waiting_.size();
  }

  absl::Status Run() {
    const int jobs =
        std::max(1, static_cast<int>(std::min<size_t>(static_cast<size_t>(std::max(options_.jobs, 1)),
                                                      waiting_.size())));
    std::vector<std::thread> threads;
    try {
      for (int i = 1; i < jobs; ++i) threads.emplace_back([this] { Work(); });
    } catch (...) {
      // The system gives no more threads; those that there are do it.
    }
    Work();
    for (std::thread& thread : threads) thread.join();
    return status_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void Work() {
    try {
      TakeRuns();
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (status_.ok()) status_ = StatusOfException("a race");
    }
  }

  void TakeRuns() {
    const std::function<bool()> stop = [this] {
      return options_.cancelled != nullptr && options_.cancelled();
    };
    for (;;) {
      RaceEntry entry;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (next_ == waiting_.size() || !status_.ok()) return;
        if (stop()) {
          status_ = absl::CancelledError("stopped");
          return;
        }
        entry = waiting_[next_++];
      }
      const Clock::time_point begun = Clock::now();
      const absl::StatusOr<RaceRun> run = race_.Run(entry, stop);
      const std::chrono::duration<double> seconds = Clock::now() - begun;
      const std::lock_guard<std::mutex> lock(mutex_);
      Ended(entry, run, seconds.count());
    }
  }

  void Ended(const RaceEntry& entry, const absl::StatusOr<RaceRun>& run, double seconds) {
    if (!run.ok()) {
      if (!status_.ok()) return;
      status_ = absl::IsCancelled(run.status())
                    ? run.status()
                    : absl::Status(run.status().code(), absl::StrCat(NameOf(race_, entry), ": ",
                                                                     run.status().message()));
      return;
    }
    absl::Status written = file_.Append(ToJsonLine(race_, entry, *run));
    if (written.ok()) written = file_.Flush();
    if (!written.ok()) {
      if (status_.ok()) status_ = written;
      return;
    }
    runs_[race_.index(entry)] = *run;
    left_[entry.problem] -= 1;
    spent_[entry.problem].first += 1;
    spent_[entry.problem].second += seconds;
    done_ += 1;
    if (options_.on_run == nullptr) return;
    RaceProgress progress;
    progress.runs = runs_.size();
    progress.done = done_;
    for (size_t p = 0; p < left_.size(); ++p) {
      if (spent_[p].first == 0) continue;
      progress.seconds_left += left_[p] * spent_[p].second / spent_[p].first /
                               std::max(options_.jobs, 1);
    }
    progress.last = entry;
    options_.on_run(progress);
  }

  const Race& race_;
  const RunRaceOptions& options_;
  RaceRuns& runs_;
  JsonLinesFile& file_;
  const std::vector<RaceEntry> waiting_;
  std::mutex mutex_;  // Guards all below, and runs_ and file_.
  size_t next_ = 0, done_ = 0;
  std::vector<double> left_;                      // Runs, by problem.
  std::vector<std::pair<double, double>> spent_;  // Runs that have ended, and their seconds.
  absl::Status status_;
};

}  // namespace

std::string NameOf(const Race& race, const RaceEntry& entry) {
  return absl::StrCat(race.problems()[entry.problem].name, " with ",
                      race.rules()[entry.rule].label, " at ",
                      ShortestNumber(race.rates()[entry.rate]), ", seed ", entry.seed);
}

std::string ToJsonLine(const Race& race, const RaceEntry& entry, const RaceRun& run) {
  const RaceProblem& problem = race.problems()[entry.problem];
  std::string line = absl::StrCat(
      "{\"problem\":", JsonString(problem.name), ",\"config\":", JsonString(problem.checksum),
      ",\"rule\":", JsonString(race.rules()[entry.rule].text),
      ",\"rate\":", JsonNumber(race.rates()[entry.rate]), ",\"seed\":", entry.seed,
      ",\"loss\":", JsonNumber(run.loss.value_or(std::nan(""))), ",\"steps\":", run.steps,
      ",\"seconds\":", JsonNumber(run.seconds));
  if (run.target_step.has_value()) {
    absl::StrAppend(&line, ",\"target_step\":", *run.target_step,
                    ",\"target_seconds\":", JsonNumber(run.target_seconds));
  }
  return line + "}";
}

absl::StatusOr<RaceRuns> ReadRaceRuns(const std::string& path, const Race& race) {
  RaceRuns runs(race.runs());
  using Key = std::tuple<std::string, std::string, std::string, double, double>;
  std::map<Key, size_t> places;
  for (size_t i = 0; i < race.runs(); ++i) {
    const RaceEntry entry = race.entry(i);
    const RaceProblem& problem = race.problems()[entry.problem];
    places[Key(problem.name, problem.checksum, race.rules()[entry.rule].text,
               race.rates()[entry.rate], entry.seed)] = i;
  }
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadJsonLines(path));
  for (size_t i = 0; i < lines.size(); ++i) {
    const absl::StatusOr<google::protobuf::Struct> object = ParseJson(lines[i]);
    if (!object.ok()) {
      return absl::DataLossError(absl::StrCat(path, ":", i + 1, ": ", object.status().message()));
    }
    const auto broken = [&] {
      return absl::DataLossError(absl::StrCat(path, ":", i + 1, ": this is no record of a run"));
    };
    const double rate = NumberOf(*object, "rate"), seed = NumberOf(*object, "seed");
    if (std::isnan(rate) || std::isnan(seed)) return broken();
    const auto place = places.find(Key(TextOf(*object, "problem"), TextOf(*object, "config"),
                                       TextOf(*object, "rule"), rate, seed));
    if (place == places.end()) continue;
    RaceRun run;
    const double loss = NumberOf(*object, "loss");
    const double steps = NumberOf(*object, "steps");
    const double target_step = NumberOf(*object, "target_step");
    run.seconds = NumberOf(*object, "seconds");
    if (!(steps >= 0 && steps < 9e15) || !(run.seconds >= 0) || target_step < 0) {
      return broken();
    }
    if (std::isfinite(loss)) run.loss = loss;
    run.steps = static_cast<int64_t>(steps);
    if (!std::isnan(target_step)) {
      run.target_step = static_cast<int64_t>(target_step);
      run.target_seconds = NumberOf(*object, "target_seconds");
    }
    runs[place->second] = run;
  }
  return runs;
}

absl::StatusOr<RaceRuns> RunRace(const Race& race, const RunRaceOptions& options) try {
  GRADUS_RETURN_IF_ERROR(MakeFolders(options.folder));
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<RunLock> lock, RunLock::Take(options.folder));
  const std::string path = JoinPath(options.folder, "runs.jsonl");
  GRADUS_ASSIGN_OR_RETURN(RaceRuns runs, ReadRaceRuns(path, race));
  // A last line that was torn goes; all others stay.
  GRADUS_ASSIGN_OR_RETURN(
      const std::unique_ptr<JsonLinesFile> file,
      JsonLinesFile::Open(path, [](absl::string_view line) { return ParseJson(line).ok(); }));
  const absl::Status status = Runner(race, options, &runs, file.get()).Run();
  const absl::Status synced = file->Sync();
  GRADUS_RETURN_IF_ERROR(status);
  GRADUS_RETURN_IF_ERROR(synced);
  return runs;
} catch (...) {
  return StatusOfException("a race");
}

}  // namespace gradus
