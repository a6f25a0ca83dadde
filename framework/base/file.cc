// Files, whole.

#include "gradus/base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>

#include "absl/strings/match.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

absl::Status ErrnoStatus(absl::string_view what, const std::string& path, int error) {
  const std::string message = absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

// Closes the descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Close() {
    const int fd = fd_;
    fd_ = -1;
    return close(fd);
  }

 private:
  int fd_;
};

absl::Status WriteAll(int fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(const std::string& path, absl::Span<const absl::string_view> pieces) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) return ErrnoStatus("create", path, errno);
  for (absl::string_view piece : pieces) {
    GRADUS_RETURN_IF_ERROR(WriteAll(file.get(), piece, path));
  }
  if (fsync(file.get()) != 0) return ErrnoStatus("sync", path, errno);
  if (file.Close() != 0) return ErrnoStatus("close", path, errno);
  return absl::OkStatus();
}

constexpr int kWriterMilliseconds = 1000;

// Waits until there is something to read. *written: whether the pipe has, or has had, a writer.
absl::Status AwaitPipe(int fd, const std::string& path, bool* written) {
  struct pollfd pipe = {fd, POLLIN, 0};
  int ready;
  do {
    ready = poll(&pipe, 1, *written ? -1 : kWriterMilliseconds);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return ErrnoStatus("read", path, errno);
  if (ready == 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": nothing writes to it"));
  }
  *written = true;
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWhole(const std::string& path, int64_t most_bytes, bool pipes) try {
  // Opening a pipe does not wait for its writer then.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return ErrnoStatus(pipes ? "read" : "open", path, errno);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return ErrnoStatus("read", path, errno);
  if (S_ISDIR(info.st_mode)) return ErrnoStatus("read", path, EISDIR);
  const bool pipe = pipes && S_ISFIFO(info.st_mode);
  if (!S_ISREG(info.st_mode) && !pipe) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a regular file", pipes ? " or a pipe" : ""));
  }
  bool written = false;
  std::string bytes;
  bytes.resize(static_cast<size_t>(std::min<int64_t>(info.st_size, most_bytes)));
  size_t size = 0;
  for (;;) {
    // One byte more than is known asks whether the file goes on: a pipe, or one that grows.
    if (size == bytes.size()) bytes.resize(size + std::max<size_t>(pipe ? 4096 : 1, size / 2));
    const ssize_t count = read(file.get(), &bytes[size], bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (pipe && count < 0 && errno == EAGAIN) {  // It has a writer, who takes his time.
      written = true;
      GRADUS_RETURN_IF_ERROR(AwaitPipe(file.get(), path, &written));
      continue;
    }
    if (count < 0) return ErrnoStatus("read", path, errno);
    if (pipe && count == 0 && size == 0 && !written) {  // No writer: not any more, or not yet.
      GRADUS_RETURN_IF_ERROR(AwaitPipe(file.get(), path, &written));
      continue;
    }
    if (count == 0) break;
    size += static_cast<size_t>(count);
    if (static_cast<int64_t>(size) > most_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is larger than ", most_bytes, " bytes"));
    }
  }
  bytes.resize(size);
  return bytes;
} catch (const std::bad_alloc&) {
  return absl::ResourceExhaustedError(absl::StrCat("no memory to read ", path));
}

// Into a device or a pipe, which a file must not take the place of. A pipe that nobody reads is an
// error instead of a wait.
absl::Status WriteThrough(const std::string& path, absl::Span<const absl::string_view> pieces) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0 || fcntl(file.get(), F_SETFL, 0) != 0) {
    return ErrnoStatus("write", path, errno);
  }
  for (absl::string_view piece : pieces) {
    GRADUS_RETURN_IF_ERROR(WriteAll(file.get(), piece, path));
  }
  return file.Close() == 0 ? absl::OkStatus() : ErrnoStatus("write", path, errno);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t most_bytes) {
  return ReadWhole(path, most_bytes, /*pipes=*/false);
}

absl::StatusOr<std::string> ReadFileOrPipe(const std::string& path, int64_t most_bytes) {
  return ReadWhole(path, most_bytes, /*pipes=*/true);
}

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  return WriteFile(path, absl::MakeConstSpan(&bytes, 1));
}

absl::Status WriteFile(const std::string& path, absl::Span<const absl::string_view> pieces) {
  struct stat info;
  // /dev/stdout, redirected into a file that has something in it already.
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open_file;
    if (stat(path.c_str(), &info) != 0 || fstat(output, &open_file) != 0) continue;
    if (info.st_dev != open_file.st_dev || info.st_ino != open_file.st_ino) continue;
    std::fflush(nullptr);
    for (absl::string_view piece : pieces) GRADUS_RETURN_IF_ERROR(WriteAll(output, piece, path));
    return absl::OkStatus();
  }
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    return WriteThrough(path, pieces);
  }
  if (lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    std::error_code dangling;
    const std::filesystem::path target = std::filesystem::canonical(path, dangling);
    if (!dangling) return WriteFile(target.string(), pieces);
  }
  const std::string temporary = absl::StrCat(path, ".tmp-", getpid());
  absl::Status status = WriteAndSync(temporary, pieces);
  if (status.ok()) status = Rename(temporary, path);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return FsyncFolder(FolderOf(path));
}

absl::Status FsyncFolder(const std::string& path) {
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return ErrnoStatus("open", path, errno);
  // Some file systems cannot sync a folder; then there is nothing more to be done.
  if (fsync(folder.get()) != 0 && errno != EINVAL) return ErrnoStatus("sync", path, errno);
  return absl::OkStatus();
}

absl::Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus("make folder", path, error.value());
  return absl::OkStatus();
}

absl::Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return ErrnoStatus("remove", path, error.value());
  return absl::OkStatus();
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus("rename to", to, errno);
  return absl::OkStatus();
}

absl::Status Exchange(const std::string& a, const std::string& b) {
  if (renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) {
    return absl::OkStatus();
  }
  // Some file systems cannot; then `a` takes the place by way of a third name.
  if (errno != EINVAL && errno != ENOSYS) return ErrnoStatus("exchange", b, errno);
  const std::string third = absl::StrCat(a, "-before");
  GRADUS_RETURN_IF_ERROR(Rename(b, third));
  GRADUS_RETURN_IF_ERROR(Rename(a, b));
  return Rename(third, a);
}

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(path, error);
  if (error) return ErrnoStatus("list", path, error.value());
  for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (error) return ErrnoStatus("list", path, error.value());
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string JoinPath(absl::string_view folder, absl::string_view name) {
  if (folder.empty() || absl::StartsWith(name, "/")) return std::string(name);
  return absl::StrCat(folder, absl::EndsWith(folder, "/") ? "" : "/", name);
}

std::string FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

}  // namespace gradus
