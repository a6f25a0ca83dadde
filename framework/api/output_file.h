// A file that is written piece by piece: whoever reads it sees the old one or the whole new one.

#ifndef GRADUS_API_OUTPUT_FILE_H_
#define GRADUS_API_OUTPUT_FILE_H_

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gradus {

class OutputFile {
 public:
  // "-" is standard output, which takes pieces as they come. A file that cannot be made is an error
  // here, before there is anything to write. Devices and pipes take all of it at the end.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path);
  ~OutputFile();  // Without Finish nothing is left behind.
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  absl::Status Write(absl::string_view bytes);
  absl::Status Finish();

 private:
  OutputFile() = default;
  absl::Status Failed() const;

  std::string path_, temporary_;
  std::FILE* file_ = nullptr;  // Null: kept in `kept_`.
  std::string kept_;
};

}  // namespace gradus

#endif  // GRADUS_API_OUTPUT_FILE_H_
