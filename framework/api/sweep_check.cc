// Checks trials as Trainer::Create would, but opens the data only when it is another.

#include "gradus/api/sweep_check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr size_t kMostLines = 100;
constexpr size_t kMostNames = 8;

// What of the data the other trials' checks depend on.
struct OpenedData {
  std::string data_and_inputs;
  DataSplits data;
};

std::string KeyOf(const RunConfig& config) {
  DataConfig data = config.data();
  // How the examples are put into batches does not change them.
  data.clear_batch_size();
  data.clear_order();
  data.clear_shuffle_seed();
  data.clear_prefetch();
  std::string key = data.SerializeAsString();
  for (const InputConfig& input : config.model().input()) key += input.SerializeAsString();
  return key;
}

// What a sweep goes by.
struct Wanted {
  const std::string& metric;
  Direction direction;  // AUTO until a trial's metric has said it.
};

absl::Status CheckMetric(const TrainStep& step, Wanted* wanted) {
  const std::string& metric = wanted->metric;
  const absl::StatusOr<Monitor> monitor = step.monitors().Find(metric);
  if (!monitor.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--metric ", metric, ": ",
                                                   monitor.status().message()));
  }
  if (monitor->section == Section::kBatch) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metric ", metric, ": it is measured at every update; take \"train/loss\" "
                     "or a measure of the validation"));
  }
  const Direction direction = DirectionOf(wanted->direction, *monitor);
  if (direction == AUTO) {
    return absl::InvalidArgumentError(absl::StrCat("--metric ", metric,
                                                   ": it does not say which way it gets better; "
                                                   "give --direction min or max"));
  }
  wanted->direction = direction;
  return absl::OkStatus();
}

absl::Status CheckWhole(RunFile file, Wanted* wanted, std::unique_ptr<OpenedData>* open) {
  const std::string key = KeyOf(file.config());
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, Trainer::Create(std::move(file)));
  if (trainer->data().train == nullptr) {
    return absl::FailedPreconditionError(
        "there is no training data; write data { train { ... } }");
  }
  *open = std::make_unique<OpenedData>();
  **open = {key, trainer->data()};
  return CheckMetric(trainer->step(), wanted);
}

absl::Status CheckModel(RunFile file, const OpenedData& open, ThreadPool* pool, Wanted* wanted) {
  RunConfig config = WithAbsolutePaths(file.config(), file.directory());
  ResolveModel(open.data, ConfigPath().Child("model"), config.mutable_model(), &file.diagnostics());
  Timeline::Plan plan = PlanOf(config);
  plan.examples_per_epoch = open.data.train->size();
  StepOptions options;
  options.seed = static_cast<uint64_t>(config.run().seed());
  options.pool = pool;
  options.block_rows = config.run().block_rows();
  options.timeline = std::make_shared<Timeline>(plan);
  options.validates = open.data.validation != nullptr;
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<TrainStep> step,
                          TrainStep::Create(config.model(), config.optimizer(), options,
                                            &file.diagnostics()));
  Watcher::Check(config.run(), step->monitors(), ConfigPath().Child("run"), &file.diagnostics());
  GRADUS_RETURN_IF_ERROR(file.diagnostics().ToStatus());
  return CheckMetric(*step, wanted);
}

absl::Status CheckTrial(const std::string& text, const std::string& file,
                        absl::Span<const std::string> settings, Wanted* wanted, ThreadPool* pool,
                        std::unique_ptr<OpenedData>* open) {
  GRADUS_ASSIGN_OR_RETURN(RunFile run, RunFile::Parse(text, file, settings, FolderOf(file)));
  const bool same = *open != nullptr && (*open)->data_and_inputs == KeyOf(run.config());
  return same ? CheckModel(std::move(run), **open, pool, wanted)
              : CheckWhole(std::move(run), wanted, open);
}

// A finding without the values that the trial was given: a wrong address is wrong in all of them.
std::string WithoutValues(const std::string& line, absl::Span<const std::string> settings) {
  std::vector<std::pair<std::string, std::string>> shorter;
  for (const std::string& setting : settings) {
    shorter.emplace_back(absl::StrCat("--set ", setting, ":"),
                         absl::StrCat("--set ", setting.substr(0, setting.find('=')), ":"));
  }
  return absl::StrReplaceAll(line, shorter);
}

// "trial 3", "trials 0, 1, 2", "all trials".
std::string Naming(const std::vector<size_t>& trials, size_t count) {
  if (trials.size() == count && count > 1) return "all trials";
  const size_t shown = std::min(trials.size(), kMostNames);
  return absl::StrCat(trials.size() == 1 ? "trial " : "trials ",
                      absl::StrJoin(trials.begin(), trials.begin() + static_cast<long>(shown), ", "),
                      shown < trials.size()
                          ? absl::StrCat(" and ", trials.size() - shown, " others")
                          : "");
}

}  // namespace

absl::StatusOr<Direction> CheckTrials(const std::string& file,
                                      absl::Span<const std::vector<std::string>> settings,
                                      const std::string& metric, Direction direction) try {
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(file));
  ThreadPool pool(1);
  std::unique_ptr<OpenedData> open;
  Wanted wanted{metric, direction};
  struct Wrong {
    std::string line;  // As the first of them says it.
    std::vector<size_t> trials;
  };
  std::vector<Wrong> found;
  std::map<std::string, size_t> places;  // In `found`, by what WithoutValues leaves of a line.
  for (size_t i = 0; i < settings.size(); ++i) {
    const absl::Status status = CheckTrial(text, file, settings[i], &wanted, &pool, &open);
    if (status.ok()) continue;
    for (absl::string_view line : absl::StrSplit(status.message(), '\n', absl::SkipEmpty())) {
      const auto place =
          places.emplace(WithoutValues(std::string(line), settings[i]), found.size()).first;
      if (place->second == found.size()) found.push_back({std::string(line), {}});
      std::vector<size_t>& trials = found[place->second].trials;
      if (trials.empty() || trials.back() != i) trials.push_back(i);
    }
  }
  if (found.empty()) return wanted.direction;
  std::vector<std::string> told;
  for (const Wrong& wrong : found) {
    if (told.size() == kMostLines) {
      told.push_back(absl::StrCat("... and ", found.size() - kMostLines, " more"));
      break;
    }
    told.push_back(absl::StrCat(Naming(wrong.trials, settings.size()), ": ", wrong.line));
  }
  return absl::InvalidArgumentError(absl::StrJoin(told, "\n"));
} catch (...) {
  return StatusOfException("checking the trials of a sweep");
}

}  // namespace gradus
