// Which way each metric gets better, as it says itself: of every kind there is, so that one that comes is missed here until it stands in
// the table.

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"
#include "gtest/gtest.h"
#include "tests/testing/model_text.h"

namespace gradus {
namespace {

// Numbers, yes or no, one-hot lines, class numbers.
constexpr char kInputs[] =
    "input { name: \"p\" shape: 8 } input { name: \"one_hot\" shape: 8 } "
    "input { name: \"class\" type: INT32 } "
    "layer { name: \"l\" input: \"p\" activation { function: SOFTMAX } } ";

struct Kind {
  Goal goal;
  const char* label = "one_hot";
  const char* more = "";
};

const std::map<std::string, Kind>& Kinds() {
  static const auto* const kKinds = new std::map<std::string, Kind>{
      {"binary_accuracy", {Goal::kMore}},
      {"categorical_accuracy", {Goal::kMore}},
      {"sparse_categorical_accuracy", {Goal::kMore, "class"}},
      {"top_k_categorical_accuracy", {Goal::kMore}},
      {"sparse_top_k_categorical_accuracy", {Goal::kMore, "class"}},
      {"precision", {Goal::kMore}},
      {"recall", {Goal::kMore, "class", "average: MACRO"}},
      {"f1_score", {Goal::kMore}},
      {"fbeta_score", {Goal::kMore}},
      {"auc", {Goal::kMore}},
      {"true_positives", {Goal::kMore}},
      {"true_negatives", {Goal::kMore}},
      {"false_positives", {Goal::kLess}},
      {"false_negatives", {Goal::kLess}},
      {"sensitivity_at_specificity", {Goal::kMore, "one_hot", "specificity: 0.5"}},
      {"specificity_at_sensitivity", {Goal::kMore, "one_hot", "sensitivity: 0.5"}},
      {"precision_at_recall", {Goal::kMore, "one_hot", "recall: 0.5"}},
      {"recall_at_precision", {Goal::kMore, "one_hot", "precision: 0.5 num_thresholds: 9"}},
      {"mean_iou", {Goal::kMore, "class"}},
      {"iou", {Goal::kMore}},
      {"confusion_matrix", {Goal::kTable, "class"}},
      {"mean_absolute_error", {Goal::kLess}},
      {"mean_squared_error", {Goal::kLess}},
      {"root_mean_squared_error", {Goal::kLess}},
      {"mean_absolute_percentage_error", {Goal::kLess}},
      {"r2_score", {Goal::kMore}},
      {"pearson_correlation", {Goal::kMore}},
      {"concordance_correlation", {Goal::kMore}},
      {"cosine_similarity", {Goal::kMore}},
      {"binary_crossentropy", {Goal::kLess}},
      {"categorical_crossentropy", {Goal::kLess}},
      {"sparse_categorical_crossentropy", {Goal::kLess, "class"}},
      {"mean_squared_logarithmic_error", {Goal::kLess}},
      {"huber", {Goal::kLess}},
      {"log_cosh", {Goal::kLess}},
      {"hinge", {Goal::kLess}},
      {"squared_hinge", {Goal::kLess}},
      {"categorical_hinge", {Goal::kLess}},
      {"kl_divergence", {Goal::kLess}},
      {"poisson", {Goal::kLess}},
  };
  return *kKinds;
}

TEST(GoalTest, EveryMetricSaysWhichWayItGetsBetter) {
  const google::protobuf::OneofDescriptor* kinds =
      MetricConfig::descriptor()->FindOneofByName("kind");
  ASSERT_NE(kinds, nullptr);
  for (int i = 0; i < kinds->field_count(); ++i) {
    const std::string& name = kinds->field(i)->name();
    const auto kind = Kinds().find(name);
    ASSERT_NE(kind, Kinds().end()) << name;
    const BuiltModel built = BuildModel(absl::StrCat(
        kInputs, "metric { name: \"m\" ", name, " { prediction: \"l\" label: \"",
        kind->second.label, "\" ", kind->second.more, " } }"));
    ASSERT_EQ(built.errors, "") << name;
    ASSERT_EQ(built.model.metrics.size(), 1u);
    EXPECT_EQ(built.model.metrics[0].summary->goal(), kind->second.goal) << name;
  }
}

}  // namespace
}  // namespace gradus
