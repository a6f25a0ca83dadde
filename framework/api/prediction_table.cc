// Columns and cells.

#include "gradus/api/prediction_table.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

std::vector<std::string> ColumnsOf(const OutputMeaning& meaning) {
  if (!meaning.one_of_classes() && !meaning.yes_or_no()) return meaning.names;
  const char* of = meaning.has_probabilities() ? "p(" : "score(";
  std::vector<std::string> columns;
  if (meaning.one_of_classes() || meaning.elements == 1) {
    columns.push_back(meaning.target);
    for (size_t k = 0; k < meaning.names.size(); ++k) {
      // A score for yes says all there is of no.
      const bool left_out = meaning.yes_or_no() && !meaning.has_probabilities() && k == 0;
      if (!left_out) columns.push_back(absl::StrCat(of, meaning.names[k], ")"));
    }
    return columns;
  }
  for (const std::string& name : meaning.names) {
    columns.push_back(name);
    columns.push_back(absl::StrCat(of, name, ")"));
  }
  return columns;
}

// Nine significant digits give the same float back.
void AppendNumber(float number, std::string* text) { absl::StrAppendFormat(text, "%.9g", number); }

}  // namespace

std::string CsvCell(absl::string_view text) {
  if (text.find_first_of(",\"\r\n") == absl::string_view::npos) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

PredictionTable::PredictionTable(absl::Span<const FieldSpec> outputs,
                                 absl::Span<const OutputMeaning> meanings, bool raw,
                                 absl::Span<const std::string> before)
    : meanings_(meanings.begin(), meanings.end()) {
  if (raw) meanings_ = MeaningsOf(outputs, ModelConfig(), {}, {}, Preprocessing());
  std::multiset<std::string> names(before.begin(), before.end());
  for (const OutputMeaning& meaning : meanings_) {
    for (std::string& column : ColumnsOf(meaning)) names.insert(std::move(column));
  }
  for (const OutputMeaning& meaning : meanings_) {
    const std::vector<std::string> columns = ColumnsOf(meaning);
    bool shared = false;
    for (const std::string& column : columns) shared |= names.count(column) > 1;
    for (const std::string& column : columns) {
      columns_.push_back(shared ? absl::StrCat(meaning.output, ".", column) : column);
    }
  }
}

absl::Status PredictionTable::Read(const std::map<std::string, Tensor>& outputs) {
  read_.clear();
  for (const OutputMeaning& meaning : meanings_) {
    GRADUS_ASSIGN_OR_RETURN(Interpretation read, Interpret(meaning, outputs.at(meaning.output)));
    read_.push_back(std::move(read));
  }
  return absl::OkStatus();
}

void PredictionTable::Append(int64_t row, std::string* text) const {
  for (size_t i = 0; i < meanings_.size(); ++i) {
    const OutputMeaning& meaning = meanings_[i];
    const Interpretation& read = read_[i];
    const size_t n = static_cast<size_t>(meaning.elements);
    const size_t first = static_cast<size_t>(row) * n;
    if (i > 0) text->push_back(',');
    if (read.values.dtype() == DType::kInt32) {
      const absl::Span<const int32_t> values = read.values.data<int32_t>();
      for (size_t k = 0; k < n; ++k) absl::StrAppend(text, k > 0 ? "," : "", values[first + k]);
      continue;
    }
    const absl::Span<const float> values = read.values.data<float>().subspan(first, n);
    if (meaning.one_of_classes()) {
      const int32_t chosen = read.chosen[static_cast<size_t>(row)];
      text->append(CsvCell(meaning.names[static_cast<size_t>(chosen)]));
      for (const float value : values) {
        text->push_back(',');
        AppendNumber(value, text);
      }
    } else if (meaning.yes_or_no() && n == 1) {
      text->append(CsvCell(meaning.names[static_cast<size_t>(read.chosen[first])]));
      text->push_back(',');
      if (meaning.has_probabilities()) {
        AppendNumber(1 - values[0], text);
        text->push_back(',');
      }
      AppendNumber(values[0], text);
    } else {
      for (size_t k = 0; k < n; ++k) {
        if (k > 0) text->push_back(',');
        if (meaning.yes_or_no()) absl::StrAppend(text, read.chosen[first + k], ",");
        AppendNumber(values[k], text);
      }
    }
  }
}

}  // namespace gradus
