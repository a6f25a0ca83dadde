// Names, patterns (RE2) and exceptions, in file order where the file gives the order.

#include "framework/readers/csv_columns.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/text_escape.h"
#include "gradus/data/csv_number.h"

namespace gradus {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

class Choosing {
 public:
  Choosing(const CsvFile& file, Opening* opening) : file_(file), opening_(opening) {}

  // Those columns, each once. An empty `list` is a place by itself: columns of training.
  bool Find(const std::vector<std::string>& names, const ConfigPath& path, absl::string_view list,
            std::vector<int>* columns) {
    std::vector<bool> taken(file_.columns().size(), false);
    for (size_t k = 0; k < names.size(); ++k) {
      const ConfigPath where = list.empty() ? path : path.Child(list, static_cast<int>(k), "");
      const int column = file_.Find(names[k]);
      if (column < 0) {
        opening_->Error("unknown-name", where,
                        absl::StrCat(file_.name(), " has no column \"", names[k], "\""),
                        HintFor(names[k]));
      } else if (taken[column]) {
        opening_->Error("duplicate", where,
                        absl::StrCat("column \"", names[k], "\" is named twice"));
      } else {
        taken[column] = true;
        columns->push_back(column);
      }
    }
    return columns->size() == names.size();
  }

  // All columns but those; with a pattern those that match it.
  bool AllBut(const Names& names, const ConfigPath& path, const std::string* pattern,
              std::vector<int>* columns) {
    std::vector<int> except;
    if (!Find({names.begin(), names.end()}, path, "except", &except)) return false;
    std::unique_ptr<RE2> expression;
    if (pattern != nullptr) {
      RE2::Options quiet;
      quiet.set_log_errors(false);
      expression = std::make_unique<RE2>(*pattern, quiet);
      if (!expression->ok()) {
        opening_->Error("pattern", path.Child("pattern"),
                        absl::StrCat(Quoted(*pattern), " is no pattern: ", expression->error()));
        return false;
      }
    }
    for (int c = 0; c < static_cast<int>(file_.columns().size()); ++c) {
      if (std::find(except.begin(), except.end(), c) != except.end()) continue;
      if (expression != nullptr && !RE2::FullMatch(file_.columns()[c], *expression)) continue;
      columns->push_back(c);
    }
    if (!columns->empty()) return true;
    const ConfigPath where = pattern == nullptr ? path : path.Child("pattern");
    opening_->Error("unknown-name", where,
                    pattern == nullptr ? absl::StrCat("no column of ", file_.name(), " is left")
                                       : absl::StrCat("no column of ", file_.name(), " matches ",
                                                      Quoted(*pattern)),
                    absl::StrCat("its columns are ", ListCategories(file_.columns()),
                                 pattern == nullptr ? "" : "; a pattern matches the whole name"));
    return false;
  }

  bool Group(const CsvColumns& group, const ConfigPath& path, std::vector<int>* columns) {
    const bool named = group.name_size() > 0;
    if (named && (group.has_pattern() || group.except_size() > 0)) {
      opening_->Error(
          "exactly-one", path,
          absl::StrCat("name and ", group.has_pattern() ? "pattern" : "except", " are both given"));
      return false;
    }
    if (named) return Find({group.name().begin(), group.name().end()}, path, "name", columns);
    if (!group.has_pattern() && group.except_size() == 0) {
      opening_->Error("missing", path, "says no columns",
                      "list them in name, or give a pattern, or all others in except");
      return false;
    }
    return AllBut(group.except(), path, group.has_pattern() ? &group.pattern() : nullptr, columns);
  }

 private:
  // What could have been meant by a name that no column has.
  std::string HintFor(const std::string& name) const {
    const std::vector<std::string>& columns = file_.columns();
    const std::string near = DidYouMean(name, columns);
    if (!near.empty()) return near;
    const size_t at = columns.size() == 1 ? columns[0].find_first_of(";\t|,") : std::string::npos;
    if (at == std::string::npos) return absl::StrCat("its columns are ", ListCategories(columns));
    return absl::StrCat("its only column is ", Quoted(columns[0]), ": ",
                        absl::StartsWith(columns[0], "sep=") ? "delete this line, and " : "",
                        "set separator: ", Quoted(columns[0].substr(at, 1)));
  }

  const CsvFile& file_;
  Opening* const opening_;
};

// What is said of numbers, as its fields are called.
std::vector<std::string> NumberFields(const CsvColumns& group) {
  std::vector<std::string> fields;
  if (group.divide_by() != 1) fields.push_back("divide_by");
  if (group.log()) fields.push_back("log");
  if (group.log1p()) fields.push_back("log1p");
  if (group.standardise()) fields.push_back("standardise");
  if (group.min_max()) fields.push_back("min_max");
  return fields;
}

void CheckCategories(const ConfigPath& path, const FieldSpec& input, CsvColumns* group,
                     Opening* opening) {
  Categories* categories = group->mutable_categories();
  const ConfigPath here = path.Child("categories");
  const std::vector<std::string> numbers = NumberFields(*group);
  if (!numbers.empty()) {
    opening->Error("exactly-one", path,
                   absl::StrCat("categories are no numbers: ", absl::StrJoin(numbers, ", "),
                                numbers.size() == 1 ? " is" : " are", " for numbers"));
  }
  if (group->impute() == CsvColumns::MEAN || group->impute() == CsvColumns::MEDIAN) {
    opening->Error("type", path.Child("impute"),
                   absl::StrCat("categories have no ",
                                group->impute() == CsvColumns::MEAN ? "mean" : "median"),
                   "set MOST_FREQUENT, or a category in impute_constant");
  }
  const bool floats = input.dtype == DType::kFloat32;
  if (!categories->has_as()) categories->set_as(floats ? Categories::ONE_HOT : Categories::INDEX);
  if (categories->as() == Categories::ONE_HOT && !floats) {
    opening->Error("type", here.Child("as"),
                   absl::StrCat("input \"", input.input, "\" is ", Name(input.dtype),
                                "; only FLOAT32 can be ONE_HOT"));
  }
  std::set<std::string> values;
  for (int k = 0; k < categories->value_size(); ++k) {
    if (values.insert(std::string(BareCsvNumber(categories->value(k)))).second) continue;
    opening->Error("duplicate", here.Child("value", k, ""),
                   absl::StrCat("category ", Quoted(categories->value(k)), " is there twice"));
  }
  if (categories->has_most() && categories->value_size() > 0) {
    opening->Error("exactly-one", here.Child("most"), "value and most are both given");
  }
  if (categories->has_most() && categories->unseen() != Categories::OTHER) {
    opening->Error("missing", here.Child("most"),
                   absl::StrCat("most ", categories->most(), " leaves texts that are no category"),
                   "set unseen: OTHER");
  }
}

void CheckNumbers(const ConfigPath& path, const FieldSpec& input, const CsvColumns& group,
                  Opening* opening) {
  const std::vector<std::string> numbers = NumberFields(group);
  if (!(group.divide_by() > 0) || !std::isfinite(group.divide_by())) {
    opening->Error("out-of-range", path.Child("divide_by"),
                   absl::StrCat("divide_by ", group.divide_by(), " is not positive"));
  }
  if (input.dtype != DType::kFloat32 && !numbers.empty()) {
    opening->Error("type", path,
                   absl::StrCat("input \"", input.input, "\" is ", Name(input.dtype), "; ",
                                absl::StrJoin(numbers, ", "), numbers.size() == 1 ? " is" : " are",
                                " for FLOAT32"));
  }
  if (input.dtype != DType::kFloat32 &&
      (group.impute() == CsvColumns::MEAN || group.impute() == CsvColumns::MEDIAN)) {
    opening->Error("type", path.Child("impute"),
                   absl::StrCat("input \"", input.input, "\" is ", Name(input.dtype),
                                ", and a mean or median may be no whole number"),
                   "set MOST_FREQUENT, or a number in impute_constant");
  }
  if (group.log() && group.log1p()) {
    opening->Error("exactly-one", path, "log and log1p are both set");
  }
  if (group.standardise() && group.min_max()) {
    opening->Error("exactly-one", path, "standardise and min_max are both set");
  }
  if (!group.has_impute_constant()) return;
  double constant = 0;
  const ConfigPath where = path.Child("impute_constant");
  if (!absl::SimpleAtod(group.impute_constant(), &constant) || !std::isfinite(constant)) {
    opening->Error("type", where, absl::StrCat(Quoted(group.impute_constant()), " is not a number"),
                   "for texts, set categories {}");
  } else if (input.dtype == DType::kInt32 &&
             (constant != std::trunc(constant) || std::abs(constant) >= 0x1p31)) {
    opening->Error("type", where,
                   absl::StrCat(Quoted(group.impute_constant()), " is no INT32, which input \"",
                                input.input, "\" takes"));
  } else if ((group.log() && constant <= 0) ||
             (group.log1p() && constant / group.divide_by() <= -1)) {
    opening->Error(
        "out-of-range", where,
        absl::StrCat(group.impute_constant(), " has no logarithm: ",
                     group.log() ? "log takes numbers above 0" : "log1p takes numbers above -1"));
  }
}

}  // namespace

void CheckGroup(const ConfigPath& path, const FieldSpec& input, CsvColumns* group,
                Opening* opening) {
  if (group->has_impute_constant() && group->impute() != CsvColumns::REFUSE) {
    opening->Error("exactly-one", path, "impute and impute_constant are both given");
  }
  if (group->has_categories()) {
    CheckCategories(path, input, group, opening);
  } else {
    CheckNumbers(path, input, *group, opening);
  }
}

bool ChooseColumns(const CsvField& field, const ConfigPath& path, const CsvFile& file, int i,
                   Opening* opening, CsvChoice* choice) {
  InputTransform& transform = opening->feed(i).transform;
  const std::vector<std::string> trained =
      opening->role() == Role::kTrained ? transform.columns : std::vector<std::string>();
  Choosing choosing(file, opening);
  bool found = true;
  if (field.columns_size() > 0) {
    std::vector<int> group_of(file.columns().size(), -1);
    for (int g = 0; g < field.columns_size(); ++g) {
      const ConfigPath here = path.Child("columns", g, "");
      std::vector<int> columns;
      found = choosing.Group(field.columns(g), here, &columns) && found;
      choice->groups.push_back({field.columns(g), here});
      for (int column : columns) {
        if (group_of[column] >= 0) {
          opening->Error("duplicate", here,
                         absl::StrCat("column \"", file.columns()[column], "\" is already in ",
                                      path.Child("columns", group_of[column], "").ToString()),
                         field.columns(g).name_size() > 0 ? "" : "name it in except");
          found = false;
          continue;
        }
        group_of[column] = g;
        choice->columns.push_back(column);
        choice->group_of.push_back(g);
      }
    }
  } else if (field.column_size() > 0) {
    found = choosing.Find({field.column().begin(), field.column().end()}, path, "column",
                          &choice->columns);
  } else if (field.except_size() > 0) {
    found = choosing.AllBut(field.except(), path, nullptr, &choice->columns);
  } else {
    found = choosing.Find(trained, path, "", &choice->columns);
  }
  if (!found) return false;
  transform.columns.clear();
  for (int column : choice->columns) {
    const std::string& name = file.columns()[column];
    transform.columns.push_back(name);
    if (IsUtf8(name)) continue;
    // It could be saved with the model, and not be read again.
    opening->Error(
        "encoding", path,
        absl::StrCat("the name of column ", Quoted(name), " of ", file.name(), " is not UTF-8"),
        "save the file as UTF-8");
    found = false;
  }
  if (!found) return false;
  if (!trained.empty() && transform.columns != trained) {
    // In another order the numbers learned in training would be applied to the wrong columns.
    opening->Error("mismatch", path,
                   absl::StrCat("the columns of input \"", field.input(),
                                "\" are not those of training: ", absl::StrJoin(trained, ", ")));
    return false;
  }
  return true;
}

}  // namespace gradus
