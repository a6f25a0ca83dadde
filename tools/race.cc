// gradus race: update rules against one another, each tuned alike.

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/race.h"
#include "gradus/api/race_runs.h"
#include "gradus/api/race_table.h"
#include "gradus/base/file.h"
#include "gradus/base/thread_pool.h"
#include "tools/command.h"
#include "tools/stop_signals.h"

namespace gradus {
namespace {

constexpr std::chrono::milliseconds kBetweenFrames(200);

struct RaceFlags {
  RaceOptions options;
  std::string out = "race", format = "text";
  int jobs = 0;
};

std::string Duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  return whole < 3600 ? absl::StrFormat("%d:%02d", whole / 60, whole % 60)
                      : absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

// How far the race is, on standard error, where it is in no table's way: a line that is written over
// on a terminal, otherwise a line for each tenth of the runs.
class RaceProgressLine {
 public:
  explicit RaceProgressLine(const Race& race)
      : race_(race), terminal_(isatty(STDERR_FILENO) != 0) {}
  ~RaceProgressLine() { Clear(); }

  void Show(const RaceProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const size_t tenth = progress.done * 10 / progress.runs;
    if (terminal_ ? shown_ && now - drawn_ < kBetweenFrames : tenth == tenth_) return;
    shown_ = true;
    drawn_ = now;
    tenth_ = tenth;
    std::fprintf(stderr, "%srace  %zu of %zu runs  %s  about %s left%s", terminal_ ? "\r\x1b[2K" : "",
                 progress.done, progress.runs, NameOf(race_, progress.last).c_str(),
                 Duration(progress.seconds_left).c_str(), terminal_ ? "" : "\n");
    std::fflush(stderr);
  }

  void Clear() {
    if (shown_ && terminal_) std::fputs("\r\x1b[2K", stderr);
    shown_ = false;
  }

 private:
  const Race& race_;
  const bool terminal_;
  bool shown_ = false;
  size_t tenth_ = 0;
  std::chrono::steady_clock::time_point drawn_;
};

size_t CountDone(const std::string& records, const Race& race) {
  const absl::StatusOr<RaceRuns> runs = ReadRaceRuns(records, race);
  size_t done = 0;
  if (runs.ok()) {
    for (const absl::optional<RaceRun>& run : *runs) done += run.has_value();
  }
  return done;
}

int Show(const Race& race, const RaceRuns& runs, const RaceFlags& flags) {
  const std::vector<RaceScore> scores = ScoreRace(race, runs);
  const std::string text = flags.format == "json"  ? RaceJson(race, scores)
                           : flags.format == "tsv" ? RaceTsv(race, scores)
                                                   : RaceText(race, scores);
  std::fwrite(text.data(), 1, text.size(), stdout);
  for (size_t p = 0; p < race.problems().size(); ++p) {
    const std::string path = JoinPath(flags.out, race.problems()[p].name + ".svg");
    const absl::Status written = WriteFile(path, RaceSvg(race, scores, p));
    if (!written.ok()) return Fail(written);
    if (flags.format == "text") std::printf("%spicture  %s\n", p == 0 ? "\n" : "", path.c_str());
  }
  return kOk;
}

int DoRace(const RaceFlags& flags) {
  const absl::StatusOr<std::unique_ptr<Race>> race = Race::Create(flags.options);
  if (!race.ok()) return Fail(race.status());
  for (const std::string& warning : (*race)->warnings()) {
    std::fprintf(stderr, "gradus: warning: %s\n", warning.c_str());
  }
  StopOnSignals();
  RaceProgressLine line(**race);
  RunRaceOptions options;
  options.folder = flags.out;
  options.jobs = flags.jobs > 0 ? flags.jobs : AvailableCores();
  options.on_run = [&line](const RaceProgress& progress) { line.Show(progress); };
  options.cancelled = [] { return StopRequested(); };
  const absl::StatusOr<RaceRuns> runs = RunRace(**race, options);
  line.Clear();
  if (absl::IsCancelled(runs.status())) {
    const std::string records = JoinPath(flags.out, "runs.jsonl");
    std::fprintf(stderr, "stopped with %zu of %zu runs in %s; the same command goes on\n",
                 CountDone(records, **race), (*race)->runs(), records.c_str());
    return kStopped;
  }
  if (!runs.ok()) return Fail(runs.status());
  return Show(**race, *runs, flags);
}

constexpr char kAbout[] = R"(Every rule gets the same rates, seeds and epochs on every problem.
A problem is a run file with a target: run { target { monitor: "validation/loss" value: 0.1 } }.
RULE is a rule as an optimizer { } has it, 'sgd { momentum: 0.9 }', and takes the place of the
problem's own; its rate is the peak of the problem's schedule; all else in the file stays. A rule
that finds a rate of its own (prodigy, dadapt_adam, dadapt_sgd, lbfgs) goes over the same rates,
which multiply what it finds. Seed s adds s to run.seed and data.shuffle_seed.

What is compared is the validation loss in the end of the run, or the mean training loss of its
last epoch when a problem has no validation. The best rate is that with the least mean over the
seeds; a rate at which a run diverged (a number became NaN or infinite) is never the best.
  loss, deviation   mean over the seeds at the best rate, and the sample's standard deviation
  reached           with how many seeds the target was reached at that rate
  steps, seconds    to the target: mean and median over those. Seconds are wall-clock time of
                    training alone, one thread a run; runs that share a machine make them noisy
  within 5%         at how many of the rates the mean is at most 5% more than the best one,
                    m <= best + 0.05 |best|: how little the rule minds which rate it gets
  diverged          runs, of those at all rates

DIR holds runs.jsonl, a line for each run as it ends, and PROBLEM.svg, loss against rate. The same
command goes on where it was stopped, and one with more rules, rates, seeds or problems trains only
those. runs.jsonl knows a problem by its text: when the bytes of its data change take another DIR.)";

}  // namespace

void AddRace(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<RaceFlags>();
  CLI::App* command = app->add_subcommand(
      "race", "Trains problems with several update rules, each tuned alike, and compares them.");
  command->footer(kAbout);
  RaceOptions& options = flags->options;
  command->add_option("--rule", options.rules, "A rule and its settings; may be repeated.")
      ->required()
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--problems", options.problems, "Run files with a target.")
      ->required()
      ->take_all();
  command->add_option("--rates", options.rates,
                      "The rates, as in `gradus sweep`: log(1e-4, 1, 9), which it is when not "
                      "given, or a list of numbers: 0.001,0.01.");
  command->add_option("--seeds", options.seeds, "How many runs there are at each rate; 5.")
      ->check(CLI::Range(1, 1000));
  command->add_option("--jobs", flags->jobs,
                      "How many runs at once, of one thread each; as many as cores when not given.")
      ->check(CLI::Range(1, 1024));
  command->add_option("--out", flags->out, "The race's folder; race when not given.");
  command->add_option("--format", flags->format, "text, tsv or json.")
      ->check(CLI::IsMember({"text", "tsv", "json"}));
  command->callback([flags, run] { *run = [flags] { return DoRace(*flags); }; });
}

}  // namespace gradus
