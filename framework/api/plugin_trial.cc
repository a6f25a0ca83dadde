// Starting the trial process, listening to it, and putting its end into words.

#include "gradus/api/plugin_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr size_t kMostReport = 1 << 20, kMostPrinted = 1 << 16;

// An open file of this process that children do not inherit.
class File {
 public:
  File() = default;
  ~File() { Close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return number_; }
  bool open() const { return number_ >= 0; }
  void Close() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }
  // Above what the child's own files are called, also where this process has closed its standard streams.
  bool TakeAbove(int number) {
    number_ = fcntl(number, F_DUPFD_CLOEXEC, 10);
    const int error = errno;
    close(number);
    errno = error;
    return number_ >= 0;
  }

 private:
  int number_ = -1;
};

struct Pipe {
  File read, write;
  absl::Status Make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == 0) {
      const bool first = read.TakeAbove(ends[0]);
      if (write.TakeAbove(ends[1]) && first) return absl::OkStatus();
    }
    return absl::InternalError(
        absl::StrCat("cannot be tried: no pipe can be made: ", std::strerror(errno)));
  }
};

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(&text[0]);
  pointers.push_back(nullptr);
  return pointers;
}

class Trial {
 public:
  Trial(std::string plugin, double timeout) : plugin_(std::move(plugin)), timeout_(timeout) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    GRADUS_ASSIGN_OR_RETURN(const std::string library, TrialLibrary());
    GRADUS_RETURN_IF_ERROR(report_.Make());
    GRADUS_RETURN_IF_ERROR(output_.Make());
    GRADUS_RETURN_IF_ERROR(errors_.Make());
    GRADUS_RETURN_IF_ERROR(Start(library));
    report_.write.Close();
    output_.write.Close();
    errors_.write.Close();
    Listen();
    return Judge();
  }

 private:
  absl::Status Start(const std::string& library) {
    const TrialLoader with = LoaderOfThisProcess();
    constexpr int kReport = 3;
    std::vector<std::string> arguments = {with.loader, "--library-path", with.folders,
                                          library,     plugin_,          absl::StrCat(kReport)};
    std::vector<std::string> environment = TrialEnvironment();

    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output_.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, errors_.write.get(), STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, report_.write.get(), kReport);
    posix_spawn_file_actions_addclosefrom_np(&files, kReport + 1);
    // A group of its own, for what it starts ends with it; signals as a new program has them.
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    const int error = posix_spawn(&child_, with.loader.c_str(), &files, &attributes,
                                  Pointers(&arguments).data(), Pointers(&environment).data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error == 0) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("cannot be tried: ", with.loader,
                                            " cannot be started: ", std::strerror(error)));
  }

  // False at the pipe's end. What is beyond `most` is dropped, from the front.
  static bool Drain(File* file, size_t most, std::string* text) {
    char buffer[4096];
    const ssize_t got = read(file->get(), buffer, sizeof(buffer));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (got <= 0) {
      file->Close();
      return false;
    }
    text->append(buffer, static_cast<size_t>(got));
    if (text->size() > 2 * most) text->erase(0, text->size() - most);
    return true;
  }

  // Whether the child has ended; it is still there for Reap.
  bool Ended() const {
    siginfo_t info;
    info.si_pid = 0;
    const int got = waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT);
    return got == 0 ? info.si_pid == child_ : errno != EINTR;
  }

  void Reap() {
    pid_t got = -1;
    do {
      got = waitpid(child_, &status_, 0);
    } while (got < 0 && errno == EINTR);
    known_ =
        got ==
        child_;  // Not when this process ignores SIGCHLD, or has waited for all of its children.
  }

  // To the child's end or the end of its time. What the child has started may keep the pipes open: that is not waited for.
  void Listen() {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(timeout_));
    const auto step = [this](int milliseconds) {
      pollfd files[3] = {{report_.read.get(), POLLIN, 0},
                         {output_.read.get(), POLLIN, 0},
                         {errors_.read.get(), POLLIN, 0}};
      if (poll(files, 3, milliseconds) <= 0) return false;
      if (files[0].revents != 0) Drain(&report_.read, kMostReport, &said_);
      if (files[1].revents != 0) Drain(&output_.read, kMostPrinted, &printed_);
      if (files[2].revents != 0) Drain(&errors_.read, kMostPrinted, &complained_);
      return true;
    };
    while (!Ended()) {
      if (Clock::now() >= end) {
        late_ = true;
        break;
      }
      // Without open pipes the poll is a pause.
      step(report_.read.open() && output_.read.open() && errors_.read.open() ? 20 : 2);
    }
    // Whatever it has started goes, too.
    kill(-child_, SIGKILL);
    Reap();
    for (int i = 0; i < 1000 && step(0); ++i) {
    }
  }

  std::string HowItEnded() const {
    if (!known_) return "has ended";
    if (WIFSIGNALED(status_)) {
      return absl::StrCat("was ended by signal ", WTERMSIG(status_), " (",
                          strsignal(WTERMSIG(status_)), ")");
    }
    return absl::StrCat("has ended with exit code ", WEXITSTATUS(status_));
  }

  // The end of what it printed, for messages.
  std::string Printed() const {
    const std::string words = EndOf(absl::StrCat(printed_, complained_));
    return words.empty() ? "" : absl::StrCat("; it printed:", words);
  }

  static std::string EndOf(absl::string_view text) {
    constexpr size_t kLines = 12, kCharacters = 1500;
    text = absl::StripAsciiWhitespace(text);
    if (text.empty()) return "";
    if (text.size() > kCharacters) text = text.substr(text.size() - kCharacters);
    std::vector<std::string> lines = absl::StrSplit(text, '\n');
    if (lines.size() > kLines) lines.erase(lines.begin(), lines.end() - kLines);
    for (std::string& line : lines) {
      for (char& c : line) {
        if (absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t') c = '?';
      }
    }
    return absl::StrCat("\n  ", absl::StrJoin(lines, "\n  "));
  }

  // Loading was fine; what remains is the end of the program, and what both have printed.
  absl::Status JudgeEnd() const {
    const bool well = !known_ || (WIFEXITED(status_) && WEXITSTATUS(status_) == EXIT_SUCCESS);
    if (late_ || !well) {
      return absl::FailedPreconditionError(absl::StrCat(
          "would end this program badly when it ends: the process that tried it ",
          late_ ? absl::StrCat("did not end within ", ShortestNumber(timeout_), " seconds")
                : HowItEnded(),
          "; its destructors and what it gives to atexit must return", Printed()));
    }
    if (!printed_.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("prints to standard output while it is loaded or when the program ends, "
                       "which belongs to the program:",
                       EndOf(printed_)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Judge() const {
    std::vector<std::string> rules;
    bool begun = false, loaded = false, fine = false;
    for (absl::string_view line : absl::StrSplit(said_, '\n', absl::SkipEmpty())) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(line, absl::MaxSplits(' ', 1));
      std::string text;
      if (!absl::CUnescape(parts.second, &text)) continue;
      if (parts.first == kTrialBegins) begun = true;
      if (parts.first == kTrialLoaded) loaded = true;
      if (parts.first == kTrialRule) rules.push_back(text);
      if (parts.first == kTrialWrong) return absl::FailedPreconditionError(text);
      if (parts.first == kTrialFine) fine = true;
    }
    if (fine) {
      GRADUS_RETURN_IF_ERROR(JudgeEnd());
      return rules;
    }
    if (late_) {
      return absl::FailedPreconditionError(absl::StrCat(
          "did not end loading within ", ShortestNumber(timeout_),
          " seconds in a process started to try it; its constructors must return", Printed()));
    }
    if (!begun) {
      return absl::InternalError(
          absl::StrCat("cannot be tried: the process for that ", HowItEnded(), Printed()));
    }
    const bool exited = !known_ || WIFEXITED(status_);
    return absl::FailedPreconditionError(
        absl::StrCat("would end this program: the process that tried it ", HowItEnded(), " ",
                     loaded ? "when its rules were looked at" : "while it was loaded",
                     exited ? "; its constructors must not end the process" : "", Printed()));
  }

  const std::string plugin_;
  const double timeout_;
  Pipe report_, output_, errors_;
  pid_t child_ = -1;
  int status_ = 0;
  bool known_ = false, late_ = false;
  std::string said_, printed_, complained_;  // To the pipe, standard output and standard error.
};

}  // namespace

absl::StatusOr<std::vector<std::string>> TryPlugin(const std::string& path,
                                                   double timeout_seconds) {
  return Trial(path, timeout_seconds).Run();
}

}  // namespace gradus
