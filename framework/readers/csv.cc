// Tables as text: which columns feed which input, and what is done to them. framework/data/csv.h says
// how they are written.
//
//   train { csv { path: "houses.csv"
//     field { input: "x" columns { name: "area" log: true standardise: true }
//                        columns { pattern: "has_.*" impute_constant: "0" }
//                        columns { name: "city" categories { unseen: OTHER } } }
//     field { input: "price" columns { name: "price" standardise: true } } } }

#include "gradus/data/csv.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "framework/readers/csv_as_trained.h"
#include "framework/readers/csv_columns.h"
#include "gradus/data/csv_fields.h"
#include "gradus/data/reader.h"

namespace gradus {
namespace {

// Of what a file has wrong, what can be done about it here.
std::string HintFor(absl::string_view message, bool only_floats, Role role) {
  if (role == Role::kTrained) return "";  // It is done as it was done in training.
  absl::string_view cell = message;
  if (absl::ConsumeSuffix(&cell, " is not a number")) {
    return "if it stands for a category: columns { name: ... categories {} }";
  }
  if (absl::EndsWith(message, "the cell is empty") ||
      absl::StrContains(message, "the cell is missing")) {
    return absl::StrCat("say what stands for it: columns { name: ... impute: MEDIAN }",
                        only_floats ? "" : ", or MOST_FREQUENT for categories and INT32 inputs");
  }
  return "";
}

// Whether all cells are numbers, of inputs that take any.
bool OnlyFloats(const std::vector<CsvField>& fields, const Opening& opening) {
  for (const CsvField& field : fields) {
    const int i = opening.FindInput(field.input());
    if (i >= 0 && opening.input(i).dtype != DType::kFloat32) return false;
    for (const CsvColumns& group : field.columns()) {
      if (group.has_categories()) return false;
    }
  }
  return true;
}

class Csv : public TypedReader<CsvSource> {
  void Open(const CsvSource& config, const ConfigPath& path, Opening* opening) const override {
    CsvDialect dialect;
    const absl::StatusOr<char> separator = ParseCsvSeparator(config.separator());
    if (separator.ok()) {
      dialect.separator = *separator;
    } else {
      opening->Error("out-of-range", path.Child("separator"), separator.status().message());
    }
    dialect.header = config.header();
    dialect.on_disk = config.on_disk();
    if (config.missing_size() > 0) {
      dialect.missing.assign(config.missing().begin(), config.missing().end());
    }
    const absl::StatusOr<CsvFile> file = CsvFile::Open(opening->Resolve(config.path()), dialect);
    if (!file.ok()) opening->Error("file", path.Child("path"), file.status().message());

    // The fields of the text, and those that are taken over from training.
    std::vector<CsvField> fields(config.field().begin(), config.field().end());
    for (const FieldSpec& spec : opening->inputs()) {
      const InputTransform* trained = opening->nested() ? nullptr : opening->Trained(spec.input);
      const bool given = std::any_of(fields.begin(), fields.end(), [&](const CsvField& field) {
        return field.input() == spec.input;
      });
      if (given || trained == nullptr || trained->columns.empty()) continue;
      fields.emplace_back();
      fields.back().set_input(spec.input);
    }

    CsvFields reading(opening->first_field());
    for (size_t k = 0; k < fields.size(); ++k) {
      const bool in_text = static_cast<int>(k) < config.field_size();
      const ConfigPath here = in_text ? path.Child("field", static_cast<int>(k), "") : path;
      OpenField(fields[k], here, file, opening, &reading);
    }
    if (opening->failed() || fields.empty()) return;
    absl::StatusOr<std::shared_ptr<const Dataset>> raw = reading.Read(*file, dialect);
    if (!raw.ok()) {
      const absl::string_view message = raw.status().message();
      return opening->Error("data", path.Child("path"), message,
                            HintFor(message, OnlyFloats(fields, *opening), opening->role()));
    }
    if ((*raw)->size() == 0) {
      return opening->Error("data", path.Child("path"),
                            absl::StrCat(file->name(), ": there are no rows below the header"));
    }
    opening->Give(*std::move(raw));
  }

  // Text has no beginning of its own, but no byte 0.
  Reads WouldRead(const GivenPlace& given) const override {
    const bool text = !given.folder && given.beginning.find('\0') == std::string::npos;
    return text ? Reads::kPerhaps : Reads::kNo;
  }

  static void OpenField(const CsvField& field, const ConfigPath& path,
                        const absl::StatusOr<CsvFile>& file, Opening* opening, CsvFields* reading) {
    const int i = opening->Claim(field.input(), path.Child("input"));
    if (i < 0) return;
    Feed& feed = opening->feed(i);
    feed.path = path;
    // What is said of columns that were treated one by one is compared with them, later.
    if (feed.transform.treatments.empty() || feed.transform.columns.empty()) {
      opening->PlanValues(ValuesOf(field), path, i);
    }
    const bool trained = opening->role() == Role::kTrained && !feed.transform.columns.empty();
    std::vector<std::string> ways;
    if (field.column_size() > 0) ways.push_back("column");
    if (field.except_size() > 0) ways.push_back("except");
    if (field.columns_size() > 0) ways.push_back("columns");
    if (ways.size() > 1) {
      return opening->Error("exactly-one", path,
                            absl::StrCat(ways[0], " and ", ways[1], " are both given"));
    }
    if (ways.empty() && !trained && opening->role() != Role::kUnknown) {
      return opening->Error("missing", path,
                            absl::StrCat("input \"", field.input(), "\" has no columns"),
                            "name them in column, or all others in except");
    }
    if (field.columns_size() > 0 && (field.standardise() || field.divide_by() != 1)) {
      return opening->Error("exactly-one", path,
                            absl::StrCat(field.standardise() ? "standardise" : "divide_by",
                                         " is for column and except"),
                            "with columns, say it in each of them");
    }
    if (!file.ok()) return;
    CsvChoice choice;
    if (!ChooseColumns(field, path, *file, i, opening, &choice)) return;
    Plan(field, path, i, std::move(choice), opening, reading);
  }

  // What is asked of the chosen columns.
  static void Plan(const CsvField& field, const ConfigPath& path, int i, CsvChoice choice,
                   Opening* opening, CsvFields* reading) {
    Feed& feed = opening->feed(i);
    const FieldSpec& input = opening->input(i);
    if (opening->role() == Role::kTrained) {
      const InputTransform* trained = opening->Trained(field.input());
      // By PlanValues.
      const bool found_already =
          feed.transform.treatments.empty() &&
          ((field.has_divide_by() && field.divide_by() != feed.transform.divide_by) ||
           (field.has_standardise() && field.standardise() == feed.transform.mean.empty()));
      const bool from_columns = trained != nullptr && !trained->columns.empty();
      if ((from_columns && !found_already) || field.columns_size() > 0) {
        CheckAsTrained(field, path, choice, feed.transform, opening);
      }
      const bool by_column = !feed.transform.treatments.empty();
      if (!by_column) CheckFits(i, choice, path, opening);
      return reading->Add(&feed, input.dtype, TrainedColumns(feed.transform, choice.columns),
                          by_column);
    }
    for (ColumnGroup& group : choice.groups) CheckGroup(group.path, input, &group.columns, opening);
    KeepWhatIsAsked(field, choice, &feed.transform);
    std::vector<CsvFields::Column> columns;
    for (size_t c = 0; c < choice.columns.size(); ++c) {
      CsvFields::Column column = {choice.columns[c], false, false};
      if (!choice.group_of.empty()) {
        const CsvColumns& group = choice.groups[choice.group_of[c]].columns;
        column.text = group.has_categories();
        column.may_miss = group.impute() != CsvColumns::REFUSE || group.has_impute_constant();
      }
      columns.push_back(column);
    }
    const bool by_column = field.columns_size() > 0;
    if (!by_column) CheckFits(i, choice, path, opening);
    feed.groups = std::move(choice.groups);
    feed.group_of = std::move(choice.group_of);
    reading->Add(&feed, input.dtype, columns, by_column);
  }

  static void CheckFits(int i, const CsvChoice& choice, const ConfigPath& path, Opening* opening) {
    const int64_t count = static_cast<int64_t>(choice.columns.size());
    const DType dtype = opening->input(i).dtype == DType::kInt32 ? DType::kInt32 : DType::kFloat64;
    opening->CheckFits(i, dtype, {count}, path,
                       count == 1 ? "the column" : "the choice of columns");
    if (count == 1 && opening->input(i).any_dims) opening->feed(i).dims.clear();
  }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.csv", Csv);

}  // namespace
}  // namespace gradus
