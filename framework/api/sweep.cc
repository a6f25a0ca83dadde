// Plans of sweeps, made, written and read.

#include "gradus/api/sweep.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/run_file.h"
#include "gradus/api/sweep_check.h"
#include "gradus/api/sweep_entry.h"
#include "gradus/api/sweep_json.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr int kVersion = 1;
constexpr int64_t kRandomTrials = 20;

bool Halves(const SweepOptions& options) {
  return options.strategy == SweepStrategy::kHalving ||
         options.strategy == SweepStrategy::kHyperband;
}

// The address that a setting sets: "run.threads" of "run.threads=2".
absl::string_view AddressOf(absl::string_view setting) {
  return setting.substr(0, setting.find('='));
}

// Searching what the sweep itself decides, or what --set has fixed, is not meant.
absl::Status CheckAddresses(const SweepOptions& options, const SearchSpace& space) {
  std::vector<std::string> problems;
  for (const SearchEntry& entry : space.entries()) {
    const auto refuse = [&](absl::string_view why) {
      problems.push_back(absl::StrCat("--search ", AsTyped(entry.text), ": ", why));
    };
    if (entry.address == "run.threads") refuse("every trial has the same threads: --threads");
    if (Halves(options) && (entry.address == "run.epochs" || entry.address == "run.max_steps")) {
      refuse(absl::StrCat(Name(options.strategy), " itself gives trials their length"));
    }
    for (const std::string& setting : options.settings) {
      if (!entry.fields && AddressOf(setting) == entry.address) {
        refuse(absl::StrCat(entry.address, " is fixed by --set ", setting));
      }
    }
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
}

// Space, brackets and points of options of which nothing is open but the number of trials.
absl::Status Plan(Sweep* sweep) {
  SweepOptions& options = sweep->options;
  GRADUS_ASSIGN_OR_RETURN(sweep->space, SearchSpace::Parse(options.search));
  if (sweep->space.entries().empty()) {
    return absl::InvalidArgumentError("there is nothing to search; give --search ADDRESS=SPACE");
  }
  GRADUS_RETURN_IF_ERROR(CheckAddresses(options, sweep->space));
  int64_t trials = options.trials;
  if (options.strategy == SweepStrategy::kGrid) {
    GRADUS_ASSIGN_OR_RETURN(sweep->points, sweep->space.Grid(kMostTrials));
    if (trials != 0 && trials != sweep->trials()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--trials ", trials, ": the grid has ", sweep->trials(),
                       " points, and all of them are trained; --strategy random takes fewer"));
    }
    trials = sweep->trials();
  } else if (options.strategy == SweepStrategy::kRandom && trials == 0) {
    trials = kRandomTrials;
  }
  GRADUS_ASSIGN_OR_RETURN(sweep->brackets,
                          PlanBrackets(options.strategy, trials, sweep->epochs, options.min_epochs,
                                       options.eta));
  options.trials = CountTrials(sweep->brackets);
  if (options.strategy == SweepStrategy::kHyperband && trials != 0 && trials != options.trials) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--trials ", trials, ": hyperband itself says how many there are, here ", options.trials));
  }
  for (int64_t i = sweep->trials(); i < options.trials; ++i) {
    sweep->points.push_back(sweep->space.Random(options.seed, i));
  }
  return absl::OkStatus();
}

std::string Absolute(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string absolute = resolved;
  std::free(resolved);
  return absolute;
}

absl::StatusOr<int64_t> WholeOf(const google::protobuf::Struct& object, const std::string& name) {
  const double number = NumberOf(object, name);
  if (std::floor(number) == number && std::fabs(number) <= 9007199254740992.0) {
    return static_cast<int64_t>(number);
  }
  return absl::DataLossError(absl::StrCat("\"", name, "\" is not a whole number"));
}

}  // namespace

std::vector<std::string> Sweep::TrialSettings(int64_t trial) const {
  std::vector<std::string> settings = space.Settings(points[static_cast<size_t>(trial)]);
  settings.insert(settings.begin(), absl::StrCat("run.threads=", options.threads));
  return settings;
}

std::vector<std::string> Sweep::Settings(int64_t trial) const {
  std::vector<std::string> settings = options.settings;
  for (std::string& setting : TrialSettings(trial)) settings.push_back(std::move(setting));
  return settings;
}

std::string Sweep::TrialName(int64_t trial) const {
  return absl::StrFormat("trial-%0*d", trials() > 1000 ? 4 : 3, trial);
}

absl::StatusOr<Sweep> MakeSweep(SweepOptions options) {
  Sweep sweep;
  options.file = Absolute(options.file);
  GRADUS_ASSIGN_OR_RETURN(RunFile file, RunFile::Read(options.file, options.settings));
  // What is wrong with the file alone is told once; what a search sets may still be missing.
  const RunConfig config = WithAbsolutePaths(file.config(), file.directory());
  sweep.config = PrintTextConfig(config);
  sweep.epochs = config.run().epochs();
  sweep.name = config.model().name();
  for (const std::string& setting : options.settings) {
    if (AddressOf(setting) == "run.threads" && options.threads > 0 &&
        options.threads != config.run().threads()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set ", setting, ": --threads says ", options.threads));
    }
  }
  if (options.threads == 0) options.threads = config.run().has_threads() ? config.run().threads() : 1;
  sweep.options = std::move(options);
  GRADUS_RETURN_IF_ERROR(Plan(&sweep));
  std::vector<std::vector<std::string>> settings;
  for (int64_t i = 0; i < sweep.trials(); ++i) settings.push_back(sweep.Settings(i));
  GRADUS_ASSIGN_OR_RETURN(sweep.options.direction,
                          CheckTrials(sweep.options.file, settings, sweep.options.metric,
                                      sweep.options.direction));
  return sweep;
}

std::string SweepText(const Sweep& sweep) {
  const SweepOptions& options = sweep.options;
  std::string text = absl::StrCat(
      "{\"gradus_sweep\":", kVersion, ",\"file\":", JsonText(options.file),
      ",\"settings\":", JsonTexts(options.settings), ",\"search\":", JsonTexts(options.search),
      ",\"strategy\":", JsonText(Name(options.strategy)), ",\"trials\":", options.trials,
      ",\"seed\":", options.seed, ",\"metric\":", JsonText(options.metric),
      ",\"direction\":", options.direction == MAX ? "\"max\"" : "\"min\"", ",\"eta\":", options.eta,
      ",\"min_epochs\":", options.min_epochs, ",\"threads\":", options.threads,
      ",\"epochs\":", sweep.epochs, ",\"config\":", JsonText(sweep.config), "}\n");
  for (int64_t i = 0; i < sweep.trials(); ++i) {
    absl::StrAppend(&text, "{\"trial\":", i, ",\"settings\":", JsonTexts(sweep.Settings(i)), "}\n");
  }
  return text;
}

absl::StatusOr<Sweep> ReadSweep(absl::string_view text, const std::string& name) {
  const auto broken = [&](const absl::Status& status) {
    return absl::DataLossError(absl::StrCat(name, ": ", status.message()));
  };
  const absl::StatusOr<google::protobuf::Struct> header = ParseJson(text.substr(0, text.find('\n')));
  if (!header.ok()) return broken(header.status());
  if (NumberOf(*header, "gradus_sweep") != kVersion) {
    return absl::DataLossError(absl::StrCat(name, " is not a sweep of version ", kVersion));
  }
  Sweep sweep;
  SweepOptions& options = sweep.options;
  options.file = TextOf(*header, "file");
  options.settings = TextsOf(*header, "settings");
  options.search = TextsOf(*header, "search");
  options.metric = TextOf(*header, "metric");
  options.direction = TextOf(*header, "direction") == "max" ? MAX : MIN;
  sweep.config = TextOf(*header, "config");
  int64_t seed = 0, threads = 1;
  for (const auto& field :
       {std::make_pair("trials", &options.trials), std::make_pair("seed", &seed),
        std::make_pair("eta", &options.eta), std::make_pair("min_epochs", &options.min_epochs),
        std::make_pair("threads", &threads), std::make_pair("epochs", &sweep.epochs)}) {
    const absl::StatusOr<int64_t> number = WholeOf(*header, field.first);
    if (!number.ok()) return broken(number.status());
    *field.second = *number;
  }
  options.seed = static_cast<uint64_t>(seed);
  options.threads = static_cast<int>(threads);
  const absl::StatusOr<SweepStrategy> strategy = ParseSweepStrategy(TextOf(*header, "strategy"));
  if (!strategy.ok()) return broken(strategy.status());
  options.strategy = *strategy;
  const absl::Status planned = Plan(&sweep);
  if (!planned.ok()) return broken(planned);
  return sweep;
}

std::string SweepDifference(const Sweep& there, const Sweep& here) {
  const SweepOptions& a = there.options;
  const SweepOptions& b = here.options;
  const auto differs = [](absl::string_view what, const auto& left, const auto& right) {
    return left == right ? "" : absl::StrCat("its ", what, " is ", left, ", not ", right);
  };
  const auto list = [](const std::vector<std::string>& texts) {
    return texts.empty() ? std::string("empty") : absl::StrCat("'", absl::StrJoin(texts, "' '"), "'");
  };
  for (const std::string& difference :
       {differs("strategy", Name(a.strategy), Name(b.strategy)),
        differs("--search", list(a.search), list(b.search)),
        differs("--set", list(a.settings), list(b.settings)),
        differs("number of trials", a.trials, b.trials), differs("seed", a.seed, b.seed),
        differs("metric", a.metric, b.metric),
        differs("direction", Direction_Name(a.direction), Direction_Name(b.direction)),
        differs("eta", a.eta, b.eta), differs("min_epochs", a.min_epochs, b.min_epochs),
        differs("number of threads", a.threads, b.threads)}) {
    if (!difference.empty()) return difference;
  }
  if (there.config != here.config) return "its configuration is another one";
  return SweepText(there) == SweepText(here) ? "" : "its trials are others";
}

}  // namespace gradus
