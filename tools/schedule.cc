// gradus schedule: the rate of every update, before anything is trained, as a table or as a
// picture.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "gradus/api/json_lines.h"
#include "gradus/api/rate_table.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/text_plot.h"
#include "gradus/base/file.h"
#include "tools/command.h"

namespace gradus {
namespace {

constexpr int64_t kStepsWithoutEnd = 1000;
constexpr int64_t kMostRowsInFile = 20000000;  // They are put together in memory.
constexpr size_t kPiece = 1 << 16;

struct ScheduleFlags {
  std::string file, text, at, steps, format, out;
  std::string steps_per_epoch, total_steps, batch_size;
  std::vector<std::string> settings;
  bool all = false;
};

// Which updates are shown: a list when `--at` gives one, else a range.
struct Steps {
  std::vector<int64_t> list;
  StepRange range;

  bool listed() const { return !list.empty(); }
  int64_t count() const { return listed() ? static_cast<int64_t>(list.size()) : range.count(); }
  int64_t at(int64_t i) const { return listed() ? list[static_cast<size_t>(i)] : range.at(i); }
};

// Appends a step's rows.
void AppendTsv(const RateTable& table, int64_t step, bool all, std::string* text) {
  for (size_t c = 0; c < table.columns().size(); ++c) {
    const RateTable::Column& column = table.columns()[c];
    absl::StrAppend(text, step, "\t", column.group, "\t", all ? column.field : "", all ? "\t" : "");
    absl::StrAppendFormat(text, "%.17g\n", table.At(c, step));
  }
}

void AppendJson(const RateTable& table, int64_t step, bool all, bool first, std::string* text) {
  for (size_t c = 0; c < table.columns().size(); ++c) {
    const RateTable::Column& column = table.columns()[c];
    absl::StrAppend(text, first && c == 0 ? "\n" : ",\n", "{\"step\":", step,
                    ",\"group\":", JsonString(column.group));
    if (all) absl::StrAppend(text, ",\"field\":", JsonString(column.field));
    absl::StrAppend(text, ",\"rate\":", JsonNumber(table.At(c, step)), "}");
  }
}

int WriteRows(const RateTable& table, const Steps& steps, const ScheduleFlags& flags, bool json) {
  const bool to_file = !flags.out.empty();
  if (to_file &&
      steps.count() > kMostRowsInFile / static_cast<int64_t>(table.columns().size() + 1)) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat(steps.count(),
                     " updates are too many for --out; give --steps with a larger "
                     "STRIDE, or send standard output to the file")));
  }
  std::string text;
  if (json) {
    text = "[";
  } else {
    text = flags.all ? "step\tgroup\tfield\trate\n" : "step\tgroup\trate\n";
  }
  for (int64_t i = 0; i < steps.count(); ++i) {
    if (json) {
      AppendJson(table, steps.at(i), flags.all, i == 0, &text);
    } else {
      AppendTsv(table, steps.at(i), flags.all, &text);
    }
    if (to_file || text.size() < kPiece) continue;
    std::fwrite(text.data(), 1, text.size(), stdout);
    text.clear();
    if (std::ferror(stdout) != 0) return kOk;  // Whoever called says so.
  }
  if (json) text += "\n]\n";
  if (to_file) {
    const absl::Status written = WriteFile(flags.out, text);
    return written.ok() ? kOk : Fail(written);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kOk;
}

int WritePicture(const RateTable& table, const Steps& steps, const ScheduleFlags& flags, bool svg) {
  const std::vector<PlotSeries> series =
      steps.listed() ? table.Series(steps.list) : table.Series(steps.range);
  PlotOptions options;
  options.title = flags.text.empty()
                      ? absl::StrCat(flags.all ? "Numbers" : "Learning rate", " of ", flags.file)
                      : flags.text;
  options.x_label = "update";
  options.whole_x = true;
  std::vector<std::string> notes;
  if (!table.controllers().empty()) {
    notes.push_back(absl::StrCat("This is what the schedules plan; ",
                                 absl::StrJoin(table.controllers(), ", "), " may change it."));
  }
  if (!steps.listed() && steps.count() > RateTable::kMostPlotted) {
    notes.push_back(
        absl::StrCat(RateTable::kMostPlotted, " of ", steps.count(), " updates are drawn."));
  }
  options.caption = absl::StrJoin(notes, " ");
  const std::string picture =
      svg ? RenderSvg(series, options)
          : RenderText(series, options,
                       flags.out.empty() ? TextPlotOptionsFor(STDOUT_FILENO) : TextPlotOptions());
  if (!flags.out.empty()) {
    const absl::Status written = WriteFile(flags.out, picture);
    return written.ok() ? kOk : Fail(written);
  }
  std::fwrite(picture.data(), 1, picture.size(), stdout);
  return kOk;
}

std::string FormatOf(const ScheduleFlags& flags) {
  if (!flags.format.empty()) return flags.format;
  if (absl::EndsWith(flags.out, ".svg")) return "svg";
  if (absl::EndsWith(flags.out, ".json")) return "json";
  return flags.out.empty() && isatty(STDOUT_FILENO) != 0 ? "terminal" : "tsv";
}

// What the flags say of the run around a schedule alone.
absl::Status ReadCounts(const ScheduleFlags& flags, ScheduleTextOptions* options) {
  const struct {
    const char* name;
    const std::string& text;
    absl::optional<int64_t>* count;
  } counts[] = {{"--steps_per_epoch", flags.steps_per_epoch, &options->steps_per_epoch},
                {"--total_steps", flags.total_steps, &options->total_steps},
                {"--batch_size", flags.batch_size, &options->batch_size}};
  for (const auto& count : counts) {
    if (count.text.empty()) continue;
    if (flags.text.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(count.name, " goes with --text; a file says it itself"));
    }
    const absl::StatusOr<std::vector<int64_t>> value = ParseSteps(count.text);
    if (!value.ok() || value->size() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(count.name, " ", Quoted(count.text), " is not a whole number from 1 on"));
    }
    *count.count = value->front();
  }
  return absl::OkStatus();
}

int ShowSchedule(const ScheduleFlags& flags) {
  if (flags.file.empty() == flags.text.empty()) {
    return FailUsage(absl::InvalidArgumentError(
        flags.file.empty() ? "give a FILE, or --text with a schedule such as 'constant: 0.1'"
                           : "a FILE and --text exclude each other"));
  }
  if (!flags.at.empty() && !flags.steps.empty()) {
    return FailUsage(absl::InvalidArgumentError("--at and --steps exclude each other"));
  }
  if (!flags.text.empty() && !flags.settings.empty()) {
    return FailUsage(absl::InvalidArgumentError("--set goes with a FILE, not with --text"));
  }
  Steps steps;
  if (!flags.at.empty()) {
    absl::StatusOr<std::vector<int64_t>> list = ParseSteps(flags.at);
    if (!list.ok()) return FailUsage(list.status());
    steps.list = *std::move(list);
  } else if (!flags.steps.empty()) {
    const absl::StatusOr<StepRange> range = StepRange::Parse(flags.steps);
    if (!range.ok()) return FailUsage(range.status());
    steps.range = *range;
  }
  ScheduleTextOptions counts;
  const absl::Status readable = ReadCounts(flags, &counts);
  if (!readable.ok()) return FailUsage(readable);

  absl::StatusOr<RateTable> table = absl::UnknownError("");
  if (!flags.text.empty()) {
    table = RateTable::OfText(flags.text, "--text", counts);
    if (!table.ok()) return FailUsage(table.status());
  } else {
    absl::StatusOr<RunFile> file = RunFile::Read(flags.file, flags.settings);
    if (!file.ok()) return Fail(file.status());
    table = RateTable::OfRun(*std::move(file), flags.all);
    if (!table.ok()) return Fail(table.status());
  }
  if (steps.count() == 0) {
    if (table->total_steps().has_value()) {
      steps.range.stop = *table->total_steps();
      if (steps.range.stop == 0) std::fprintf(stderr, "gradus: the run has no updates\n");
    } else {
      steps.range.stop = kStepsWithoutEnd;
      std::fprintf(stderr,
                   "gradus: the run has no known end, so this is 0:%s:1; --steps "
                   "START:STOP:STRIDE gives another range\n",
                   absl::StrCat(kStepsWithoutEnd).c_str());
    }
  }
  const std::string format = FormatOf(flags);
  if (format == "tsv" || format == "json") return WriteRows(*table, steps, flags, format == "json");
  return WritePicture(*table, steps, flags, format == "svg");
}

}  // namespace

void AddSchedule(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<ScheduleFlags>();
  CLI::App* command = app->add_subcommand(
      "schedule", "Shows the rate of every update, before anything is trained.");
  command->add_option("file", flags->file, "The run: a .pbtxt file (gradus.RunConfig).");
  command->add_option("--text", flags->text,
                      "Instead of a file: one schedule, such as 'cosine_decay { ... }'.");
  command->add_option("--at", flags->at, "Only these updates, counted from 0: 0,1,2.");
  command->add_option("--steps", flags->steps,
                      "The updates START:STOP:STRIDE, without STOP; the whole run when not given.");
  command->add_flag("--all", flags->all, "Also every other number that follows a schedule.");
  command
      ->add_option("--format", flags->format,
                   "tsv, json, svg, or terminal: a picture. When not given: what the ending of "
                   "--out says; on a terminal the picture; else tsv.")
      ->check(CLI::IsMember({"tsv", "json", "svg", "terminal"}));
  command->add_option("--out", flags->out, "The file to write; standard output when not given.");
  command->add_option("--steps_per_epoch", flags->steps_per_epoch,
                      "With --text: the updates of an epoch, for clocks that count epochs.");
  command->add_option("--total_steps", flags->total_steps,
                      "With --text: the updates of the run, for clock: RUN.");
  command->add_option("--batch_size", flags->batch_size,
                      "With --text: the examples of an update, for clock: EXAMPLES.");
  command
      ->add_option("--set", flags->settings,
                   "PATH=VALUE sets a field by its address; may be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  command->callback([flags, run] { *run = [flags] { return ShowSchedule(*flags); }; });
}

}  // namespace gradus
