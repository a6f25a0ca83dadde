// gradus optimizer: what an optimizer makes of given gradients.

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/api/optimizer_trace.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "tools/command.h"

namespace gradus {
namespace {

constexpr int64_t kMostFileBytes = int64_t{1} << 30;

struct OptimizerFlags {
  std::string text, parameters, gradients, shape, format = "tsv", expect;
  double tolerance = 0;
  bool slots = false;
};

absl::StatusOr<std::vector<int64_t>> ParseShape(const std::string& text) {
  std::vector<int64_t> shape;
  for (absl::string_view part : absl::StrSplit(text, 'x')) {
    int64_t extent;
    if (!absl::SimpleAtoi(part, &extent) || extent < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--shape ", Quoted(text), " is not of the form 3x2"));
    }
    shape.push_back(extent);
  }
  return shape;
}

int Compare(const OptimizerTrace& trace, const OptimizerFlags& flags) {
  const absl::StatusOr<std::string> expected = ReadFile(flags.expect, kMostFileBytes);
  if (!expected.ok()) return Fail(expected.status());
  const absl::StatusOr<TraceDifference> difference = CompareTrace(trace, *expected, flags.expect);
  if (!difference.ok()) return Fail(difference.status());
  if (difference->column.empty()) {
    return Fail(absl::InvalidArgumentError(absl::StrCat(flags.expect, " has no numbers")));
  }
  const bool within = difference->largest <= flags.tolerance;
  std::fprintf(stderr,
               "%s: largest difference %.3g, tolerance %.3g (step %lld, %s: %.17g, expected %.17g); "
               "%lld of %zu steps compared\n",
               within ? "as expected" : "gradus", difference->largest, flags.tolerance,
               static_cast<long long>(difference->step), difference->column.c_str(),
               difference->value, difference->expected, static_cast<long long>(difference->steps),
               trace.rows.size());
  return within ? kOk : kFailed;
}

int ShowOptimizer(const OptimizerFlags& flags) {
  OptimizerTraceOptions options;
  options.slots = flags.slots;
  const auto parameters = ParseNumberRows(flags.parameters, "--parameters");
  if (!parameters.ok()) return FailUsage(parameters.status());
  if (parameters->size() != 1) {
    return FailUsage(absl::InvalidArgumentError("--parameters is not one row of numbers: 1,-2,0.5"));
  }
  options.parameters = parameters->front();
  if (!flags.shape.empty()) {
    absl::StatusOr<std::vector<int64_t>> shape = ParseShape(flags.shape);
    if (!shape.ok()) return FailUsage(shape.status());
    options.shape = *std::move(shape);
  }
  if (!(flags.tolerance >= 0)) {
    return FailUsage(absl::InvalidArgumentError("--tolerance is not a number from 0 on"));
  }
  const absl::StatusOr<std::string> text = ReadFile(flags.gradients, kMostFileBytes);
  if (!text.ok()) return Fail(text.status());
  auto gradients = ParseNumberRows(*text, flags.gradients);
  if (!gradients.ok()) return Fail(gradients.status());
  options.gradients = *std::move(gradients);
  const absl::StatusOr<OptimizerTrace> trace = TraceOptimizer(flags.text, "--text", options);
  if (!trace.ok()) return Fail(trace.status());
  const std::string out = flags.format == "json" ? ToJson(*trace) : ToTsv(*trace);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return flags.expect.empty() ? kOk : Compare(*trace, flags);
}

}  // namespace

void AddOptimizer(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<OptimizerFlags>();
  CLI::App* command = app->add_subcommand(
      "optimizer", "Shows what an optimizer makes of given gradients, computed in double.");
  command
      ->add_option("--text", flags->text,
                   "The optimizer: 'adam { beta1: 0.9 } learning_rate { constant: 0.1 }'.")
      ->required();
  command->add_option("--parameters", flags->parameters, "Where it starts: 1,-2,0.5.")->required();
  command
      ->add_option("--gradients", flags->gradients,
                   "A CSV file without a header: one row an update, as long as the parameters.")
      ->required();
  command->add_option("--shape", flags->shape,
                      "The parameters as a matrix: 3x1. A vector when not given.");
  command->add_flag(
      "--slots", flags->slots,
      "Also what the rule remembers, and weights to evaluate where they are others, as columns.");
  command->add_option("--format", flags->format, "tsv or json.")
      ->check(CLI::IsMember({"tsv", "json"}));
  command->add_option("--expect", flags->expect,
                      "A TSV file of the same form; exits with 1 when a number differs more. Steps and "
                      "columns that it leaves out are not compared.");
  command->add_option("--tolerance", flags->tolerance,
                      "With --expect: the largest difference of a number.");
  command->callback([flags, run] { *run = [flags] { return ShowOptimizer(*flags); }; });
}

}  // namespace gradus
