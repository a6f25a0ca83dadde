// Where the examples of a new model come from, and what becomes of each column.

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/new_model_draft.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

using Treatment = NewModelDraft::Treatment;
using Embedded = NewModelDraft::Embedded;

class DataWriter {
 public:
  DataWriter(const NewModelDraft& draft, TextLines* text) : draft_(draft), text_(text) {}

  void Write() {
    text_->Line("data {");
    text_->Line("  train {\n    csv {");
    Dialect("      ", draft_.given.csv_path);
    if (draft_.featured > 0) Features();
    for (const Embedded& each : draft_.embedded) {
      text_->Line("      # ", Readable(Written(each.column->name)), ": ", each.column->why);
      text_->Line("      field {\n        input: ", Written(each.input));
      text_->Line("        columns { name: ", Written(each.column->name),
                  " categories { unseen: OTHER most: ", each.column->categories, " }",
                  each.column->impute ? " impute: MOST_FREQUENT" : "", " }");
      text_->Line("      }");
    }
    Target();
    text_->Line("    }\n  }");
    const std::string held_out = ShortestNumber(draft_.size.held_out);
    text_->Comment("  ", absl::StrCat("A sample, drawn with the seed",
                                      draft_.target.kind == TargetPlan::kAmount
                                          ? "."
                                          : ", in which each class has its part."));
    text_->Line("  validation { fraction: ", held_out, " seed: 1 }");
    if (draft_.given.test_path.empty()) {
      text_->Comment("  ",
                     "Set aside before anything else, and evaluated once, when training is over.");
      text_->Line("  test_fraction: ", held_out);
      text_->Line("  test_seed: 1");
    } else {
      text_->Line("  test {\n    csv {");
      Dialect("      ", draft_.given.test_path);
      text_->Line("    }\n  }");
    }
    text_->Line("  batch_size: ", draft_.size.batch_size);
    text_->Line("  shuffle_seed: 1");
    text_->Line("}\n");
  }

 private:
  void Dialect(const std::string& indent, const std::string& path) {
    const TableFacts& table = draft_.given.table;
    text_->Line(indent, "path: ", Written(path));
    if (table.dialect.separator != ',') {
      text_->Line(indent, "separator: ", Written(std::string(1, table.dialect.separator)));
    }
    if (!table.dialect.header) {
      if (!table.why_header.empty())
        text_->Comment(indent, absl::StrCat(table.why_header, ": no header"));
      text_->Line(indent, "header: false");
    }
    std::vector<std::string> marks = table.missing_marks;
    if (draft_.given.test != nullptr) {
      for (const std::string& mark : draft_.given.test->missing_marks) {
        if (std::find(marks.begin(), marks.end(), mark) == marks.end()) marks.push_back(mark);
      }
    }
    if (marks.empty()) return;
    std::vector<std::string> missing = CsvDialect().missing;
    missing.insert(missing.end(), marks.begin(), marks.end());
    text_->Texts(indent, "missing", missing);
  }

  void Features() {
    std::vector<std::string> few;
    for (const ColumnPlan& column : draft_.given.plan.columns) {
      if (column.why.empty()) continue;
      if (column.use == ColumnPlan::kOneHot) {
        text_->Line("      # ", Readable(Written(column.name)), ": ", column.why);
      } else if (column.use == ColumnPlan::kNumber) {
        few.push_back(Written(column.name));
      }
    }
    if (!few.empty()) {
      text_->Comment("      ",
                     absl::StrCat("Only a few different whole numbers: ", absl::StrJoin(few, ", "),
                                  ". If they are codes and not amounts, "
                                  "`categories { unseen: OTHER }` suits them better."));
    }
    if (!draft_.given.table.whole_file) {
      text_->Comment("      ", "Cells may be missing further down, where nobody has looked.");
    }
    text_->Line("      field {\n        input: \"features\"");
    for (const auto& group : draft_.groups) Group(group.first, group.second);
    text_->Line("      }");
  }

  // By name, or by what it leaves out when that is shorter.
  void Group(const Treatment& how, const std::vector<std::string>& names) {
    std::vector<std::string> others;
    for (const ColumnFacts& column : draft_.given.table.columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) {
        others.push_back(column.name);
      }
    }
    const bool by_name = names.size() <= others.size() || names.size() <= 4;
    std::string treatment;
    if (how.use == ColumnPlan::kNumber) {
      treatment = absl::StrCat(how.log1p ? "log1p: true " : "", "standardise: true",
                               how.impute ? " impute: MEDIAN" : "");
    } else {
      treatment = absl::StrCat("categories { unseen: OTHER",
                               how.most > 0 ? absl::StrCat(" most: ", how.most) : "", " }",
                               how.impute ? " impute: MOST_FREQUENT" : "");
    }
    if (how.log1p) text_->Comment("        ", "Long-tailed: a few are far larger than the rest.");
    TextLines list;
    list.Texts("          ", by_name ? "name" : "except", by_name ? names : others);
    const std::string columns = list.Take();
    const std::string line = absl::StrCat("        columns { ", absl::StripAsciiWhitespace(columns),
                                          " ", treatment, " }");
    if (line.size() <= 100 && !absl::StrContains(line, '\n')) {
      text_->Line(line);
      return;
    }
    text_->Line("        columns {\n", columns, "          ", treatment, "\n        }");
  }

  void Target() {
    const std::string name = Written(draft_.target.name);
    text_->Line("      field {\n        input: ", Written(draft_.label));
    switch (draft_.target.kind) {
      case TargetPlan::kAmount:
        text_->Comment("        ",
                       "Metrics and predictions are told in the target's own units all the same.");
        if (draft_.target.log1p_may_help) {
          text_->Comment(
              "        ",
              "It is long-tailed: with `log1p: true`, too, errors would count in proportion.");
        }
        text_->Line("        columns { name: ", name, " standardise: true }");
        break;
      case TargetPlan::kYesNo:
      case TargetPlan::kClassNumbers:
        text_->Line("        column: ", name);
        break;
      case TargetPlan::kClassTexts: {
        std::vector<std::string> classes;
        for (const auto& each : draft_.target.classes) classes.push_back(each.first);
        text_->Line("        columns {\n          name: ", name, "\n          categories {");
        text_->Texts("            ", "value", classes);
        text_->Line("          }\n        }");
        break;
      }
    }
    text_->Line("      }");
  }

  const NewModelDraft& draft_;
  TextLines* const text_;
};

}  // namespace

void WriteData(const NewModelDraft& draft, TextLines* text) { DataWriter(draft, text).Write(); }

}  // namespace gradus
