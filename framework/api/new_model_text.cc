// The text of a new model, part by part, with the reasons as comments.

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/new_model_draft.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/text_escape.h"

namespace gradus {
namespace {

class Writer {
 public:
  Writer(const NewModelDraft& draft, TextLines* text) : draft_(draft), text_(text) {}

  void Write() {
    Head();
    Model();
    WriteData(draft_, text_);
    Optimizer();
    Run();
  }

 private:
  std::string Rows() const {
    const TableFacts& table = draft_.given.table;
    if (table.whole_file) return absl::StrCat(table.rows, " rows");
    if (table.estimated_rows == 0)
      return absl::StrCat("the first ", table.rows, " rows were looked at");
    return absl::StrCat("some ", table.estimated_rows, " rows; the first ", table.rows,
                        " were looked at");
  }

  void Head() {
    const bool classes = draft_.target.classification();
    text_->Comment("", absl::StrCat(Written(draft_.target.name), " from the other columns of ",
                                    Escaped(draft_.given.csv_path), " (", Rows(), "): ",
                                    classes ? absl::StrCat("classification, ",
                                                           draft_.target.classes.size(), " classes")
                                            : "regression",
                                    "."));
    if (draft_.given.asked == Task::kGuess) {
      text_->Comment("",
                     absl::StrCat("The target has ", draft_.target.why,
                                  !draft_.target.numbers ? "."
                                  : classes ? "; `--task regression` takes it for an amount."
                                            : "; `--task classification` takes it for a class."));
    }
    text_->Comment("",
                   "Written by `gradus new model`, and meant to be changed: `gradus list` tells "
                   "what there is.");
    text_->Line("#");
    const std::string file = draft_.given.file.empty() ? "FILE.pbtxt" : Escaped(draft_.given.file);
    const std::string run = absl::StrCat("runs/", draft_.given.name);
    text_->Line("#   gradus train ", file, " --run_dir ", run);
    text_->Line("#   gradus eval ", run,
                "                  # the test part, with the weights that were best in validation");
    text_->Line("#   gradus predict ", run, " ROWS.csv --out predictions.csv");
    bool any = false;
    for (const ColumnPlan& column : draft_.given.plan.columns) {
      if (column.use != ColumnPlan::kLeftOut) continue;
      if (!any) text_->Line("#\n# Columns that are left out:");
      any = true;
      text_->Line("#   ", Readable(Written(column.name)), ": ", column.why);
    }
    text_->Line();
  }

  void Model() {
    text_->Line("model {");
    text_->Line("  name: ", Written(draft_.given.name));
    if (draft_.featured > 0) {
      text_->Line("  input { name: \"features\"", draft_.featured == 1 ? " shape: 1" : "", " }",
                  draft_.featured == 1 ? "" : "  # as wide as its columns below");
    }
    for (const NewModelDraft::Embedded& each : draft_.embedded) {
      text_->Line("  input { name: ", Written(each.input), " type: INT32 }");
    }
    const bool whole = draft_.target.kind == TargetPlan::kClassNumbers ||
                       draft_.target.kind == TargetPlan::kClassTexts;
    text_->Line("  input { name: ", Written(draft_.label), whole ? " type: INT32" : " shape: 1",
                " }\n");
    const std::string first = Embeddings();
    for (size_t i = 0; i < draft_.size.units.size(); ++i) {
      text_->Line("  layer { name: \"hidden_", i + 1, "\"",
                  i == 0 ? absl::StrCat(" input: ", Written(first)) : "",
                  " dense { units: ", draft_.size.units[i], " activation: RELU } }");
      if (draft_.size.dropout > 0) {
        text_->Line("  layer { name: \"dropout_", i + 1,
                    "\" dropout { rate: ", ShortestNumber(draft_.size.dropout), " } }");
      }
    }
    const size_t outputs = whole ? draft_.target.classes.size() : 1;
    text_->Line("  layer { name: \"output\" dense { units: ", outputs, " } }",
                draft_.target.classification()
                    ? "  # logits; `gradus predict` makes probabilities of them"
                    : "");
    text_->Line();
    Losses();
    text_->Line("}\n");
  }

  // Layers that turn categories into vectors, and what joins everything; the name of what the first hidden layer reads.
  std::string Embeddings() {
    for (const NewModelDraft::Embedded& each : draft_.embedded) {
      const int64_t places = each.column->categories + 1;
      const int64_t length =
          std::min<int64_t>(32, std::lround(1.6 * std::pow(static_cast<double>(places), 0.56)));
      text_->Line("  layer { name: ", Written(each.layer), " input: ", Written(each.input),
                  " embedding { input_dim: ", places, " output_dim: ", length, " } }");
    }
    if (draft_.embedded.empty()) return "features";
    if (draft_.featured == 0 && draft_.embedded.size() == 1) return draft_.embedded[0].layer;
    std::string line = "  layer { name: \"inputs\"";
    if (draft_.featured > 0) absl::StrAppend(&line, " input: \"features\"");
    for (const NewModelDraft::Embedded& each : draft_.embedded)
      absl::StrAppend(&line, " input: ", Written(each.layer));
    text_->Line(line, " concat {} }");
    return "inputs";
  }

  void Losses() {
    const std::string pair = absl::StrCat("prediction: \"output\" label: ", Written(draft_.label));
    const auto metric = [&](const std::string& kind, const std::string& name,
                            const std::string& more) {
      text_->Line("  metric { name: \"", name, "\" ", kind, " { ", pair, more, " } }");
    };
    if (!draft_.target.classification()) {
      text_->Line("  loss { mean_squared_error { ", pair, " } }");
      metric("r2_score", "r2", "");
      metric("mean_absolute_error", "mean_absolute_error", "");
      return;
    }
    const bool yes_no = draft_.target.kind == TargetPlan::kYesNo;
    std::vector<std::string> counts;
    int64_t least = draft_.target.classes[0].second, most = 0;
    for (const auto& each : draft_.target.classes) {
      least = std::min(least, each.second);
      most = std::max(most, each.second);
      if (counts.size() < 20) counts.push_back(absl::StrCat(Escaped(each.first), " ", each.second));
    }
    if (counts.size() < draft_.target.classes.size()) counts.push_back("...");
    const std::string baseline = BaselineOf(draft_.target);
    text_->Comment("  ", absl::StrCat("Rows of each class: ", absl::StrJoin(counts, ", "),
                                      baseline.empty() ? "" : absl::StrCat("; ", baseline), "."));
    std::string untrained = UntrainedOf(draft_.target);
    if (!untrained.empty()) {
      untrained[0] = absl::ascii_toupper(static_cast<unsigned char>(untrained[0]));
      text_->Comment("  ", absl::StrCat(untrained, "."));
    }
    text_->Line("  loss {");
    text_->Line("    ", yes_no ? "binary_crossentropy" : "sparse_categorical_crossentropy", " { ",
                pair, " from_logits: true }");
    // Of a class without rows no weight can be made.
    if (least > 0 && most > 2 * least)
      text_->Line(
          "    # class_weight { balanced: true }  # would count each class alike, however rare it "
          "is");
    text_->Line("  }");
    if (yes_no) {
      metric("binary_accuracy", "accuracy", " threshold: 0");
      metric("auc", "auc", "");
    } else {
      metric("sparse_categorical_accuracy", "accuracy", "");
      if (draft_.target.classes.size() <= 20) metric("confusion_matrix", "confusion", "");
    }
  }

  void Optimizer() {
    const double epochs = static_cast<double>(draft_.size.epochs);
    text_->Line("optimizer {");
    text_->Line("  adamw {}");
    text_->Line("  weight_decay: ", ShortestNumber(draft_.size.weight_decay));
    text_->Comment("  ",
                   absl::StrCat("Up for ", ShortestNumber(epochs / 10),
                                " epochs, then down to 0 when training ends; `gradus schedule` "
                                "draws it, and `gradus find-lr` looks for a rate."));
    text_->Line("  learning_rate {\n    clock: EPOCHS");
    text_->Line("    cosine_decay {");
    text_->Line("      initial_learning_rate: ", ShortestNumber(draft_.size.learning_rate / 100),
                " warmup_target: ", ShortestNumber(draft_.size.learning_rate));
    text_->Line("      warmup_steps: ", ShortestNumber(epochs / 10),
                " decay_steps: ", ShortestNumber(epochs * 9 / 10));
    text_->Line("    }\n  }\n}\n");
  }

  void Run() {
    text_->Line("run {");
    text_->Line("  epochs: ", draft_.size.epochs);
    text_->Line("  seed: 1");
    text_->Line(
        "  # The weights that did best in validation are kept beside the last ones; `eval` and "
        "`predict` take them.");
    text_->Line("  checkpoint { best { metric: \"validation/loss\" } }");
    text_->Line("  # early_stopping { monitor: \"validation/loss\" patience: ",
                std::max<int64_t>(draft_.size.epochs / 5, 3), " restore_best: true }");
    text_->Line("}");
  }

  const NewModelDraft& draft_;
  TextLines* const text_;
};

}  // namespace

std::string TextOf(const NewModelText& model) {
  TextLines text;
  const NewModelDraft draft(model);
  Writer(draft, &text).Write();
  return text.Take();
}

}  // namespace gradus
