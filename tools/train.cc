// gradus train: a run from a file, or one that goes on.

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/api/control_folder.h"
#include "gradus/api/events_file.h"
#include "gradus/api/groups_file.h"
#include "gradus/api/measures_file.h"
#include "gradus/api/progress_file.h"
#include "gradus/api/rate_control.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/target.h"
#include "gradus/api/tensorboard_file.h"
#include "gradus/api/trainer.h"
#include "gradus/api/weights_source.h"
#include "gradus/base/file.h"
#include "gradus/base/text_config.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/stop_signals.h"
#include "tools/train_run.h"

namespace gradus {
namespace {

// Asks for a stop when a signal came, when so many epochs are over, or at the end of a replay's leg.
class StopObserver final : public TrainObserver {
 public:
  StopObserver(int64_t epochs, const TrainRun& run) : epochs_(epochs), run_(run) {}
  absl::Status OnStep(const StepReport&, const TrainState& state) override {
    // Where the leg ends with the run as it was planned then, it comes to its end by itself.
    const int64_t update = state.progress.update;
    leg_over_ = !run_.last_leg() && update == run_.legs[run_.leg].end &&
                update != run_.trainer->planned_steps();
    return absl::OkStatus();
  }
  absl::Status OnLine(const MetricLine& line) override {
    over_ |= epochs_ > 0 && line.scope == MetricLine::kEpoch && line.epoch >= epochs_;
    return absl::OkStatus();
  }
  bool StopRequested() override { return leg_over_ || IsAsked(); }
  // Whether the run itself is to stop.
  bool IsAsked() const { return over_ || gradus::StopRequested(); }

 private:
  const int64_t epochs_;
  const TrainRun& run_;
  bool over_ = false, leg_over_ = false;
};

int TerminalColumns() {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Whether a run that has ended early is asked for another end.
bool IsAskedToGoOn(const std::string& run, int64_t step) {
  const ControlFolder control(run);
  for (const std::string& name : control.Waiting()) {
    const absl::StatusOr<RateCommand> command = control.Read(name);
    if (command.ok() && command->has_total_steps() && command->at_step() <= step) return true;
  }
  return false;
}

int SaveModel(const TrainRun& run) {
  const absl::Status saved = run.trainer->SaveModel(run.folder.path);
  if (!saved.ok()) return Fail(saved);
  std::printf("saved  %s/model.pbtxt, model.safetensors\n", run.folder.path.c_str());
  return kOk;
}

// Whether the run has reached its target, if it has one.
int ShowTarget(const TrainRun& run) {
  const RunSettings& settings = run.trainer->config().run();
  if (!settings.has_target()) return kOk;
  const absl::StatusOr<TargetWatch> watch = ReadTarget(
      Resolved(settings.target(), run.trainer->step().monitors()), run.folder.metrics());
  if (!watch.ok()) return Fail(watch.status());
  std::printf("target  %s\n", watch->InWords().c_str());
  return kOk;
}

std::string EndedInWords(const TrainState& state) {
  return absl::StrCat("ended at step ", state.progress.update, ": ", state.ended_by);
}

// A run that was ended early goes on only when it is asked to.
int ShowEnded(const TrainRun& run) {
  const std::string path = ShellWord(run.folder.path), plugins = PluginWords();
  std::printf("%s has %s\nit goes on with another end: gradus rate %s --total_steps N%s, or gradus "
              "train --resume %s --set run.epochs=N%s\n",
              run.folder.path.c_str(), EndedInWords(run.trainer->state()).c_str(), path.c_str(),
              plugins.c_str(), path.c_str(), plugins.c_str());
  return Exists(JoinPath(run.folder.path, "model.pbtxt")) ? static_cast<int>(kOk) : SaveModel(run);
}

void ShowRun(const TrainRun& run, bool resumed) {
  const Trainer& trainer = *run.trainer;
  if (resumed) {
    std::printf("resuming %s at step %s\n", run.folder.path.c_str(),
                absl::StrCat(trainer.state().progress.update).c_str());
    if (!run.ended_by.empty() && trainer.state().ended_by.empty()) {
      std::printf("%s\n", GoesOnInWords(run.ended_by).c_str());
    }
    if (!trainer.memory_match().exact()) std::printf("%s", trainer.memory_match().Table().c_str());
  }
  for (const std::string& warning : trainer.warnings()) {
    std::fprintf(stderr, "gradus: warning: %s\n", warning.c_str());
  }
  for (const Finding& warning : run.rate_warnings) {
    std::fprintf(stderr, "gradus: warning: %s\n", ToString(warning).c_str());
  }
  std::printf(
      "%s  %s parameters, %s updates planned, %d threads\n%s\nrun folder  %s\n\n",
      trainer.config().model().name().c_str(), absl::StrCat(trainer.parameter_count()).c_str(),
      absl::StrCat(trainer.planned_steps()).c_str(), trainer.threads(),
      SplitInWords(trainer.data()).c_str(), run.folder.path.c_str());
}

// Trains to the end of the run, or of a replay's leg, which must be where it was in the other run.
// Stopped: somebody asked for it. `settings`: with which the run goes on, to be recorded.
absl::StatusOr<LoopEnd> TrainLeg(const TrainRun& run, const std::vector<std::string>& settings,
                                 const TrainFlags& flags) {
  Trainer& trainer = *run.trainer;
  const TrainState& state = trainer.state();
  const auto at_leg_end = [&] {
    return !run.last_leg() && state.progress.update == run.legs[run.leg].end;
  };
  if (at_leg_end()) return LoopEnd::kFinished;
  const absl::Status measures =
      WriteMeasures(run.folder.measures(), trainer.step().monitors());
  if (!measures.ok()) return measures;
  absl::StatusOr<std::unique_ptr<MetricsFile>> metrics =
      MetricsFile::Open(run.folder.metrics(), state.progress.update);
  if (!metrics.ok()) return metrics.status();
  absl::StatusOr<std::unique_ptr<GroupsFile>> groups =
      GroupsFile::Open(run.folder.groups(), state.progress.update,
                       trainer.config().run().has_log_groups_every_steps());
  if (!groups.ok()) return groups.status();
  absl::StatusOr<std::unique_ptr<EventsFile>> events =
      EventsFile::Open(run.folder.events(), run.events.kept);
  if (!events.ok()) return events.status();
  if (!settings.empty()) {
    const absl::Status written = RecordSettings(run, settings, events->get());
    if (!written.ok()) return written;
  }
  absl::StatusOr<std::unique_ptr<ProgressFile>> times =
      ProgressFile::Open(run.folder.progress(), state.progress.update);
  if (!times.ok()) return times.status();
  absl::StatusOr<std::unique_ptr<TensorBoardFiles>> board = TensorBoardFiles::Open(
      run.folder.tensorboard(), state.progress.update, PrintTextConfig(trainer.config()));
  if (!board.ok()) return board.status();
  StopObserver stop(flags.stop_after_epoch, run);
  TrainProgress progress(trainer, stdout, isatty(STDOUT_FILENO) != 0, TerminalColumns);
  std::unique_ptr<RateControl> control = RateControl::Start(run.folder.path, &trainer);
  TrainObserver* observers[] = {metrics->get(), groups->get(), events->get(), times->get(),
                                board->get(),   control.get(), &progress,     &stop};
  absl::StatusOr<LoopEnd> end = trainer.Train(observers);
  // How it ended counts more than that it could not be written down.
  const absl::Status ended = (*times)->End(EndOf(end, state.ended_by));
  if (end.ok() && !ended.ok()) return ended;
  control.reset();
  progress.Finish();
  if (!end.ok() || run.last_leg() || stop.IsAsked()) return end;
  if (at_leg_end()) return LoopEnd::kFinished;
  return absl::FailedPreconditionError(absl::StrCat(
      "the replay has ended at step ", state.progress.update, ", and the run went on with --set at ",
      "step ", run.legs[run.leg].end, ": they are not the same run; has it the same --weights?"));
}

int Train(const TrainFlags& flags) {
  if (flags.file.empty() == flags.resume.empty()) {
    std::fprintf(stderr, "gradus train: give a file, or --resume RUN\n");
    return kUsage;
  }
  if (!flags.resume.empty() &&
      (!flags.weights.empty() || !flags.run_dir.empty() || !flags.replay.empty())) {
    std::fprintf(stderr,
                 "gradus train: --resume goes on as the run began; --weights, --run_dir and "
                 "--replay do not go with it\n");
    return kUsage;
  }
  absl::StatusOr<TrainRun> run = flags.resume.empty() ? StartRun(flags) : ResumeRun(flags);
  if (!run.ok()) return Fail(run.status());
  const TrainState& state = run->trainer->state();
  if (!run->last_leg() && !flags.settings.empty() && !flags.resume.empty()) {
    return Fail(absl::FailedPreconditionError(absl::StrCat(
        "--set: ", flags.resume, " is a replay that has not come to its end; let it go on first")));
  }
  if (run->last_leg() && !state.ended_by.empty() &&
      !IsAskedToGoOn(run->folder.path, state.progress.update)) {
    return ShowEnded(*run);
  }
  StopOnSignals();
  std::vector<std::string> settings = flags.settings;
  for (bool resumed = !flags.resume.empty();; resumed = true) {
    ShowRun(*run, resumed);
    const absl::StatusOr<LoopEnd> end =
        TrainLeg(*run, resumed ? settings : std::vector<std::string>(), flags);
    if (!end.ok()) return Fail(end.status());
    if (*end == LoopEnd::kStopped) {
      std::printf("\nstopped at step %s; go on with: gradus train --resume %s%s\n",
                  absl::StrCat(run->trainer->state().progress.update).c_str(),
                  ShellWord(run->folder.path).c_str(), PluginWords().c_str());
      return kStopped;
    }
    if (run->last_leg()) {
      if (*end == LoopEnd::kEarly) {
        std::printf("\n%s\n", EndedInWords(run->trainer->state()).c_str());
      }
      const std::string weights = FinalWeightsInWords(
          run->trainer->config().run(), run->trainer->state());
      if (!weights.empty()) std::printf("weights  %s\n", weights.c_str());
      const int saved = SaveModel(*run);
      const int shown = ShowTarget(*run);
      return saved != kOk ? saved : shown;
    }
    std::printf("\n");
    settings.clear();  // NextLeg has recorded the leg's own.
    run = NextLeg(*std::move(run), flags);
    if (!run.ok()) return Fail(run.status());
  }
}

}  // namespace

void AddTrain(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command =
      app->add_subcommand("train", "Trains the model of a file, or goes on with a run.");
  command->add_option("file", flags->file, "The run: a .pbtxt file (gradus.RunConfig).");
  command
      ->add_option("--set", flags->settings,
                   "PATH=VALUE sets a field by its address, e.g. optimizer.adam.beta1=0.95; may be "
                   "repeated. With --resume: run.*, optimizer.* and data.batch_size.")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--run_dir", flags->run_dir,
                      "A new folder for the run; runs/<name>-<n> when not given.");
  command->add_option("--resume", flags->resume,
                      "Goes on with the run in this folder exactly where it stood.");
  command->add_option("--replay", flags->replay,
                      "Does what was done to the run in this folder, at the same steps, by "
                      "`gradus rate` and by --resume with --set: the same weights come out.");
  command->add_option("--weights", flags->weights,
                      "Starts from the weights in a .safetensors file.");
  command->add_flag(
      "--check_numerics", flags->check_numerics,
      "Looks at every value of every step and names the first that is not finite; slow.");
  command
      ->add_option("--stop_after_epoch", flags->stop_after_epoch,
                   "Stops when so many epochs are over, the state saved as by Ctrl-C: the run is "
                   "still that of its whole length, and --resume goes on with it.")
      ->check(WholeFromOne());
  command->callback([flags, run] { *run = [flags] { return Train(*flags); }; });
}

}  // namespace gradus
