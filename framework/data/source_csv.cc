// CSV as a source: which columns feed which input.

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/base/status.h"
#include "gradus/data/source_opener.h"

namespace gradus {

bool SourceOpener::FindColumns(const std::vector<std::string>& names, const ConfigPath& path,
                               absl::string_view list, const CsvFile& file,
                               std::vector<int>* columns) {
  std::vector<bool> taken(file.columns().size(), false);
  for (size_t k = 0; k < names.size(); ++k) {
    // An empty list is a place by itself: columns that are taken over from training.
    const ConfigPath where = list.empty() ? path : path.Child(list, static_cast<int>(k), "");
    const int column = file.Find(names[k]);
    if (column < 0) {
      Error("unknown-name", where, absl::StrCat(file.name(), " has no column \"", names[k], "\""),
            DidYouMean(names[k], file.columns()));
    } else if (taken[column]) {
      Error("duplicate", where, absl::StrCat("column \"", names[k], "\" is named twice"));
    } else {
      taken[column] = true;
      columns->push_back(column);
    }
  }
  return columns->size() == names.size();
}

bool SourceOpener::Columns(const CsvField& field, const ConfigPath& path, const CsvFile& file,
                           int i, std::vector<int>* columns) {
  InputTransform& transform = feeds_[i].transform;
  const std::vector<std::string> trained =
      role_ == Role::kTrained ? transform.columns : std::vector<std::string>();
  bool found = true;
  if (field.column_size() > 0) {
    found =
        FindColumns({field.column().begin(), field.column().end()}, path, "column", file, columns);
  } else if (field.except_size() > 0) {
    std::vector<int> except;
    found =
        FindColumns({field.except().begin(), field.except().end()}, path, "except", file, &except);
    std::sort(except.begin(), except.end());
    for (int c = 0; c < static_cast<int>(file.columns().size()); ++c) {
      if (!std::binary_search(except.begin(), except.end(), c)) columns->push_back(c);
    }
  } else {
    found = FindColumns(trained, path, "", file, columns);
  }
  if (!found) return false;
  transform.columns.clear();
  for (int column : *columns) transform.columns.push_back(file.columns()[column]);
  if (!trained.empty() && transform.columns != trained) {
    // In another order the numbers learned in training would be applied to the wrong columns.
    Error("mismatch", path,
          absl::StrCat("the columns of input \"", field.input(),
                       "\" are not those of training: ", absl::StrJoin(trained, ", ")));
    return false;
  }
  return true;
}

void SourceOpener::OpenCsv(const CsvSource& config, const ConfigPath& path) {
  const absl::StatusOr<CsvFile> file = CsvFile::Open(Resolve(config.path()));
  if (!file.ok()) Error("file", path.Child("path"), file.status().message());

  // The fields of the text, and those that are taken over from training.
  std::vector<CsvField> fields(config.field().begin(), config.field().end());
  if (role_ == Role::kTrained) {
    for (const FieldSpec& spec : context_.inputs) {
      const InputTransform* transform = trained_.Find(spec.input);
      const bool given = std::any_of(fields.begin(), fields.end(), [&](const CsvField& field) {
        return field.input() == spec.input;
      });
      if (given || transform == nullptr || transform->columns.empty()) continue;
      fields.emplace_back();
      fields.back().set_input(spec.input);
    }
  }

  std::vector<FieldSpec> specs;
  std::vector<CsvSelection> selections;
  for (size_t k = 0; k < fields.size(); ++k) {
    const CsvField& field = fields[k];
    const bool in_text = static_cast<int>(k) < config.field_size();
    const ConfigPath here = in_text ? path.Child("field", static_cast<int>(k), "") : path;
    const int i = Claim(field.input(), here.Child("input"), static_cast<int>(selections.size()));
    if (i < 0) continue;
    feeds_[i].path = here;
    PlanValues(ValuesOf(field), here, i);
    const bool trained = role_ == Role::kTrained && !feeds_[i].transform.columns.empty();
    if (field.column_size() > 0 && field.except_size() > 0) {
      Error("exactly-one", here, "column and except are both given");
    } else if (field.column_size() == 0 && field.except_size() == 0 && !trained &&
               role_ != Role::kUnknown) {
      Error("missing", here, absl::StrCat("input \"", field.input(), "\" has no columns"),
            "name them in column, or all others in except");
    } else if (file.ok()) {
      std::vector<int> columns;
      if (!Columns(field, here, *file, i, &columns)) continue;
      const int64_t count = static_cast<int64_t>(columns.size());
      const DType dtype = CsvType(input(i).dtype);
      CheckFits(i, dtype, {count}, here, count == 1 ? "the column" : "the choice of columns");
      specs.push_back({field.input(), dtype, {count}});
      selections.push_back({columns, dtype});
    }
  }
  CheckAllFed(path);
  if (failed_) return;
  absl::StatusOr<CsvTable> table = file->Read(selections);
  if (!table.ok()) return Error("data", path.Child("path"), table.status().message());
  raw_ = MakeCsvDataset(file->name(), std::move(specs), std::move(table->fields),
                        std::move(table->lines));
}

DType CsvType(DType input) { return input == DType::kInt32 ? DType::kInt32 : DType::kFloat64; }

std::shared_ptr<const Dataset> MakeCsvDataset(const std::string& file,
                                              std::vector<FieldSpec> fields,
                                              std::vector<Tensor> tensors,
                                              CsvLines lines) {
  return MakeTensorDataset(std::move(fields), std::move(tensors),
                           [file, lines = std::move(lines)](int64_t row, int) {
                             return absl::StrCat(file, ":", lines[row]);
                           });
}

}  // namespace gradus
