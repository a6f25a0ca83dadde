// The control words of both floating-point units, the locales, and what else is one for the process.

#include "gradus/api/plugin_process_state.h"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <clocale>
#include <cstring>
#include <iterator>
#include <locale>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

extern char** environ;

namespace gradus {
namespace {

// MXCSR: what is not a flag of something that has happened.
constexpr uint32_t kModes = 0xFFC0;
constexpr uint32_t kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040, kRounding = 0x6000;

#if defined(__x86_64__)
uint32_t ReadMxcsr() {
  uint32_t value;
  __asm__ __volatile__("stmxcsr %0" : "=m"(value));
  return value;
}
void WriteMxcsr(uint32_t value) { __asm__ __volatile__("ldmxcsr %0" : : "m"(value)); }
uint16_t ReadX87() {
  uint16_t value;
  __asm__ __volatile__("fnstcw %0" : "=m"(value));
  return value;
}
void WriteX87(uint16_t value) { __asm__ __volatile__("fldcw %0" : : "m"(value)); }
#else
uint32_t ReadMxcsr() { return 0; }
void WriteMxcsr(uint32_t) {}
uint16_t ReadX87() { return 0; }
void WriteX87(uint16_t) {}
#endif

bool SameAction(const struct sigaction& a, const struct sigaction& b) {
  return a.sa_flags == b.sa_flags && a.sa_handler == b.sa_handler;
}

bool SameMask(const sigset_t& a, const sigset_t& b) {
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (sigismember(&a, number) != sigismember(&b, number)) return false;
  }
  return true;
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_mode == b.st_mode;
}

// The first variable that only one of them has so.
std::string DifferentVariable(const std::vector<std::string>& before,
                              const std::vector<std::string>& later) {
  std::vector<std::string> different;
  std::set_symmetric_difference(before.begin(), before.end(), later.begin(), later.end(),
                                std::back_inserter(different));
  return different.empty() ? "" : different[0].substr(0, different[0].find('='));
}

}  // namespace

ThreadState ThreadState::Now() {
  ThreadState state;
  state.mxcsr_ = ReadMxcsr() & kModes;
  state.x87_ = ReadX87();
  sigemptyset(&state.blocked_);
  pthread_sigmask(SIG_SETMASK, nullptr, &state.blocked_);
  return state;
}

std::string ThreadState::Difference(const ThreadState& later) const {
  std::vector<std::string> found;
  if (mxcsr_ != later.mxcsr_ || x87_ != later.x87_) {
    const uint32_t changed = mxcsr_ ^ later.mxcsr_;
    const char* how = (changed & (kFlushToZero | kDenormalsAreZero)) != 0
                          ? "denormal numbers become 0, as with -ffast-math or -Ofast"
                      : (changed & kRounding) != 0 ? "it rounds the other way"
                      : mxcsr_ != later.mxcsr_     ? "exceptions trap"
                                                   : "the x87 control word";
    found.push_back(absl::StrCat("the floating-point mode (", how, ")"));
  }
  if (!SameMask(blocked_, later.blocked_)) found.push_back("which signals are held back");
  return absl::StrJoin(found, ", ");
}

void ThreadState::Restore() const {
  WriteMxcsr((ReadMxcsr() & ~kModes) | mxcsr_);
  WriteX87(x87_);
  pthread_sigmask(SIG_SETMASK, &blocked_, nullptr);
}

ProcessState ProcessState::Now() {
  ProcessState state;
  state.thread_ = ThreadState::Now();
  state.locale_ = std::setlocale(LC_ALL, nullptr);
  state.cpp_locale_ = std::locale().name();
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof(folder)) != nullptr) state.folder_ = folder;
  state.terminate_ = std::get_terminate();
  state.new_handler_ = std::get_new_handler();
  state.signals_.resize(static_cast<size_t>(SIGRTMAX) + 1);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    struct sigaction action;
    std::memset(&action, 0, sizeof(action));
    sigaction(number, nullptr, &action);
    state.signals_[static_cast<size_t>(number)] = action;
  }
  for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval value = {};
    getitimer(timer, &value);
    state.timers_.push_back(value.it_value.tv_sec != 0 || value.it_value.tv_usec != 0);
  }
  state.file_mask_ = umask(0);
  umask(state.file_mask_);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    state.environment_.push_back(*entry);
  }
  std::sort(state.environment_.begin(), state.environment_.end());
  state.streams_.resize(3);
  for (int number = 0; number < 3; ++number) {
    struct stat& stream = state.streams_[static_cast<size_t>(number)];
    std::memset(&stream, 0, sizeof(stream));  // As it stays when it is closed.
    fstat(number, &stream);
  }
  return state;
}

std::string ProcessState::Difference(const ProcessState& later) const {
  std::vector<std::string> found;
  const std::string of_thread = thread_.Difference(later.thread_);
  if (!of_thread.empty()) found.push_back(of_thread);
  if (locale_ != later.locale_ || cpp_locale_ != later.cpp_locale_) found.push_back("the locale");
  if (folder_ != later.folder_) found.push_back("the working folder");
  if (terminate_ != later.terminate_) found.push_back("the terminate handler");
  if (new_handler_ != later.new_handler_) found.push_back("the new handler");
  for (size_t number = 1; number < signals_.size() && number < later.signals_.size(); ++number) {
    if (SameAction(signals_[number], later.signals_[number])) continue;
    found.push_back(
        absl::StrCat("what signal ", number, " (", strsignal(static_cast<int>(number)), ") does"));
  }
  if (timers_ != later.timers_) found.push_back("the timers (alarm, setitimer)");
  if (file_mask_ != later.file_mask_) found.push_back("the mask of new files' modes (umask)");
  const std::string variable = DifferentVariable(environment_, later.environment_);
  if (!variable.empty()) found.push_back(absl::StrCat("the environment (", variable, ")"));
  const char* const streams[] = {"standard input", "standard output", "standard error"};
  for (size_t number = 0; number < streams_.size(); ++number) {
    if (!SameFile(streams_[number], later.streams_[number])) found.push_back(streams[number]);
  }
  return absl::StrJoin(found, ", ");
}

}  // namespace gradus
