// Asking a run for another rate.

#include "gradus/api/rate_request.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gradus/api/control_folder.h"
#include "gradus/api/resume_settings.h"
#include "gradus/api/run_folder.h"
#include "gradus/api/run_tables.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Milliseconds(20);

RunFolder FolderAt(const std::string& run) {
  RunFolder folder;
  folder.path = run;
  return folder;
}

absl::Status CheckIsRun(const std::string& run) {
  if (Exists(FolderAt(run).configuration())) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(run, " is not the folder of a run: ",
                                          FolderAt(run).configuration(), " does not exist"));
}

RateReply ReplyOf(const RateAnswer& answer) {
  RateReply reply;
  reply.kind = answer.later() ? RateReply::kLater : RateReply::kDone;
  reply.step = answer.step();
  for (const RateAnswer::Change& change : answer.change()) {
    RateEvent event;
    event.step = answer.step();
    event.group = change.group();
    event.field = change.field();
    event.old_value = change.old_value();
    event.new_value = change.new_value();
    reply.changes.push_back(std::move(event));
  }
  return reply;
}

// What a run that has stopped would say, after what waits for it already.
absl::StatusOr<RateReply> AskStopped(const std::string& run, const RateCommand& command,
                                     const std::string& own_name) {
  const RunFolder folder = FolderAt(run);
  std::vector<std::string> skipped;
  GRADUS_ASSIGN_OR_RETURN(const std::string checkpoint,
                          NewestCheckpoint(folder.checkpoints(), &skipped));
  GRADUS_RETURN_IF_ERROR(LoadRulesOf(checkpoint));
  GRADUS_ASSIGN_OR_RETURN(const TrainStateHeader header, ReadCheckpointHeader(checkpoint));
  GRADUS_ASSIGN_OR_RETURN(std::vector<RecordedEvent> recorded, ReadEvents(folder.events()));
  EventsAtCheckpoint events = SplitEvents(std::move(recorded), header);
  TrainerOptions options;
  options.open_data = false;  // What is asked for depends on the state alone.
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer,
                          Trainer::Resume(checkpoint, options, events.settings));
  const TrainState& state = trainer->state();

  std::vector<RateCommand> before = events.lost;
  const ControlFolder control(run);
  for (const std::string& name : control.Waiting()) {
    const absl::StatusOr<RateCommand> waiting = control.Read(name);
    if (waiting.ok() && name != own_name) before.push_back(*waiting);
  }
  const auto step_of = [&](const RateCommand& one) {
    return std::max(one.at_step(), state.progress.update);
  };
  std::stable_sort(before.begin(), before.end(), [&](const RateCommand& a, const RateCommand& b) {
    return step_of(a) < step_of(b);
  });
  const Hyperparameters& numbers = trainer->step().numbers();
  RateState rates = state.rates;
  RateReply reply;
  const auto accept = [&](const RateCommand& one) {
    const int64_t step = step_of(one);
    return numbers.Accept(one, step == state.progress.update ? state.progress
                                                             : trainer->timeline().At(step),
                          &rates, &reply.changes);
  };
  for (const RateCommand& one : before) {
    // One that will be refused is told when the run goes on.
    if (step_of(one) <= step_of(command)) accept(one).IgnoreError();
  }
  reply.changes.clear();
  // A run that has ended early has its end where it stands, until it is given another.
  const int64_t done = state.progress.update, step = step_of(command);
  const bool early = !state.ended_by.empty() && rates.warps.size() == state.rates.warps.size();
  absl::optional<int64_t> end = numbers.TotalSteps(rates);
  if (early) end = done;
  // When it is reached it can still be moved; anything else comes too late then.
  if (end.has_value() && (command.has_total_steps() ? step > *end : step >= *end)) {
    if (done < *end || command.has_total_steps()) {
      return absl::OutOfRangeError(absl::StrCat("at step ", step, " nothing is left of ", run,
                                                ", which ends after ", *end, " updates"));
    }
    return absl::FailedPreconditionError(absl::StrCat(
        run, " has ended after ", done, " updates", early ? ": " : "",
        early ? state.ended_by : "", "; --total_steps with a larger number lets it go on"));
  }
  GRADUS_RETURN_IF_ERROR(accept(command));
  reply.kind = RateReply::kWaits;
  reply.step = step;
  if (command.has_total_steps() && early) {
    reply.note = GoesOnInWords(state.ended_by);
  } else if (command.has_total_steps() && end.has_value() && step >= *end) {
    reply.note = "nothing is left of its schedules, so the rates stay what they are; for another "
                 "curve give --schedule, too";
  }
  return reply;
}

}  // namespace

absl::StatusOr<ScheduleConfig> ParseRunSchedule(const std::string& run, absl::string_view text,
                                                const std::string& name) {
  GRADUS_RETURN_IF_ERROR(CheckIsRun(run));
  GRADUS_ASSIGN_OR_RETURN(const RunFile file, RunFile::Read(FolderAt(run).configuration()));
  const RunConfig& config = file.config();
  Timeline::Plan plan = PlanOf(config);
  // How many examples there are stands in its states; before the first, only that they can be
  // counted.
  plan.examples_per_epoch = 1;
  std::vector<std::string> skipped;
  const absl::StatusOr<std::string> checkpoint =
      NewestCheckpoint(FolderAt(run).checkpoints(), &skipped);
  if (checkpoint.ok()) {
    const absl::StatusOr<TrainStateHeader> header =
        ReadCheckpointHeader(*checkpoint, CheckpointText::kWithoutRules);
    if (header.ok()) plan.examples_per_epoch = header->training_rows();
  }
  Diagnostics diagnostics;
  const ParsedConfig parsed = ParseTextConfig(text, name, ScheduleConfig(), {}, &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  ScheduleConfig schedule = static_cast<const ScheduleConfig&>(*parsed.message);
  SealTables(&schedule);
  TimedSchedule::Make(schedule, std::make_shared<Timeline>(plan), ConfigPath(), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  return schedule;
}

absl::StatusOr<RateReply> RequestRate(const std::string& run, const RateCommand& command,
                                      absl::Duration wait) {
  GRADUS_RETURN_IF_ERROR(CheckIsRun(run));
  Diagnostics diagnostics;
  CheckRules(command, ConfigPath(), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  const ControlFolder control(run);
  const absl::Time end = absl::Now() + wait;
  std::string name;
  for (;;) {
    GRADUS_ASSIGN_OR_RETURN(const bool running, IsRunning(run));
    if (!name.empty()) {
      // Looked for after the lock: the run gives it back when its answers are written.
      GRADUS_ASSIGN_OR_RETURN(const absl::optional<RateAnswer> answer, control.TakeAnswer(name));
      if (answer.has_value() && answer->has_refused()) {
        return absl::InvalidArgumentError(answer->refused());
      }
      if (answer.has_value()) return ReplyOf(*answer);
    }
    if (!running) break;
    if (name.empty()) {
      GRADUS_ASSIGN_OR_RETURN(name, control.Put(command));
    } else if (absl::Now() >= end) {
      return RateReply();
    }
    absl::SleepFor(kBetweenLooks);
  }
  absl::StatusOr<RateReply> reply = AskStopped(run, command, name);
  if (!reply.ok() && !name.empty()) control.Remove(name).IgnoreError();
  if (reply.ok() && name.empty()) GRADUS_RETURN_IF_ERROR(control.Put(command).status());
  return reply;
}

}  // namespace gradus
