// Addresses that matter to a run that goes on.

#include "gradus/api/resume_settings.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/run_file.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/train/checkpoint.h"

namespace gradus {
namespace {

bool MayChange(absl::string_view setting) {
  for (const char* address : {"run.", "optimizer.", "optimizer=", "plugin=", "data.batch_size="}) {
    if (absl::StartsWith(setting, address)) return true;
  }
  return false;
}

bool SaysLength(absl::string_view setting) {
  return absl::StartsWith(setting, "run.epochs=") || absl::StartsWith(setting, "run.max_steps=");
}

}  // namespace

absl::Status CheckResumeSettings(absl::Span<const std::string> settings) {
  for (const std::string& setting : settings) {
    if (MayChange(setting)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--set ", setting, ": a run that goes on may change run.*, optimizer.*, plugin "
                     "and data.batch_size, and nothing else"));
  }
  return absl::OkStatus();
}

bool ConcernOptimizer(absl::Span<const std::string> settings) {
  return std::any_of(settings.begin(), settings.end(), [](const std::string& setting) {
    return absl::StartsWith(setting, "optimizer.") || absl::StartsWith(setting, "optimizer=");
  });
}

absl::Status LoadRulesOf(const std::string& checkpoint) {
  const std::string path = CheckpointConfigPath(checkpoint);
  if (!Exists(path)) return absl::OkStatus();  // An older format has it in its header.
  GRADUS_ASSIGN_OR_RETURN(RunFile file, RunFile::Read(path));
  const absl::Status status = file.diagnostics().ToStatus();
  if (!absl::StrContains(status.message(), "no extension is called")) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(),
                                   "\na run goes on only with the plugins of its rules: give --plugin "
                                   "FILE, or the --plugin_dir of those that it names"));
}

absl::Status CheckEndMayMove(const RunSettings& before, const RunSettings& now,
                             const RateState& rates) {
  const bool other = before.epochs() != now.epochs() ||
                     before.has_max_steps() != now.has_max_steps() ||
                     before.max_steps() != now.max_steps();
  if (rates.warps.empty() || !other) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "another run.epochs or run.max_steps would do nothing: the run's end was moved to step ",
      rates.warps.back().total_steps,
      " from outside, which goes before; gradus rate RUN --total_steps N moves it again"));
}

bool MoveEnd(absl::Span<const std::string> settings) {
  return std::any_of(settings.begin(), settings.end(), [](const std::string& setting) {
    return SaysLength(setting) || absl::StartsWith(setting, "run.early_stopping");
  });
}

}  // namespace gradus
