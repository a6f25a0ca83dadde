// A log of JSON objects, one a line, in a run folder. Numbers have 17 significant digits, so reading
// one gives the same double; a number that is not finite is null.

#ifndef GRADUS_API_JSON_LINES_H_
#define GRADUS_API_JSON_LINES_H_

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace gradus {

std::string JsonNumber(double value);
std::string JsonString(absl::string_view text);

// The lines of a file; none when there is no such file. What follows the last line's end was torn
// when its writer was killed, or is being written: it is left out.
absl::StatusOr<std::vector<std::string>> ReadJsonLines(const std::string& path);

// What `parse`, a function of a line's text to a StatusOr, makes of each of them. The first that it
// refuses is DataLoss: "PATH:3: the line MESSAGE".
template <class Parse>
auto ParseJsonLines(const std::string& path, Parse parse)
    -> absl::StatusOr<std::vector<typename decltype(parse(absl::string_view()))::value_type>> {
  const absl::StatusOr<std::vector<std::string>> texts = ReadJsonLines(path);
  if (!texts.ok()) return texts.status();
  std::vector<typename decltype(parse(absl::string_view()))::value_type> lines;
  lines.reserve(texts->size());
  for (size_t i = 0; i < texts->size(); ++i) {
    auto line = parse((*texts)[i]);
    if (!line.ok()) {
      return absl::DataLossError(
          absl::StrCat(path, ":", i + 1, ": the line ", line.status().message()));
    }
    lines.push_back(*std::move(line));
  }
  return lines;
}

// The number under "step" in a line of our own making, or nothing.
absl::optional<int64_t> StepOfLine(absl::string_view line);

// Thread safety: used by one thread.
class JsonLinesFile {
 public:
  // Appends to the lines for which `keep` says so; the others, and one that was torn, are removed
  // first. `keep` is asked in their order.
  static absl::StatusOr<std::unique_ptr<JsonLinesFile>> Open(
      const std::string& path, absl::FunctionRef<bool(absl::string_view)> keep);
  ~JsonLinesFile();
  JsonLinesFile(const JsonLinesFile&) = delete;
  JsonLinesFile& operator=(const JsonLinesFile&) = delete;

  absl::Status Append(absl::string_view json);
  // Hands what was appended to the system, so that others see it.
  absl::Status Flush();
  // The same, and waits until it is on the disk.
  absl::Status Sync();

 private:
  JsonLinesFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  const std::string path_;
  std::FILE* const file_;
};

}  // namespace gradus

#endif  // GRADUS_API_JSON_LINES_H_
