// Lets other processes change the numbers of a run that trains (`gradus rate`): a thread looks into
// the run's control folder ten times a second, gives what it finds to Trainer::Command, and writes
// the answers. The thread that trains touches no file for it.

#ifndef GRADUS_API_RATE_CONTROL_H_
#define GRADUS_API_RATE_CONTROL_H_

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gradus/api/control_folder.h"
#include "gradus/api/trainer.h"

namespace gradus {

// An observer; it comes after EventsFile, so that a command is recorded before its file goes.
class RateControl final : public TrainObserver {
 public:
  // Gives the trainer what waits already, and begins to look for more. The trainer outlives it.
  static std::unique_ptr<RateControl> Start(const std::string& run, Trainer* trainer);
  // Writes the answers that are still due.
  ~RateControl() override;

  absl::Status OnStep(const StepReport& report, const TrainState& state) override;
  absl::Status OnEvent(const RateEvent& event) override;
  absl::Status OnCommand(const RateCommand& command, const absl::Status& status) override;

 private:
  struct Due {
    std::string name;
    RateAnswer answer;
  };

  RateControl(const std::string& run, Trainer* trainer);
  void Watch();
  void Look();          // For commands.
  void WriteAnswers();  // Of commands that were done, or refused then.
  void Refuse(const std::string& name, const absl::Status& status);

  const ControlFolder folder_;
  Trainer* const trainer_;
  absl::Time began_;  // Whoever asked before is not waiting for an answer any more.
  std::atomic<int64_t> update_;         // Updates done.
  std::map<std::string, bool> seen_;    // Names of commands, and whether they have been answered.
  std::deque<RateAnswer> changes_;      // Of commands that took effect, for the thread that trains.

  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Due> due_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace gradus

#endif  // GRADUS_API_RATE_CONTROL_H_
