// Run folders and their log.

#include "gradus/api/run_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr char kLockFile[] = "lock";
absl::string_view ScopeName(MetricLine::Scope scope) {
  switch (scope) {
    case MetricLine::kStep:
      return "step";
    case MetricLine::kEpoch:
      return "epoch";
    case MetricLine::kFinal:
      return "final";
  }
  return "";
}

// Whether a line of our own making was written by the first `step` updates.
bool WrittenBefore(absl::string_view line, int64_t step) {
  if (absl::StrContains(line, "\"scope\":\"final\"")) return false;
  const absl::optional<int64_t> written = StepOfLine(line);
  return written.has_value() && *written <= step;
}

// The error with what can be done about it.
absl::Status Explained(const absl::Status& status, absl::string_view remedy) {
  return absl::Status(status.code(), absl::StrCat(status.message(), "; ", remedy));
}

// A lock of the open file description (fcntl(2), F_OFD_SETLK): unlike flock(2) it can be asked for
// without being taken, and unlike POSIX's it belongs to one opening, not to the whole process.
struct flock WholeFile() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whether the path still names the file that is open.
bool StillNames(const std::string& path, int descriptor) {
  struct stat there, here;
  return stat(path.c_str(), &there) == 0 && fstat(descriptor, &here) == 0 &&
         there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

absl::Status LockError(const std::string& folder, int error) {
  return absl::UnavailableError(
      absl::StrCat("cannot lock run folder ", folder, ": ", std::strerror(error)));
}

absl::Status HeldByAnother(const std::string& folder, int descriptor) {
  char text[128] = {};
  const ssize_t size = pread(descriptor, text, sizeof(text) - 1, 0);
  const std::vector<std::string> words =
      absl::StrSplit(absl::string_view(text, static_cast<size_t>(std::max<ssize_t>(size, 0))),
                     absl::ByAnyChar(" \n"), absl::SkipEmpty());
  const std::string who = words.size() == 2
                              ? absl::StrCat("process ", words[0], " on ", words[1])
                              : std::string("another process");
  return absl::FailedPreconditionError(
      absl::StrCat("run folder ", folder, " is in use by ", who,
                   "; wait for it, or stop it (Ctrl-C or SIGTERM saves its state)"));
}

// Says who holds it; only for messages.
void SignLock(int descriptor) {
  char host[65] = "?";
  gethostname(host, sizeof(host) - 1);
  const std::string text = absl::StrCat(getpid(), " ", host, "\n");
  if (ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(descriptor, text.data(), text.size(), 0);
  }
}

// Whether anything but a lock stands in it.
bool Occupied(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name != kLockFile; });
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunLock>> RunLock::Take(const std::string& folder) {
  const std::string path = JoinPath(folder, kLockFile);
  for (;;) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return LockError(folder, errno);
    struct flock whole = WholeFile();
    if (fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
      const int error = errno;
      const absl::Status status = error == EAGAIN || error == EACCES
                                      ? HeldByAnother(folder, descriptor)
                                      : LockError(folder, error);
      close(descriptor);
      return status;
    }
    if (StillNames(path, descriptor)) {
      SignLock(descriptor);
      return std::unique_ptr<RunLock>(new RunLock(path, descriptor));
    }
    // Its last holder removed the file between our opening and our locking it.
    close(descriptor);
  }
}

RunLock::~RunLock() {
  // Removed while it is still held, so it is nobody else's; unless the folder itself was replaced.
  if (StillNames(path_, descriptor_)) unlink(path_.c_str());
  close(descriptor_);
}

absl::StatusOr<bool> IsRunning(const std::string& folder) {
  const int descriptor = open(JoinPath(folder, kLockFile).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return false;
  if (descriptor < 0) return LockError(folder, errno);
  struct flock whole = WholeFile();
  const int result = fcntl(descriptor, F_OFD_GETLK, &whole);
  const int error = errno;
  close(descriptor);
  if (result != 0) return LockError(folder, error);
  return whole.l_type != F_UNLCK;
}

std::string RunFolder::checkpoints() const { return JoinPath(path, "checkpoints"); }
std::string RunFolder::measures() const { return JoinPath(path, "measures.json"); }
std::string RunFolder::metrics() const { return JoinPath(path, "metrics.jsonl"); }
std::string RunFolder::groups() const { return JoinPath(path, "groups.jsonl"); }
std::string RunFolder::events() const { return JoinPath(path, "events.jsonl"); }
std::string RunFolder::progress() const { return JoinPath(path, "progress.jsonl"); }
std::string RunFolder::tensorboard() const { return JoinPath(path, "tensorboard"); }
std::string RunFolder::configuration() const { return JoinPath(path, "run.pbtxt"); }

absl::StatusOr<RunFolder> RunFolder::Create(const std::string& path, const RunConfig& config) {
  RunFolder folder;
  folder.path = path;
  bool existed = true;
  if (path.empty()) {
    // mkdir decides who has a number when several runs start at once.
    GRADUS_RETURN_IF_ERROR(MakeFolders("runs"));
    for (int n = 1; existed; ++n) {
      folder.path = absl::StrCat("runs/", config.model().name(), "-", n);
      existed = mkdir(folder.path.c_str(), 0777) != 0;
      if (existed && errno != EEXIST) {
        return Explained(absl::UnavailableError(absl::StrCat("cannot make folder ", folder.path,
                                                             ": ", std::strerror(errno))),
                         "give a --run_dir that can be written");
      }
    }
  } else {
    existed = Exists(path);
  }
  const auto refuse_occupied = [&folder]() -> absl::Status {
    const absl::StatusOr<std::vector<std::string>> names = ListFolder(folder.path);
    if (!names.ok()) return Explained(names.status(), "give another --run_dir");
    if (!Occupied(*names)) return absl::OkStatus();
    const absl::StatusOr<std::vector<std::string>> checkpoints = ListFolder(folder.checkpoints());
    const std::string otherwise =
        checkpoints.ok() && !checkpoints->empty()
            ? absl::StrCat("go on with --resume ", folder.path)
        : Exists(folder.configuration())
            ? std::string("remove it when its run has ended: no checkpoint is in it to go on from")
            : std::string("one that is empty");
    return absl::AlreadyExistsError(absl::StrCat("run folder ", folder.path,
                                                 " is not empty; give another --run_dir, or ",
                                                 otherwise));
  };
  if (existed) GRADUS_RETURN_IF_ERROR(refuse_occupied());
  absl::Status status = MakeFolders(folder.path);
  if (status.ok()) {
    absl::StatusOr<std::unique_ptr<RunLock>> lock = RunLock::Take(folder.path);
    // Whoever has it began in the same moment; the folder is his.
    if (absl::IsFailedPrecondition(lock.status())) return lock.status();
    status = lock.status();
    if (lock.ok()) folder.lock = *std::move(lock);
  }
  // Asked again: a run may have begun, and ended, before the lock was ours.
  if (status.ok()) GRADUS_RETURN_IF_ERROR(refuse_occupied());
  if (status.ok()) status = MakeFolders(folder.checkpoints());
  if (status.ok()) {
    status = WriteFile(folder.configuration(), PrintTextConfig(config));
  }
  if (status.ok()) return folder;
  // Nothing stays behind of a run that cannot begin; the first error is the one to tell.
  RemoveTree(existed ? folder.checkpoints() : folder.path).IgnoreError();
  return Explained(status, "give a --run_dir that can be written");
}

absl::StatusOr<std::unique_ptr<MetricsFile>> MetricsFile::Open(const std::string& path,
                                                               int64_t resumed_step) {
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<JsonLinesFile> lines,
                          JsonLinesFile::Open(path, [resumed_step](absl::string_view line) {
                            return WrittenBefore(line, resumed_step);
                          }));
  return std::unique_ptr<MetricsFile>(new MetricsFile(std::move(lines)));
}

absl::Status MetricsFile::OnLine(const MetricLine& line) {
  GRADUS_RETURN_IF_ERROR(lines_->Append(ToJson(line)));
  // Epochs are what people watch; single steps may wait in the buffer.
  return line.scope == MetricLine::kStep ? absl::OkStatus() : lines_->Flush();
}

absl::Status MetricsFile::BeforeCheckpoint() { return lines_->Sync(); }

std::string ToJson(const MetricLine& line) {
  std::string json =
      absl::StrCat("{\"scope\":", JsonString(ScopeName(line.scope)), ",\"step\":", line.step,
                   ",\"epoch\":", line.epoch, ",\"split\":", JsonString(line.split),
                   ",\"loss\":", JsonNumber(line.loss));
  for (const auto& metric : line.metrics) {
    absl::StrAppend(&json, ",", JsonString(metric.first), ":", JsonNumber(metric.second));
  }
  for (const NamedTable& named : line.tables) {
    absl::StrAppend(&json, ",", JsonString(absl::StrCat(named.name, "/counts")), ":[");
    const size_t columns = static_cast<size_t>(named.table.columns);
    for (size_t i = 0; i < named.table.values.size(); ++i) {
      absl::StrAppend(&json, i == 0 ? "[" : i % columns == 0 ? "],[" : ",",
                      JsonNumber(named.table.values[i]));
    }
    absl::StrAppend(&json, "]]");
  }
  absl::StrAppend(&json, ",\"learning_rate\":", JsonNumber(line.learning_rate), "}");
  return json;
}

}  // namespace gradus
