// What of a process a library must leave as it was when it is loaded: numbers would round, texts would parse, signals would be handled
// differently afterwards. Internal to loading plugins.

#ifndef GRADUS_API_PLUGIN_PROCESS_STATE_H_
#define GRADUS_API_PLUGIN_PROCESS_STATE_H_

#include <sys/stat.h>

#include <csignal>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <vector>

namespace gradus {

// What is the calling thread's alone, so that nobody else can have changed it: the floating-point mode and the signals that are held
// back.
class ThreadState {
 public:
  static ThreadState Now();
  // What differs in `later`, in words: "the floating-point mode (denormal numbers become 0)"; empty when nothing does.
  std::string Difference(const ThreadState& later) const;
  void Restore() const;

 private:
  uint32_t mxcsr_ = 0;  // Without the flags of what has happened.
  uint16_t x87_ = 0;
  sigset_t blocked_;
};

// The calling thread's state and the process's. For a process without other threads: they could change it meanwhile, and the file
// mode creation mask can only be read by setting it.
class ProcessState {
 public:
  static ProcessState Now();
  // As ThreadState's.
  std::string Difference(const ProcessState& later) const;

 private:
  ThreadState thread_;
  std::string locale_, cpp_locale_, folder_;
  std::terminate_handler terminate_ = nullptr;
  std::new_handler new_handler_ = nullptr;
  std::vector<struct sigaction> signals_;
  std::vector<bool> timers_;  // Whether they run.
  mode_t file_mask_ = 0;
  std::vector<std::string> environment_;
  std::vector<struct stat> streams_;
};

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_PROCESS_STATE_H_
