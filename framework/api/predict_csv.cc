// CSV in, CSV out.

#include "gradus/api/predict_csv.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/predictor.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/batch_stream.h"
#include "gradus/data/open_data.h"

namespace gradus {
namespace {

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Header(absl::Span<const FieldSpec> outputs) {
  std::vector<std::string> columns;
  for (const FieldSpec& output : outputs) {
    if (output.elements() == 1) {
      columns.push_back(CsvField(output.input));
      continue;
    }
    for (int64_t i = 0; i < output.elements(); ++i) {
      columns.push_back(CsvField(absl::StrCat(output.input, "[", i, "]")));
    }
  }
  return absl::StrCat(absl::StrJoin(columns, ","), "\n");
}

void AppendRows(absl::Span<const FieldSpec> outputs, const std::map<std::string, Tensor>& values,
                int64_t rows, std::string* text) {
  for (int64_t row = 0; row < rows; ++row) {
    bool first = true;
    for (const FieldSpec& output : outputs) {
      const Tensor& tensor = values.at(output.input);
      for (int64_t i = row * output.elements(); i < (row + 1) * output.elements(); ++i) {
        if (!first) text->push_back(',');
        first = false;
        if (tensor.dtype() == DType::kInt32) {
          absl::StrAppend(text, tensor.data<int32_t>()[i]);
        } else {
          absl::StrAppendFormat(text, "%.9g", tensor.data<float>()[i]);
        }
      }
    }
    text->push_back('\n');
  }
}

}  // namespace

absl::StatusOr<PredictCsvReport> PredictCsv(const PredictCsvOptions& options) try {
  PredictorOptions predictor_options;
  predictor_options.checkpoint = options.checkpoint;
  predictor_options.raw_inputs = false;  // The dataset applies the preprocessing as it reads.
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Predictor> predictor,
                          Predictor::Load(options.model, predictor_options));
  GRADUS_ASSIGN_OR_RETURN(
      std::shared_ptr<const Dataset> dataset,
      OpenCsvForModel(options.input, predictor->inputs(), predictor->preprocessing()));
  std::string text = Header(predictor->outputs());
  int64_t rows = 0;
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
      AppendRows(predictor->outputs(), outputs, batch->rows, &text);
      rows += batch->rows;
    }
  }
  if (options.output != "-") {
    GRADUS_RETURN_IF_ERROR(WriteFile(options.output, text));
  } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
             std::fflush(stdout) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot write standard output: ", std::strerror(errno)));
  }
  return PredictCsvReport{rows, predictor->weights()};
} catch (...) {
  return StatusOfException("predicting");
}

}  // namespace gradus
