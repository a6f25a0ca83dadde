// Checkpoints on disk.

#include "gradus/train/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "gradus/base/checksum.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/checkpoint_folder.h"
#include "gradus/train/safetensors.h"
#include "gradus/train/state_tensors.h"

namespace gradus {
namespace {

constexpr char kHeaderFile[] = "state.pbtxt";
constexpr char kConfigFile[] = "run.pbtxt";
constexpr char kTensorsFile[] = "state.safetensors";
constexpr int64_t kMostTensorBytes = int64_t{1} << 40;
constexpr int64_t kMostCount = int64_t{1} << 53;  // What a double counts exactly.

// A memory's numbers under their names; a snapshot's have its name in front.
void AddNumbers(const std::string& prefix, const UpdateMemory<float>& memory,
                TrainStateHeader* header) {
  for (size_t i = 0; i < memory.numbers().size(); ++i) {
    NamedNumber* number = header->add_number();
    number->set_name(absl::StrCat(prefix, memory.number_specs()[i].name));
    // The language has no infinity and no NaN.
    if (std::isfinite(memory.numbers()[i])) number->set_value(memory.numbers()[i]);
  }
}

// Whether it counts updates, as its rule or the framework does.
bool IsCount(const std::string& name) {
  return absl::EndsWith(name, "/updates") || name == "average_updates" ||
         name == "lookahead_updates" || name == "skipped_in_a_row";
}

// Before version 3 there were no numbers, and rules counted the run's updates; before version 4 the
// first rule counted for the average.
void TakeNumbers(const TrainStateHeader& header, const std::string& prefix,
                 UpdateMemory<float>* memory, std::vector<std::string>* problems) {
  std::vector<double> numbers;
  for (const NumberSpec& spec : memory->number_specs()) {
    const std::string name = absl::StrCat(prefix, spec.name);
    const NamedNumber* found = nullptr;
    for (const NamedNumber& number : header.number()) {
      if (number.name() == name) found = &number;
    }
    if (found == nullptr && header.format_version() < 3 && absl::EndsWith(name, "/updates")) {
      numbers.push_back(static_cast<double>(header.progress().step()));
      continue;
    }
    if (found == nullptr && header.format_version() < 4 && spec.name == "average_updates") {
      numbers.push_back(numbers.front());
      continue;
    }
    const double value = found == nullptr || !found->has_value()
                             ? std::numeric_limits<double>::quiet_NaN()
                             : found->value();
    const bool counts = IsCount(spec.name);
    if (found == nullptr) {
      problems->push_back(absl::StrCat("the number \"", name, "\" is missing"));
    } else if (counts && !(value >= 0 && value <= static_cast<double>(kMostCount) &&
                           value == std::floor(value))) {
      problems->push_back(absl::StrCat("the number \"", name, "\" is ", ShortestNumber(value),
                                       ", which counts no updates"));
    }
    numbers.push_back(value);
  }
  memory->numbers() = std::move(numbers);
}

void SetProgress(const Progress& progress, ProgressState* proto) {
  proto->set_step(progress.update);
  proto->set_examples(progress.examples);
  proto->set_epoch(progress.epoch);
  proto->set_offset(progress.offset);
}

Progress ProgressOf(const ProgressState& proto) {
  return {proto.step(), proto.examples(), proto.epoch(), proto.offset()};
}

TrainStateHeader MakeHeader(const TrainState& state, const CheckpointContext& context) {
  TrainStateHeader header;
  header.set_format_version(kCheckpointVersion);
  SetProgress(state.progress, header.mutable_progress());
  *header.mutable_preprocessing() = context.preprocessing;
  header.set_threads(context.threads);
  header.set_block_rows(context.config.run().block_rows());
  header.set_training_rows(context.training_rows);
  header.set_last_learning_rate(state.last_learning_rate);
  context.numbers->ToProto(state.rates, &header);
  for (const Timeline::Pace& pace : context.numbers->timeline().paces()) {
    PaceState* saved = header.add_pace();
    SetProgress(pace.from, saved->mutable_from());
    saved->set_examples_per_update(pace.examples_per_update);
  }
  AddNumbers("", state.store.memory(), &header);
  for (const auto& entry : state.snapshots) {
    AddNumbers(absl::StrCat("@", entry.first, "/"), entry.second.memory, &header);
  }
  context.watcher->ToProto(state.watcher, &header);
  if (!state.ended_by.empty()) header.set_ended_by(state.ended_by);
  const MetricSums& sums = state.epoch_sums;
  const auto add = [&](absl::string_view name, double sum) {
    MetricSum* metric = header.add_epoch_sum();
    metric->set_name(std::string(name));
    // The language has no infinity and no NaN: a sum that is not finite is left out, and is NaN
    // when it is read.
    if (std::isfinite(sum)) metric->set_sum(sum);
    metric->set_weight(static_cast<double>(sums.examples));
  };
  add("loss", sums.loss);
  GRADUS_CHECK(sums.metrics.size() <= context.sum_names.size());
  for (size_t i = 0; i < sums.metrics.size(); ++i) add(context.sum_names[i], sums.metrics[i]);
  return header;
}

absl::Status WriteInto(const std::string& folder, TrainStateHeader header, const RunConfig& config,
                       const std::string& tensors) {
  GRADUS_RETURN_IF_ERROR(MakeFolders(folder));
  GRADUS_RETURN_IF_ERROR(WriteFile(JoinPath(folder, kTensorsFile), tensors));
  GRADUS_RETURN_IF_ERROR(WriteFile(JoinPath(folder, kConfigFile), PrintTextConfig(config)));
  header.set_tensors_crc32(Crc32(tensors));
  return WriteFile(JoinPath(folder, kHeaderFile), PrintTextConfig(header));
}

// Puts a folder in its place. What stood there (the same step, saved before) changes places with it
// in one go, so that at no moment the step is missing.
absl::Status Replace(const std::string& temporary, const std::string& path) {
  if (!Exists(path)) return Rename(temporary, path);
  GRADUS_RETURN_IF_ERROR(Exchange(temporary, path));
  return RemoveTree(temporary);
}

// The tensors file, with its checksum verified.
absl::StatusOr<SafetensorsFile> ReadTensors(const std::string& path,
                                            const TrainStateHeader& header) {
  const std::string file = JoinPath(path, kTensorsFile);
  GRADUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(file, kMostTensorBytes));
  if (Crc32(bytes) != header.tensors_crc32()) {
    return absl::DataLossError(absl::StrCat(file, " is damaged: its checksum is not the one in ",
                                            JoinPath(path, kHeaderFile)));
  }
  return ParseSafetensors(bytes, file);
}

template <class Text>
absl::StatusOr<Text> Parse(const std::string& text, const std::string& file, CheckpointText read) {
  absl::Span<const absl::string_view> unread;
  if (read == CheckpointText::kWithoutRules) unread = kFieldsOfRules;
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, file, Text::default_instance(), {}, &diagnostics, unread);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  return static_cast<const Text&>(*parsed.message);
}

}  // namespace

absl::StatusOr<std::string> SaveCheckpoint(const std::string& folder, const TrainState& state,
                                           const CheckpointContext& context, int64_t keep) {
  GRADUS_ASSIGN_OR_RETURN(const SafetensorsFile file, TensorsOf(state));
  GRADUS_ASSIGN_OR_RETURN(std::string tensors, SerializeSafetensors(file));

  const std::string name = StepFolderName(state.progress.update);
  const std::string path = JoinPath(folder, name);
  const std::string temporary = TemporaryName(path);
  GRADUS_RETURN_IF_ERROR(MakeFolders(folder));
  absl::Status status = WriteInto(temporary, MakeHeader(state, context), context.config, tensors);
  if (status.ok()) status = Replace(temporary, path);
  if (!status.ok()) {
    RemoveTree(temporary).IgnoreError();  // The first error is the one to tell.
    return status;
  }
  GRADUS_RETURN_IF_ERROR(FsyncFolder(folder));
  GRADUS_RETURN_IF_ERROR(RemoveOldCheckpoints(folder, name, keep));
  return path;
}

std::string CheckpointConfigPath(const std::string& path) { return JoinPath(path, kConfigFile); }

absl::StatusOr<TrainStateHeader> ReadCheckpointHeader(const std::string& path,
                                                      CheckpointText read) {
  const std::string file = JoinPath(path, kHeaderFile);
  GRADUS_ASSIGN_OR_RETURN(std::string text, ReadConfigFile(file));
  // The version comes first, so that a newer form is named as such and not as a heap of unknown
  // fields.
  absl::string_view rest = text;
  int64_t version = 0;
  if (absl::ConsumePrefix(&rest, "format_version: ") &&
      absl::SimpleAtoi(rest.substr(0, rest.find('\n')), &version) && version > kCheckpointVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, ": format_version ", version,
                     " was written by a newer program; this one reads 1 to ", kCheckpointVersion));
  }
  GRADUS_ASSIGN_OR_RETURN(TrainStateHeader header, Parse<TrainStateHeader>(text, file, read));
  if (header.format_version() < 1 || header.format_version() > kCheckpointVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": format_version ", header.format_version(),
                     " is not one that this program reads (1 to ", kCheckpointVersion, ")"));
  }
  const ProgressState& progress = header.progress();
  for (int64_t number :
       {progress.step(), progress.examples(), progress.epoch(), progress.offset()}) {
    if (number >= 0 && number <= kMostCount) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": progress has the number ", number, ", which is not in [0, 2^53]"));
  }
  for (const PaceState& pace : header.pace()) {
    for (int64_t number : {pace.from().step(), pace.from().examples(), pace.from().epoch(),
                           pace.from().offset(), pace.examples_per_update()}) {
      if (number >= 0 && number <= kMostCount) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": pace has the number ", number, ", which is not in [0, 2^53]"));
    }
  }
  for (const MetricSum& sum : header.epoch_sum()) {
    if (sum.weight() >= 0 && sum.weight() <= static_cast<double>(kMostCount)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        file, ": epoch_sum \"", sum.name(), "\" has the weight ", ShortestNumber(sum.weight())));
  }
  if (header.format_version() >= 4) {
    if (header.has_config()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": config stands in ", kConfigFile, " since format_version 4"));
    }
    const std::string config = CheckpointConfigPath(path);
    GRADUS_ASSIGN_OR_RETURN(text, ReadConfigFile(config));
    GRADUS_ASSIGN_OR_RETURN(*header.mutable_config(), Parse<RunConfig>(text, config, read));
  }
  return header;
}

absl::Status LoadCheckpoint(const std::string& path, const Hyperparameters& numbers,
                            const Watcher& watcher, TrainState* state) {
  GRADUS_ASSIGN_OR_RETURN(TrainStateHeader header, ReadCheckpointHeader(path));
  GRADUS_ASSIGN_OR_RETURN(SafetensorsFile file, ReadTensors(path, header));
  Watcher::State watched;
  absl::Status said = watcher.FromProto(header, &watched);
  absl::StatusOr<RateState> rates = numbers.FromProto(header);
  if (!rates.ok()) said.Update(rates.status());
  if (!said.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(JoinPath(path, kHeaderFile), ": ", said.message()));
  }
  // The snapshots that the file has are made room for first.
  std::map<std::string, StoreSnapshot> snapshots;
  for (const NamedTensor& named : file.tensors) {
    const size_t slash = named.name.find('/');
    if (named.name[0] != '@' || slash == std::string::npos) continue;
    if (IsEvaluationTensor(named.name) || IsEpochRowsTensor(named.name)) continue;
    GRADUS_RETURN_IF_ERROR(state->store.CopyTo(&snapshots[named.name.substr(1, slash - 1)]));
  }
  std::swap(state->snapshots, snapshots);
  absl::Status misfits = CheckTensors(file, *state, path);
  const std::vector<double> numbers_before = state->store.memory().numbers();
  std::vector<std::string> problems;
  TakeNumbers(header, "", &state->store.memory(), &problems);
  for (auto& entry : state->snapshots) {
    TakeNumbers(header, absl::StrCat("@", entry.first, "/"), &entry.second.memory, &problems);
  }
  if (!problems.empty()) {
    misfits.Update(absl::InvalidArgumentError(absl::StrCat(
        JoinPath(path, kHeaderFile), " does not fit:\n  ", absl::StrJoin(problems, "\n  "))));
  }
  if (!misfits.ok()) {
    std::swap(state->snapshots, snapshots);
    state->store.memory().numbers() = numbers_before;
    return misfits;
  }
  WriteTensors(file, state);
  state->rates = *std::move(rates);
  state->watcher = watched;
  state->ended_by = header.ended_by();
  state->progress = ProgressOf(header.progress());
  state->last_learning_rate = header.last_learning_rate();
  for (int i = 0; i < header.epoch_sum_size(); ++i) {
    const MetricSum& sum = header.epoch_sum(i);
    const double value = sum.has_sum() ? sum.sum() : std::numeric_limits<double>::quiet_NaN();
    state->epoch_sums.examples = static_cast<int64_t>(sum.weight());
    if (i == 0) {
      state->epoch_sums.loss = value;
    } else {
      state->epoch_sums.metrics.push_back(value);
    }
  }
  return absl::OkStatus();
}

absl::Status LoadCheckpointWeights(const std::string& path, ParameterStore* store) {
  GRADUS_ASSIGN_OR_RETURN(TrainStateHeader header,
                          ReadCheckpointHeader(path, CheckpointText::kWithoutRules));
  GRADUS_ASSIGN_OR_RETURN(SafetensorsFile file, ReadTensors(path, header));
  return WriteWeights(std::move(file), path, store);
}

absl::StatusOr<std::string> NewestCheckpoint(const std::string& folder,
                                             std::vector<std::string>* skipped) {
  GRADUS_ASSIGN_OR_RETURN(std::vector<std::string> names, StepFolders(folder));
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const std::string path = JoinPath(folder, *name);
    // A rule whose plugin is not loaded is no damage: who needs it says so.
    absl::StatusOr<TrainStateHeader> header =
        ReadCheckpointHeader(path, CheckpointText::kWithoutRules);
    const absl::Status status = header.ok() ? ReadTensors(path, *header).status() : header.status();
    if (status.ok()) return path;
    if (absl::IsFailedPrecondition(status))
      return status;  // Newer than this program: not to be passed over.
    skipped->push_back(std::string(status.message()));
  }
  return absl::NotFoundError(absl::StrCat("no whole checkpoint in ", folder));
}

}  // namespace gradus
