// Runs in folders, as `gradus train` makes them: with a plateau controller on a smoothed measure, a
// group, and a line of the log for every update.

#ifndef GRADUS_TESTS_API_RATE_TESTING_H_
#define GRADUS_TESTS_API_RATE_TESTING_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gradus/api/control_folder.h"
#include "gradus/api/events_file.h"
#include "gradus/api/rate_control.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gradus/base/text_config.h"

namespace gradus {

// 455 examples for training are 15 updates an epoch.
inline std::string PlateauRun() {
  return R"(
    model {
      name: "plateau"
      input { name: "features" shape: 30 }
      input { name: "benign" shape: 1 }
      layer { name: "hidden" input: "features" dense { units: 6 activation: RELU } }
      layer { name: "output" dense { units: 1 activation: SIGMOID } }
      loss { binary_crossentropy { prediction: "output" label: "benign" } }
    }
    data {
      train {
        csv {
          path: "data/breast_cancer.csv"
          field { input: "features" except: "benign" standardise: true }
          field { input: "benign" column: "benign" }
        }
      }
      validation { fraction: 0.2 }
      batch_size: 32
      shuffle_seed: 1
    }
    optimizer {
      sgd {}
      learning_rate {
        exponential_decay { initial_learning_rate: 0.4 decay_steps: 100 decay_rate: 0.9 }
      }
      controller {
        reduce_on_plateau {
          monitor: "validation/loss" smoothing: 0.5 factor: 0.7 patience: 1 min_delta: 0.1
        }
      }
      group { name: "biases" match: ".*/bias" learning_rate_scale: 2 }
    }
    run { epochs: 8 seed: 1 threads: 1 log_every_steps: 1 }
  )";
}

inline RateCommand Command(const std::string& text) {
  Diagnostics diagnostics;
  const ParsedConfig parsed = ParseTextConfig(text, "command", RateCommand(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << text << diagnostics.ToStatus();
  return static_cast<const RateCommand&>(*parsed.message);
}

inline std::string EmptyFolder(const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name;
  EXPECT_TRUE(RemoveTree(path).ok());
  return path;
}

// Asks for a stop after so many updates.
class StopAfter final : public TrainObserver {
 public:
  explicit StopAfter(int64_t step) : step_(step) {}
  absl::Status OnStep(const StepReport&, const TrainState& state) override {
    stop_ = state.progress.update >= step_;
    return absl::OkStatus();
  }
  bool StopRequested() override { return stop_; }

 private:
  const int64_t step_;
  bool stop_ = false;
};

struct FolderRun {
  RunFolder folder;
  std::unique_ptr<Trainer> trainer;
  std::vector<RecordedEvent> kept;

  static FolderRun Start(const std::string& path, const std::vector<std::string>& settings = {}) {
    FolderRun run;
    absl::StatusOr<RunFile> file =
        RunFile::Parse(PlateauRun(), "plateau.pbtxt", settings, "examples");
    EXPECT_TRUE(file.ok()) << file.status();
    absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(file));
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    run.trainer = *std::move(trainer);
    absl::StatusOr<RunFolder> folder = RunFolder::Create(path, run.trainer->config());
    EXPECT_TRUE(folder.ok()) << folder.status();
    run.folder = *std::move(folder);
    run.trainer->set_checkpoint_folder(run.folder.checkpoints());
    return run;
  }

  static FolderRun Resume(const std::string& path) {
    FolderRun run;
    run.folder.path = path;
    run.folder.lock = *RunLock::Take(path);
    std::vector<std::string> skipped;
    const std::string checkpoint = *NewestCheckpoint(run.folder.checkpoints(), &skipped);
    const TrainStateHeader header = *ReadCheckpointHeader(checkpoint);
    EventsAtCheckpoint events = SplitEvents(*ReadEvents(run.folder.events()), header);
    TrainerOptions options;
    options.checkpoint_folder = run.folder.checkpoints();
    absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Resume(checkpoint, options);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    run.trainer = *std::move(trainer);
    const ControlFolder control(path);
    EXPECT_TRUE(control.RemoveDone(events).ok());
    EXPECT_TRUE(control.PutAgain(events.lost, header.command_size()).ok());
    run.kept = std::move(events.kept);
    return run;
  }

  // To its end, or as far as `more` lets it.
  absl::StatusOr<LoopEnd> Go(std::vector<TrainObserver*> more = {}) {
    const auto metrics = *MetricsFile::Open(folder.metrics(), trainer->state().progress.update);
    const auto events = *EventsFile::Open(folder.events(), kept);
    const auto control = RateControl::Start(folder.path, trainer.get());
    std::vector<TrainObserver*> observers = {metrics.get(), events.get(), control.get()};
    observers.insert(observers.end(), more.begin(), more.end());
    return trainer->Train(observers);
  }
};

// Commands of every kind, at their steps.
inline std::vector<RateCommand> AllCommands() {
  return {Command("at_step: 20 scale: 0.5"),
          Command("at_step: 33 group: \"biases\" set: 0.05"),
          Command("at_step: 50 group: \"default\" schedule { cosine_decay { "
                  "initial_learning_rate: 1 decay_steps: 60 alpha: 0.1 } }"),
          Command("at_step: 61 total_steps: 105"), Command("at_step: 77 clear: true"),
          Command("at_step: 80 scale: 1.25")};
}

inline std::string Text(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, 1 << 26);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

}  // namespace gradus

#endif  // GRADUS_TESTS_API_RATE_TESTING_H_
