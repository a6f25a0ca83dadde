// Loads a library in a process that can do without it, and tells what happened. Internal to loading plugins.
//
// No program has to be found for that: libgradus.so is one. It has an entry point (plugin_trial_main.cc), so the dynamic loader can
// start it, with the libraries that this process has:
//
//   /lib64/ld-linux-x86-64.so.2 --library-path FOLDERS libgradus.so PLUGIN REPORT_FD
//
// It is spawned, not forked: a process with threads cannot do much in a child. It inherits no file but its three pipes.

#ifndef GRADUS_API_PLUGIN_TRIAL_H_
#define GRADUS_API_PLUGIN_TRIAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gradus {

// What the library registers, as RegistrationsInWords gives it. An error says what is wrong, as the end of a sentence that begins
// with the library's name: FailedPrecondition for what the library does; Unimplemented and Internal when there can be no trial.
absl::StatusOr<std::vector<std::string>> TryPlugin(const std::string& path, double timeout_seconds);

// What the process is started with (plugin_trial_program.cc). The path of libgradus.so, if this code is in it.
absl::StatusOr<std::string> TrialLibrary();
struct TrialLoader {
  std::string loader;   // The dynamic loader's path.
  std::string folders;  // Where it finds the libraries that this process has, separated by ":".
};
TrialLoader LoaderOfThisProcess();
// The environment, but that a sanitizer does not report what a library that ends the process has left.
std::vector<std::string> TrialEnvironment();

// What the two processes say to one another through the pipe: lines of a word, a space and escaped text.
constexpr const char* kTrialBegins =
    "begins";  // Everything has been looked at; the library is loaded now.
constexpr const char* kTrialLoaded = "loaded";  // Its constructors have run.
constexpr const char* kTrialRule = "rule";      // One registration.
constexpr const char* kTrialWrong = "wrong";    // What is wrong; the last line.
constexpr const char* kTrialFine = "fine";      // Nothing is; the process ends as a program does.

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_TRIAL_H_
