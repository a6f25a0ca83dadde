// The mailbox of a run, RUN/control: how another process speaks to the one that trains.
//
//   <name>.pbtxt    a command (gradus.RateCommand), put there whole; it goes when it has taken effect
//   <name>.answer   what the run says to it (gradus.RateAnswer); whoever asked takes it away
//
// Commands are done in the order of their names. One that waits for a later step, or finds the run
// stopped, stays where it is: the run that goes on finds it.

#ifndef GRADUS_API_CONTROL_FOLDER_H_
#define GRADUS_API_CONTROL_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "gradus/api/events_file.h"
#include "gradus/rate_command.pb.h"

namespace gradus {

class ControlFolder {
 public:
  explicit ControlFolder(const std::string& run);

  const std::string& path() const { return path_; }

  // Puts a command behind those that are there; its name.
  absl::StatusOr<std::string> Put(const RateCommand& command) const;
  // Puts commands before those that `gradus rate` gives: those that a resume or a replay does
  // again. `first` is how many the run has had.
  absl::Status PutAgain(const std::vector<RateCommand>& commands, int first) const;
  static bool IsAgain(const std::string& name);
  // Takes away those that are done: a run may be killed before it could.
  absl::Status RemoveDone(const EventsAtCheckpoint& events) const;

  // The names of what waits, in order; also those of files that are no commands, which Read refuses.
  std::vector<std::string> Waiting() const;
  absl::StatusOr<RateCommand> Read(const std::string& name) const;
  bool Waits(const std::string& name) const;
  // When it was put there; the future when it is not there.
  absl::Time PutAt(const std::string& name) const;
  absl::Status Remove(const std::string& name) const;

  absl::Status Answer(const std::string& name, const RateAnswer& answer) const;
  // The answer, which is taken away; nothing when there is none yet.
  absl::StatusOr<absl::optional<RateAnswer>> TakeAnswer(const std::string& name) const;
  // Those that nobody has taken.
  void RemoveAnswers() const;

 private:
  std::string CommandPath(const std::string& name) const;
  std::string AnswerPath(const std::string& name) const;
  absl::Status PutAs(const std::string& name, const RateCommand& command) const;
  const std::string path_;
};

}  // namespace gradus

#endif  // GRADUS_API_CONTROL_FOLDER_H_
