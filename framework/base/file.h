// Files, whole: read with a limit, written so that a reader sees the old file or the new one and
// never a part.

#ifndef GRADUS_BASE_FILE_H_
#define GRADUS_BASE_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace gradus {

// The file's bytes. Errors name the path and the reason; a file larger than `most_bytes` is
// refused, and so is what is not a regular file: a device may never end, a pipe never begin.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t most_bytes);
// The same, also from a pipe (`/dev/stdin`, `<(command)`): what is written to it, up to its end. A
// named pipe that nothing has opened for writing within a second is refused.
absl::StatusOr<std::string> ReadFileOrPipe(const std::string& path, int64_t most_bytes);

// Writes to a temporary file beside `path`, fsyncs, renames, fsyncs the folder. On an error nothing
// is left behind. A device or a pipe (`/dev/stdout`) stays what it is and takes the bytes; a link
// stays, and what it leads to is replaced.
absl::Status WriteFile(const std::string& path, absl::string_view bytes);
absl::Status WriteFile(const std::string& path, absl::Span<const absl::string_view> pieces);

absl::Status FsyncFolder(const std::string& path);
absl::Status MakeFolders(const std::string& path);  // Like mkdir -p.
absl::Status RemoveTree(const std::string& path);   // Like rm -r; OK when there is nothing.
absl::Status Rename(const std::string& from, const std::string& to);
// Two paths change places in one step; both must exist.
absl::Status Exchange(const std::string& a, const std::string& b);
bool Exists(const std::string& path);
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path);  // Names, sorted.

// Joins with one "/"; an absolute `name` stands alone.
std::string JoinPath(absl::string_view folder, absl::string_view name);
std::string FolderOf(absl::string_view path);  // "." when there is none.

}  // namespace gradus

#endif  // GRADUS_BASE_FILE_H_
