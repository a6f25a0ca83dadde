// Examples in, CSV or NPY out.

#include "gradus/api/predict_files.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/npy_file.h"
#include "gradus/api/output_file.h"
#include "gradus/api/prediction_table.h"
#include "gradus/api/predictor.h"
#include "gradus/api/training_source.h"
#include "gradus/api/value_ranges.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/batch_stream.h"

namespace gradus {
namespace {

// What stands before the predictions.
struct Names {
  std::string column;  // None when empty.
  std::function<std::string(int64_t row)> name;
};

// A column of the table that is written as it was read.
absl::StatusOr<Names> ReadPassed(const CsvFile& file, const std::string& column) {
  const int place = file.Find(column);
  if (place < 0) {
    const std::string hint = SuggestName(column, file.columns());
    return absl::NotFoundError(absl::StrCat(file.name(), ":1:1: no column ", Quoted(column),
                                            " to pass through", hint.empty() ? "" : "; ", hint));
  }
  CsvSelection selection;
  selection.columns = {place};
  selection.text = selection.as_written = true;
  GRADUS_ASSIGN_OR_RETURN(CsvTable table, file.Read({selection}));
  return Names{column, [codes = std::move(table.fields[0]),
                        texts = std::move(table.texts[0][0])](int64_t row) {
                 return texts[static_cast<size_t>(codes.data<int32_t>()[static_cast<size_t>(row)])];
               }};
}

absl::StatusOr<Names> NamesOf(const NewExamples& examples, const std::string& id_column) {
  if (id_column.empty()) return Names{examples.name_column, examples.name};
  if (examples.table != nullptr) return ReadPassed(*examples.table, id_column);
  return absl::InvalidArgumentError(absl::StrCat("no table is given that could have the column ",
                                                 Quoted(id_column), "; examples are called by the ",
                                                 examples.name_column, " they come from"));
}

// Where predictions go, batch by batch.
class Output {
 public:
  Output(const Predictor& predictor, const PredictOptions& options, const Names& names,
         std::unique_ptr<OutputFile> file)
      : names_(names),
        array_(absl::EndsWith(options.output, ".npy")),
        table_(predictor.outputs(), predictor.meanings(), options.raw,
               names.column.empty() ? std::vector<std::string>()
                                    : std::vector<std::string>{names.column}),
        file_(std::move(file)) {}

  absl::Status Begin(const FieldSpec& first, int64_t rows) {
    if (array_) {
      std::vector<int64_t> dims = {rows};
      dims.insert(dims.end(), first.dims.begin(), first.dims.end());
      return file_->Write(NpyHeader(first.dtype, dims));
    }
    std::vector<std::string> columns;
    if (!names_.column.empty()) columns.push_back(CsvCell(names_.column));
    for (const std::string& column : table_.columns()) columns.push_back(CsvCell(column));
    // Written with the first rows: an error in these leaves nothing.
    text_ = absl::StrCat(absl::StrJoin(columns, ","), "\n");
    return absl::OkStatus();
  }

  absl::Status Add(const std::map<std::string, Tensor>& outputs, int64_t rows) {
    GRADUS_RETURN_IF_ERROR(table_.Read(outputs));
    if (array_) {
      const Tensor& values = table_.values(0).values;
      return file_->Write(
          {static_cast<const char*>(values.raw()), static_cast<size_t>(values.bytes())});
    }
    for (int64_t row = 0; row < rows; ++row) {
      if (!names_.column.empty()) absl::StrAppend(&text_, CsvCell(names_.name(rows_ + row)), ",");
      table_.Append(row, &text_);
      text_.push_back('\n');
    }
    rows_ += rows;
    GRADUS_RETURN_IF_ERROR(file_->Write(text_));
    text_.clear();
    return absl::OkStatus();
  }

  absl::Status Finish() {
    GRADUS_RETURN_IF_ERROR(file_->Write(text_));  // Of no rows: the header.
    return file_->Finish();
  }

 private:
  const Names& names_;
  const bool array_;
  PredictionTable table_;
  std::unique_ptr<OutputFile> file_;
  std::string text_;
  int64_t rows_ = 0;
};

// Predictions take the place of an older file, but of nothing that they come from.
absl::Status CheckReplaces(const PredictOptions& options) {
  std::vector<std::string> sources;
  if (!options.input.empty()) sources.push_back(options.input);
  for (const NewPlace& place : options.inputs) sources.push_back(place.path);
  for (const char* name : {"model.pbtxt", "model.safetensors", "run.pbtxt"}) {
    sources.push_back(JoinPath(options.model, name));
  }
  for (const std::string& source : sources) {
    std::error_code not_there;
    if (!std::filesystem::is_regular_file(source, not_there)) continue;
    if (!std::filesystem::equivalent(source, options.output, not_there)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", options.output,
                     ": the predictions are made from it; give another --out"));
  }
  return absl::OkStatus();
}

// What an array cannot hold.
absl::Status CheckArray(const Predictor& predictor, const PredictOptions& options) {
  if (!absl::EndsWith(options.output, ".npy")) return absl::OkStatus();
  const auto error = [&options](auto&&... what) {
    return absl::InvalidArgumentError(absl::StrCat(options.output, ": ", what...));
  };
  if (!options.id_column.empty()) {
    return error("an array has no place for the column ", Quoted(options.id_column),
                 "; a CSV file has");
  }
  if (predictor.outputs().size() != 1) {
    return error("an array holds one output, and the model has ", predictor.outputs().size(),
                 "; a CSV file holds them all");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PredictReport> PredictFiles(const PredictOptions& options) try {
  GRADUS_RETURN_IF_ERROR(CheckReplaces(options));
  PredictorOptions predictor_options;
  predictor_options.checkpoint = options.checkpoint;
  predictor_options.raw_inputs = false;  // The dataset applies the preprocessing as it reads.
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Predictor> predictor,
                          Predictor::Load(options.model, predictor_options));
  GRADUS_RETURN_IF_ERROR(CheckArray(*predictor, options));
  NewExamplesOptions how;
  GRADUS_ASSIGN_OR_RETURN(how.trained, ReadTrainingSource(options.model));
  GRADUS_ASSIGN_OR_RETURN(how.dialect, DialectFor(how.trained, options.dialect));
  std::vector<NewPlace> places = options.inputs;
  if (!options.input.empty()) places.push_back({"", options.input});
  GRADUS_ASSIGN_OR_RETURN(NewExamples examples, OpenNewExamples(places, predictor->inputs(),
                                                                predictor->preprocessing(), how));
  GRADUS_ASSIGN_OR_RETURN(const Names names, NamesOf(examples, options.id_column));
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> file, OutputFile::Create(options.output));
  Output output(*predictor, options, names, std::move(file));
  const std::shared_ptr<const Dataset> dataset =
      CheckRanges(examples.dataset, InputRangesOf(predictor->model(), examples.dataset->fields(),
                                                  predictor->preprocessing()));
  GRADUS_RETURN_IF_ERROR(output.Begin(predictor->outputs()[0], dataset->size()));
  if (dataset->size() > 0) {
    BatchOptions batches;
    batches.batch_size = options.batch_size;
    batches.end_epoch = 1;
    GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BatchStream> stream,
                            BatchStream::Create(dataset, batches));
    for (;;) {
      GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
      if (batch == nullptr) break;
      std::map<std::string, Tensor> inputs;
      for (size_t i = 0; i < batch->fields.size(); ++i) {
        inputs.emplace(dataset->fields()[i].input, batch->fields[i]);
      }
      GRADUS_ASSIGN_OR_RETURN(auto outputs, predictor->Predict(inputs));
      GRADUS_RETURN_IF_ERROR(output.Add(outputs, batch->rows));
    }
  }
  GRADUS_RETURN_IF_ERROR(output.Finish());
  return PredictReport{dataset->size(), predictor->weights(), std::move(examples.lines)};
} catch (...) {
  return StatusOfException("predicting");
}

}  // namespace gradus
