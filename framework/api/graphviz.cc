// Input and output are files in memory, so that neither process waits for the other.

#include "gradus/api/graphviz.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gradus/base/status.h"

extern char** environ;

namespace gradus {
namespace {

// A file without a name; closed with its owner.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("gradus", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return descriptor_; }

  bool Write(absl::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return lseek(descriptor_, 0, SEEK_SET) == 0;
  }

  std::string Read() const {
    std::string text;
    char part[1 << 16];
    lseek(descriptor_, 0, SEEK_SET);
    for (;;) {
      const ssize_t size = read(descriptor_, part, sizeof(part));
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return text;
      text.append(part, static_cast<size_t>(size));
    }
  }

 private:
  const int descriptor_;
};

absl::StatusOr<int> Wait(pid_t process, absl::Duration most) {
  const absl::Time until = absl::Now() + most;
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended == process) return status;
    if (ended < 0 && errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("cannot wait for dot: ", std::strerror(errno)));
    }
    if (absl::Now() >= until) {
      kill(process, SIGKILL);
      waitpid(process, &status, 0);
      return absl::DeadlineExceededError(absl::StrCat(
          "dot has not drawn the graph within ", absl::FormatDuration(most),
          "; it is too large to be drawn, so choose a smaller --stage or --mode inference"));
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
}

}  // namespace

absl::StatusOr<std::string> DotToSvg(const std::string& dot, absl::Duration most,
                                     const std::string& program) {
  const MemoryFile in, out, error;
  if (in.descriptor() < 0 || out.descriptor() < 0 || error.descriptor() < 0 || !in.Write(dot)) {
    return absl::UnavailableError(
        absl::StrCat("cannot hand the graph to dot: ", std::strerror(errno)));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error.descriptor(), STDERR_FILENO);
  std::string words[] = {program, "-Tsvg"};
  char* arguments[] = {words[0].data(), words[1].data(), nullptr};
  pid_t process = 0;
  const int failed = posix_spawnp(&process, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) {
    return absl::NotFoundError(absl::StrCat(
        "a picture of the graph needs the program \"", program,
        "\" of Graphviz, which is not installed: apt-get install graphviz; --format dot writes the "
        "graph for a machine that has it"));
  }
  if (failed != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot start ", program, ": ", std::strerror(failed)));
  }
  GRADUS_ASSIGN_OR_RETURN(const int status, Wait(process, most));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::UnavailableError(
        absl::StrCat(program,
                     WIFEXITED(status) ? absl::StrCat(" ended with ", WEXITSTATUS(status))
                                       : absl::StrCat(" was ended by signal ", WTERMSIG(status)),
                     ": ", absl::StripAsciiWhitespace(error.Read())));
  }
  return out.Read();
}

}  // namespace gradus
