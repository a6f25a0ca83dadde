// gradus rate: another rate for a run, from another terminal, while it trains or before it goes on.

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/events_file.h"
#include "gradus/api/rate_request.h"
#include "gradus/base/diagnostics.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct RateFlags {
  std::string run, set, scale, schedule, total_steps, group, field, at_step;
  bool clear = false, jump = false;
  double wait = 10;
};

absl::Status ReadNumber(const char* flag, const std::string& text, double* number) {
  if (absl::SimpleAtod(text, number)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(flag, " ", Quoted(text), " is not a number"));
}

absl::Status ReadCount(const char* flag, const std::string& text, int64_t* count) {
  if (absl::SimpleAtoi(text, count) && *count >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " ", Quoted(text), " is not a number of updates"));
}

// All but the schedule, which depends on the run.
absl::Status ReadFlags(const RateFlags& flags, RateCommand* command) {
  const int actions = !flags.set.empty() + !flags.scale.empty() + !flags.schedule.empty() +
                      !flags.total_steps.empty() + flags.clear;
  if (actions != 1) {
    return absl::InvalidArgumentError(
        "give one of --set X, --scale X, --schedule TEXT, --clear and --total_steps N");
  }
  if (flags.jump && flags.schedule.empty()) {
    return absl::InvalidArgumentError("--jump goes with --schedule");
  }
  if (!flags.total_steps.empty() && (!flags.group.empty() || !flags.field.empty())) {
    return absl::InvalidArgumentError(
        "--total_steps is about the whole run; --group and --field do not go with it");
  }
  absl::Status status;
  double number = 0;
  int64_t count = 0;
  if (!flags.set.empty()) {
    status.Update(ReadNumber("--set", flags.set, &number));
    command->set_set(number);
  } else if (!flags.scale.empty()) {
    status.Update(ReadNumber("--scale", flags.scale, &number));
    command->set_scale(number);
  } else if (!flags.total_steps.empty()) {
    status.Update(ReadCount("--total_steps", flags.total_steps, &count));
    command->set_total_steps(count);
  } else if (flags.clear) {
    command->set_clear(true);
  }
  if (!flags.at_step.empty()) {
    status.Update(ReadCount("--at_step", flags.at_step, &count));
    command->set_at_step(count);
  }
  if (!flags.group.empty()) command->set_group(flags.group);
  if (!flags.field.empty()) command->set_field(flags.field);
  if (flags.jump) command->set_jump(true);
  return status;
}

int ChangeRate(const RateFlags& flags) {
  RateCommand command;
  const absl::Status readable = ReadFlags(flags, &command);
  if (!readable.ok()) {
    Fail(readable);
    return kUsage;
  }
  if (!flags.schedule.empty()) {
    const absl::StatusOr<ScheduleConfig> schedule =
        ParseRunSchedule(flags.run, flags.schedule, "--schedule");
    if (!schedule.ok()) return Fail(schedule.status());
    *command.mutable_schedule() = *schedule;
  }
  const absl::StatusOr<RateReply> reply =
      RequestRate(flags.run, command, absl::Seconds(flags.wait));
  if (!reply.ok()) return Fail(reply.status());
  switch (reply->kind) {
    case RateReply::kLater:
      std::printf("accepted for step %s: %s\n", absl::StrCat(reply->step).c_str(),
                  Describe(command).c_str());
      return kOk;
    case RateReply::kNoAnswer:
      return Fail(absl::DeadlineExceededError(absl::StrCat(
          flags.run, " has not answered yet; it will do this at its next step boundary: ",
          Describe(command))));
    case RateReply::kWaits:
      std::printf("%s does not run now; this takes effect when it goes on (gradus train --resume "
                  "%s%s)\n",
                  flags.run.c_str(), ShellWord(flags.run).c_str(), PluginWords().c_str());
      break;
    case RateReply::kDone:
      break;
  }
  if (command.has_total_steps()) std::printf("%s\n", Describe(command).c_str());
  for (const RateEvent& change : reply->changes) {
    if (command.has_total_steps() && change.old_value == change.new_value) continue;
    std::printf("%s\n", ChangeInWords(change).c_str());
  }
  if (!reply->note.empty()) std::printf("%s\n", reply->note.c_str());
  return kOk;
}

}  // namespace

void AddRate(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<RateFlags>();
  CLI::App* command = app->add_subcommand(
      "rate", "Changes the rate of a run that trains in another process, or has stopped.");
  command->add_option("run", flags->run, "The folder of the run.")->required();
  command->add_option("--set", flags->set, "Pins the rate to this number.");
  command->add_option("--scale", flags->scale,
                      "Multiplies what the rate is, whatever makes it, by this number.");
  command->add_option("--schedule", flags->schedule,
                      "Another schedule from now on, such as 'cosine_decay { ... }', multiplied so "
                      "that it begins at the present rate.");
  command->add_flag("--jump", flags->jump, "The schedule is used as it is written.");
  command->add_flag("--clear", flags->clear, "Takes back what was asked for before.");
  command->add_option("--total_steps", flags->total_steps,
                      "The run ends after so many updates, and what is left of its schedules is "
                      "stretched or shrunk to fit. A run that has ended goes on with it: after an "
                      "early stop with what is left of its schedules, after its end with the rate "
                      "that it has, unless --schedule gives another curve after it.");
  command->add_option("--group", flags->group, "The only group of parameters that it is about.");
  command->add_option("--field", flags->field,
                      "Another number than the rate, such as weight_decay or beta1.");
  command->add_option("--at_step,--at-step", flags->at_step,
                      "When so many updates are done; at the next step boundary when not given.");
  command->add_option("--wait", flags->wait, "How many seconds to wait for the run's answer: 10.")
      ->check(CLI::Range(0.0, 1e6));
  command->callback([flags, run] { *run = [flags] { return ChangeRate(*flags); }; });
}

}  // namespace gradus
