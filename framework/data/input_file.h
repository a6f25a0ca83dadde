// Content of a file, plain or gzip (told apart by the first two bytes), front to back. How much compressed bytes may unpack to is
// bounded, so that a small file cannot fill the memory or the disk.

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
  // Bytes that are there already, under the name that messages have.
  static absl::StatusOr<std::unique_ptr<InputFile>> OfBytes(std::string name, std::string bytes);
  // The same content from its beginning, independent of how far this one has been read.
  absl::StatusOr<std::unique_ptr<InputFile>> Again() const;
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
  struct Origin;
  struct Inflater;
  InputFile();
  static absl::StatusOr<std::unique_ptr<InputFile>> Start(std::string path,
                                                          std::shared_ptr<const Origin> origin);
  absl::StatusOr<int64_t> ReadPlain(void* to, int64_t bytes);
  absl::StatusOr<int64_t> ReadCompressed(void* to, int64_t bytes);

  std::string path_;
  std::shared_ptr<const Origin> origin_;
  bool compressed_ = false;
  int64_t most_bytes_ = 0;
  int64_t at_ = 0;          // In the bytes of the origin.
  int64_t bytes_read_ = 0;  // Of the content.
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_INPUT_FILE_H_
