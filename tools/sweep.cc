// gradus sweep: many runs of one file, each with other values, and which is best.

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/sweep.h"
#include "gradus/api/sweep_records.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "tools/command.h"
#include "tools/sweep_runner.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 32;

struct SweepFlags {
  SweepOptions options;
  std::string strategy, direction;
  std::string out, resume, table;
  int64_t seed = 0;
  int parallel = 0;
};

// ---- The folder.

absl::StatusOr<Sweep> ReadPlan(const std::string& folder) {
  const std::string path = JoinPath(folder, "sweep.jsonl");
  if (!Exists(path)) {
    return absl::NotFoundError(
        absl::StrCat(folder, " is not the folder of a sweep: ", path, " does not exist"));
  }
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  return ReadSweep(text, path);
}

absl::StatusOr<std::string> FreeFolder(const std::string& model) {
  GRADUS_RETURN_IF_ERROR(MakeFolders("sweeps"));
  for (int n = 1;; ++n) {
    const std::string path = absl::StrCat("sweeps/", model, "-", n);
    if (mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) {
      return absl::UnavailableError(absl::StrCat("cannot make folder ", path, ": ",
                                                 std::strerror(errno), "; give an --out"));
    }
  }
}

// The folder begins to be this sweep's, or already is.
absl::Status Claim(const std::string& folder, const Sweep& sweep) {
  const std::string path = JoinPath(folder, "sweep.jsonl");
  if (Exists(path)) {
    GRADUS_ASSIGN_OR_RETURN(const Sweep there, ReadPlan(folder));
    const std::string difference = SweepDifference(there, sweep);
    if (difference.empty()) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat(folder, " holds another sweep: ", difference,
                                                 "; give another --out"));
  }
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(folder));
  for (const std::string& name : names) {
    if (name == "lock" || name == "base.pbtxt") continue;
    return absl::AlreadyExistsError(
        absl::StrCat("sweep folder ", folder, " is not empty; give another --out"));
  }
  GRADUS_RETURN_IF_ERROR(WriteFile(JoinPath(folder, "base.pbtxt"), sweep.config));
  return WriteFile(path, SweepText(sweep));
}

absl::StatusOr<int> RunSweep(const SweepFlags& flags) {
  SweepOptions options = flags.options;
  if (!flags.resume.empty()) {
    GRADUS_ASSIGN_OR_RETURN(const Sweep there, ReadPlan(flags.resume));
    options = there.options;
  }
  GRADUS_ASSIGN_OR_RETURN(Sweep sweep, MakeSweep(options));
  std::string folder = flags.resume.empty() ? flags.out : flags.resume;
  if (folder.empty()) {
    GRADUS_ASSIGN_OR_RETURN(folder, FreeFolder(sweep.name));
  }
  GRADUS_RETURN_IF_ERROR(MakeFolders(folder));
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<RunLock> lock, RunLock::Take(folder));
  GRADUS_RETURN_IF_ERROR(Claim(folder, sweep));
  return RunTrials(std::move(sweep), folder, flags.parallel);
}

int ShowTable(const std::string& folder) {
  const absl::StatusOr<Sweep> sweep = ReadPlan(folder);
  if (!sweep.ok()) return Fail(sweep.status());
  absl::StatusOr<std::vector<TrialRecord>> records = ReadTrials(folder, *sweep, /*retry=*/false);
  if (!records.ok()) return Fail(records.status());
  OpenTasks(sweep->brackets, sweep->options.direction, &*records);
  std::fputs(SweepTable(*sweep, *records).c_str(), stdout);
  return kOk;
}

int Usage(const std::string& message) {
  std::fprintf(stderr, "gradus sweep: %s\n", message.c_str());
  return kUsage;
}

int DoSweep(SweepFlags flags) {
  const int given = !flags.options.file.empty() + !flags.resume.empty() + !flags.table.empty();
  if (given != 1) return Usage("give a file, or --resume DIR, or --table DIR");
  if (!flags.table.empty()) return ShowTable(flags.table);
  flags.options.direction =
      flags.direction == "min" ? MIN : flags.direction == "max" ? MAX : AUTO;
  flags.options.seed = static_cast<uint64_t>(flags.seed);
  const absl::StatusOr<SearchSpace> space = SearchSpace::Parse(flags.options.search);
  if (!space.ok()) {
    Fail(space.status());
    return kUsage;
  }
  const bool grid = space->IsGrid() && flags.options.trials == 0;
  const absl::StatusOr<SweepStrategy> strategy =
      ParseSweepStrategy(!flags.strategy.empty() ? flags.strategy : grid ? "grid" : "random");
  if (!strategy.ok()) return Usage(std::string(strategy.status().message()));
  flags.options.strategy = *strategy;
  const absl::StatusOr<int> code = RunSweep(flags);
  return code.ok() ? *code : Fail(code.status());
}

constexpr char kSpaces[] = R"(Spaces, of --search 'ADDRESS=SPACE':
  log(1e-5, 1)        any number between the two, its logarithm uniform
  uniform(0, 0.5)     any number between the two; linear is the same
  int(1, 8)           whole numbers, both ends included
  choice(16, 32, 64)  one of the values, which are those of --set
  With a third number, log(1e-5, 1, 13), that many points: what a grid needs.
ADDRESS is that of --set. 'optimizer=choice(adam {}, rmsprop {})' replaces the whole optimizer;
'optimizer.*=choice(adam {}, rmsprop {})' sets one field of it and leaves the others.
What belongs to one option of a choice begins with its label, the option's first word or what
stands before =>:
  --search 'optimizer.*=choice(adam { beta1: 0.9 }, rmsprop {})'
  --search 'adam: optimizer.learning_rate.constant=log(1e-4, 1e-2)'
  --search 'rmsprop: optimizer.learning_rate.constant=log(1e-5, 1e-3)'
  --search 'model.layer[h].*=choice(small => dense { units: 8 }, big => dense { units: 64 })'

halving and hyperband stop trials after few epochs and let the best 1/eta go on to eta times as
many. run.epochs is that of the whole run in each of them: schedules that depend on the run's
length give the rates of the whole run, and a survivor is what it would be without interruption.

DIR holds trial-000, trial-001, ..., each an ordinary run folder with the output in log.txt;
sweep.jsonl, the plan; trials.jsonl, how the processes ended; in the end best.pbtxt. The same
command with the same --out goes on where it was stopped. Trials that failed are tried again
then, unless a number became NaN or infinite.)";

}  // namespace

void AddSweep(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<SweepFlags>();
  CLI::App* command = app->add_subcommand(
      "sweep", "Trains a file with many values of its fields, and ranks them.");
  command->footer(kSpaces);
  SweepOptions& options = flags->options;
  const auto list = [command](const char* name, std::vector<std::string>* values,
                              const char* help) {
    command->add_option(name, *values, help)->take_all()->allow_extra_args(false);
  };
  command->add_option("file", options.file, "The run: a .pbtxt file (gradus.RunConfig).");
  list("--search", &options.search, "ADDRESS=SPACE, see below; may be repeated.");
  list("--set", &options.settings,
       "PATH=VALUE sets a field by its address, for every trial; may be repeated.");
  command->add_option("--strategy", flags->strategy,
                      "grid, random, halving or hyperband. When not given: grid if each space is "
                      "a choice or has a number of points and --trials is not given, else random.");
  command->add_option("--trials", options.trials,
                      "How many trials begin: random 20 when not given; halving as many as leave "
                      "one at the end.")
      ->check(WholeFromOne());
  command->add_option("--parallel", flags->parallel,
                      "How many trials run at once; as many as the cores are enough for when not "
                      "given.")
      ->check(CLI::Range(1, 1024));
  command->add_option("--threads", options.threads,
                      "Of each trial, on cores of its own; run.threads of the file, or 1.")
      ->check(CLI::Range(1, 1024));
  command->add_option("--seed", flags->seed, "Of the random values; 0 when not given.")
      ->check(CLI::Range(int64_t{0}, int64_t{9007199254740991}));
  command->add_option("--metric", options.metric,
                      "validation/loss when not given; validation/<metric>, train/loss, "
                      "train/<metric>. A trial's value is the best one of its run.");
  command->add_option("--direction", flags->direction,
                      "min or max; when not given, from the metric's name.")
      ->check(CLI::IsMember({"min", "max"}));
  command->add_option("--eta", options.eta, "Of halving and hyperband: 1/eta go on. 3.")
      ->check(CLI::Range(2, 100));
  command->add_option("--min_epochs", options.min_epochs,
                      "Of halving and hyperband: the first rung is not shorter. 1.")
      ->check(WholeFromOne());
  command->add_option("--out", flags->out,
                      "The sweep's folder, new or that of the same sweep; sweeps/<name>-<n> when "
                      "not given.");
  CLI::Option* resume =
      command->add_option("--resume", flags->resume, "Goes on with the sweep in this folder.");
  CLI::Option* table = command->add_option(
      "--table", flags->table, "Only prints the table of the sweep in this folder, as it is now.");
  // What a sweep is, its folder says.
  for (const char* name : {"--search", "--set", "--strategy", "--trials", "--threads", "--seed",
                           "--metric", "--direction", "--eta", "--min_epochs", "--out"}) {
    resume->excludes(name);
    table->excludes(name);
  }
  table->excludes("--parallel");
  command->callback([flags, run] { *run = [flags] { return DoSweep(*flags); }; });
}

}  // namespace gradus
