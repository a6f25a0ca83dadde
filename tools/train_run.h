// What `gradus train` trains: a run that begins, or one that is taken up again, in its folder.

#ifndef GRADUS_TOOLS_TRAIN_RUN_H_
#define GRADUS_TOOLS_TRAIN_RUN_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/events_file.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/trainer.h"
#include "gradus/base/diagnostics.h"

namespace gradus {

struct TrainFlags {
  std::string file, run_dir, resume, weights, replay;
  std::vector<std::string> settings;
  bool check_numerics = false;
  int64_t stop_after_epoch = 0;  // 0: the run's own end.
};

struct TrainRun {
  std::unique_ptr<Trainer> trainer;
  RunFolder folder;
  EventsAtCheckpoint events;           // Of a run that goes on.
  std::string ended_by;                // Likewise: why it had ended early, if it had.
  std::vector<Finding> rate_warnings;  // Of a run that begins, or goes on with other settings.
  // A replay's parts; one of them for any other run. Each but the last ends where the run that it is
  // of went on with other settings.
  std::vector<ReplayLeg> legs;
  size_t leg = 0;  // The present one.

  bool last_leg() const { return leg + 1 >= legs.size(); }
};

absl::StatusOr<TrainRun> StartRun(const TrainFlags& flags);
absl::StatusOr<TrainRun> ResumeRun(const TrainFlags& flags);

// Writes that the run goes on with other settings.
absl::Status RecordSettings(const TrainRun& run, const std::vector<std::string>& settings,
                            EventsFile* events);

// A replay whose leg has come to its end goes on as the other run did: from its state, with the
// settings of then.
absl::StatusOr<TrainRun> NextLeg(TrainRun run, const TrainFlags& flags);

}  // namespace gradus

#endif  // GRADUS_TOOLS_TRAIN_RUN_H_
