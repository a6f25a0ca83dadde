// CSV in, CSV or NPY out.

#include "gradus/api/predict_csv.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/npy_file.h"
#include "gradus/api/prediction_table.h"
#include "gradus/api/predictor.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/batch_stream.h"
#include "gradus/data/csv_fields.h"

namespace gradus {
namespace {

// A column that is written as it was read.
struct PassedColumn {
  Tensor codes;
  std::vector<std::string> texts;

  void Append(int64_t row, std::string* text) const {
    const int32_t code = codes.data<int32_t>()[static_cast<size_t>(row)];
    text->append(CsvCell(texts[static_cast<size_t>(code)]));
    text->push_back(',');
  }
};

absl::StatusOr<PassedColumn> ReadPassed(const CsvFile& file, const std::string& name) {
  const int column = file.Find(name);
  if (column < 0) {
    const std::string hint = SuggestName(name, file.columns());
    return absl::NotFoundError(absl::StrCat(file.name(), ":1:1: no column ", Quoted(name),
                                            " to pass through", hint.empty() ? "" : "; ", hint));
  }
  CsvSelection selection;
  selection.columns = {column};
  selection.text = selection.as_written = true;
  GRADUS_ASSIGN_OR_RETURN(CsvTable table, file.Read({selection}));
  return PassedColumn{std::move(table.fields[0]), std::move(table.texts[0][0])};
}

// Where predictions go, batch by batch.
class Output {
 public:
  Output(const Predictor& predictor, const PredictCsvOptions& options, const PassedColumn* passed)
      : options_(options),
        passed_(passed),
        array_(absl::EndsWith(options.output, ".npy")),
        table_(predictor.outputs(), predictor.meanings(), options.raw,
               passed == nullptr ? std::vector<std::string>()
                                 : std::vector<std::string>{options.id_column}) {
    if (array_) return;
    std::vector<std::string> columns;
    if (passed != nullptr) columns.push_back(CsvCell(options.id_column));
    for (const std::string& column : table_.columns()) columns.push_back(CsvCell(column));
    text_ = absl::StrCat(absl::StrJoin(columns, ","), "\n");
  }

  absl::Status Add(const std::map<std::string, Tensor>& outputs, int64_t rows) {
    GRADUS_RETURN_IF_ERROR(table_.Read(outputs));
    if (array_) {
      parts_.push_back(table_.values(0).values);
    } else {
      for (int64_t row = 0; row < rows; ++row) {
        if (passed_ != nullptr) passed_->Append(rows_ + row, &text_);
        table_.Append(row, &text_);
        text_.push_back('\n');
      }
    }
    rows_ += rows;
    return absl::OkStatus();
  }

  absl::Status Write(const FieldSpec& first) const {
    if (array_) {
      std::vector<int64_t> dims = {rows_};
      dims.insert(dims.end(), first.dims.begin(), first.dims.end());
      return WriteNpy(options_.output, first.dtype, dims, parts_);
    }
    if (options_.output != "-") return WriteFile(options_.output, text_);
    if (std::fwrite(text_.data(), 1, text_.size(), stdout) != text_.size() ||
        std::fflush(stdout) != 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot write standard output: ", std::strerror(errno)));
    }
    return absl::OkStatus();
  }

  int64_t rows() const { return rows_; }

 private:
  const PredictCsvOptions& options_;
  const PassedColumn* const passed_;
  const bool array_;
  PredictionTable table_;
  std::string text_;
  std::vector<Tensor> parts_;
  int64_t rows_ = 0;
};

// What an array cannot hold.
absl::Status CheckArray(const Predictor& predictor, const PredictCsvOptions& options) {
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

absl::StatusOr<PredictCsvReport> PredictCsv(const PredictCsvOptions& options) try {
  PredictorOptions predictor_options;
  predictor_options.checkpoint = options.checkpoint;
  predictor_options.raw_inputs = false;  // The dataset applies the preprocessing as it reads.
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Predictor> predictor,
                          Predictor::Load(options.model, predictor_options));
  GRADUS_RETURN_IF_ERROR(CheckArray(*predictor, options));
  GRADUS_ASSIGN_OR_RETURN(const CsvDialect dialect, DialectFor(options.model, options.dialect));
  GRADUS_ASSIGN_OR_RETURN(const CsvFile csv, CsvFile::OpenFileOrPipe(options.input, dialect));
  PassedColumn passed;
  if (!options.id_column.empty()) {
    GRADUS_ASSIGN_OR_RETURN(passed, ReadPassed(csv, options.id_column));
  }
  GRADUS_ASSIGN_OR_RETURN(
      std::shared_ptr<const Dataset> dataset,
      PrepareCsvForModel(csv, dialect, predictor->inputs(), predictor->preprocessing()));
  Output output(*predictor, options, options.id_column.empty() ? nullptr : &passed);
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
  GRADUS_RETURN_IF_ERROR(output.Write(predictor->outputs()[0]));
  return PredictCsvReport{output.rows(), predictor->weights()};
} catch (...) {
  return StatusOfException("predicting");
}

}  // namespace gradus
