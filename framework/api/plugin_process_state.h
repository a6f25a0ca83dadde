// What of a process a library must leave as it was when it is loaded: numbers would round, texts would parse, signals would be handled
// differently afterwards. Internal to loading plugins.

#ifndef GRADUS_API_PLUGIN_PROCESS_STATE_H_
#define GRADUS_API_PLUGIN_PROCESS_STATE_H_

#include <csignal>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <vector>

namespace gradus {

class ProcessState {
 public:
  static ProcessState Now();
  // What differs in `later`, in words: "the floating-point mode (denormal numbers become 0)"; empty when nothing does.
  std::string Difference(const ProcessState& later) const;
  // Puts back what can be, of this thread and of the process.
  void Restore() const;

 private:
  uint32_t mxcsr_ = 0;  // Without the flags of what has happened.
  uint16_t x87_ = 0;
  std::string locale_, cpp_locale_, folder_;
  std::terminate_handler terminate_ = nullptr;
  std::new_handler new_handler_ = nullptr;
  std::vector<struct sigaction> signals_;
};

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_PROCESS_STATE_H_
