// The control words of both floating-point units, the locales, and what else is one for the process.

#include "gradus/api/plugin_process_state.h"

#include <unistd.h>

#include <climits>
#include <clocale>
#include <cstring>
#include <locale>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

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

}  // namespace

ProcessState ProcessState::Now() {
  ProcessState state;
  state.mxcsr_ = ReadMxcsr() & kModes;
  state.x87_ = ReadX87();
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
  return state;
}

std::string ProcessState::Difference(const ProcessState& later) const {
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
  if (locale_ != later.locale_ || cpp_locale_ != later.cpp_locale_) found.push_back("the locale");
  if (folder_ != later.folder_) found.push_back("the working folder");
  if (terminate_ != later.terminate_) found.push_back("the terminate handler");
  if (new_handler_ != later.new_handler_) found.push_back("the new handler");
  for (size_t number = 1; number < signals_.size() && number < later.signals_.size(); ++number) {
    if (SameAction(signals_[number], later.signals_[number])) continue;
    found.push_back(absl::StrCat("what signal ", number, " (",
                                 strsignal(static_cast<int>(number)), ") does"));
  }
  return absl::StrJoin(found, ", ");
}

void ProcessState::Restore() const {
  WriteMxcsr((ReadMxcsr() & ~kModes) | mxcsr_);
  WriteX87(x87_);
  std::setlocale(LC_ALL, locale_.c_str());
  if (!folder_.empty() && chdir(folder_.c_str()) != 0) {
    // It is gone; nothing can be put back.
  }
  std::set_terminate(terminate_);
  std::set_new_handler(new_handler_);
  const ProcessState now = Now();
  for (size_t number = 1; number < signals_.size(); ++number) {
    if (!SameAction(signals_[number], now.signals_[number])) {
      sigaction(static_cast<int>(number), &signals_[number], nullptr);
    }
  }
}

}  // namespace gradus
