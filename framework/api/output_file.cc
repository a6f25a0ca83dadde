// A temporary file beside it that takes its place at the end.

#include "gradus/api/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path) {
  std::unique_ptr<OutputFile> file(new OutputFile);
  file->path_ = path;
  if (path == "-") {
    file->file_ = stdout;
    return file;
  }
  struct stat info;
  const bool there = stat(path.c_str(), &info) == 0;
  if (there && S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is a folder"));
  }
  if (there && !S_ISREG(info.st_mode)) return file;
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open_file;
    if (there && fstat(output, &open_file) == 0 && info.st_dev == open_file.st_dev &&
        info.st_ino == open_file.st_ino) {
      return file;  // It has something in it that is to stay.
    }
  }
  // A link stays, and what it leads to is replaced.
  std::error_code nowhere;
  const std::filesystem::path target = std::filesystem::canonical(path, nowhere);
  if (!nowhere) file->path_ = target.string();
  file->temporary_ = absl::StrCat(file->path_, ".tmp-", getpid());
  file->file_ = std::fopen(file->temporary_.c_str(), "wbe");
  if (file->file_ == nullptr) {
    file->temporary_.clear();
    return absl::NotFoundError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  return file;
}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  if (file_ != nullptr) std::fclose(file_);
  unlink(temporary_.c_str());
}

absl::Status OutputFile::Failed() const {
  return absl::UnavailableError(absl::StrCat(
      "cannot write ", path_ == "-" ? "standard output" : path_, ": ", std::strerror(errno)));
}

absl::Status OutputFile::Write(absl::string_view bytes) {
  if (file_ == nullptr) {
    kept_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() ? absl::OkStatus()
                                                                           : Failed();
}

absl::Status OutputFile::Finish() {
  if (file_ == nullptr) return WriteFile(path_, kept_);
  if (std::fflush(file_) != 0) return Failed();
  if (temporary_.empty()) return absl::OkStatus();
  if (fsync(fileno(file_)) != 0) return Failed();
  std::FILE* const file = file_;
  file_ = nullptr;
  if (std::fclose(file) != 0) return Failed();
  GRADUS_RETURN_IF_ERROR(Rename(temporary_, path_));
  temporary_.clear();
  return FsyncFolder(FolderOf(path_));
}

}  // namespace gradus
