// Files that are commands and answers.

#include "gradus/api/control_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr char kCommand[] = ".pbtxt";
constexpr char kAnswer[] = ".answer";
constexpr char kTemporary[] = ".tmp-";  // What WriteFile has not finished.
constexpr char kAgain[] = "again-";  // Sorts before the names that Put gives.
constexpr int64_t kMostBytes = 1 << 20;

}  // namespace

ControlFolder::ControlFolder(const std::string& run) : path_(JoinPath(run, "control")) {}

std::string ControlFolder::CommandPath(const std::string& name) const {
  return JoinPath(path_, absl::StrCat(name, kCommand));
}

std::string ControlFolder::AnswerPath(const std::string& name) const {
  return JoinPath(path_, absl::StrCat(name, kAnswer));
}

absl::Status ControlFolder::PutAs(const std::string& name, const RateCommand& command) const {
  GRADUS_RETURN_IF_ERROR(MakeFolders(path_));
  return WriteFile(CommandPath(name), PrintTextConfig(command));
}

absl::StatusOr<std::string> ControlFolder::Put(const RateCommand& command) const {
  // The clock orders them; the process tells two of the same moment apart.
  const std::string name =
      absl::StrFormat("c%019d-%d", absl::ToUnixMicros(absl::Now()), getpid());
  if (Waits(name)) return Put(command);
  GRADUS_RETURN_IF_ERROR(PutAs(name, command));
  return name;
}

absl::Status ControlFolder::PutAgain(const std::vector<RateCommand>& commands, int first) const {
  for (size_t i = 0; i < commands.size(); ++i) {
    RateCommand command = commands[i];
    command.clear_id();
    GRADUS_RETURN_IF_ERROR(PutAs(absl::StrFormat("%s%012d-%06d", kAgain, command.at_step(),
                                                 first + static_cast<int>(i)),
                                 command));
  }
  return absl::OkStatus();
}

bool ControlFolder::IsAgain(const std::string& name) { return absl::StartsWith(name, kAgain); }

absl::Status ControlFolder::RemoveDone(const EventsAtCheckpoint& events) const {
  const auto remove = [this](const RateCommand& command) {
    // A name in this folder and nowhere else, whoever wrote the events.
    const bool here = command.has_id() && !absl::StrContains(command.id(), "/");
    return here && Waits(command.id()) ? Remove(command.id()) : absl::OkStatus();
  };
  for (const RecordedEvent& recorded : events.kept) {
    if (recorded.event.command.has_value()) GRADUS_RETURN_IF_ERROR(remove(*recorded.event.command));
  }
  for (const RateCommand& command : events.lost) GRADUS_RETURN_IF_ERROR(remove(command));
  return absl::OkStatus();
}

std::vector<std::string> ControlFolder::Waiting() const {
  std::vector<std::string> names;
  const absl::StatusOr<std::vector<std::string>> files = ListFolder(path_);
  if (!files.ok()) return names;  // There is none before the first command.
  for (const std::string& file : *files) {
    if (absl::EndsWith(file, kAnswer) || absl::StrContains(file, kTemporary)) continue;
    names.push_back(std::string(absl::StripSuffix(file, kCommand)));
  }
  return names;
}

bool ControlFolder::Waits(const std::string& name) const {
  struct stat about;
  return lstat(CommandPath(name).c_str(), &about) == 0;
}

absl::Time ControlFolder::PutAt(const std::string& name) const {
  struct stat about;
  return lstat(CommandPath(name).c_str(), &about) == 0 ? absl::TimeFromTimespec(about.st_mtim)
                                                       : absl::InfiniteFuture();
}

absl::StatusOr<RateCommand> ControlFolder::Read(const std::string& name) const {
  const std::string path = CommandPath(name);
  struct stat about;
  if (lstat(path.c_str(), &about) != 0) {
    return absl::NotFoundError(
        absl::StrCat(JoinPath(path_, name), " is no command: its name does not end with ", kCommand));
  }
  if (!S_ISREG(about.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a file"));
  }
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  Diagnostics diagnostics;
  ParsedConfig parsed = ParseTextConfig(text, path, RateCommand(), {}, &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  RateCommand command = static_cast<const RateCommand&>(*parsed.message);
  command.set_id(name);
  return command;
}

absl::Status ControlFolder::Remove(const std::string& name) const {
  const std::string path = CommandPath(name);
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot remove ", path, ": ", std::strerror(errno)));
}

absl::Status ControlFolder::Answer(const std::string& name, const RateAnswer& answer) const {
  return WriteFile(AnswerPath(name), PrintTextConfig(answer));
}

absl::StatusOr<absl::optional<RateAnswer>> ControlFolder::TakeAnswer(
    const std::string& name) const {
  const std::string path = AnswerPath(name);
  if (!Exists(path)) return absl::optional<RateAnswer>();
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  Diagnostics diagnostics;
  ParsedConfig parsed = ParseTextConfig(text, path, RateAnswer(), {}, &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  unlink(path.c_str());
  return absl::optional<RateAnswer>(static_cast<const RateAnswer&>(*parsed.message));
}

void ControlFolder::RemoveAnswers() const {
  const absl::StatusOr<std::vector<std::string>> files = ListFolder(path_);
  if (!files.ok()) return;
  for (const std::string& file : *files) {
    if (absl::EndsWith(file, kAnswer)) unlink(JoinPath(path_, file).c_str());
  }
}

}  // namespace gradus
