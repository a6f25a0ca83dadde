// Looks, plans, writes.

#include "gradus/api/new_model.h"

#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/column_transform.h"

namespace gradus {
namespace {

// "data/Iris Data.csv.gz" -> "Iris_Data"
std::string NameOf(const std::string& file) {
  std::filesystem::path path(file);
  if (path.extension() == ".gz") path = path.stem();
  std::string name = path.stem().string();
  for (char& c : name) {
    const bool plain =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_-.", c);
    if (!plain) c = '_';
  }
  return name.empty() ? "model" : name;
}

// The file as it is reached from the folder that the text is in. An absolute path stays one unless it leads into that folder.
std::string PathFrom(const std::string& out, const std::string& file) {
  // Links are resolved, because ".." leads out of what a link leads to, not out of where it stands.
  std::error_code folder_error, path_error;
  const std::filesystem::path given(file);
  const std::filesystem::path out_folder = std::filesystem::absolute(FolderOf(out), folder_error);
  const std::filesystem::path folder = std::filesystem::weakly_canonical(out_folder, folder_error);
  const std::filesystem::path path =
      std::filesystem::weakly_canonical(std::filesystem::absolute(FolderOf(file)), path_error) /
      given.filename();
  const std::string relative = path.lexically_relative(folder).string();
  std::error_code error;
  const bool leads_astray = std::filesystem::exists(out_folder, error) &&
                            !std::filesystem::exists(out_folder / relative, error);
  if (folder_error || path_error || relative.empty() || leads_astray) {
    return std::filesystem::absolute(given, path_error).string();
  }
  return given.is_absolute() && absl::StartsWith(relative, "..") ? file : relative;
}

}  // namespace

std::string BaselineOf(const TargetPlan& target) {
  constexpr double kImbalanced = 0.65;
  int64_t rows = 0;
  const std::pair<std::string, int64_t>* most = nullptr;
  for (const auto& each : target.classes) {
    rows += each.second;
    if (most == nullptr || each.second > most->second) most = &each;
  }
  if (most == nullptr || rows == 0) return "";
  const double share = static_cast<double>(most->second) / static_cast<double>(rows);
  if (share < kImbalanced) return "";
  return absl::StrFormat("always answering %s has an accuracy of %.3f: classes are of unequal size",
                         Quoted(most->first), share);
}

std::string UntrainedOf(const TargetPlan& target) {
  std::vector<std::string> names;
  for (const auto& each : target.classes) {
    if (each.second == 0) names.push_back(each.first);
  }
  if (names.empty()) return "";
  return absl::StrCat(names.size() == 1 ? "a class of" : "classes of", " the test table ",
                      names.size() == 1 ? "has" : "have",
                      " no row to train on: ", Readable(ListCategories(names)));
}

absl::StatusOr<NewModel> MakeNewModel(const NewModelOptions& options) try {
  LookOptions look = options.look;
  look.target = options.target;
  GRADUS_ASSIGN_OR_RETURN(const TableFacts table, LookAtTable(options.csv, look));
  std::unique_ptr<TableFacts> test;
  if (!options.test.empty()) {
    // Written as the first one is.
    look.separator = std::string(1, table.dialect.separator);
    look.header = table.dialect.header ? LookOptions::kYes : LookOptions::kNo;
    GRADUS_ASSIGN_OR_RETURN(TableFacts facts, LookAtTable(options.test, look));
    test = std::make_unique<TableFacts>(std::move(facts));
  }
  GRADUS_ASSIGN_OR_RETURN(const TablePlan plan,
                          PlanTable(table, test.get(), options.target, options.task));
  NewModel model;
  // Two files made of one table have two names, and so two folders of runs.
  model.name = NameOf(options.out.empty() ? options.csv : options.out);
  model.task = plan.target.classification() ? Task::kClassification : Task::kRegression;
  for (const ColumnPlan& column : plan.columns) {
    ++(column.use == ColumnPlan::kLeftOut ? model.left_out : model.used);
    if (column.use != ColumnPlan::kLeftOut) continue;
    constexpr int64_t kMost = 20;
    if (model.left_out <= kMost) {
      model.notes.push_back(
          absl::StrCat("left out: ", Readable(Quoted(column.name)), ", ", column.why));
    } else if (model.left_out == kMost + 1) {
      model.notes.push_back("left out: ... (the file says them all)");
    }
  }
  const std::string baseline = BaselineOf(plan.target);
  if (!baseline.empty()) model.notes.push_back(baseline);
  const std::string untrained = UntrainedOf(plan.target);
  if (!untrained.empty()) model.notes.push_back(untrained);
  const std::string test_path = options.test.empty() ? "" : PathFrom(options.out, options.test);
  model.text = TextOf({table, test.get(), plan, options.task, model.name,
                       PathFrom(options.out, options.csv), test_path, options.out});
  return model;
} catch (...) {
  return StatusOfException("making a model of a table");
}

absl::Status WriteNewModel(const NewModel& model, const std::string& path) {
  if (Exists(path)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " is there already, and nothing is overwritten"));
  }
  return WriteFile(path, model.text);
}

// Found by trying on diabetes (442 rows), digits (1,797) and larger tables; the README says what they reach.
ModelSize SizeFor(int64_t n) {
  ModelSize size;
  if (n < 200) {
    size = {{32, 16}, 0.2, 0.1, 0.003, 100, 16, 0.2};
  } else if (n < 2000) {
    size = {{64, 32}, 0.2, 0.1, 0.002, 60, 32, 0.2};
  } else if (n < 20000) {
    size = {{128, 64}, 0.1, 0.05, 0.002, 40, 64, 0.2};
  } else if (n < 200000) {
    size = {{256, 128}, 0.1, 0.01, 0.002, 20, 256, 0.1};
  } else {
    size = {{256, 128}, 0, 0.01, 0.003, 10, 1024, 0.05};
  }
  return size;
}

}  // namespace gradus
