// What the subcommands of `gradus` have in common: each adds itself to the command line and gives a
// function that runs it.

#ifndef GRADUS_TOOLS_COMMAND_H_
#define GRADUS_TOOLS_COMMAND_H_

#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace gradus {

enum ExitCode {
  kOk = 0,
  kFailed = 1,     // Something is wrong with the configuration, the data, a file.
  kUsage = 2,      // Something is wrong with the command line.
  kNonFinite = 3,  // A number became NaN or infinite during training.
  kStopped = 4,    // Ctrl-C or SIGTERM; the state was saved.
};

// Prints the error, prefixed, to standard error and gives the exit code that belongs to it.
int Fail(const absl::Status& status);
// The same for an error of the command line.
inline int FailUsage(const absl::Status& status) {
  Fail(status);
  return kUsage;
}

// What a flag's number must be. CLI11's own PositiveNumber says so in 300 digits, and lets a NaN
// pass.
CLI::Validator WholeFromOne();
CLI::Validator FiniteAboveZero();

// The words `--plugin FILE` and `--plugin_dir FOLDER` that give another process of the program the plugins that this one has.
std::vector<std::string> PluginArguments();

// A word as a shell takes it: in quotes when it needs them.
std::string ShellWord(const std::string& word);
// PluginArguments with a blank before each, for a command that is printed to be run later; "" without plugins.
std::string PluginWords();

// Each adds a subcommand; parsing it sets `*run` to what main() is to call.
using RunFunction = std::function<int()>;
void AddTrain(CLI::App* app, RunFunction* run);
void AddEval(CLI::App* app, RunFunction* run);
void AddPredict(CLI::App* app, RunFunction* run);
void AddCheck(CLI::App* app, RunFunction* run);
void AddGraph(CLI::App* app, RunFunction* run);
void AddList(CLI::App* app, RunFunction* run);
void AddNew(CLI::App* app, RunFunction* run);
void AddSchedule(CLI::App* app, RunFunction* run);
void AddOptimizer(CLI::App* app, RunFunction* run);
void AddRate(CLI::App* app, RunFunction* run);
void AddExplain(CLI::App* app, RunFunction* run);
void AddSweep(CLI::App* app, RunFunction* run);
void AddFindLr(CLI::App* app, RunFunction* run);
void AddRace(CLI::App* app, RunFunction* run);
void AddPlot(CLI::App* app, RunFunction* run);
void AddRuns(CLI::App* app, RunFunction* run);
void AddReport(CLI::App* app, RunFunction* run);
void AddDiff(CLI::App* app, RunFunction* run);

}  // namespace gradus

#endif  // GRADUS_TOOLS_COMMAND_H_
