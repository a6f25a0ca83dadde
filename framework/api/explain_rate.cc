// A run's chains at one update, from its folder.

#include "gradus/api/explain_rate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/events_file.h"
#include "gradus/api/resume_settings.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/trainer.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// The newest state, or nothing; a run that trains may be about to remove it.
std::string NewestState(const RunFolder& folder) {
  std::vector<std::string> skipped;
  const absl::StatusOr<std::string> path = NewestCheckpoint(folder.checkpoints(), &skipped);
  return path.ok() ? *path : "";
}

// The last whole line of the log says how far a run is, the newest state how far it has come at least.
absl::StatusOr<int64_t> UpdatesDone(const RunFolder& folder, const std::string& checkpoint) {
  int64_t done = 0;
  if (!checkpoint.empty()) {
    const absl::StatusOr<TrainStateHeader> header =
        ReadCheckpointHeader(checkpoint, CheckpointText::kWithoutRules);
    if (header.ok()) done = header->progress().step();
  }
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadJsonLines(folder.metrics()));
  if (lines.empty()) return done;
  return std::max(done, StepOfLine(lines.back()).value_or(0));
}

// The run as it was configured then. Where it had gone on with other settings, its state knows which
// batch sizes it has gone through. How many examples there are it knows, too; only before the first
// state must the data be there to be counted.
absl::StatusOr<std::unique_ptr<Trainer>> TrainerOf(const RunFolder& folder,
                                                   const std::string& checkpoint,
                                                   const std::vector<RecordedEvent>& before,
                                                   bool all) {
  std::vector<std::string> settings;
  for (const RecordedEvent& recorded : before) {
    settings.insert(settings.end(), recorded.settings.begin(), recorded.settings.end());
  }
  if (checkpoint.empty()) return Trainer::FromFile(folder.configuration(), settings);
  TrainerOptions options;
  options.open_data = false;
  if (!settings.empty() && all) return Trainer::Resume(checkpoint, options, settings);
  GRADUS_ASSIGN_OR_RETURN(const TrainStateHeader header,
                          ReadCheckpointHeader(checkpoint, CheckpointText::kWithoutRules));
  options.examples_per_epoch = header.training_rows();
  return Trainer::FromFile(folder.configuration(), settings, options);
}

// What the run's memory was at an update, from the events before it.
absl::StatusOr<RateState> StateAfter(const std::vector<RecordedEvent>& before,
                                     const Hyperparameters& numbers) {
  TrainStateHeader header;
  numbers.ToProto(numbers.NewState(), &header);
  for (const RecordedEvent& recorded : before) {
    const RateEvent& event = recorded.event;
    if (event.command.has_value()) {
      *header.add_command() = *event.command;
      header.mutable_command(header.command_size() - 1)->set_at_step(event.step);
    }
    for (int c = 0; c < numbers.controllers(); ++c) {
      if (event.layer != numbers.ControllerName(c)) continue;
      for (NamedNumber& number : *header.mutable_controller(c)->mutable_number()) {
        for (const NamedNumber& saved : event.state.number()) {
          if (saved.name() == number.name()) number = saved;
        }
      }
    }
  }
  return numbers.FromProto(header);
}

bool Concerns(const RateEvent& event, const std::string& group, const std::string& field) {
  return event.field == field && event.group == group;
}

}  // namespace

absl::StatusOr<ExplainedRates> ExplainRate(const std::string& run, const ExplainOptions& options) {
  RunFolder folder;
  folder.path = run;
  if (!Exists(folder.configuration())) {
    return absl::NotFoundError(absl::StrCat(run, " is not the folder of a run: ",
                                            folder.configuration(), " does not exist"));
  }
  if (options.step.has_value() && *options.step < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("step ", *options.step, " is negative; updates are counted from 0"));
  }
  const std::string checkpoint = NewestState(folder);
  ExplainedRates explained;
  if (!checkpoint.empty()) GRADUS_RETURN_IF_ERROR(LoadRulesOf(checkpoint));
  GRADUS_ASSIGN_OR_RETURN(explained.updates_done, UpdatesDone(folder, checkpoint));
  GRADUS_ASSIGN_OR_RETURN(std::vector<RecordedEvent> events, ReadEvents(folder.events()));
  if (!events.empty()) {
    explained.updates_done = std::max(explained.updates_done, events.back().event.step);
  }
  explained.step = options.step.value_or(explained.updates_done);
  const auto later =
      std::find_if(events.begin(), events.end(), [&](const RecordedEvent& recorded) {
        return recorded.event.step > explained.step;
      });
  const bool all = later == events.end();
  events.erase(later, events.end());

  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                          TrainerOf(folder, checkpoint, events, all));
  const Hyperparameters& numbers = trainer->step().numbers();
  GRADUS_ASSIGN_OR_RETURN(const RateState state, StateAfter(events, numbers));
  const ParameterGroups& groups = numbers.groups();
  if (!options.group.empty() && groups.Find(options.group) < 0) {
    return absl::NotFoundError(absl::StrCat("there is no group ", Quoted(options.group),
                                            "; the groups are ",
                                            absl::StrJoin(groups.names, ", ")));
  }
  const Progress progress = trainer->timeline().At(explained.step);
  std::vector<std::string> fields;
  for (int i = 0; i < numbers.count(); ++i) {
    const Hyperparameters::Number& number = numbers.number(i);
    if (std::find(fields.begin(), fields.end(), number.field) == fields.end()) {
      fields.push_back(number.field);
    }
    if (number.field != options.field) continue;
    const bool of_model = number.group < 0;
    const std::string group = of_model ? "model" : groups.names[number.group];
    if (!options.group.empty() && group != options.group) continue;
    if (options.group.empty() && !of_model && groups.parameters[number.group] == 0) continue;
    ExplainedRate one;
    one.group = group;
    one.field = number.field;
    one.chain = numbers.Explain(i, progress, state);
    one.value = one.chain.back().out;
    for (const RecordedEvent& recorded : events) {
      if (Concerns(recorded.event, one.group, one.field)) one.last_change = recorded.event;
    }
    explained.rates.push_back(std::move(one));
  }
  if (explained.rates.empty()) {
    return absl::NotFoundError(absl::StrCat(
        options.group.empty() ? "" : absl::StrCat("in group ", options.group, " "),
        "no number that changes is called ", Quoted(options.field), "; there are ",
        absl::StrJoin(fields, ", ")));
  }
  return explained;
}

}  // namespace gradus
