// gradus: trains, evaluates and runs models that are written in protobuf text. Each subcommand is a
// file beside this one and uses the public C++ API only.

#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/api/plugin.h"
#include "gradus/base/diagnostics.h"
#include "gradus/train/non_finite.h"
#include "tools/command.h"

namespace gradus {

int Fail(const absl::Status& status) {
  const absl::string_view message = absl::StripSuffix(status.message(), "\n");
  for (absl::string_view line : absl::StrSplit(message, '\n')) {
    std::fprintf(stderr, "gradus: %s\n", std::string(line).c_str());
  }
  return IsNonFinite(status) ? kNonFinite : kFailed;
}

CLI::Validator WholeFromOne() {
  const auto check = [](std::string& text) -> std::string {
    int64_t value;
    if (absl::SimpleAtoi(text, &value) && value >= 1) return "";
    return absl::StrCat(Quoted(text), " is not a whole number from 1 on");
  };
  return CLI::Validator(check, "FROM 1");
}

CLI::Validator FiniteAboveZero() {
  const auto check = [](std::string& text) -> std::string {
    double value;
    if (absl::SimpleAtod(text, &value) && std::isfinite(value) && value > 0) return "";
    return absl::StrCat(Quoted(text), " is not a finite number above 0");
  };
  return CLI::Validator(check, "ABOVE 0");
}

std::vector<std::string> PluginArguments() {
  std::vector<std::string> words;
  for (const LoadedPlugin& plugin : LoadedPlugins()) {
    words.insert(words.end(), {"--plugin", plugin.given});
  }
  for (const std::string& folder : PluginFolders()) {
    words.insert(words.end(), {"--plugin_dir", folder});
  }
  return words;
}

std::string ShellWord(const std::string& word) {
  const bool plain = !word.empty() && absl::c_all_of(word, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("_-./=:,+@", c);
  });
  return plain ? word : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string PluginWords() {
  std::string words;
  for (const std::string& word : PluginArguments()) absl::StrAppend(&words, " ", ShellWord(word));
  return words;
}

namespace {

struct PluginFlags {
  std::vector<std::string> files, folders;
};

// Before and after the subcommand's name: of the program and of every command below it.
void AddPluginFlags(CLI::App* app, const std::shared_ptr<PluginFlags>& flags) {
  const auto list = [app](const char* name, std::vector<std::string>* values,
                          const char* description) {
    app->add_option_function<std::vector<std::string>>(
           name,
           [values](const std::vector<std::string>& given) {
             values->insert(values->end(), given.begin(), given.end());
           },
           description)
        ->allow_extra_args(false)
        ->type_name("PATH")
        ->group("Plugins");
  };
  list("--plugin", &flags->files,
       "A library of optimizers or schedules that texts may use; may be repeated.");
  list("--plugin_dir", &flags->folders,
       "A folder in which `plugin:` of a run file is looked for; may be repeated.");
  for (CLI::App* command : app->get_subcommands({})) AddPluginFlags(command, flags);
}

absl::Status LoadPlugins(const PluginFlags& flags) {
  for (const std::string& folder : flags.folders) {
    char resolved[PATH_MAX];
    if (realpath(folder.c_str(), resolved) == nullptr) {
      return absl::NotFoundError(absl::StrCat("--plugin_dir ", folder, ": ", std::strerror(errno)));
    }
    std::error_code error;
    if (!std::filesystem::is_directory(resolved, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--plugin_dir ", folder, " is a file; --plugin takes it"));
    }
    AddPluginFolder(resolved);
  }
  for (const std::string& file : flags.files) {
    const absl::StatusOr<LoadedPlugin> loaded = LoadPlugin(file);
    if (!loaded.ok()) return loaded.status();
  }
  return absl::OkStatus();
}

// A first word that is neither a flag nor a subcommand: CLI11 would only say that a subcommand is
// missing.
bool HasUnknownSubcommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-' || argv[1][0] == '\0') return false;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == argv[1]) return false;
    names.push_back(command->get_name());
  }
  const std::string hint = SuggestName(argv[1], names);
  std::fprintf(stderr, "gradus: there is no subcommand \"%s\"; %s\n", argv[1],
               hint.empty() ? ("there are: " + absl::StrJoin(names, ", ")).c_str() : hint.c_str());
  return true;
}

// What was printed may still wait in the buffer, or may have been lost on the way. A reader who has
// left (`gradus list | head`) has what he wanted.
int FinishOutput(int code) {
  const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (code != kOk || !lost || errno == EPIPE) return code;
  return Fail(
      absl::UnavailableError(std::string("cannot write standard output: ") + std::strerror(errno)));
}

int ParseAndRun(int argc, char** argv) {
  CLI::App app("Gradus trains and runs neural networks that are written in protobuf text.",
               "gradus");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 something is wrong with the configuration, the data or a file;\n"
      "2 something is wrong with the command line; 3 a number became NaN or infinite;\n"
      "4 stopped by Ctrl-C or SIGTERM with the state saved.");
  RunFunction run;
  AddTrain(&app, &run);
  AddEval(&app, &run);
  AddPredict(&app, &run);
  AddCheck(&app, &run);
  AddGraph(&app, &run);
  AddList(&app, &run);
  AddNew(&app, &run);
  AddSchedule(&app, &run);
  AddOptimizer(&app, &run);
  AddRate(&app, &run);
  AddExplain(&app, &run);
  AddSweep(&app, &run);
  AddFindLr(&app, &run);
  AddRace(&app, &run);
  AddPlot(&app, &run);
  AddRuns(&app, &run);
  AddReport(&app, &run);
  AddDiff(&app, &run);
  const auto plugins = std::make_shared<PluginFlags>();
  AddPluginFlags(&app, plugins);
  if (HasUnknownSubcommand(app, argc, argv)) return kUsage;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? FinishOutput(kOk) : kUsage;
  }
  const absl::Status loaded = LoadPlugins(*plugins);
  if (!loaded.ok()) return Fail(loaded);
  return FinishOutput(run());
}

}  // namespace
}  // namespace gradus

// CLI11 reports by exceptions; none leaves this file.
int main(int argc, char** argv) {
  try {
    return gradus::ParseAndRun(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gradus: %s\n", error.what());
    return gradus::kFailed;
  }
}
