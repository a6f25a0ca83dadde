// gradus find-lr: which learning rate suits a run, before it is trained.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/find_learning_rate.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/text_plot.h"
#include "gradus/base/file.h"
#include "tools/command.h"
#include "tools/stop_signals.h"

namespace gradus {
namespace {

struct FindLrFlags {
  std::string file, out, weights;
  std::vector<std::string> settings;
  FindRateOptions options;
};

// Before hours of searching, not after them.
absl::Status CheckWritable(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  if (access(folder.c_str(), W_OK) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("--out ", path, ": the folder ", folder,
                                                    " does not exist or cannot be written"));
}

std::string Rate(double rate) { return absl::StrFormat("%.3g", rate); }

class Report {
 public:
  Report(const FindLrFlags& flags, bool validates)
      : flags_(flags), measure_(validates ? "validation loss" : "training loss") {}

  void SeedDone(int seeds) const {
    std::printf("range test  seed %d of %d\n", seeds, flags_.options.seeds);
    std::fflush(stdout);
  }

  void TrialDone(const RateTrial& trial) const {
    const std::string loss =
        trial.loss.has_value() ? absl::StrFormat("%.4f", *trial.loss) : "not finite";
    std::printf("trial  rate %-9s  %6s updates  seed %d  %s %s\n", Rate(trial.rate).c_str(),
                absl::StrCat(trial.steps).c_str(), trial.seed + 1, measure_, loss.c_str());
    std::fflush(stdout);
  }

  absl::Status Show(const RateRange& range) const {
    const PlotOptions options = Options(range);
    const std::vector<PlotSeries> series = Series(range);
    std::printf("\n%s\n", RenderText(series, options, TextPlotOptionsFor(STDOUT_FILENO)).c_str());
    const std::string diverges =
        range.diverges.has_value() ? absl::StrCat(", breaks off at ", Rate(*range.diverges)) : "";
    std::printf("range test: falls fastest at %s, lowest at %s%s\n", Rate(range.steepest).c_str(),
                Rate(range.lowest).c_str(), diverges.c_str());
    std::printf("suggestion %s (confidence: %s, because %s)\n",
                ShortestNumber(range.suggestion).c_str(), Name(range.confidence),
                range.because.c_str());
    if (!range.text.empty() && range.settings.size() == 1) {
      std::printf("%s\n", range.text.c_str());
    } else {
      for (const std::string& setting : range.settings) {
        std::printf("--set '%s'\n", absl::StrReplaceAll(setting, {{"'", "'\\''"}}).c_str());
      }
    }
    if (flags_.out.empty()) return absl::OkStatus();
    const absl::Status written = WriteFile(flags_.out, RenderSvg(series, options));
    if (written.ok()) std::printf("picture  %s\n", flags_.out.c_str());
    return written;
  }

 private:
  PlotOptions Options(const RateRange& range) const {
    PlotOptions options;
    options.title = absl::StrCat("Loss against learning rate of ", flags_.file);
    options.x_label = "learning rate";
    options.y_label = "loss";
    options.log_x = true;
    double least = 0, greatest = 0;
    for (const PlotSeries& series : Series(range)) {
      for (double y : series.y) {
        if (greatest == 0) least = greatest = y;
        least = std::min(least, y);
        greatest = std::max(greatest, y);
      }
    }
    options.log_y = least > 0 && greatest > 10 * least;
    options.markers.push_back(
        {range.suggestion, absl::StrCat("suggestion ", Rate(range.suggestion))});
    options.caption =
        absl::StrCat("The band goes from the least to the greatest of ", flags_.options.seeds,
                     " seeds. Confidence ", Name(range.confidence), ": ", range.because, ".");
    return options;
  }

  std::vector<PlotSeries> Series(const RateRange& range) const {
    std::vector<PlotSeries> series(1);
    series[0].name = "range test, smoothed";
    series[0].x = range.curve.rates;
    series[0].y = range.curve.mean;
    if (flags_.options.seeds > 1) {
      series[0].low = range.curve.low;
      series[0].high = range.curve.high;
    }
    int64_t whole = 0;
    for (const RateTrial& trial : range.trials) whole = std::max(whole, trial.steps);
    std::map<double, double> losses;
    for (const RateTrial& trial : range.trials) {
      const bool counts = trial.seed == 0 && trial.steps == whole && trial.loss.has_value();
      if (counts) losses[trial.rate] = *trial.loss;
    }
    if (losses.empty()) return series;
    series.push_back({absl::StrCat("trials of ", whole, " updates, ", measure_), {}, {}});
    for (const auto& [rate, loss] : losses) {
      series[1].x.push_back(rate);
      series[1].y.push_back(loss);
    }
    return series;
  }

  const FindLrFlags& flags_;
  const char* const measure_;
};

int FindLr(const FindLrFlags& flags) {
  const absl::Status writable = CheckWritable(flags.out);
  if (!writable.ok()) return Fail(writable);
  absl::StatusOr<std::unique_ptr<Trainer>> made = Trainer::FromFile(flags.file, flags.settings);
  if (!made.ok()) return Fail(made.status());
  Trainer& trainer = **made;
  FindRateOptions options = flags.options;
  if (!flags.weights.empty()) {
    const absl::StatusOr<WeightsMatch> match = trainer.LoadWeights(flags.weights);
    if (!match.ok()) return Fail(match.status());
    const bool any =
        std::any_of(match->rows.begin(), match->rows.end(),
                    [](const WeightsMatch::Row& row) { return row.kind == WeightsMatch::kLoaded; });
    if (!any) {
      return Fail(absl::InvalidArgumentError(
          absl::StrCat(flags.weights, " has no tensor of this model:\n", match->Table())));
    }
    options.present_weights = true;
  }
  for (const std::string& warning : trainer.warnings()) {
    std::fprintf(stderr, "gradus: warning: %s\n", warning.c_str());
  }
  std::printf("%s  %s parameters, %s updates planned, %d threads\n",
              trainer.config().model().name().c_str(),
              absl::StrCat(trainer.parameter_count()).c_str(),
              absl::StrCat(trainer.planned_steps()).c_str(), trainer.threads());
  std::fflush(stdout);

  StopOnSignals();
  const Report report(flags, trainer.data().validation != nullptr);
  options.on_range_test = [&report](int seeds) { report.SeedDone(seeds); };
  options.on_trial = [&report](const RateTrial& trial) { report.TrialDone(trial); };
  options.cancelled = [] { return StopRequested(); };
  const absl::StatusOr<RateRange> range = FindLearningRate(trainer, options);
  if (absl::IsCancelled(range.status())) {
    std::printf("\nstopped before there was a suggestion\n");
    return kStopped;
  }
  if (!range.ok()) return Fail(range.status());
  const absl::Status shown = report.Show(*range);
  return shown.ok() ? kOk : Fail(shown);
}

}  // namespace

void AddFindLr(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<FindLrFlags>();
  CLI::App* command = app->add_subcommand("find-lr",
                                          "Suggests a learning rate: a range test with several "
                                          "seeds, then trials around what it shows.");
  command->add_option("file", flags->file, "The run: a .pbtxt file (gradus.RunConfig).")
      ->required();
  FindRateOptions& options = flags->options;
  command->add_option("--start", options.start, "The first rate of the range test; 1e-6.")
      ->check(FiniteAboveZero());
  command->add_option("--end", options.end, "Its last rate; 10.")->check(FiniteAboveZero());
  command
      ->add_option("--steps", options.steps,
                   "Its updates; when not given an epoch's, at least 100 and at most 200.")
      ->check(CLI::Range(10, 1000000));
  command
      ->add_option("--seeds", options.seeds,
                   "How many orders of the data and first weights there are; 3.")
      ->check(CLI::Range(1, 100));
  command
      ->add_option("--trials", options.trials,
                   "The most trainings at one rate each; 20. 0: the range test alone.")
      ->check(CLI::Range(0, 1000));
  command
      ->add_option("--trial_steps", options.trial_steps,
                   "The updates of each, its schedule shrunk to fit; when not given those of the "
                   "run, at most 10000.")
      ->check(WholeFromOne());
  command->add_option("--weights", flags->weights,
                      "Starts from the weights in a .safetensors file.");
  command->add_option("--out", flags->out, "The SVG file to write.");
  command
      ->add_option("--set", flags->settings,
                   "PATH=VALUE sets a field by its address; may be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  command->callback([flags, run] { *run = [flags] { return FindLr(*flags); }; });
}

}  // namespace gradus
