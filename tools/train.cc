// gradus train: a run from a file, or one that goes on.

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "gradus/api/control_folder.h"
#include "gradus/api/events_file.h"
#include "gradus/api/rate_checks.h"
#include "gradus/api/rate_control.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gradus/base/text_config.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/stop_signals.h"

namespace gradus {
namespace {

struct TrainFlags {
  std::string file, run_dir, resume, weights, replay;
  std::vector<std::string> settings;
  bool check_numerics = false;
  int64_t stop_after_epoch = 0;  // 0: the run's own end.
};

// Asks for a stop when a signal came, or when so many epochs are over.
class StopObserver final : public TrainObserver {
 public:
  explicit StopObserver(int64_t epochs) : epochs_(epochs) {}
  absl::Status OnLine(const MetricLine& line) override {
    over_ |= epochs_ > 0 && line.scope == MetricLine::kEpoch && line.epoch >= epochs_;
    return absl::OkStatus();
  }
  bool StopRequested() override { return over_ || gradus::StopRequested(); }

 private:
  const int64_t epochs_;
  bool over_ = false;
};

int TerminalColumns() {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

absl::Status StartFromWeights(const std::string& path, Trainer* trainer) {
  absl::StatusOr<WeightsMatch> match = trainer->LoadWeights(path);
  if (!match.ok()) return match.status();
  if (match->exact()) return absl::OkStatus();
  int loaded = 0;
  for (const WeightsMatch::Row& row : match->rows) loaded += row.kind == WeightsMatch::kLoaded;
  if (loaded == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has no tensor of this model:\n", match->Table()));
  }
  std::printf("weights from %s: %d loaded, the rest starts as configured:\n%s", path.c_str(),
              loaded, match->Table().c_str());
  return absl::OkStatus();
}

struct Run {
  std::unique_ptr<Trainer> trainer;
  RunFolder folder;
  EventsAtCheckpoint events;           // Of a run that goes on.
  std::string ended_by;                // Likewise: why it had ended early, if it had.
  std::vector<Finding> rate_warnings;  // Of a run that begins.
};

// What other settings do to the rate of the first parameters, for the log. `ended_by`: why the run,
// which goes on now, had ended early; empty when it had not.
RateEvent ResumeEvent(const Trainer& trainer, const std::vector<std::string>& settings,
                      const std::string& ended_by) {
  const TrainState& state = trainer.state();
  const Hyperparameters& numbers = trainer.step().numbers();
  int group = 0;
  while (group + 1 < numbers.groups().count() && numbers.groups().parameters[group] == 0) ++group;
  RateEvent event;
  event.step = state.progress.update;
  event.group = numbers.groups().names[group];
  event.field = "learning_rate";
  event.layer = "resume";
  event.old_value = state.last_learning_rate;
  event.new_value = numbers.At(group, state.progress, state.rates);
  event.cause = absl::StrCat("--set ", absl::StrJoin(settings, " --set "));
  if (!ended_by.empty()) absl::StrAppend(&event.cause, "; ", GoesOnInWords(ended_by));
  return event;
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

absl::StatusOr<Run> Resume(const TrainFlags& flags) {
  Run run;
  run.folder.path = flags.resume;
  if (!Exists(run.folder.checkpoints())) {
    return absl::NotFoundError(absl::StrCat(flags.resume, " is not the folder of a run: ",
                                            run.folder.checkpoints(), " does not exist"));
  }
  absl::StatusOr<std::unique_ptr<RunLock>> lock = RunLock::Take(flags.resume);
  if (!lock.ok()) return lock.status();
  run.folder.lock = *std::move(lock);
  std::vector<std::string> skipped;
  absl::StatusOr<std::string> checkpoint = NewestCheckpoint(run.folder.checkpoints(), &skipped);
  for (const std::string& message : skipped) {
    std::fprintf(stderr, "gradus: skipped: %s\n", message.c_str());
  }
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<TrainStateHeader> header = ReadCheckpointHeader(*checkpoint);
  if (!header.ok()) return header.status();
  absl::StatusOr<std::vector<RecordedEvent>> recorded = ReadEvents(run.folder.events());
  if (!recorded.ok()) return recorded.status();
  run.events = SplitEvents(*std::move(recorded), *header);
  TrainerOptions options;
  options.checkpoint_folder = run.folder.checkpoints();
  options.check_numerics = flags.check_numerics;
  std::vector<std::string> settings = run.events.settings;
  settings.insert(settings.end(), flags.settings.begin(), flags.settings.end());
  absl::StatusOr<std::unique_ptr<Trainer>> trainer =
      Trainer::Resume(*checkpoint, options, settings);
  if (!trainer.ok()) return trainer.status();
  run.trainer = *std::move(trainer);
  run.ended_by = header->ended_by();
  // What was asked for after the state was saved is asked for again, at the same steps. It waits in
  // the control folder before its lines go from the log, so that it is never in neither.
  const ControlFolder control(flags.resume);
  absl::Status status = control.RemoveDone(run.events);
  if (status.ok()) status = control.PutAgain(run.events.lost, header->command_size());
  if (!status.ok()) return status;
  return run;
}

// The commands of another run of this configuration.
absl::StatusOr<std::vector<RateCommand>> CommandsOf(const std::string& run,
                                                    const RunConfig& config) {
  RunFolder folder;
  folder.path = run;
  const absl::StatusOr<RunFile> file = RunFile::Read(folder.configuration());
  if (!file.ok()) return file.status();
  if (PrintTextConfig(file->config()) != PrintTextConfig(config)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--replay ", run, ": the configuration is not that of the run; use ",
                     folder.configuration(), " itself"));
  }
  const absl::StatusOr<std::vector<RecordedEvent>> events = ReadEvents(folder.events());
  if (!events.ok()) return events.status();
  absl::StatusOr<std::vector<RateCommand>> commands = ReplayCommands(*events);
  if (!commands.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--replay ", run, ": ", commands.status().message()));
  }
  return commands;
}

absl::StatusOr<Run> Start(const TrainFlags& flags) {
  Run run;
  TrainerOptions options;
  options.check_numerics = flags.check_numerics;
  absl::StatusOr<RunFile> file = RunFile::Read(flags.file, flags.settings);
  if (!file.ok()) return file.status();
  Diagnostics rates(file->locator());
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(file), options);
  if (!trainer.ok()) return trainer.status();
  run.trainer = *std::move(trainer);
  CheckRates(run.trainer->step().numbers(), run.trainer->config().optimizer(), &rates);
  if (!rates.ok()) return rates.ToStatus();
  run.rate_warnings = rates.Sorted();
  if (run.trainer->data().train == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(flags.file, ": there is no training data; write data { train { ... } }"));
  }
  if (!flags.weights.empty()) {
    const absl::Status status = StartFromWeights(flags.weights, run.trainer.get());
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::vector<RateCommand>> commands = std::vector<RateCommand>();
  if (!flags.replay.empty()) commands = CommandsOf(flags.replay, run.trainer->config());
  if (!commands.ok()) return commands.status();
  absl::StatusOr<RunFolder> folder = RunFolder::Create(flags.run_dir, run.trainer->config());
  if (!folder.ok()) return folder.status();
  run.folder = *std::move(folder);
  const absl::Status put = ControlFolder(run.folder.path).PutAgain(*commands, 0);
  if (!put.ok()) return put;
  run.trainer->set_checkpoint_folder(run.folder.checkpoints());
  return run;
}

int SaveModel(const Run& run) {
  const absl::Status saved = run.trainer->SaveModel(run.folder.path);
  if (!saved.ok()) return Fail(saved);
  std::printf("saved  %s/model.pbtxt, model.safetensors\n", run.folder.path.c_str());
  return kOk;
}

std::string EndedInWords(const TrainState& state) {
  return absl::StrCat("ended at step ", state.progress.update, ": ", state.ended_by);
}

// A run that was ended early goes on only when it is asked to.
int ShowEnded(const Run& run) {
  const char* path = run.folder.path.c_str();
  std::printf("%s has %s\nit goes on with another end: gradus rate %s --total_steps N, or gradus "
              "train --resume %s --set run.epochs=N\n",
              path, EndedInWords(run.trainer->state()).c_str(), path, path);
  return Exists(JoinPath(run.folder.path, "model.pbtxt")) ? static_cast<int>(kOk) : SaveModel(run);
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
  absl::StatusOr<Run> run = flags.resume.empty() ? Start(flags) : Resume(flags);
  if (!run.ok()) return Fail(run.status());
  Trainer& trainer = *run->trainer;
  if (!trainer.state().ended_by.empty() &&
      !IsAskedToGoOn(run->folder.path, trainer.state().progress.update)) {
    return ShowEnded(*run);
  }
  StopOnSignals();
  if (!flags.resume.empty()) {
    std::printf("resuming %s at step %s\n", flags.resume.c_str(),
                absl::StrCat(trainer.state().progress.update).c_str());
    if (!run->ended_by.empty() && trainer.state().ended_by.empty()) {
      std::printf("%s\n", GoesOnInWords(run->ended_by).c_str());
    }
  }
  for (const std::string& warning : trainer.warnings()) {
    std::fprintf(stderr, "gradus: warning: %s\n", warning.c_str());
  }
  for (const Finding& warning : run->rate_warnings) {
    std::fprintf(stderr, "gradus: warning: %s\n", ToString(warning).c_str());
  }
  std::printf(
      "%s  %s parameters, %s updates planned, %d threads\nrun folder  %s\n\n",
      trainer.config().model().name().c_str(), absl::StrCat(trainer.parameter_count()).c_str(),
      absl::StrCat(trainer.planned_steps()).c_str(), trainer.threads(), run->folder.path.c_str());

  absl::StatusOr<std::unique_ptr<MetricsFile>> metrics =
      MetricsFile::Open(run->folder.metrics(), trainer.state().progress.update);
  if (!metrics.ok()) return Fail(metrics.status());
  absl::StatusOr<std::unique_ptr<EventsFile>> events =
      EventsFile::Open(run->folder.events(), run->events.kept);
  if (!events.ok()) return Fail(events.status());
  if (!flags.resume.empty() && !flags.settings.empty()) {
    const std::string ended_by = trainer.state().ended_by.empty() ? run->ended_by : "";
    const absl::Status written =
        (*events)->WriteResume(ResumeEvent(trainer, flags.settings, ended_by), flags.settings);
    if (!written.ok()) return Fail(written);
  }
  StopObserver stop(flags.stop_after_epoch);
  TrainProgress progress(trainer, stdout, isatty(STDOUT_FILENO) != 0, TerminalColumns);
  std::unique_ptr<RateControl> control = RateControl::Start(run->folder.path, &trainer);
  TrainObserver* observers[] = {metrics->get(), events->get(), control.get(), &progress, &stop};
  const absl::StatusOr<LoopEnd> end = trainer.Train(observers);
  control.reset();
  progress.Finish();
  if (!end.ok()) return Fail(end.status());
  if (*end == LoopEnd::kStopped) {
    std::printf("\nstopped at step %s; go on with: gradus train --resume %s\n",
                absl::StrCat(trainer.state().progress.update).c_str(), run->folder.path.c_str());
    return kStopped;
  }
  if (*end == LoopEnd::kEarly) std::printf("\n%s\n", EndedInWords(trainer.state()).c_str());
  return SaveModel(*run);
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
                      "Changes the rates as `gradus rate` did in the run of this folder, at the "
                      "same steps: the same weights come out.");
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
