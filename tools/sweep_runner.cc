// Starts trials, waits, tells, and ends with the table.

#include "tools/sweep_runner.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/sweep_records.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/checkpoint.h"
#include "tools/command.h"
#include "tools/sweep_processes.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 32;

std::string Duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  return whole < 3600 ? absl::StrFormat("%d:%02d", whole / 60, whole % 60)
                      : absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

// The first line that the program said was wrong, in a log from `offset` on.
std::string FirstError(const std::string& log, size_t offset) {
  const absl::StatusOr<std::string> text = ReadFile(log, kMostBytes);
  if (!text.ok() || text->size() < offset) return "";
  for (absl::string_view line : absl::StrSplit(absl::string_view(*text).substr(offset), '\n')) {
    if (!absl::ConsumePrefix(&line, "gradus: ")) continue;
    if (absl::StartsWith(line, "warning: ") || absl::StartsWith(line, "skipped: ")) continue;
    return std::string(line);
  }
  return "";
}

absl::Status Append(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "ab");
  const bool fine = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                    std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  const int error = errno;
  if (file != nullptr) std::fclose(file);
  if (fine) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(error)));
}

// A sweep in its folder, from the first trial to the table.
class Runner {
 public:
  Runner(Sweep sweep, std::string folder, int parallel)
      : sweep_(std::move(sweep)),
        folder_(std::move(folder)),
        processes_(parallel, sweep_.options.threads),
        log_sizes_(static_cast<size_t>(sweep_.trials()), 0) {}

  absl::StatusOr<int> Run() {
    GRADUS_RETURN_IF_ERROR(ReadRecords());
    TellPlan();
    begun_epochs_ = Epochs();
    for (;;) {
      const std::vector<SweepTask> tasks =
          OpenTasks(sweep_.brackets, sweep_.options.direction, &records_);
      for (const SweepTask& task : tasks) {
        if (stopping_ || processes_.running() == processes_.parallel()) break;
        if (processes_.Runs(task.trial) || given_up_.count(task.trial) > 0) continue;
        GRADUS_RETURN_IF_ERROR(Start(task));
      }
      if (processes_.running() == 0) return Finish(/*complete=*/tasks.empty());
      const SweepProcesses::Event event = processes_.Wait(500);
      for (int64_t trial = 0; trial < sweep_.trials(); ++trial) {
        if (processes_.Runs(trial)) MoveLog(trial);
      }
      for (const SweepProcesses::End& end : event.ended) {
        GRADUS_RETURN_IF_ERROR(Ended(end.trial, end.status));
      }
      if (event.stop) {
        if (!stopping_) std::printf("stopping; the trials save their states\n");
        std::fflush(stdout);
        stopping_ = true;
        processes_.Stop();
      }
    }
  }

 private:
  std::string FolderOfTrial(int64_t trial) const {
    return JoinPath(folder_, sweep_.TrialName(trial));
  }
  TrialRecord& Record(int64_t trial) { return records_[static_cast<size_t>(trial)]; }
  // A run folder must be empty at first, so the output waits beside it until there is one.
  std::string EarlyLog(int64_t trial) const { return FolderOfTrial(trial) + ".log"; }
  std::string Log(int64_t trial) const { return JoinPath(FolderOfTrial(trial), "log.txt"); }
  void MoveLog(int64_t trial) {
    if (Exists(EarlyLog(trial)) && Exists(JoinPath(FolderOfTrial(trial), "run.pbtxt"))) {
      Rename(EarlyLog(trial), Log(trial)).IgnoreError();
    }
  }

  // Trials of an earlier sweep in this folder may still be saving their states.
  absl::Status ReadRecords() {
    for (bool told = false;; told = true) {
      GRADUS_ASSIGN_OR_RETURN(records_, ReadTrials(folder_, sweep_, /*retry=*/true));
      int64_t busy = -1;
      for (int64_t i = 0; i < sweep_.trials(); ++i) {
        if (Record(i).state == TrialRecord::kRunning) busy = i;
      }
      if (busy < 0) return absl::OkStatus();
      if (!told) {
        std::printf("waiting for the process that still trains %s\n",
                    FolderOfTrial(busy).c_str());
        std::fflush(stdout);
      }
      if (processes_.Wait(200).stop) {
        return absl::CancelledError(absl::StrCat("stopped while another process trains ",
                                                 FolderOfTrial(busy)));
      }
    }
  }

  void TellPlan() {
    const SweepOptions& options = sweep_.options;
    std::printf("%s search, %s trials, %d at once on %d threads each\nsweep folder  %s\n",
                std::string(Name(options.strategy)).c_str(), absl::StrCat(sweep_.trials()).c_str(),
                processes_.parallel(), options.threads, folder_.c_str());
    if (processes_.parallel() * options.threads > processes_.cores()) {
      std::fprintf(stderr, "gradus: warning: %d trials of %d threads share %d cores\n",
                   processes_.parallel(), options.threads, processes_.cores());
    }
    if (options.strategy == SweepStrategy::kHalving ||
        options.strategy == SweepStrategy::kHyperband) {
      for (const SweepBracket& bracket : sweep_.brackets) {
        std::string rungs;
        for (const SweepRung& rung : bracket.rungs) {
          absl::StrAppend(&rungs, rungs.empty() ? "" : ", ", rung.trials, " to epoch ",
                          rung.epochs);
        }
        std::printf("rungs  %s\n", rungs.c_str());
      }
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  absl::Status Start(const SweepTask& task) {
    const std::string run = FolderOfTrial(task.trial);
    std::vector<std::string> skipped;
    const bool resumes = NewestCheckpoint(RunFolder{run, nullptr}.checkpoints(), &skipped).ok();
    std::vector<std::string> arguments = {"train"};
    if (resumes) {
      arguments.insert(arguments.end(), {"--resume", run});
    } else {
      // What has no state to go on from begins anew.
      GRADUS_RETURN_IF_ERROR(RemoveTree(run));
      unlink(EarlyLog(task.trial).c_str());
      arguments.push_back(JoinPath(folder_, "base.pbtxt"));
      for (std::string& setting : sweep_.TrialSettings(task.trial)) {
        arguments.insert(arguments.end(), {"--set", std::move(setting)});
      }
      arguments.insert(arguments.end(), {"--run_dir", run});
    }
    if (!task.to_end) {
      arguments.insert(arguments.end(), {"--stop_after_epoch", absl::StrCat(task.epochs)});
    }
    for (std::string& word : PluginArguments()) arguments.push_back(std::move(word));
    MoveLog(task.trial);
    const std::string log = resumes ? Log(task.trial) : EarlyLog(task.trial);
    struct stat size = {};
    log_sizes_[static_cast<size_t>(task.trial)] =
        stat(log.c_str(), &size) == 0 ? static_cast<size_t>(size.st_size) : 0;
    GRADUS_RETURN_IF_ERROR(processes_.Start(task.trial, arguments, log));
    Record(task.trial).state = TrialRecord::kRunning;
    return absl::OkStatus();
  }

  absl::Status Ended(int64_t trial, int status) {
    MoveLog(trial);
    const std::string log = Exists(Log(trial)) ? Log(trial) : EarlyLog(trial);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    TrialEnd end;
    end.trial = trial;
    if (code == kOk) {
      end.state = TrialRecord::kFinished;
    } else if (code == kStopped || (stopping_ && WIFSIGNALED(status))) {
      end.state = TrialRecord::kStopped;
    } else {
      end.state = TrialRecord::kFailed;
      end.final = code == kNonFinite;
      end.message = FirstError(log, log_sizes_[static_cast<size_t>(trial)]);
      if (end.message.empty() || WIFSIGNALED(status)) end.message = StatusInWords(status);
    }
    TrialRecord& record = Record(trial);
    record.state = end.state;
    record.message = end.message;
    const int64_t before = record.epochs;
    const absl::Status read =
        ReadMetrics(RunFolder{FolderOfTrial(trial), nullptr}.metrics(), sweep_.options.metric,
                    &record);
    if (!read.ok()) {
      record.state = end.state = TrialRecord::kFailed;
      record.message = end.message = std::string(read.message());
      end.final = false;
    }
    // Somebody has stopped this one trial; it is not started again by force.
    if (end.state == TrialRecord::kStopped && !stopping_ && record.epochs <= before) {
      given_up_.insert(trial);
    }
    GRADUS_RETURN_IF_ERROR(Append(JoinPath(folder_, "trials.jsonl"), ToJsonLine(end)));
    TellTrial(trial);
    return absl::OkStatus();
  }

  // Epochs that have been trained in this folder.
  int64_t Epochs() const {
    int64_t sum = 0;
    for (const TrialRecord& record : records_) sum += record.epochs;
    return sum;
  }

  // Epochs that are left, if all goes as planned.
  int64_t EpochsLeft() const {
    int64_t over = 0;  // Trials that have ended before their time.
    if (sweep_.brackets.size() == 1 && sweep_.brackets[0].rungs.size() == 1) {
      for (const TrialRecord& record : records_) {
        const bool ended =
            record.state == TrialRecord::kFinished || record.state == TrialRecord::kFailed;
        if (ended) over += std::max<int64_t>(sweep_.epochs - record.epochs, 0);
      }
    }
    return std::max<int64_t>(CountEpochs(sweep_.brackets) - Epochs() - over, 0);
  }

  std::string Value(double value) const {
    return std::isnan(value) ? "-" : absl::StrFormat("%.6g", value);
  }

  void TellTrial(int64_t trial) {
    const TrialRecord& record = Record(trial);
    const bool failed = record.state == TrialRecord::kFailed;
    // At a rung it is the strategy that has stopped it.
    const bool rung = record.state == TrialRecord::kStopped && !stopping_;
    std::string line = absl::StrCat(
        sweep_.TrialName(trial), "  ", rung ? "reached" : absl::StrCat(Name(record.state), " at"),
        " epoch ", record.epochs, "  ",
        sweep_.options.metric, " ", Value(record.Best(sweep_.options.direction)), "  ",
        PointText(sweep_, trial), failed ? "  " : "", failed ? record.message : "");
    const int64_t best = BestTrial(records_, sweep_.options.direction);
    if (best >= 0) absl::StrAppend(&line, "  best so far ", sweep_.TrialName(best));
    const int64_t left = EpochsLeft();
    const int64_t done = Epochs() - begun_epochs_;
    if (!stopping_ && left > 0 && done > 0) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begun_;
      absl::StrAppend(&line, "  about ",
                      Duration(elapsed.count() * static_cast<double>(left) /
                               static_cast<double>(done)),
                      " left");
    }
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  absl::StatusOr<int> Finish(bool complete) {
    std::printf("\n%s", SweepTable(sweep_, records_).c_str());
    if (!complete) {
      std::printf("\nstopped; go on with: gradus sweep --resume %s%s\n",
                  ShellWord(folder_).c_str(), PluginWords().c_str());
      return kStopped;
    }
    const int64_t best = BestTrial(records_, sweep_.options.direction);
    if (best < 0) {
      const std::string& why = records_[0].message;
      return absl::FailedPreconditionError(absl::StrCat(
          "no trial has a value of ", sweep_.options.metric,
          why.empty() ? "" : absl::StrCat("; the first failed: ", why)));
    }
    GRADUS_ASSIGN_OR_RETURN(
        const std::string config,
        ReadFile(JoinPath(FolderOfTrial(best), "run.pbtxt"), kMostConfigBytes));
    const std::string path = JoinPath(folder_, "best.pbtxt");
    GRADUS_RETURN_IF_ERROR(WriteFile(path, config));
    std::printf("\nbest  %s  %s\ntrain it again with: gradus train %s%s\n",
                FolderOfTrial(best).c_str(), PointText(sweep_, best).c_str(),
                ShellWord(path).c_str(), PluginWords().c_str());
    return kOk;
  }

  const Sweep sweep_;
  const std::string folder_;
  SweepProcesses processes_;
  std::vector<TrialRecord> records_;
  std::vector<size_t> log_sizes_;  // When the process began.
  std::set<int64_t> given_up_;
  bool stopping_ = false;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  int64_t begun_epochs_ = 0;
};

}  // namespace

absl::StatusOr<int> RunTrials(Sweep sweep, const std::string& folder, int parallel) {
  return Runner(std::move(sweep), folder, parallel).Run();
}

}  // namespace gradus
