// A loose optimizer, update by update.

#include "gradus/api/optimizer_trace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/json_lines.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/loose_optimizer.h"

namespace gradus {
namespace {

// As the fields of a line, without its line end.
std::vector<absl::string_view> Lines(absl::string_view text) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (absl::string_view& line : lines) line = absl::StripSuffix(line, "\r");
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

absl::Status CheckSizes(const OptimizerTraceOptions& options) {
  const size_t count = options.parameters.size();
  if (count == 0) return absl::InvalidArgumentError("there are no parameters");
  if (!options.shape.empty()) {
    GRADUS_ASSIGN_OR_RETURN(const int64_t elements, ElementCount(options.shape));
    if (elements != static_cast<int64_t>(count)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a shape of ", absl::StrJoin(options.shape, "x"), " has ", elements,
                       " elements, but there are ", count, " parameters"));
    }
  }
  for (size_t i = 0; i < options.gradients.size(); ++i) {
    if (options.gradients[i].size() == count) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("row ", i + 1, " of the gradients has ", options.gradients[i].size(),
                     " numbers, but there are ", count, " parameters"));
  }
  return absl::OkStatus();
}

void AddColumns(const LooseOptimizer<double>& optimizer, std::vector<std::string>* columns) {
  for (const auto& slot : optimizer.Slots()) {
    for (size_t i = 0; i < slot.values.size(); ++i) {
      columns->push_back(absl::StrCat(slot.name, i));
    }
  }
  for (const NumberSpec& number : optimizer.number_specs()) columns->push_back(number.name);
  for (int64_t i = 0; optimizer.has_evaluation_weights() && i < optimizer.elements(); ++i) {
    columns->push_back(absl::StrCat("evaluated", i));
  }
}

std::string Seventeen(double value) { return absl::StrFormat("%.17g", value); }

}  // namespace

absl::StatusOr<OptimizerTrace> TraceOptimizer(absl::string_view text, const std::string& name,
                                              const OptimizerTraceOptions& options) try {
  GRADUS_RETURN_IF_ERROR(CheckSizes(options));
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, name, OptimizerConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  const auto& config = static_cast<const OptimizerConfig&>(*parsed.message);
  const std::vector<int64_t> dims =
      options.shape.empty()
          ? std::vector<int64_t>{static_cast<int64_t>(options.parameters.size())}
          : options.shape;
  GRADUS_ASSIGN_OR_RETURN(
      std::unique_ptr<LooseOptimizer<double>> optimizer,
      LooseOptimizer<double>::Create(config, {{"p", dims}}, nullptr, &diagnostics));
  if (optimizer->evaluates_loss()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", ChosenField(config)->name(),
                     " evaluates the loss at weights of its own choice, which gradients alone do "
                     "not give; train a model with it to see what it does"));
  }
  const char* const elsewhere = config.controller_size() > 0 ? "a controller reacts to losses"
                                : config.has_gradient_accumulation_steps()
                                    ? "batches are accumulated in training"
                                : config.has_skip_non_finite()
                                    ? "an update is skipped for its examples, which are seen"
                                    : nullptr;
  if (elsewhere != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", elsewhere,
                     ", and here are only gradients, one row an update; leave it out"));
  }
  optimizer->SetWeights(options.parameters);
  OptimizerTrace trace;
  for (size_t i = 0; i < options.parameters.size(); ++i) {
    trace.columns.push_back(absl::StrCat("p", i));
  }
  if (options.slots) AddColumns(*optimizer, &trace.columns);
  for (const std::vector<double>& gradients : options.gradients) {
    GRADUS_RETURN_IF_ERROR(optimizer->Update(gradients).status());
    std::vector<double> row = optimizer->Weights();
    if (options.slots) {
      for (const auto& slot : optimizer->Slots()) {
        row.insert(row.end(), slot.values.begin(), slot.values.end());
      }
      row.insert(row.end(), optimizer->numbers().begin(), optimizer->numbers().end());
      if (optimizer->has_evaluation_weights()) {
        GRADUS_ASSIGN_OR_RETURN(const std::vector<double> evaluated, optimizer->EvaluationWeights());
        row.insert(row.end(), evaluated.begin(), evaluated.end());
      }
    }
    trace.rows.push_back(std::move(row));
  }
  return trace;
} catch (...) {
  return StatusOfException("tracing an optimizer");
}

absl::StatusOr<std::vector<std::vector<double>>> ParseNumberRows(absl::string_view text,
                                                                 const std::string& name) {
  std::vector<std::vector<double>> rows;
  const std::vector<absl::string_view> lines = Lines(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    std::vector<double> row;
    int64_t column = 1;
    for (absl::string_view field : absl::StrSplit(lines[i], ',')) {
      double value;
      if (!absl::SimpleAtod(absl::StripAsciiWhitespace(field), &value)) {
        return absl::InvalidArgumentError(absl::StrCat(name, ":", i + 1, ":", column, ": ",
                                                       Quoted(field), " is not a number"));
      }
      row.push_back(value);
      column += static_cast<int64_t>(field.size()) + 1;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string ToTsv(const OptimizerTrace& trace) {
  std::string text = absl::StrCat("step\t", absl::StrJoin(trace.columns, "\t"), "\n");
  for (size_t i = 0; i < trace.rows.size(); ++i) {
    absl::StrAppend(&text, i + 1);
    for (double value : trace.rows[i]) absl::StrAppend(&text, "\t", Seventeen(value));
    text += '\n';
  }
  return text;
}

std::string ToJson(const OptimizerTrace& trace) {
  std::string text = "[";
  for (size_t i = 0; i < trace.rows.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "\n" : ",\n", "{\"step\":", i + 1);
    for (size_t c = 0; c < trace.columns.size(); ++c) {
      absl::StrAppend(&text, ",", JsonString(trace.columns[c]), ":", JsonNumber(trace.rows[i][c]));
    }
    text += "}";
  }
  return text + "\n]\n";
}

absl::StatusOr<TraceDifference> CompareTrace(const OptimizerTrace& trace, absl::string_view expected,
                                             const std::string& name) {
  const std::vector<absl::string_view> lines = Lines(expected);
  if (lines.empty()) return absl::InvalidArgumentError(absl::StrCat(name, " is empty"));
  const std::vector<absl::string_view> header = absl::StrSplit(lines[0], '\t');
  std::vector<size_t> positions;
  for (size_t c = 0; c < header.size(); ++c) {
    if (c == 0 && header[c] == "step") continue;
    const auto found = std::find(trace.columns.begin(), trace.columns.end(), header[c]);
    if (c == 0 || found == trace.columns.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ":1: ", c == 0 ? "the first column is not \"step\" but " : "there is no column ",
          Quoted(header[c]), "; the columns are step, ", absl::StrJoin(trace.columns, ", ")));
    }
    positions.push_back(static_cast<size_t>(found - trace.columns.begin()));
  }
  TraceDifference difference;
  std::set<int64_t> steps;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<absl::string_view> fields = absl::StrSplit(lines[i], '\t');
    int64_t step = 0;
    if (fields.size() != header.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ":", i + 1, ": ", fields.size(),
                                                     " fields, the header has ", header.size()));
    }
    if (!absl::SimpleAtoi(fields[0], &step) || step < 1 ||
        step > static_cast<int64_t>(trace.rows.size())) {
      return absl::InvalidArgumentError(absl::StrCat(name, ":", i + 1, ": step ", Quoted(fields[0]),
                                                     " is not one of 1 to ", trace.rows.size()));
    }
    steps.insert(step);
    for (size_t c = 1; c < fields.size(); ++c) {
      double want;
      if (!absl::SimpleAtod(fields[c], &want)) {
        return absl::InvalidArgumentError(
            absl::StrCat(name, ":", i + 1, ": ", Quoted(fields[c]), " is not a number"));
      }
      const double value = trace.rows[step - 1][positions[c - 1]];
      double off = std::abs(value - want);
      // Also the same infinity, and no number where none was expected.
      if (value == want || (std::isnan(value) && std::isnan(want))) off = 0;
      if (difference.column.empty() || off > difference.largest || std::isnan(off)) {
        difference = {off, step, std::string(header[c]), value, want};
      }
      difference.steps = static_cast<int64_t>(steps.size());
      if (std::isnan(off)) return difference;
    }
  }
  return difference;
}

}  // namespace gradus
