// Evaluation of a saved model on the splits of its run.

#include "gradus/api/evaluate.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"

namespace gradus {
namespace {

TEST(EvaluateTest, ASplitGoesThroughThePreprocessingOfTheModelAsACsvFileDoes) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/evaluate_test");
  ASSERT_TRUE(MakeFolders(folder).ok());
  const std::string csv = absl::StrCat(folder, "/rows.csv");
  const std::string run = absl::StrCat(folder, "/run.pbtxt");
  ASSERT_TRUE(WriteFile(csv, "a,b,y\n1,10,1\n2,30,0\n3,20,1\n4,50,0\n").ok());
  ASSERT_TRUE(WriteFile(run, R"(
model {
  input { name: "x" shape: 2 }
  input { name: "y" shape: 1 }
  layer { name: "out" input: "x" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
}
optimizer { sgd { } learning_rate { constant: 0.1 } }
data {
  train {
    csv {
      path: "rows.csv"
      field { input: "y" column: "y" }
      field { input: "x" except: "y" standardise: true }
    }
  }
  validation { fraction: 0.5 tail: true }
}
)").ok());
  const auto trainer = Trainer::FromFile(run);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE((*trainer)->SaveModel(folder).ok());

  // The files of the run have changed since.
  const std::string header = "a,b,y\n", first = "100,7,1\n5,3,0\n", last = "1,1,1\n9,40,0\n";
  ASSERT_TRUE(WriteFile(csv, absl::StrCat(header, first, last)).ok());
  for (const bool train : {true, false}) {
    EvaluateOptions split, file;
    split.split = train ? "train" : "validation";
    file.csv = absl::StrCat(folder, "/part.csv");
    ASSERT_TRUE(WriteFile(file.csv, absl::StrCat(header, train ? first : last)).ok());
    const auto of_split = EvaluateModel(folder, split);
    const auto of_file = EvaluateModel(folder, file);
    ASSERT_TRUE(of_split.ok()) << of_split.status();
    ASSERT_TRUE(of_file.ok()) << of_file.status();
    EXPECT_EQ(of_split->examples, 2);
    EXPECT_EQ(of_split->loss, of_file->loss) << split.split;
  }
  const auto test = EvaluateModel(folder, EvaluateOptions());
  EXPECT_TRUE(absl::IsNotFound(test.status())) << test.status();
}

}  // namespace
}  // namespace gradus
