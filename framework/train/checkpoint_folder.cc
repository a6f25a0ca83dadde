// Names, links and what is left behind.

#include "gradus/train/checkpoint_folder.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/train/checkpoint.h"

namespace gradus {
namespace {

constexpr char kPrefix[] = "step-";
constexpr char kTemporary[] = ".tmp-";
constexpr char kBest[] = "best";

// Whether a temporary folder ("step-0000000007.tmp-123") is the rest of a process that is gone. One
// that lives may be writing into it, this one from another thread; what names no process is not
// ours.
bool IsLeftBehind(absl::string_view name) {
  const size_t at = name.find(kTemporary);
  if (!absl::StartsWith(name, kPrefix) || at == absl::string_view::npos) return false;
  absl::string_view digits = name.substr(at + sizeof(kTemporary) - 1);
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  int process;
  if (!absl::SimpleAtoi(digits, &process) || process <= 0) return false;
  return kill(process, 0) != 0 && errno == ESRCH;
}

// The name that the link `best` leads to; empty when there is none.
std::string BestOf(const std::string& folder) {
  char name[256];
  const ssize_t size = readlink(JoinPath(folder, kBest).c_str(), name, sizeof name);
  return size > 0 ? std::string(name, static_cast<size_t>(size)) : "";
}

}  // namespace

std::string StepFolderName(int64_t step) { return absl::StrFormat("%s%010d", kPrefix, step); }

std::string TemporaryName(const std::string& path) {
  return absl::StrCat(path, kTemporary, getpid());
}

absl::StatusOr<std::vector<std::string>> StepFolders(const std::string& folder) {
  GRADUS_ASSIGN_OR_RETURN(std::vector<std::string> names, ListFolder(folder));
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) {
                               return !absl::StartsWith(name, kPrefix) ||
                                      absl::StrContains(name, kTemporary);
                             }),
              names.end());
  // Numbers have ten digits and more only when they need them, so length comes first.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

absl::Status RemoveOldCheckpoints(const std::string& folder, const std::string& written,
                                  int64_t keep) {
  GRADUS_ASSIGN_OR_RETURN(std::vector<std::string> all, ListFolder(folder));
  for (const std::string& name : all) {
    if (IsLeftBehind(name)) GRADUS_RETURN_IF_ERROR(RemoveTree(JoinPath(folder, name)));
  }
  GRADUS_ASSIGN_OR_RETURN(std::vector<std::string> names, StepFolders(folder));
  if (keep == 0) return absl::OkStatus();
  const std::string best = BestOf(folder);
  const auto last = std::find(names.begin(), names.end(), written);
  if (last != names.end()) names.erase(last + 1, names.end());
  for (size_t i = 0; i + static_cast<size_t>(keep) < names.size(); ++i) {
    if (names[i] == best) continue;
    GRADUS_RETURN_IF_ERROR(RemoveTree(JoinPath(folder, names[i])));
  }
  return absl::OkStatus();
}

absl::Status MarkBest(const std::string& folder, const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  const std::string temporary = TemporaryName(JoinPath(folder, kBest));
  unlink(temporary.c_str());
  if (symlink(name.c_str(), temporary.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("linking ", temporary));
  }
  GRADUS_RETURN_IF_ERROR(Rename(temporary, JoinPath(folder, kBest)));
  return FsyncFolder(folder);
}

absl::StatusOr<std::string> FindCheckpoint(const std::string& folder, const std::string& which) {
  std::vector<std::string> skipped;
  if (which == "last") return NewestCheckpoint(folder, &skipped);
  if (which == kBest) {
    const std::string name = BestOf(folder);
    if (!name.empty()) return JoinPath(folder, name);
    return absl::NotFoundError(
        absl::StrCat(folder,
                     " has no best checkpoint; a run keeps one when its configuration says "
                     "run { checkpoint { best { metric: \"validation/loss\" } } }"));
  }
  int64_t step;
  if (!absl::SimpleAtoi(which, &step) || step < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--checkpoint ", Quoted(which), " is not best, last or a number of updates"));
  }
  const std::string path = JoinPath(folder, StepFolderName(step));
  if (Exists(path)) return path;
  GRADUS_ASSIGN_OR_RETURN(std::vector<std::string> names, StepFolders(folder));
  for (std::string& name : names) {
    int64_t number = 0;
    if (absl::SimpleAtoi(name.substr(sizeof(kPrefix) - 1), &number)) name = absl::StrCat(number);
  }
  return absl::NotFoundError(absl::StrCat(folder, " has no checkpoint of step ", step,
                                          "; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace gradus
