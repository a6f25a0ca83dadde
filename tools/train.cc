// gradus train: a run from a file, or one that goes on.

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gradus/api/run_folder.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "tools/command.h"
#include "tools/progress.h"

namespace gradus {
namespace {

struct TrainFlags {
  std::string file, run_dir, resume, weights;
  std::vector<std::string> settings;
  bool check_numerics = false;
  int64_t stop_after_epoch = 0;  // 0: the run's own end.
};

volatile std::sig_atomic_t stop_requested = 0;

void RequestStop(int) { stop_requested = 1; }

// The first Ctrl-C or SIGTERM asks for a stop after the present step, the second ends the process
// at once. When nobody reads the output any more (`gradus train ... | head`) the run stops in the
// same way, its state saved.
void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = RequestStop;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, nullptr);
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// Asks for a stop when a signal came, or when so many epochs are over.
class StopObserver final : public TrainObserver {
 public:
  explicit StopObserver(int64_t epochs) : epochs_(epochs) {}
  absl::Status OnLine(const MetricLine& line) override {
    over_ |= epochs_ > 0 && line.scope == MetricLine::kEpoch && line.epoch >= epochs_;
    return absl::OkStatus();
  }
  bool StopRequested() override { return over_ || stop_requested != 0; }

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
};

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
  TrainerOptions options;
  options.checkpoint_folder = run.folder.checkpoints();
  options.check_numerics = flags.check_numerics;
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Resume(*checkpoint, options);
  if (!trainer.ok()) return trainer.status();
  run.trainer = *std::move(trainer);
  std::printf("resuming %s at step %s\n", flags.resume.c_str(),
              absl::StrCat(run.trainer->state().progress.update).c_str());
  return run;
}

absl::StatusOr<Run> Start(const TrainFlags& flags) {
  Run run;
  TrainerOptions options;
  options.check_numerics = flags.check_numerics;
  absl::StatusOr<RunFile> file = RunFile::Read(flags.file, flags.settings);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(file), options);
  if (!trainer.ok()) return trainer.status();
  run.trainer = *std::move(trainer);
  if (run.trainer->data().train == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(flags.file, ": there is no training data; write data { train { ... } }"));
  }
  if (!flags.weights.empty()) {
    const absl::Status status = StartFromWeights(flags.weights, run.trainer.get());
    if (!status.ok()) return status;
  }
  absl::StatusOr<RunFolder> folder = RunFolder::Create(flags.run_dir, run.trainer->config());
  if (!folder.ok()) return folder.status();
  run.folder = *std::move(folder);
  run.trainer->set_checkpoint_folder(run.folder.checkpoints());
  return run;
}

int Train(const TrainFlags& flags) {
  if (flags.file.empty() == flags.resume.empty()) {
    std::fprintf(stderr, "gradus train: give a file, or --resume RUN\n");
    return kUsage;
  }
  if (!flags.resume.empty() &&
      (!flags.settings.empty() || !flags.weights.empty() || !flags.run_dir.empty())) {
    std::fprintf(stderr,
                 "gradus train: --resume goes on as the run began; --set, --weights and --run_dir "
                 "do not go with it\n");
    return kUsage;
  }
  absl::StatusOr<Run> run = flags.resume.empty() ? Start(flags) : Resume(flags);
  if (!run.ok()) return Fail(run.status());
  StopOnSignals();
  Trainer& trainer = *run->trainer;
  for (const std::string& warning : trainer.warnings()) {
    std::fprintf(stderr, "gradus: warning: %s\n", warning.c_str());
  }
  std::printf(
      "%s  %s parameters, %s updates planned, %d threads\nrun folder  %s\n\n",
      trainer.config().model().name().c_str(), absl::StrCat(trainer.parameter_count()).c_str(),
      absl::StrCat(trainer.planned_steps()).c_str(), trainer.threads(), run->folder.path.c_str());

  absl::StatusOr<std::unique_ptr<MetricsFile>> metrics =
      MetricsFile::Open(run->folder.metrics(), trainer.state().progress.update);
  if (!metrics.ok()) return Fail(metrics.status());
  StopObserver stop(flags.stop_after_epoch);
  TrainProgress progress(trainer, stdout, isatty(STDOUT_FILENO) != 0, TerminalColumns);
  TrainObserver* observers[] = {metrics->get(), &progress, &stop};
  const absl::StatusOr<LoopEnd> end = trainer.Train(observers);
  progress.Finish();
  if (!end.ok()) return Fail(end.status());
  if (*end == LoopEnd::kStopped) {
    std::printf("\nstopped at step %s; go on with: gradus train --resume %s\n",
                absl::StrCat(trainer.state().progress.update).c_str(), run->folder.path.c_str());
    return kStopped;
  }
  const absl::Status saved = trainer.SaveModel(run->folder.path);
  if (!saved.ok()) return Fail(saved);
  std::printf("saved  %s/model.pbtxt, model.safetensors\n", run->folder.path.c_str());
  return kOk;
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
                   "repeated.")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--run_dir", flags->run_dir,
                      "A new folder for the run; runs/<name>-<n> when not given.");
  command->add_option("--resume", flags->resume,
                      "Goes on with the run in this folder exactly where it stood.");
  command->add_option("--weights", flags->weights,
                      "Starts from the weights in a .safetensors file.");
  command->add_flag(
      "--check_numerics", flags->check_numerics,
      "Looks at every value of every step and names the first that is not finite; slow.");
  command
      ->add_option("--stop_after_epoch", flags->stop_after_epoch,
                   "Stops when so many epochs are over, the state saved as by Ctrl-C: the run is "
                   "still that of its whole length, and --resume goes on with it.")
      ->check(CLI::PositiveNumber);
  command->callback([flags, run] { *run = [flags] { return Train(*flags); }; });
}

}  // namespace gradus
