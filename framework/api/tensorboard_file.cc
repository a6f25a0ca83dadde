// Records of events.

#include "gradus/api/tensorboard_file.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 32;
constexpr size_t kAround = 16;  // Bytes of a record beside its event.
constexpr int kTextType = 7;    // DT_STRING
constexpr char kVersion[] = "brain.Event:2";

void AppendLittle(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

uint64_t Little(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

// A checksum that is itself part of what is checked elsewhere is told apart by this.
uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

double Now() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

absl::Status WriteError(const std::string& what) {
  return absl::UnavailableError(absl::StrCat("cannot write ", what, ": ", std::strerror(errno)));
}

// The file without what came after the update; records that were torn go, too.
absl::Status CutAfter(const std::string& path, int64_t step) {
  size_t whole = 0;
  GRADUS_ASSIGN_OR_RETURN(const std::vector<tensorboard::Event> events,
                          ReadEventFile(path, &whole));
  GRADUS_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMostBytes));
  std::string kept;
  size_t at = 0;
  for (const tensorboard::Event& event : events) {
    const size_t size = Little(absl::string_view(bytes).substr(at, 8)) + kAround;
    if (event.step() <= step) kept.append(bytes, at, size);
    at += size;
  }
  return kept == bytes ? absl::OkStatus() : WriteFile(path, kept);
}

void AddNumber(const std::string& tag, double value, tensorboard::Summary* summary) {
  tensorboard::Summary::Value* one = summary->add_value();
  one->set_tag(tag);
  one->set_simple_value(static_cast<float>(value));
}

tensorboard::Event ConfigEvent(const std::string& config) {
  tensorboard::Event event;
  tensorboard::Summary::Value* value = event.mutable_summary()->add_value();
  value->set_tag("configuration");
  value->mutable_metadata()->mutable_plugin_data()->set_plugin_name("text");
  value->mutable_tensor()->set_dtype(kTextType);
  value->mutable_tensor()->mutable_tensor_shape();
  // Text is Markdown there; four blanks keep it as it is.
  value->mutable_tensor()->add_string_val(
      absl::StrCat("    ", absl::StrReplaceAll(config, {{"\n", "\n    "}})));
  return event;
}

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
  static const std::array<uint32_t, 256>& table = *[] {
    auto* made = new std::array<uint32_t, 256>();
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = (value & 1) != 0 ? value >> 1 ^ 0x82f63b78u : value >> 1;
      }
      (*made)[i] = value;
    }
    return made;
  }();
  uint32_t crc = 0xffffffffu;
  for (char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

std::string EventRecord(absl::string_view bytes) {
  std::string record;
  AppendLittle(bytes.size(), 8, &record);
  AppendLittle(Masked(Crc32c(record)), 4, &record);
  record.append(bytes.data(), bytes.size());
  AppendLittle(Masked(Crc32c(bytes)), 4, &record);
  return record;
}

absl::StatusOr<std::vector<tensorboard::Event>> ReadEventFile(const std::string& path,
                                                              size_t* whole) {
  GRADUS_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMostBytes));
  std::vector<tensorboard::Event> events;
  absl::string_view rest = bytes;
  while (rest.size() >= kAround) {
    const uint64_t size = Little(rest.substr(0, 8));
    if (Little(rest.substr(8, 4)) != Masked(Crc32c(rest.substr(0, 8)))) break;
    if (size > rest.size() - kAround) break;
    const absl::string_view event = rest.substr(12, size);
    if (Little(rest.substr(12 + size, 4)) != Masked(Crc32c(event))) break;
    events.emplace_back();
    if (!events.back().ParseFromArray(event.data(), static_cast<int>(event.size()))) {
      events.pop_back();
      break;
    }
    rest.remove_prefix(size + kAround);
  }
  if (whole != nullptr) *whole = bytes.size() - rest.size();
  return events;
}

absl::StatusOr<std::unique_ptr<TensorBoardFiles>> TensorBoardFiles::Open(
    const std::string& folder, int64_t resumed_step, const std::string& config) {
  std::unique_ptr<TensorBoardFiles> files(new TensorBoardFiles(folder));
  if (Exists(folder)) {
    GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> splits, ListFolder(folder));
    for (const std::string& split : splits) {
      const absl::StatusOr<std::vector<std::string>> names = ListFolder(JoinPath(folder, split));
      if (!names.ok()) continue;
      for (const std::string& name : *names) {
        if (!absl::StrContains(name, "tfevents")) continue;
        GRADUS_RETURN_IF_ERROR(CutAfter(JoinPath(JoinPath(folder, split), name), resumed_step));
      }
    }
  } else if (!config.empty()) {
    GRADUS_RETURN_IF_ERROR(files->Append("train", ConfigEvent(config)));
  }
  return files;
}

absl::StatusOr<std::FILE*> TensorBoardFiles::FileOf(const std::string& split) {
  File& file = files_[split];
  if (file != nullptr) return file.get();
  const std::string folder = JoinPath(folder_, split);
  GRADUS_RETURN_IF_ERROR(MakeFolders(folder));
  char host[65] = "host";
  gethostname(host, sizeof(host) - 1);
  // They are read in the order of their names.
  const std::string path =
      JoinPath(folder, absl::StrFormat("events.out.tfevents.%010d.%s.%d",
                                       absl::ToUnixSeconds(absl::Now()), host, getpid()));
  file.reset(std::fopen(path.c_str(), "ab"));
  if (file == nullptr) return WriteError(path);
  if (std::ftell(file.get()) == 0) {
    tensorboard::Event version;
    version.set_wall_time(Now());
    version.set_file_version(kVersion);
    const std::string record = EventRecord(version.SerializeAsString());
    if (std::fwrite(record.data(), 1, record.size(), file.get()) != record.size()) {
      return WriteError(path);
    }
  }
  return file.get();
}

absl::Status TensorBoardFiles::Append(const std::string& split, tensorboard::Event event) {
  GRADUS_ASSIGN_OR_RETURN(std::FILE* const file, FileOf(split));
  event.set_wall_time(Now());
  const std::string record = EventRecord(event.SerializeAsString());
  if (std::fwrite(record.data(), 1, record.size(), file) == record.size()) return absl::OkStatus();
  return WriteError(JoinPath(folder_, split));
}

absl::Status TensorBoardFiles::OnLine(const MetricLine& line) {
  tensorboard::Event event;
  event.set_step(line.step);
  // Means of an epoch and numbers of a batch are different curves.
  const bool batch = line.scope == MetricLine::kStep && line.split == "train";
  const std::string prefix = batch ? "batch/" : "";
  tensorboard::Summary* summary = event.mutable_summary();
  AddNumber(prefix + "loss", line.loss, summary);
  for (const auto& metric : line.metrics) AddNumber(prefix + metric.first, metric.second, summary);
  if (line.split == "train") AddNumber(prefix + "learning_rate", line.learning_rate, summary);
  GRADUS_RETURN_IF_ERROR(Append(line.split, std::move(event)));
  if (batch) return absl::OkStatus();
  return std::fflush(files_[line.split].get()) == 0 ? absl::OkStatus()
                                                    : WriteError(JoinPath(folder_, line.split));
}

absl::Status TensorBoardFiles::BeforeCheckpoint() {
  for (const auto& file : files_) {
    if (std::fflush(file.second.get()) != 0 || fsync(fileno(file.second.get())) != 0) {
      return WriteError(JoinPath(folder_, file.first));
    }
  }
  return absl::OkStatus();
}

}  // namespace gradus
