// The program as a process: its arguments, its two streams, its exit code.

#ifndef GRADUS_TESTS_TOOLS_PROCESS_H_
#define GRADUS_TESTS_TOOLS_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace gradus {

struct Outcome {
  int code = -1;  // The exit code; 256 + n when signal n ended it.
  std::string out, err;
};

// `gradus` with these arguments, to its end.
Outcome RunGradus(const std::vector<std::string>& arguments);
// The same, but once so many lines stand on its output it gets the signal.
Outcome RunGradusAndSignal(const std::vector<std::string>& arguments, int lines, int signal);
// A shell command; `$GRADUS` is the program.
Outcome RunShell(const std::string& command);

// An empty folder of this name in the test's own.
std::string FreshFolder(const std::string& name);
std::string Contents(const std::string& path);  // "" when there is no such file.
std::vector<std::string> Names(const std::string& folder);

}  // namespace gradus

#endif  // GRADUS_TESTS_TOOLS_PROCESS_H_
