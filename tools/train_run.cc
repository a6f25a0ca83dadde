// Beginning a run, and taking one up again.

#include "tools/train_run.h"

#include <cstdio>

#include "absl/strings/str_join.h"
#include "gradus/api/control_folder.h"
#include "gradus/api/rate_checks.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/resume_settings.h"
#include "gradus/base/file.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

// What is still to be replayed: lines of the other run's events.jsonl.
std::string ReplayFile(const RunFolder& folder) { return JoinPath(folder.path, "replay.jsonl"); }

absl::Status StartFromWeights(const std::string& path, Trainer* trainer) {
  absl::StatusOr<WeightsMatch> match = trainer->LoadWeights(path);
  if (!match.ok()) return match.status();
  if (match->exact()) return absl::OkStatus();
  int loaded = 0;
  for (const WeightsMatch::Row& row : match->rows) loaded += row.kind == WeightsMatch::kLoaded;
  if (loaded == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has no tensor of this model:\n", match->Table()));
  }
  std::printf("weights from %s: %d loaded, the rest starts as configured:\n%s", path.c_str(),
              loaded, match->Table().c_str());
  return absl::OkStatus();
}

// What other settings do to the rate of the first parameters, for the log. `ended_by`: why the run,
// which goes on now, had ended early; empty when it had not.
RateEvent ResumeEvent(const Trainer& trainer, const std::vector<std::string>& settings,
                      const std::string& ended_by) {
  const TrainState& state = trainer.state();
  const Hyperparameters& numbers = trainer.step().numbers();
  int group = 0;
  while (group + 1 < numbers.groups().count() && numbers.groups().parameters[group] == 0) ++group;
  RateEvent event;
  event.step = state.progress.update;
  event.group = numbers.groups().names[group];
  event.field = "learning_rate";
  event.layer = "resume";
  event.old_value = state.last_learning_rate;
  event.new_value = numbers.At(group, state.progress, state.rates);
  event.cause = absl::StrCat("--set ", absl::StrJoin(settings, " --set "));
  if (!ended_by.empty()) absl::StrAppend(&event.cause, "; ", GoesOnInWords(ended_by));
  return event;
}

// The other run of this configuration that is done again.
absl::StatusOr<std::vector<RecordedEvent>> EventsOf(const std::string& run,
                                                    const RunConfig& config) {
  RunFolder folder;
  folder.path = run;
  const absl::StatusOr<RunFile> file = RunFile::Read(folder.configuration());
  if (!file.ok()) return file.status();
  RunConfig saved = file->config();
  if (saved.has_data()) ReadOlderSplit(saved.mutable_data());
  if (PrintTextConfig(saved) != PrintTextConfig(config)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--replay ", run, ": the configuration is not that of the run; use ",
                     folder.configuration(), " itself"));
  }
  return ReadEvents(folder.events());
}

// Leaves what is to be replayed in the new run's folder: a replay that is stopped goes on as one.
absl::Status PutReplay(const std::vector<RecordedEvent>& events, TrainRun* run) {
  run->legs = ReplayLegs(events);
  std::string lines;
  for (const RecordedEvent& event : events) {
    if (!event.settings.empty() || event.event.command.has_value()) {
      absl::StrAppend(&lines, event.line, "\n");
    }
  }
  absl::Status status;
  if (run->legs.size() > 1) status = WriteFile(ReplayFile(run->folder), lines);
  if (!status.ok()) return status;
  return ControlFolder(run->folder.path).PutAgain(run->legs[0].commands, 0);
}

}  // namespace

absl::StatusOr<TrainRun> ResumeRun(const TrainFlags& flags) {
  TrainRun run;
  run.folder.path = flags.resume;
  if (!Exists(run.folder.checkpoints())) {
    return absl::NotFoundError(absl::StrCat(flags.resume, " is not the folder of a run: ",
                                            run.folder.checkpoints(), " does not exist"));
  }
  absl::StatusOr<std::unique_ptr<RunLock>> lock = RunLock::Take(flags.resume);
  if (!lock.ok()) return lock.status();
  run.folder.lock = *std::move(lock);
  std::vector<std::string> skipped;
  absl::StatusOr<std::string> checkpoint = NewestCheckpoint(run.folder.checkpoints(), &skipped);
  for (const std::string& message : skipped) {
    std::fprintf(stderr, "gradus: skipped: %s\n", message.c_str());
  }
  if (!checkpoint.ok()) return checkpoint.status();
  // Events and commands may have rules of plugins, too.
  const absl::Status rules = LoadRulesOf(*checkpoint);
  if (!rules.ok()) return rules;
  const absl::StatusOr<TrainStateHeader> header = ReadCheckpointHeader(*checkpoint);
  if (!header.ok()) return header.status();
  absl::StatusOr<std::vector<RecordedEvent>> recorded = ReadEvents(run.folder.events());
  if (!recorded.ok()) return recorded.status();
  run.events = SplitEvents(*std::move(recorded), *header);
  const absl::StatusOr<std::vector<RecordedEvent>> replay = ReadEvents(ReplayFile(run.folder));
  if (!replay.ok()) return replay.status();
  run.legs = ReplayLegs(*replay);
  TrainerOptions options;
  options.checkpoint_folder = run.folder.checkpoints();
  options.check_numerics = flags.check_numerics;
  std::vector<std::string> settings = run.events.settings;
  settings.insert(settings.end(), flags.settings.begin(), flags.settings.end());
  absl::StatusOr<std::unique_ptr<Trainer>> trainer =
      Trainer::Resume(*checkpoint, options, settings);
  if (!trainer.ok()) return trainer.status();
  run.trainer = *std::move(trainer);
  run.ended_by = header->ended_by();
  if (!flags.settings.empty()) {
    Diagnostics rates;
    CheckRates(run.trainer->step().numbers(), run.trainer->config().optimizer(), &rates);
    if (!rates.ok()) return rates.ToStatus();
    run.rate_warnings = rates.Sorted();
  }
  // What was asked for after the state was saved is asked for again, at the same steps. It waits in
  // the control folder before its lines go from the log, so that it is never in neither.
  const ControlFolder control(flags.resume);
  absl::Status status = control.RemoveDone(run.events);
  if (status.ok()) status = control.PutAgain(run.events.lost, header->command_size());
  if (!status.ok()) return status;
  for (const RecordedEvent& event : run.events.kept) run.leg += !event.settings.empty();
  return run;
}

absl::StatusOr<TrainRun> StartRun(const TrainFlags& flags) {
  TrainRun run;
  TrainerOptions options;
  options.check_numerics = flags.check_numerics;
  absl::StatusOr<RunFile> file = RunFile::Read(flags.file, flags.settings);
  if (!file.ok()) return file.status();
  Diagnostics rates(file->locator());
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(file), options);
  if (!trainer.ok()) return trainer.status();
  run.trainer = *std::move(trainer);
  CheckRates(run.trainer->step().numbers(), run.trainer->config().optimizer(), &rates);
  if (!rates.ok()) return rates.ToStatus();
  run.rate_warnings = rates.Sorted();
  if (run.trainer->data().train == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(flags.file, ": there is no training data; write data { train { ... } }"));
  }
  if (!flags.weights.empty()) {
    const absl::Status status = StartFromWeights(flags.weights, run.trainer.get());
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::vector<RecordedEvent>> events = std::vector<RecordedEvent>();
  if (!flags.replay.empty()) events = EventsOf(flags.replay, run.trainer->config());
  if (!events.ok()) return events.status();
  absl::StatusOr<RunFolder> folder = RunFolder::Create(flags.run_dir, run.trainer->config());
  if (!folder.ok()) return folder.status();
  run.folder = *std::move(folder);
  const absl::Status put = PutReplay(*events, &run);
  if (!put.ok()) return put;
  run.trainer->set_checkpoint_folder(run.folder.checkpoints());
  return run;
}

absl::Status RecordSettings(const TrainRun& run, const std::vector<std::string>& settings,
                            EventsFile* events) {
  const Trainer& trainer = *run.trainer;
  const std::string ended_by = trainer.state().ended_by.empty() ? run.ended_by : "";
  // A replay's settings have the seals of the run that it is of.
  std::vector<std::string> recorded = settings;
  recorded.insert(recorded.end(), trainer.sealed_tables().begin(), trainer.sealed_tables().end());
  return events->WriteResume(ResumeEvent(trainer, settings, ended_by), recorded);
}

absl::StatusOr<TrainRun> NextLeg(TrainRun run, const TrainFlags& flags) {
  TrainFlags next;
  next.check_numerics = flags.check_numerics;
  next.resume = run.folder.path;
  next.settings = run.legs[run.leg].settings;
  const size_t leg = run.leg + 1;
  run = TrainRun();  // Gives the folder's lock back.
  absl::StatusOr<TrainRun> resumed = ResumeRun(next);
  if (!resumed.ok()) return resumed.status();
  resumed->leg = leg;
  const absl::Status put =
      ControlFolder(next.resume)
          .PutAgain(resumed->legs[leg].commands,
                    static_cast<int>(resumed->trainer->state().rates.commands.size()));
  if (!put.ok()) return put;
  const absl::StatusOr<std::unique_ptr<EventsFile>> events =
      EventsFile::Open(resumed->folder.events(), resumed->events.kept);
  if (!events.ok()) return events.status();
  const absl::Status written = RecordSettings(*resumed, next.settings, events->get());
  if (!written.ok()) return written;
  // What stands in the file now is what is kept.
  absl::StatusOr<std::vector<RecordedEvent>> kept = ReadEvents(resumed->folder.events());
  if (!kept.ok()) return kept.status();
  resumed->events.kept = *std::move(kept);
  return resumed;
}

}  // namespace gradus
