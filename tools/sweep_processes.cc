// Processes, cores and signals.

#include "tools/sweep_processes.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Between fork and exec: only what is safe there.
[[noreturn]] void BecomeTrial(const char* program, char* const* arguments, int log, pid_t parent,
                              const cpu_set_t& cores, const sigset_t& signals) {
  // Ctrl-C in the terminal is for the sweep, which passes it on once.
  setpgid(0, 0);
  // A sweep that is killed must not leave trials behind; they save their state.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  sched_setaffinity(0, sizeof(cores), &cores);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  execv(program, arguments);
  constexpr char kMessage[] = "gradus: the program cannot be started again\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  _exit(127);
}

std::vector<int> UsableCores() {
  std::vector<int> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) cores.push_back(i);
    }
  }
  if (cores.empty()) cores.push_back(0);
  return cores;
}

}  // namespace

SweepProcesses::SweepProcesses(int parallel, int threads) : cores_(UsableCores()) {
  const int count = static_cast<int>(cores_.size());
  if (parallel == 0) parallel = std::max(1, count / threads);
  slots_.resize(static_cast<size_t>(parallel));
  for (int i = 0; i < parallel; ++i) {
    cpu_set_t& set = slots_[static_cast<size_t>(i)].cores;
    CPU_ZERO(&set);
    for (int k = 0; k < threads; ++k) {
      CPU_SET(cores_[(static_cast<size_t>(i) * static_cast<size_t>(threads) +
                      static_cast<size_t>(k)) % cores_.size()], &set);
    }
  }
  sigemptyset(&waited_for_);
  for (int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&waited_for_, signal);
  sigprocmask(SIG_BLOCK, &waited_for_, &before_);
}

SweepProcesses::~SweepProcesses() {
  Stop();
  while (running() > 0) Wait(1000);
}

int SweepProcesses::running() const {
  return static_cast<int>(std::count_if(slots_.begin(), slots_.end(),
                                        [](const Slot& slot) { return slot.process != 0; }));
}

bool SweepProcesses::Runs(int64_t trial) const {
  return std::any_of(slots_.begin(), slots_.end(), [trial](const Slot& slot) {
    return slot.process != 0 && slot.trial == trial;
  });
}

absl::Status SweepProcesses::Start(int64_t trial, const std::vector<std::string>& arguments,
                                   const std::string& log) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [](const Slot& each) { return each.process == 0; });
  GRADUS_CHECK(slot != slots_.end());
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", log, ": ", std::strerror(errno)));
  }
  std::vector<char*> words = {const_cast<char*>("gradus")};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) {
    BecomeTrial("/proc/self/exe", words.data(), file, parent, slot->cores, before_);
  }
  const int error = errno;
  close(file);
  if (process < 0) {
    return absl::UnavailableError(absl::StrCat("cannot start a process: ", std::strerror(error)));
  }
  slot->process = process;
  slot->trial = trial;
  return absl::OkStatus();
}

SweepProcesses::Event SweepProcesses::Wait(int milliseconds) {
  Event event;
  timespec longest = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  const int signal = sigtimedwait(&waited_for_, nullptr, &longest);
  event.stop = signal > 0 && signal != SIGCHLD;
  for (Slot& slot : slots_) {
    int status = 0;
    if (slot.process == 0 || waitpid(slot.process, &status, WNOHANG) != slot.process) continue;
    event.ended.push_back({slot.trial, status});
    slot.process = 0;
  }
  return event;
}

void SweepProcesses::Stop() {
  for (const Slot& slot : slots_) {
    if (slot.process != 0) kill(slot.process, SIGTERM);
  }
}

std::string StatusInWords(int status) {
  if (WIFSIGNALED(status)) {
    return absl::StrCat("killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)),
                        ")");
  }
  return absl::StrCat("exit code ", WEXITSTATUS(status));
}

}  // namespace gradus
