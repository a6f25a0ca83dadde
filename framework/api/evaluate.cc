// Evaluation of a saved model.

#include "gradus/api/evaluate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/api/output_meaning.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/run_file.h"
#include "gradus/api/training_source.h"
#include "gradus/api/value_ranges.h"
#include "gradus/api/weights_source.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/base/thread_pool.h"
#include "gradus/data/check_weights.h"
#include "gradus/data/open_data.h"
#include "gradus/train/checkpoint.h"
#include "gradus/train/evaluation.h"

namespace gradus {
namespace {

// Examples from anywhere; `from` becomes what they are called.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenGiven(const std::string& run,
                                                         const EvaluateOptions& options,
                                                         absl::Span<const FieldSpec> fields,
                                                         const Preprocessing& preprocessing,
                                                         std::string* from) {
  NewExamplesOptions how;
  GRADUS_ASSIGN_OR_RETURN(how.trained, ReadTrainingSource(run));
  GRADUS_ASSIGN_OR_RETURN(how.dialect, DialectFor(how.trained, options.dialect));
  std::vector<NewPlace> places = options.inputs;
  if (!options.data.empty()) places.push_back({"", options.data});
  GRADUS_ASSIGN_OR_RETURN(NewExamples examples,
                          OpenNewExamples(places, fields, preprocessing, how));
  std::vector<std::string> paths;
  for (const NewPlace& place : places) {
    if (std::find(paths.begin(), paths.end(), place.path) == paths.end()) {
      paths.push_back(place.path);
    }
  }
  *from = absl::StrJoin(paths, ", ");
  return CheckWeights(std::move(examples.dataset));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Dataset>> OpenSplit(const std::string& run,
                                                         const std::string& split,
                                                         absl::Span<const FieldSpec> fields,
                                                         const Preprocessing& preprocessing) {
  const std::string path = JoinPath(run, "run.pbtxt");
  GRADUS_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  Diagnostics diagnostics;
  // How it was trained is not read: its plugins need not be there.
  const ParsedConfig parsed =
      ParseTextConfig(text, path, RunConfig::default_instance(), {}, &diagnostics, kFieldsOfRules);
  if (parsed.message == nullptr) return diagnostics.ToStatus();
  // What the split does not need is not opened: its files may be gone.
  DataConfig data = static_cast<const RunConfig&>(*parsed.message).data();
  if (split != "test") data.clear_test();
  if ((split == "test" && !data.has_test_fraction()) ||
      (split == "validation" && data.validation().has_source())) {
    data.clear_train();
    data.clear_test_fraction();
    data.clear_test_seed();
  }
  // What `stratify` says there is said of the test sample, too.
  if ((split == "test" && !(data.has_test_fraction() && data.validation().has_fraction())) ||
      (split == "train" && data.validation().has_source())) {
    data.clear_validation();
  }
  if (data.validation().has_fraction() && !data.validation().has_tail()) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": data.validation.fraction says how many examples were held out, but not which; add ",
        "tail: true for the last ones, which is what runs before there were samples mean, or tail: "
        "false for a sample"));
  }
  const DataSplits splits =
      OpenDataForModel(data, fields, run, {}, preprocessing, &diagnostics);
  std::shared_ptr<const Dataset> dataset;
  if (split == "train") dataset = splits.train;
  if (split == "validation") dataset = splits.validation;
  if (split == "test") dataset = splits.test;
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  if (dataset == nullptr) {
    return absl::NotFoundError(absl::StrCat(run, "/run.pbtxt has no ", split,
                                            " examples; give another --split, or --csv FILE"));
  }
  return dataset;
}

absl::StatusOr<EvaluationReport> EvaluateModel(const std::string& run,
                                               const EvaluateOptions& options) try {
  GRADUS_ASSIGN_OR_RETURN(const WeightsSource source, FindWeights(run, options.checkpoint));
  const SavedModel& saved = source.saved;
  GRADUS_ASSIGN_OR_RETURN(Preprocessing preprocessing,
                          Preprocessing::FromProto(saved.preprocessing()));
  ThreadPool pool(AvailableCores());
  const std::vector<FieldSpec> fields = InputFields(saved.model());
  const UnitsByInput units = UnitsOf(preprocessing, fields);
  StepOptions step_options;
  step_options.pool = &pool;
  step_options.build.units = &units;
  Diagnostics diagnostics;
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Evaluation> evaluation,
                          Evaluation::Create(saved.model(), step_options, &diagnostics));
  if (evaluation->model().losses.empty() && evaluation->model().metrics.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(run, "/model.pbtxt has neither a loss nor a metric to evaluate"));
  }
  GRADUS_ASSIGN_OR_RETURN(ParameterStore store,
                          ParameterStore::Create(evaluation->model().graph, 0, {}));
  GRADUS_RETURN_IF_ERROR(source.Load(&store));

  std::shared_ptr<const Dataset> dataset;
  std::string from = options.csv;
  if (!options.data.empty() || !options.inputs.empty()) {
    GRADUS_ASSIGN_OR_RETURN(dataset, OpenGiven(run, options, fields, preprocessing, &from));
  } else if (options.csv.empty()) {
    GRADUS_ASSIGN_OR_RETURN(dataset, OpenSplit(run, options.split, fields, preprocessing));
    from = options.split;
  } else {
    GRADUS_ASSIGN_OR_RETURN(const SourceConfig trained, ReadTrainingSource(run));
    GRADUS_ASSIGN_OR_RETURN(const CsvDialect dialect, DialectFor(trained, options.dialect));
    GRADUS_ASSIGN_OR_RETURN(dataset,
                            OpenCsvForModel(options.csv, fields, preprocessing, dialect));
  }
  DataSplits ranged;
  ranged.inputs.assign(dataset->fields().begin(), dataset->fields().end());
  ranged.preprocessing = preprocessing;
  dataset = CheckRanges(std::move(dataset),
                        ValueRangesOf(saved.model(), evaluation->model(), ranged));
  GRADUS_ASSIGN_OR_RETURN(MetricSums sums, evaluation->Run(dataset, options.batch_size, store));
  if (sums.examples == 0) return absl::FailedPreconditionError("there are no examples");

  EvaluationReport report;
  report.examples_from = from;
  report.weights = source.label;
  report.examples = sums.examples;
  FinishSums(sums, evaluation->model().metrics, &report.loss, &report.metrics);
  report.tables = FinishTables(sums, evaluation->model().metrics);
  for (const NamedTable& table : report.tables) {
    report.classes.push_back(ClassesOfMetric(saved.model(), table.name, preprocessing));
  }
  return report;
} catch (...) {
  return StatusOfException("evaluating");
}

}  // namespace gradus
