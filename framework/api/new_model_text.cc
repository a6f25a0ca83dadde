// The text of a new model, part by part, with the reasons as comments.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/new_model.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

constexpr size_t kWidth = 100;

// "prefix[a, b,\n   c]suffix" in lines of at most kWidth where it can be; a list of one has no brackets.
std::string ListField(const std::string& prefix, const std::vector<std::string>& items) {
  if (items.size() == 1) return absl::StrCat(prefix, items[0]);
  std::string text = absl::StrCat(prefix, "[");
  const size_t indent = text.size();
  size_t line = indent;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = absl::StrCat(items[i], i + 1 < items.size() ? "," : "]");
    if (line > indent && line + 1 + item.size() > kWidth) {
      absl::StrAppend(&text, "\n", std::string(indent, ' '), item);
      line = indent + item.size();
    } else {
      absl::StrAppend(&text, line > indent ? " " : "", item);
      line += item.size() + (line > indent ? 1 : 0);
    }
  }
  return text;
}

std::string Indented(const std::string& prefix, const std::string& name,
                     const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(Quoted(value));
  return absl::StrCat(ListField(absl::StrCat(prefix, name, ": "), quoted), "\n");
}

// Words in lines that begin with `# `.
std::string Comment(const std::string& indent, const std::string& words) {
  std::string text, line = indent + "#";
  for (const auto& word : std::vector<std::string>(absl::StrSplit(words, ' '))) {
    if (line.size() + 1 + word.size() > kWidth && line.size() > indent.size() + 1) {
      absl::StrAppend(&text, line, "\n");
      line = indent + "#";
    }
    absl::StrAppend(&line, " ", word);
  }
  return absl::StrCat(text, line, "\n");
}

// Columns that are treated alike, and so stand in one `columns { }`.
struct Treatment {
  ColumnPlan::Use use;
  bool log1p, impute;
  int64_t most;  // 0: all categories.
  bool operator<(const Treatment& other) const {
    return std::tie(use, log1p, impute, most) <
           std::tie(other.use, other.log1p, other.impute, other.most);
  }
};

class Writer {
 public:
  explicit Writer(const NewModelText& given) : given_(given), target_(given.plan.target) {
    const int64_t rows =
        given.table.estimated_rows > 0 ? given.table.estimated_rows : int64_t{1} << 20;
    const int64_t parts = given.test == nullptr ? 2 : 1;
    size_ = SizeFor(static_cast<int64_t>(static_cast<double>(rows) *
                                         std::pow(0.8, static_cast<double>(parts))));
    names_ = {"features", "inputs", "output"};
    for (size_t i = 0; i < size_.units.size(); ++i) {
      names_.insert(absl::StrCat("hidden_", i + 1));
      names_.insert(absl::StrCat("dropout_", i + 1));
    }
    label_ = NewName(target_.name, "");
    for (const ColumnPlan& column : given.plan.columns) {
      if (column.use == ColumnPlan::kNumber || column.use == ColumnPlan::kOneHot) {
        groups_[{column.use, column.log1p, column.impute,
                 column.all_categories ? 0 : column.categories}]
            .push_back(column.name);
        featured_ += column.use == ColumnPlan::kOneHot ? 2 : 1;
      } else if (column.use == ColumnPlan::kEmbedding) {
        embedded_.push_back({&column, NewName(column.name, "_index"), ""});
        embedded_.back().layer = NewName(column.name, "_vector");
      }
    }
  }

  std::string Text() {
    Head();
    Model();
    Data();
    Optimizer();
    Run();
    return std::move(text_);
  }

 private:
  struct Embedded {
    const ColumnPlan* column;
    std::string input, layer;
  };

  template <class... Parts>
  void Line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }

  // A name of the model's own for a column, which may be called anything.
  std::string NewName(const std::string& column, const std::string& ending) {
    std::string name;
    for (const char c : column) {
      const bool plain =
          absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_-.", c);
      name.push_back(plain ? c : '_');
    }
    if (name.find_first_not_of('_') == std::string::npos) name = "column";
    absl::StrAppend(&name, ending);
    if (names_.count(name) > 0) absl::StrAppend(&name, "_column");
    const std::string base = name;
    for (int i = 2; !names_.insert(name).second; ++i) name = absl::StrCat(base, "_", i);
    return name;
  }

  std::string Rows() const {
    const TableFacts& table = given_.table;
    if (table.whole_file) return absl::StrCat(table.rows, " rows");
    if (table.estimated_rows == 0)
      return absl::StrCat("the first ", table.rows, " rows were looked at");
    return absl::StrCat("some ", table.estimated_rows, " rows; the first ", table.rows,
                        " were looked at");
  }

  void Head() {
    const bool classes = target_.classification();
    text_ += Comment("", absl::StrCat(Quoted(target_.name), " from the other columns of ",
                                      Escaped(given_.csv_path), " (", Rows(), "): ",
                                      classes ? absl::StrCat("classification, ",
                                                             target_.classes.size(), " classes")
                                              : "regression",
                                      "."));
    if (given_.asked == Task::kGuess) {
      text_ += Comment(
          "", absl::StrCat("The target has ", target_.why, "; `--task ",
                           classes ? "regression" : "classification", "` takes it otherwise."));
    }
    text_ += Comment("",
                     "Written by `gradus new model`, and meant to be changed: `gradus list` tells "
                     "what there is.");
    Line("#");
    const std::string file = given_.file.empty() ? "FILE.pbtxt" : Escaped(given_.file);
    const std::string run = absl::StrCat("runs/", given_.name);
    Line("#   gradus train ", file, " --run_dir ", run);
    Line("#   gradus eval ", run,
         "                  # the test part, with the weights that were best in validation");
    Line("#   gradus predict ", run, " ROWS.csv --out predictions.csv");
    bool any = false;
    for (const ColumnPlan& column : given_.plan.columns) {
      if (column.use != ColumnPlan::kLeftOut) continue;
      if (!any) Line("#\n# Columns that are left out:");
      any = true;
      Line("#   ", Quoted(column.name), ": ", column.why);
    }
    Line();
  }

  void Model() {
    Line("model {");
    Line("  name: ", Quoted(given_.name));
    if (featured_ > 0) {
      Line("  input { name: \"features\"", featured_ == 1 ? " shape: 1" : "", " }",
           featured_ == 1 ? "" : "  # as wide as its columns below");
    }
    for (const Embedded& each : embedded_) {
      Line("  input { name: ", Quoted(each.input), " type: INT32 }");
    }
    const bool whole =
        target_.kind == TargetPlan::kClassNumbers || target_.kind == TargetPlan::kClassTexts;
    Line("  input { name: ", Quoted(label_), whole ? " type: INT32" : " shape: 1", " }\n");
    const std::string first = Embeddings();
    for (size_t i = 0; i < size_.units.size(); ++i) {
      Line("  layer { name: \"hidden_", i + 1, "\"",
           i == 0 ? absl::StrCat(" input: ", Quoted(first)) : "",
           " dense { units: ", size_.units[i], " activation: RELU } }");
      if (size_.dropout > 0) {
        Line("  layer { name: \"dropout_", i + 1,
             "\" dropout { rate: ", ShortestNumber(size_.dropout), " } }");
      }
    }
    const size_t outputs = whole ? target_.classes.size() : 1;
    Line(
        "  layer { name: \"output\" dense { units: ", outputs, " } }",
        target_.classification() ? "  # logits; `gradus predict` makes probabilities of them" : "");
    Line();
    Losses();
    Line("}\n");
  }

  // Layers that turn categories into vectors, and what joins everything; the name of what the first hidden layer reads.
  std::string Embeddings() {
    for (const Embedded& each : embedded_) {
      const int64_t places = each.column->categories + 1;
      const int64_t length =
          std::min<int64_t>(32, std::lround(1.6 * std::pow(static_cast<double>(places), 0.56)));
      Line("  layer { name: ", Quoted(each.layer), " input: ", Quoted(each.input),
           " embedding { input_dim: ", places, " output_dim: ", length, " } }");
    }
    if (embedded_.empty()) return "features";
    if (featured_ == 0 && embedded_.size() == 1) return embedded_[0].layer;
    std::string line = "  layer { name: \"inputs\"";
    if (featured_ > 0) absl::StrAppend(&line, " input: \"features\"");
    for (const Embedded& each : embedded_) absl::StrAppend(&line, " input: ", Quoted(each.layer));
    Line(line, " concat {} }");
    return "inputs";
  }

  void Losses() {
    const std::string pair = absl::StrCat("prediction: \"output\" label: ", Quoted(label_));
    const auto metric = [&](const std::string& kind, const std::string& name,
                            const std::string& more) {
      Line("  metric { name: \"", name, "\" ", kind, " { ", pair, more, " } }");
    };
    if (!target_.classification()) {
      Line("  loss { mean_squared_error { ", pair, " } }");
      metric("r2_score", "r2", "");
      metric("mean_absolute_error", "mean_absolute_error", "");
      return;
    }
    const bool yes_no = target_.kind == TargetPlan::kYesNo;
    std::vector<std::string> counts;
    int64_t least = target_.classes[0].second, most = 0;
    for (const auto& each : target_.classes) {
      least = std::min(least, each.second);
      most = std::max(most, each.second);
      if (counts.size() < 20) counts.push_back(absl::StrCat(Escaped(each.first), " ", each.second));
    }
    if (counts.size() < target_.classes.size()) counts.push_back("...");
    text_ += Comment("  ", absl::StrCat("Rows of each class: ", absl::StrJoin(counts, ", "), "."));
    Line("  loss {");
    Line("    ", yes_no ? "binary_crossentropy" : "sparse_categorical_crossentropy", " { ", pair,
         " from_logits: true }");
    if (most > 2 * least)
      Line(
          "    # class_weight { balanced: true }  # would count each class alike, however rare it "
          "is");
    Line("  }");
    if (yes_no) {
      metric("binary_accuracy", "accuracy", " threshold: 0");
      metric("auc", "auc", "");
    } else {
      metric("sparse_categorical_accuracy", "accuracy", "");
      if (target_.classes.size() <= 20) metric("confusion_matrix", "confusion", "");
    }
  }

  void Data() {
    Line("data {");
    Line("  train {\n    csv {");
    Dialect("      ", given_.csv_path);
    if (featured_ > 0) Features();
    for (const Embedded& each : embedded_) {
      Line("      # ", Quoted(each.column->name), ": ", each.column->why);
      Line("      field {\n        input: ", Quoted(each.input));
      Line("        columns {\n          name: ", Quoted(each.column->name));
      Line("          categories { unseen: OTHER most: ", each.column->categories, " }");
      if (each.column->impute) Line("          impute: MOST_FREQUENT");
      Line("        }\n      }");
    }
    Target();
    Line("    }\n  }");
    const std::string held_out = ShortestNumber(size_.held_out);
    text_ += Comment("  ", absl::StrCat("A sample, drawn with the seed",
                                        target_.kind == TargetPlan::kAmount
                                            ? "."
                                            : ", in which each class has its part."));
    Line("  validation { fraction: ", held_out, " seed: 1 }");
    if (given_.test_path.empty()) {
      text_ += Comment(
          "  ", "Set aside before anything else, and evaluated once, when training is over.");
      Line("  test_fraction: ", held_out);
      Line("  test_seed: 1");
    } else {
      Line("  test {\n    csv {");
      Dialect("      ", given_.test_path);
      Line("    }\n  }");
    }
    Line("  batch_size: ", size_.batch_size);
    Line("  shuffle_seed: 1");
    Line("}\n");
  }

  void Dialect(const std::string& indent, const std::string& path) {
    const TableFacts& table = given_.table;
    Line(indent, "path: ", Quoted(path));
    if (table.dialect.separator != ',') {
      Line(indent, "separator: ", Quoted(std::string(1, table.dialect.separator)));
    }
    if (!table.dialect.header) {
      if (!table.why_header.empty())
        text_ += Comment(indent, absl::StrCat(table.why_header, ": no header"));
      Line(indent, "header: false");
    }
    std::vector<std::string> marks = table.missing_marks;
    if (given_.test != nullptr) {
      for (const std::string& mark : given_.test->missing_marks) {
        if (std::find(marks.begin(), marks.end(), mark) == marks.end()) marks.push_back(mark);
      }
    }
    if (marks.empty()) return;
    std::vector<std::string> missing = CsvDialect().missing;
    missing.insert(missing.end(), marks.begin(), marks.end());
    text_ += Indented(indent, "missing", missing);
  }

  void Features() {
    for (const ColumnPlan& column : given_.plan.columns) {
      const bool here = column.use == ColumnPlan::kNumber || column.use == ColumnPlan::kOneHot;
      if (!here || column.why.empty()) continue;
      Line("      # ", Quoted(column.name), ": ", column.why,
           column.use == ColumnPlan::kNumber
               ? "; codes would be better as `categories { unseen: OTHER }`"
               : "");
    }
    Line("      field {\n        input: \"features\"");
    for (const auto& group : groups_) Group(group.first, group.second);
    Line("      }");
  }

  // By name, or by what it leaves out when that is shorter.
  void Group(const Treatment& how, const std::vector<std::string>& names) {
    Line("        columns {");
    std::vector<std::string> others;
    for (const ColumnFacts& column : given_.table.columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) {
        others.push_back(column.name);
      }
    }
    const bool by_name = names.size() <= others.size() || names.size() <= 4;
    text_ += Indented("          ", by_name ? "name" : "except", by_name ? names : others);
    if (how.use == ColumnPlan::kNumber) {
      if (how.log1p)
        Line("          log1p: true  # long-tailed: a few are far larger than the rest");
      Line("          standardise: true");
      if (how.impute) Line("          impute: MEDIAN");
    } else {
      Line("          categories { unseen: OTHER",
           how.most > 0 ? absl::StrCat(" most: ", how.most) : "", " }");
      if (how.impute) Line("          impute: MOST_FREQUENT");
    }
    Line("        }");
  }

  void Target() {
    const std::string name = Quoted(target_.name);
    Line("      field {\n        input: ", Quoted(label_));
    switch (target_.kind) {
      case TargetPlan::kAmount:
        text_ += Comment(
            "        ", "Metrics and predictions are told in the target's own units all the same.");
        if (target_.log1p_may_help) {
          text_ += Comment(
              "        ",
              "It is long-tailed: with `log1p: true`, too, errors would count in proportion.");
        }
        Line("        columns { name: ", name, " standardise: true }");
        break;
      case TargetPlan::kYesNo:
      case TargetPlan::kClassNumbers:
        Line("        column: ", name);
        break;
      case TargetPlan::kClassTexts: {
        std::vector<std::string> classes;
        for (const auto& each : target_.classes) classes.push_back(each.first);
        Line("        columns {\n          name: ", name, "\n          categories {");
        text_ += Indented("            ", "value", classes);
        Line("          }\n        }");
        break;
      }
    }
    Line("      }");
  }

  void Optimizer() {
    const double epochs = static_cast<double>(size_.epochs);
    Line("optimizer {");
    Line("  adamw {}");
    Line("  weight_decay: ", ShortestNumber(size_.weight_decay));
    text_ +=
        Comment("  ", absl::StrCat("Up for ", ShortestNumber(epochs / 10),
                                   " epochs, then down to 0 when training ends; `gradus schedule` "
                                   "draws it, and `gradus find-lr` looks for a rate."));
    Line("  learning_rate {\n    clock: EPOCHS");
    Line("    cosine_decay {");
    Line("      initial_learning_rate: 0 warmup_target: ", ShortestNumber(size_.learning_rate));
    Line("      warmup_steps: ", ShortestNumber(epochs / 10),
         " decay_steps: ", ShortestNumber(epochs * 9 / 10));
    Line("    }\n  }\n}\n");
  }

  void Run() {
    Line("run {");
    Line("  epochs: ", size_.epochs);
    Line("  seed: 1");
    Line(
        "  # The weights that did best in validation are kept beside the last ones; `eval` and "
        "`predict` take them.");
    Line("  checkpoint { best { metric: \"validation/loss\" } }");
    Line("  # early_stopping { monitor: \"validation/loss\" patience: ",
         std::max<int64_t>(size_.epochs / 5, 3), " restore_best: true }");
    Line("}");
  }

  const NewModelText& given_;
  const TargetPlan& target_;
  ModelSize size_;
  std::set<std::string> names_;
  std::string label_;
  std::map<Treatment, std::vector<std::string>> groups_;
  std::vector<Embedded> embedded_;
  int featured_ = 0;  // How many numbers feed "features", counting two for a column of many.
  std::string text_;
};

}  // namespace

std::string TextOf(const NewModelText& model) { return Writer(model).Text(); }

}  // namespace gradus
