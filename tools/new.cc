// gradus new: a run file made from a table, or the skeleton of a plugin.

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/new_model.h"
#include "gradus/api/new_plugin.h"
#include "tools/command.h"
#include "tools/dialect_flags.h"

namespace gradus {
namespace {

struct NewFlags {
  std::string name, out;
};

// What pkg-config must be told to find this program's own tree: " PKG_CONFIG_PATH=...", or "" where it looks by itself or this program is
// not installed.
std::string PkgConfigPath() {
  std::error_code none;
  const std::filesystem::path prefix =
      std::filesystem::canonical("/proc/self/exe", none).parent_path().parent_path();
  const std::filesystem::path folder = prefix / "lib/pkgconfig";
  if (prefix == "/usr" || prefix == "/usr/local") return "";
  if (!std::filesystem::exists(folder / "gradus.pc", none)) return "";
  return absl::StrCat(" PKG_CONFIG_PATH=", ShellWord(folder.string()));
}

int New(PluginKind kind, const NewFlags& flags) {
  const absl::StatusOr<PluginSkeleton> skeleton = NewPlugin(kind, flags.name);
  if (!skeleton.ok()) return FailUsage(skeleton.status());
  const std::string folder = flags.out.empty() ? skeleton->name : flags.out;
  const absl::Status written = WritePlugin(*skeleton, folder);
  if (!written.ok()) return Fail(written);
  std::vector<std::string> names;
  for (const PluginFile& file : skeleton->files) names.push_back(file.path);
  std::printf("wrote %s in %s; next:\n", absl::StrJoin(names, ", ").c_str(), folder.c_str());
  std::printf("    make -C %s test%s\n", ShellWord(folder).c_str(), PkgConfigPath().c_str());
  const std::string library = absl::StrCat(folder, "/", skeleton->library, ".so");
  std::printf("    gradus list --plugin %s %s\n", ShellWord(library).c_str(), flags.name.c_str());
  return kOk;
}

int NewFromTable(const NewModelOptions& options) {
  const absl::StatusOr<NewModel> model = MakeNewModel(options);
  if (!model.ok()) return Fail(model.status());
  if (options.out.empty()) {
    std::fputs(model->text.c_str(), stdout);
    return kOk;
  }
  const absl::Status written = WriteNewModel(*model, options.out);
  if (!written.ok()) return Fail(written);
  std::printf("wrote %s: %s, %s%s; next:\n", options.out.c_str(),
              model->task == Task::kClassification ? "classification" : "regression",
              absl::StrCat(model->used, model->used == 1 ? " column" : " columns").c_str(),
              model->left_out > 0 ? absl::StrCat(", ", model->left_out, " left out").c_str() : "");
  std::printf("    gradus train %s --run_dir %s\n", ShellWord(options.out).c_str(),
              ShellWord(absl::StrCat("runs/", model->name)).c_str());
  for (const std::string& note : model->notes) std::printf("%s\n", note.c_str());
  return kOk;
}

void AddNewModel(CLI::App* command, RunFunction* run) {
  auto options = std::make_shared<NewModelOptions>();
  CLI::App* one = command->add_subcommand(
      "model", "A run file for a CSV file: it is looked at, and what is written runs as it is.");
  one->add_option("--csv", options->csv, "The table.")->required();
  one->add_option("--target", options->target,
                  "The column that is to be predicted; without a header columns are 1, 2, ...")
      ->required();
  const std::map<std::string, Task> tasks = {{"classification", Task::kClassification},
                                             {"regression", Task::kRegression}};
  one->add_option("--task", options->task, "classification or regression; guessed when not given.")
      ->transform(CLI::CheckedTransformer(tasks).description(""))
      ->type_name("TASK");
  one->add_option("--test", options->test,
                  "A table to test with; a part of --csv is set aside when not given.");
  one->add_option(
      "--out", options->out,
      "The file; standard output when not given. Paths in it are relative to its folder.");
  one->add_option_function<std::string>(
      "--separator",
      [options](const std::string& given) { options->look.separator = GivenSeparator(given); },
      "What stands between cells, \\t for a tabulator; found out when not given.");
  one->add_flag_function(
      "--header,!--no_header",
      [options](std::int64_t count) {
        options->look.header = count > 0 ? LookOptions::kYes : LookOptions::kNo;
      },
      "Whether the first row has names; found out when not given.");
  one->callback([options, run] { *run = [options] { return NewFromTable(*options); }; });
}

}  // namespace

void AddNew(CLI::App* app, RunFunction* run) {
  CLI::App* command =
      app->add_subcommand("new",
                          "Writes a run file for a table, or the skeleton of an optimizer or "
                          "schedule of your own, which builds and passes.");
  command->require_subcommand(1);
  AddNewModel(command, run);
  const struct {
    PluginKind kind;
    const char* name;
    const char* what;
  } kinds[] = {
      {PluginKind::kOptimizer, "optimizer",
       "An update rule: proto, source, test with the conformance kit, Makefile, BUILD."},
      {PluginKind::kSchedule, "schedule", "A schedule: proto, source, test, Makefile, BUILD."}};
  for (const auto& each : kinds) {
    auto flags = std::make_shared<NewFlags>();
    CLI::App* one = command->add_subcommand(each.name, each.what);
    one->add_option("name", flags->name, "Package and name: acme.lion.")->required();
    one->add_option("--out", flags->out, "The folder; ./lion when not given.");
    one->callback(
        [flags, run, kind = each.kind] { *run = [flags, kind] { return New(kind, *flags); }; });
  }
}

}  // namespace gradus
