// gradus explain: what each layer of a chain made of a run's rate, and what changed it last.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/events_file.h"
#include "gradus/api/explain_rate.h"
#include "gradus/base/diagnostics.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct ExplainFlags {
  std::string run, step, group, field;
};

int Explain(const ExplainFlags& flags) {
  ExplainOptions options;
  int64_t step;
  if (!flags.step.empty()) {
    if (!absl::SimpleAtoi(flags.step, &step) || step < 0) {
      Fail(absl::InvalidArgumentError(absl::StrCat(
          "--step ", Quoted(flags.step), " is not an update's number, counted from 0")));
      return kUsage;
    }
    options.step = step;
  }
  options.group = flags.group;
  if (!flags.field.empty()) options.field = flags.field;
  const absl::StatusOr<ExplainedRates> explained = ExplainRate(flags.run, options);
  if (!explained.ok()) return Fail(explained.status());

  std::string text = absl::StrCat("step ", explained->step, " of ", flags.run);
  if (explained->step >= explained->updates_done) {
    absl::StrAppend(&text, ", which has done ", explained->updates_done,
                    ": as things stand now");
  }
  absl::StrAppend(&text, "\n");
  for (const ExplainedRate& one : explained->rates) {
    absl::StrAppend(&text, "\n", one.field, one.group == "model" ? "" : " of group ",
                    one.group == "model" ? "" : one.group, "\n");
    int layer = 5, detail = 6;
    for (const Hyperparameters::Why& why : one.chain) {
      layer = std::max(layer, static_cast<int>(why.layer.size()));
      detail = std::max(detail, static_cast<int>(why.detail.size()));
    }
    absl::StrAppendFormat(&text, "  %-*s  %-*s  %s\n", layer, "layer", detail, "detail", "value");
    for (const Hyperparameters::Why& why : one.chain) {
      absl::StrAppendFormat(&text, "  %-*s  %-*s  %s\n", layer, why.layer, detail, why.detail,
                            ShortestNumber(why.out));
    }
    if (!one.last_change.has_value()) {
      absl::StrAppend(&text, "  nothing but its schedule has changed it\n");
      continue;
    }
    const RateEvent& event = *one.last_change;
    absl::StrAppend(&text, "  last change: ", RateInWords(event.old_value), " -> ",
                    RateInWords(event.new_value), " from step ", event.step, ", by ",
                    event.layer, ": ", event.cause, "\n");
  }
  std::fputs(text.c_str(), stdout);
  return kOk;
}

}  // namespace

void AddExplain(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command = app->add_subcommand(
      "explain", "Says what made a run's rate what it is: schedule, controllers, group, override.");
  command->add_option("run", flags->run, "The folder of the run; it may be training.")->required();
  command->add_option("--step", flags->step,
                      "The update, counted from 0; the next one when not given.");
  command->add_option("--group", flags->group,
                      "The only group of parameters that is shown; all when not given.");
  command->add_option("--field", flags->field, "Another number than learning_rate.");
  command->callback([flags, run] { *run = [flags] { return Explain(*flags); }; });
}

}  // namespace gradus
