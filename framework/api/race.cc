// What a race is of: rules, rates and problems, checked before anything runs.

#include "gradus/api/race.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/api/find_learning_rate.h"
#include "gradus/api/rate_trials.h"
#include "gradus/api/sweep_entry.h"
#include "gradus/api/sweep_space.h"
#include "gradus/base/checksum.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;

constexpr int64_t kMostRates = 1000;
constexpr int kMostSeeds = 1000;

// The lines of a status, each behind `name`.
void AddLines(const absl::Status& status, absl::string_view name, std::vector<std::string>* lines) {
  for (absl::string_view line : absl::StrSplit(status.message(), '\n', absl::SkipEmpty())) {
    lines->push_back(absl::StrCat(name, line));
  }
}

absl::Status StatusOfLines(const std::vector<std::string>& lines) {
  if (lines.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

// The texts of the rates: of a space, or of a list of numbers.
absl::StatusOr<std::vector<std::string>> RateTexts(const std::string& text,
                                                   const std::string& name) {
  std::vector<std::string> rates = absl::StrSplit(text, ',');
  double number;
  if (absl::SimpleAtod(absl::StripAsciiWhitespace(rates[0]), &number)) return rates;
  rates.clear();
  constexpr absl::string_view kAddress = "rate=";
  const std::string whole = absl::StrCat(kAddress, text);
  SearchEntry entry;
  const SearchProblem problem = ParseSearchEntry(whole, &entry);
  if (!problem.message.empty()) {
    const int column = std::max(problem.column - static_cast<int>(kAddress.size()), 1);
    return absl::InvalidArgumentError(absl::StrCat(name, ":", column, ": ", problem.message));
  }
  if (entry.kind != SearchEntry::kChoice && entry.points == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": it says not how many rates there are; give a third number, log(1e-4, 1, 9)"));
  }
  GRADUS_ASSIGN_OR_RETURN(const SearchSpace space, SearchSpace::Parse({whole}));
  const absl::StatusOr<std::vector<SearchPoint>> points = space.Grid(kMostRates);
  if (!points.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": there are more than ", kMostRates, " rates"));
  }
  for (const SearchPoint& point : *points) {
    // ADDRESS=VALUE
    rates.push_back(point.values[0]->setting.substr(kAddress.size()));
  }
  return rates;
}

absl::StatusOr<std::vector<double>> ParseRates(const std::string& text) {
  const std::string name = absl::StrCat("--rates ", AsTyped(text));
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> texts, RateTexts(text, name));
  std::vector<double> rates;
  for (const std::string& value : texts) {
    double rate;
    if (!absl::SimpleAtod(absl::StripAsciiWhitespace(value), &rate) || !std::isfinite(rate) ||
        rate <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": ", Quoted(value), " is not a finite number above 0"));
    }
    rates.push_back(rate);
  }
  std::sort(rates.begin(), rates.end());
  const auto twice = std::adjacent_find(rates.begin(), rates.end());
  if (twice != rates.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": the rate ", ShortestNumber(*twice), " is there twice"));
  }
  return rates;
}

absl::StatusOr<RaceRule> ParseRule(const std::string& text, const std::string& name) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, name, OptimizerConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  RaceRule rule;
  rule.config = static_cast<const OptimizerConfig&>(*parsed.message);
  const FieldDescriptor* chosen = ChosenField(rule.config);
  std::vector<const FieldDescriptor*> fields;
  rule.config.GetReflection()->ListFields(rule.config, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field == chosen || chosen == nullptr) continue;
    diagnostics.Error("conflict", ConfigPath().Child(field->name()),
                      absl::StrCat(field->name(), " is not part of the rule, and all rules of a "
                                                  "race have the same"),
                      "write it in the problems");
  }
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  std::vector<std::string> words;
  for (absl::string_view line :
       absl::StrSplit(PrintTextConfig(rule.config), '\n', absl::SkipWhitespace())) {
    words.emplace_back(absl::StripAsciiWhitespace(line));
  }
  rule.text = absl::StrJoin(words, " ");
  absl::string_view label = rule.text;
  if (absl::ConsumeSuffix(&label, "{ }") || absl::ConsumeSuffix(&label, "{}")) {
    label = absl::StripAsciiWhitespace(label);
    if (absl::ConsumePrefix(&label, "[")) absl::ConsumeSuffix(&label, "]");
  }
  rule.label = std::string(label);
  return rule;
}

std::string NameOf(const std::string& file) {
  std::string name = file.substr(file.rfind('/') + 1);
  const size_t ending = name.rfind('.');
  if (ending != std::string::npos && ending > 0) name.resize(ending);
  return name;
}

absl::StatusOr<RaceProblem> OpenProblem(const std::string& path) {
  RaceProblem problem;
  problem.file = path;
  problem.name = NameOf(path);
  // A run prepares its batches itself: it is to have one thread and not two.
  GRADUS_ASSIGN_OR_RETURN(problem.trainer,
                          Trainer::FromFile(path, {"run.threads=1", "data.prefetch=0"}));
  const auto named = [&path](absl::string_view message) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": ", message));
  };
  const Trainer& trainer = *problem.trainer;
  if (trainer.data().train == nullptr || trainer.data().train->size() == 0) {
    return named("there is no training data; write data { train { ... } }");
  }
  if (!trainer.config().run().has_target()) {
    return named(
        "a problem of a race has a target; write run { target { monitor: \"validation/loss\" "
        "value: 0.1 } }");
  }
  if (trainer.planned_steps() == 0) return named("it has no updates; write run { epochs: 10 }");
  const absl::StatusOr<std::unique_ptr<RateTrials>> trials =
      RateTrials::Create(trainer, /*present_weights=*/false, nullptr);
  if (!trials.ok()) return named(trials.status().message());
  problem.peak = (*trials)->peak();
  problem.config = trainer.config();
  problem.config.mutable_run()->clear_checkpoint();
  problem.config.mutable_run()->clear_log_every_steps();
  problem.config.mutable_run()->clear_log_groups_every_steps();
  problem.checksum = absl::StrFormat("%08x", Crc32(PrintTextConfig(problem.config)));
  return problem;
}

// Two that nobody could tell apart in a table, as a line for each.
template <class List, class Text>
void CheckDifferent(const List& list, Text text, absl::string_view what,
                    std::vector<std::string>* lines) {
  for (size_t i = 0; i < list.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (text(list[i]) != text(list[k])) continue;
      lines->push_back(absl::StrCat(what, " ", k + 1, " and ", i + 1, " are both ",
                                    Quoted(text(list[i]))));
      break;
    }
  }
}

}  // namespace

std::string RaceProblem::measure() const {
  return trainer->data().validation != nullptr ? "validation/loss" : "train/loss";
}

absl::StatusOr<std::unique_ptr<Race>> Race::Create(const RaceOptions& options) try {
  std::unique_ptr<Race> race(new Race);
  race->seeds_ = options.seeds;
  std::vector<std::string> lines;
  if (options.seeds < 1 || options.seeds > kMostSeeds) {
    lines.push_back(absl::StrCat("--seeds ", options.seeds, " is not 1 to ", kMostSeeds));
  }
  if (options.rules.empty()) lines.push_back("there is no rule; give --rule 'adam {}'");
  if (options.problems.empty()) lines.push_back("there is no problem; give --problems FILE");
  absl::StatusOr<std::vector<double>> rates = ParseRates(options.rates);
  if (!rates.ok()) AddLines(rates.status(), "", &lines);
  // Before the rules, which may be those of plugins that a problem asks for.
  for (const std::string& path : options.problems) {
    absl::StatusOr<RaceProblem> problem = OpenProblem(path);
    if (!problem.ok()) {
      AddLines(problem.status(), "", &lines);
      continue;
    }
    for (const std::string& warning : problem->trainer->warnings()) {
      race->warnings_.push_back(warning);
    }
    race->problems_.push_back(*std::move(problem));
  }
  for (size_t i = 0; i < options.rules.size(); ++i) {
    absl::StatusOr<RaceRule> rule = ParseRule(options.rules[i], absl::StrCat("--rule ", i + 1));
    if (rule.ok()) {
      race->rules_.push_back(*std::move(rule));
    } else {
      AddLines(rule.status(), "", &lines);
    }
  }
  GRADUS_RETURN_IF_ERROR(StatusOfLines(lines));
  CheckDifferent(race->rules_, [](const RaceRule& rule) { return rule.text; }, "--rule", &lines);
  CheckDifferent(race->problems_, [](const RaceProblem& problem) { return problem.name; },
                 "--problems", &lines);
  race->rates_ = *std::move(rates);
  for (size_t p = 0; p < race->problems_.size(); ++p) {
    const RaceProblem& problem = race->problems_[p];
    for (size_t r = 0; r < race->rules_.size(); ++r) {
      // The greatest numbers of seeds are the only ones that can be too great.
      const absl::StatusOr<RunConfig> config = race->ConfigOf({p, r, 0, options.seeds - 1});
      absl::Status status = config.status();
      if (config.ok()) {
        Diagnostics diagnostics;
        StepOptions step;
        step.timeline = std::make_shared<Timeline>(problem.trainer->timeline().plan());
        step.validates = problem.trainer->data().validation != nullptr;
        status = TrainStep::Create(config->model(), config->optimizer(), step, &diagnostics)
                     .status();
      }
      AddLines(status, absl::StrCat(problem.file, " with --rule ", r + 1, ": "), &lines);
    }
  }
  GRADUS_RETURN_IF_ERROR(StatusOfLines(lines));
  return race;
} catch (...) {
  return StatusOfException("preparing a race");
}

RaceEntry Race::entry(size_t i) const {
  RaceEntry entry;
  const size_t seeds = static_cast<size_t>(seeds_);
  entry.seed = static_cast<int>(i % seeds);
  entry.rate = i / seeds % rates_.size();
  entry.rule = i / seeds / rates_.size() % rules_.size();
  entry.problem = i / seeds / rates_.size() / rules_.size();
  return entry;
}

size_t Race::index(const RaceEntry& entry) const {
  return ((entry.problem * rules_.size() + entry.rule) * rates_.size() + entry.rate) *
             static_cast<size_t>(seeds_) +
         static_cast<size_t>(entry.seed);
}

absl::StatusOr<RunConfig> Race::ConfigOf(const RaceEntry& entry) const {
  const RaceProblem& problem = problems_[entry.problem];
  std::vector<std::string> settings =
      ScaleRates(problem.config.optimizer(), problem.peak, rates_[entry.rate]);
  settings.push_back(absl::StrCat("run.seed=", problem.config.run().seed() + entry.seed));
  settings.push_back(
      absl::StrCat("data.shuffle_seed=", problem.config.data().shuffle_seed() + entry.seed));
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(PrintTextConfig(problem.config), problem.file, RunConfig::default_instance(),
                      settings, &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  RunConfig config = static_cast<const RunConfig&>(*parsed.message);
  OptimizerConfig* optimizer = config.mutable_optimizer();
  const FieldDescriptor* rule = ChosenField(*optimizer);
  if (rule != nullptr) optimizer->GetReflection()->ClearField(optimizer, rule);
  optimizer->MergeFrom(rules_[entry.rule].config);
  return config;
}

}  // namespace gradus
