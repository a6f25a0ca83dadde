// Times, as lines of JSON.

#include "gradus/api/progress_file.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "gradus/api/sweep_json.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

absl::StatusOr<ProgressLine> Parse(absl::string_view text) {
  GRADUS_ASSIGN_OR_RETURN(const google::protobuf::Struct object, ParseJson(text));
  ProgressLine line;
  const double step = NumberOf(object, "step");
  if (!(step >= 0 && step < 0x1p53)) return absl::DataLossError("has no step");
  line.step = static_cast<int64_t>(step);
  const double epoch = NumberOf(object, "epoch");
  if (epoch >= 0 && epoch < 0x1p53) line.epoch = static_cast<int64_t>(epoch);
  line.seconds = NumberOf(object, "seconds");
  line.time = NumberOf(object, "time");
  line.process = TextOf(object, "process");
  line.message = TextOf(object, "message");
  return line;
}

}  // namespace

std::string ToJson(const ProgressLine& line) {
  std::string json = absl::StrCat("{\"step\":", line.step);
  if (line.epoch > 0) absl::StrAppend(&json, ",\"epoch\":", line.epoch);
  absl::StrAppendFormat(&json, ",\"seconds\":%.6g,\"time\":%.3f", line.seconds, line.time);
  if (!line.process.empty()) absl::StrAppend(&json, ",\"process\":", JsonString(line.process));
  if (!line.message.empty()) absl::StrAppend(&json, ",\"message\":", JsonString(line.message));
  return json + "}";
}

absl::StatusOr<std::vector<ProgressLine>> ReadProgress(const std::string& path) {
  return ParseJsonLines(path, Parse);
}

ProgressLine EndOf(const absl::StatusOr<LoopEnd>& end, const std::string& ended_by) {
  ProgressLine line;
  if (!end.ok()) {
    line.process = "failed";
    line.message = std::string(end.status().message());
  } else if (*end == LoopEnd::kEarly) {
    line.process = "early";
    line.message = ended_by;
  } else {
    line.process = *end == LoopEnd::kStopped ? "stopped" : "finished";
  }
  return line;
}

absl::StatusOr<std::unique_ptr<ProgressFile>> ProgressFile::Open(const std::string& path,
                                                                 int64_t resumed_step) {
  double seconds = 0;
  // What is wrong with its own record must not keep a run from going on.
  const absl::StatusOr<std::vector<ProgressLine>> before = ReadProgress(path);
  if (before.ok()) {
    for (const ProgressLine& line : *before) {
      if (line.step <= resumed_step && line.seconds > seconds) seconds = line.seconds;
    }
  }
  GRADUS_ASSIGN_OR_RETURN(
      std::unique_ptr<JsonLinesFile> lines, JsonLinesFile::Open(path, [&](absl::string_view line) {
        return Parse(line).ok() && StepOfLine(line).value_or(resumed_step + 1) <= resumed_step;
      }));
  std::unique_ptr<ProgressFile> file(new ProgressFile(std::move(lines), resumed_step, seconds));
  ProgressLine began;
  began.process = "began";
  GRADUS_RETURN_IF_ERROR(file->End(std::move(began)));
  return file;
}

absl::Status ProgressFile::Write(ProgressLine line) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin_;
  line.step = step_;
  line.seconds = seconds_before_ + passed.count();
  line.time = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  written_ = step_;
  return lines_->Append(ToJson(line));
}

absl::Status ProgressFile::OnStep(const StepReport& report, const TrainState&) {
  step_ = report.step;
  return absl::OkStatus();
}

absl::Status ProgressFile::OnLine(const MetricLine& line) {
  // Of a validation beside the epoch's own line nothing new is known.
  if (line.step == written_) return absl::OkStatus();
  step_ = line.step;
  ProgressLine now;
  now.epoch = line.scope == MetricLine::kEpoch ? line.epoch : 0;
  GRADUS_RETURN_IF_ERROR(Write(now));
  return line.scope == MetricLine::kStep ? absl::OkStatus() : lines_->Flush();
}

absl::Status ProgressFile::BeforeCheckpoint() {
  if (step_ != written_) GRADUS_RETURN_IF_ERROR(Write({}));
  return lines_->Sync();
}

absl::Status ProgressFile::End(ProgressLine line) {
  GRADUS_RETURN_IF_ERROR(Write(std::move(line)));
  return lines_->Flush();
}

}  // namespace gradus
