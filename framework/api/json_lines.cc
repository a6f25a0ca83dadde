// Logs of JSON objects.

#include "gradus/api/json_lines.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 32;

absl::Status WriteError(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
}

}  // namespace

std::string JsonNumber(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.17g", value) : "null";
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

absl::StatusOr<std::vector<std::string>> ReadJsonLines(const std::string& path) {
  std::vector<std::string> lines;
  if (!Exists(path)) return lines;
  GRADUS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMostBytes));
  const size_t end = text.rfind('\n');
  if (end == std::string::npos) return lines;
  return std::vector<std::string>(
      absl::StrSplit(absl::string_view(text).substr(0, end), '\n', absl::SkipEmpty()));
}

absl::optional<int64_t> StepOfLine(absl::string_view line) {
  constexpr absl::string_view kKey = "\"step\":";
  const size_t at = line.find(kKey);
  if (at == absl::string_view::npos) return absl::nullopt;
  const absl::string_view rest = line.substr(at + kKey.size());
  int64_t step;
  if (!absl::SimpleAtoi(rest.substr(0, rest.find_first_of(",}")), &step)) return absl::nullopt;
  return step;
}

absl::StatusOr<std::unique_ptr<JsonLinesFile>> JsonLinesFile::Open(
    const std::string& path, absl::FunctionRef<bool(absl::string_view)> keep) {
  if (Exists(path)) {
    GRADUS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMostBytes));
    std::string kept;
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      if (keep(line)) absl::StrAppend(&kept, line, "\n");
    }
    if (kept != text) GRADUS_RETURN_IF_ERROR(WriteFile(path, kept));
  }
  std::FILE* file = std::fopen(path.c_str(), "ab");
  if (file == nullptr) return WriteError(path);
  return std::unique_ptr<JsonLinesFile>(new JsonLinesFile(path, file));
}

JsonLinesFile::~JsonLinesFile() { std::fclose(file_); }

absl::Status JsonLinesFile::Append(absl::string_view json) {
  if (std::fwrite(json.data(), 1, json.size(), file_) != json.size() ||
      std::fputc('\n', file_) == EOF) {
    return WriteError(path_);
  }
  return absl::OkStatus();
}

absl::Status JsonLinesFile::Flush() {
  return std::fflush(file_) == 0 ? absl::OkStatus() : WriteError(path_);
}

absl::Status JsonLinesFile::Sync() {
  GRADUS_RETURN_IF_ERROR(Flush());
  return fsync(fileno(file_)) == 0 ? absl::OkStatus() : WriteError(path_);
}

}  // namespace gradus
