// Bytes of a file, plain or gzip (told apart by the first two bytes), front to back. How much a
// compressed file may unpack to is bounded, so that a small file cannot fill the memory.

#ifndef GRADUS_DATA_INPUT_FILE_H_
#define GRADUS_DATA_INPUT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace gradus {

class InputFile {
 public:
  // Only regular files: a pipe could block for ever.
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Fills `to` with the next `bytes` bytes, or fewer at the end of the file; how many.
  absl::StatusOr<int64_t> Read(void* to, int64_t bytes);
  // All that is left.
  absl::StatusOr<std::string> ReadAll();

  const std::string& path() const { return path_; }
  bool compressed() const { return compressed_; }
  // The content is at most so long: the size of a plain file; of a compressed one 1 GiB, or 100
  // times its size when that is more.
  int64_t most_bytes() const { return most_bytes_; }

 private:
  struct Inflater;
  InputFile() = default;
  absl::StatusOr<int64_t> ReadPlain(void* to, int64_t bytes);
  absl::StatusOr<int64_t> ReadCompressed(void* to, int64_t bytes);

  std::string path_;
  int descriptor_ = -1;
  bool compressed_ = false;
  int64_t most_bytes_ = 0;
  int64_t bytes_read_ = 0;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_INPUT_FILE_H_
