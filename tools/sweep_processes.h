// The processes of `gradus sweep`: so many at once, each on cores of its own, all of them stopped
// with their states saved when this one is told to stop, or is gone.

#ifndef GRADUS_TOOLS_SWEEP_PROCESSES_H_
#define GRADUS_TOOLS_SWEEP_PROCESSES_H_

#include <sched.h>
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gradus {

class SweepProcesses {
 public:
  struct End {
    int64_t trial = 0;
    int status = 0;  // As waitpid gives it.
  };
  struct Event {
    std::vector<End> ended;
    bool stop = false;  // Ctrl-C, SIGTERM, the terminal is gone, or nobody reads the output.
  };

  // Blocks the signals that it waits for in this process; there is one object of this class in a
  // program. parallel 0: as many as the cores are enough for.
  SweepProcesses(int parallel, int threads);
  // Stops what still runs, and waits for it.
  ~SweepProcesses();
  SweepProcesses(const SweepProcesses&) = delete;
  SweepProcesses& operator=(const SweepProcesses&) = delete;

  int parallel() const { return static_cast<int>(slots_.size()); }
  int cores() const { return static_cast<int>(cores_.size()); }
  int running() const;
  bool Runs(int64_t trial) const;

  // Runs this program with the arguments, its output appended to the file `log`. Only when fewer
  // than parallel() are running.
  absl::Status Start(int64_t trial, const std::vector<std::string>& arguments,
                     const std::string& log);
  // Until a process ends or a signal arrives, but not longer than so many milliseconds.
  Event Wait(int milliseconds);
  // Asks all of them to save and end. A second time ends them at once.
  void Stop();

 private:
  struct Slot {
    pid_t process = 0;  // 0: free.
    int64_t trial = 0;
    cpu_set_t cores;
  };

  std::vector<int> cores_;
  std::vector<Slot> slots_;
  sigset_t waited_for_, before_;
};

// "exit code 1", "killed by signal 9 (Killed)".
std::string StatusInWords(int status);

}  // namespace gradus

#endif  // GRADUS_TOOLS_SWEEP_PROCESSES_H_
