// The table, and the texts that say which part of it.

#include "gradus/api/rate_table.h"

#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"

namespace gradus {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

absl::StatusOr<int64_t> ParseCount(absl::string_view text, absl::string_view what, int64_t least) {
  int64_t count = 0;
  // SimpleAtoi takes spaces and signs.
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (digits && absl::SimpleAtoi(text, &count) && count >= least) return count;
  return absl::InvalidArgumentError(
      absl::StrCat(what, " ", Quoted(text), " is not a whole number from ", least, " to ", kMost));
}

// What a clock needs to be known, in every schedule of the text.
void CheckClocks(const google::protobuf::Message& message, const ConfigPath& path,
                 const ScheduleTextOptions& options, Diagnostics* diagnostics) {
  if (message.GetDescriptor() == ScheduleConfig::descriptor()) {
    const auto& config = static_cast<const ScheduleConfig&>(message);
    const auto missing = [&](absl::string_view what, absl::string_view hint) {
      diagnostics->Error("clock", path.Child("clock"),
                         absl::StrCat("clock ", Clock_Name(config.clock()), " needs ", what), hint);
    };
    switch (config.clock()) {
      case STEPS:
        break;
      case EPOCHS:
      case WHOLE_EPOCHS:
        if (!options.steps_per_epoch.has_value()) {
          missing("the length of an epoch", "give --steps_per_epoch N");
        }
        break;
      case EXAMPLES:
        if (!options.batch_size.has_value()) missing("the batch size", "give --batch_size N");
        break;
      case RUN:
        if (!options.total_steps.has_value()) missing("the run's end", "give --total_steps N");
        break;
    }
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    const std::string name = SegmentName(field);
    if (!field->is_repeated()) {
      CheckClocks(message.GetReflection()->GetMessage(message, field), path.Child(name), options,
                  diagnostics);
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      CheckClocks(message.GetReflection()->GetRepeatedMessage(message, field, i),
                  path.Child(name, i, ""), options, diagnostics);
    }
  }
}

absl::Status CheckOption(absl::string_view name, const absl::optional<int64_t>& value) {
  constexpr int64_t kMostCount = 9007199254740991;  // A double counts no further.
  if (!value.has_value() || (*value >= 1 && *value <= kMostCount)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, " ", *value, " is not a whole number from 1 to ", kMostCount));
}

}  // namespace

int64_t StepRange::count() const { return stop <= start ? 0 : (stop - start - 1) / stride + 1; }

absl::StatusOr<StepRange> StepRange::Parse(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() != 2 && parts.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("steps ", Quoted(text),
                     " are not START:STOP:STRIDE, such as 0:1000:10 (STOP is left out)"));
  }
  StepRange range;
  GRADUS_ASSIGN_OR_RETURN(range.start, ParseCount(parts[0], "START", 0));
  GRADUS_ASSIGN_OR_RETURN(range.stop, ParseCount(parts[1], "STOP", 0));
  if (parts.size() == 3) {
    GRADUS_ASSIGN_OR_RETURN(range.stride, ParseCount(parts[2], "STRIDE", 1));
  }
  if (range.stop <= range.start) {
    return absl::InvalidArgumentError(absl::StrCat("steps ", Quoted(text), " are none: STOP ",
                                                   range.stop, " must be above START ",
                                                   range.start));
  }
  return range;
}

absl::StatusOr<std::vector<int64_t>> ParseSteps(absl::string_view text) {
  std::vector<int64_t> steps;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    GRADUS_ASSIGN_OR_RETURN(int64_t step, ParseCount(part, "step", 0));
    steps.push_back(step);
  }
  return steps;
}

RateTable RateTable::Of(const Trainer& trainer, bool all) {
  RateTable table;
  const Hyperparameters& numbers = trainer.step().numbers();
  table.numbers_ = &numbers;
  table.state_ = trainer.state().rates;
  table.total_steps_ = numbers.TotalSteps(table.state_);
  const Timeline::Plan& plan = numbers.timeline().plan();
  if (plan.epochs == 0 || plan.max_steps == 0) table.total_steps_ = 0;
  for (int i = 0; i < numbers.count(); ++i) {
    const Hyperparameters::Number& number = numbers.number(i);
    const bool rate = number.kind == Hyperparameters::Number::kLearningRate;
    if (!rate && (!all || numbers.schedule(i) == nullptr)) continue;
    if (number.group >= 0 && numbers.groups().parameters[number.group] == 0) continue;
    if (number.group >= 0 && numbers.groups().frozen[number.group]) continue;  // It has none.
    table.columns_.push_back(
        {number.group < 0 ? "model" : numbers.groups().names[number.group], number.field});
    table.number_of_.push_back(i);
  }
  for (int c = 0; c < numbers.controllers(); ++c) {
    const std::string name = numbers.ControllerName(c);
    table.controllers_.push_back(name.substr(name.find(' ') + 1));
  }
  return table;
}

absl::StatusOr<RateTable> RateTable::OfRun(RunFile file, bool all,
                                           const TrainerOptions& options) try {
  if (!file.config().has_optimizer()) {
    GRADUS_RETURN_IF_ERROR(file.diagnostics().ToStatus());
    return absl::FailedPreconditionError(
        "the configuration has no optimizer { ... }, so there are no rates");
  }
  GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Trainer> trainer,
                          Trainer::Create(std::move(file), options));
  RateTable table = Of(*trainer, all);
  table.trainer_ = std::move(trainer);
  return table;
} catch (...) {
  return StatusOfException("reading the rates of a run");
}

absl::StatusOr<RateTable> RateTable::OfText(absl::string_view text, const std::string& name,
                                            const ScheduleTextOptions& options) try {
  GRADUS_RETURN_IF_ERROR(CheckOption("steps_per_epoch", options.steps_per_epoch));
  GRADUS_RETURN_IF_ERROR(CheckOption("total_steps", options.total_steps));
  GRADUS_RETURN_IF_ERROR(CheckOption("batch_size", options.batch_size));
  Timeline::Plan plan;
  plan.examples_per_update = options.batch_size.value_or(1);
  if (options.steps_per_epoch.has_value() &&
      __builtin_mul_overflow(*options.steps_per_epoch, plan.examples_per_update,
                             &plan.examples_per_epoch)) {
    return absl::InvalidArgumentError(
        "--steps_per_epoch times --batch_size is more examples than can be counted");
  }
  plan.max_steps = options.total_steps;

  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, name, ScheduleConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  const auto& config = static_cast<const ScheduleConfig&>(*parsed.message);
  CheckClocks(config, ConfigPath(), options, &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  auto schedule = std::make_shared<TimedSchedule>(TimedSchedule::Make(
      config, std::make_shared<const Timeline>(plan), ConfigPath(), &diagnostics));
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  GRADUS_CHECK(schedule->ok());
  RateTable table;
  table.columns_ = {{"default", "learning_rate"}};
  table.total_steps_ = options.total_steps;
  table.schedule_ = std::move(schedule);
  return table;
} catch (...) {
  return StatusOfException("reading a schedule");
}

double RateTable::At(size_t column, int64_t step) const {
  if (schedule_ != nullptr) return schedule_->At(schedule_->timeline().At(step));
  return numbers_->At(number_of_[column], numbers_->timeline().At(step), state_);
}

std::vector<RateRow> RateTable::Rows(absl::Span<const int64_t> steps) const {
  std::vector<RateRow> rows;
  rows.reserve(steps.size() * columns_.size());
  for (int64_t step : steps) {
    for (size_t c = 0; c < columns_.size(); ++c) {
      rows.push_back({step, columns_[c].group, columns_[c].field, At(c, step)});
    }
  }
  return rows;
}

std::vector<RateRow> RateTable::Rows(const StepRange& steps) const {
  std::vector<int64_t> list;
  list.reserve(static_cast<size_t>(steps.count()));
  for (int64_t i = 0; i < steps.count(); ++i) list.push_back(steps.at(i));
  return Rows(list);
}

std::vector<PlotSeries> RateTable::Series(const StepRange& steps) const {
  const int64_t count = steps.count();
  const int64_t every = count == 0 ? 1 : (count - 1) / kMostPlotted + 1;
  std::vector<int64_t> list;
  // In this order nothing overflows.
  for (int64_t k = 0; count > 0 && k <= (count - 1) / every; ++k)
    list.push_back(steps.at(k * every));
  if (count > 0 && list.back() != steps.at(count - 1)) list.push_back(steps.at(count - 1));
  return Series(list);
}

std::vector<PlotSeries> RateTable::Series(absl::Span<const int64_t> steps) const {
  bool same_field = true;
  for (const Column& column : columns_) same_field &= column.field == columns_[0].field;
  std::vector<PlotSeries> series;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    PlotSeries one;
    one.name = same_field ? column.group : absl::StrCat(column.group, " ", column.field);
    for (int64_t step : steps) {
      one.x.push_back(static_cast<double>(step));
      one.y.push_back(At(c, step));
    }
    series.push_back(std::move(one));
  }
  return series;
}

}  // namespace gradus
