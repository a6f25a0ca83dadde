// `gradus new model`: a run file made from a look at a CSV file, which runs as it is and says in comments why it is as it is.
//
//   GRADUS_ASSIGN_OR_RETURN(const NewModel model, MakeNewModel(options));
//   GRADUS_RETURN_IF_ERROR(WriteNewModel(model, "iris.pbtxt"));

#ifndef GRADUS_API_NEW_MODEL_H_
#define GRADUS_API_NEW_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/table_facts.h"
#include "gradus/api/table_plan.h"

namespace gradus {

struct NewModelOptions {
  std::string csv;     // The table.
  std::string target;  // The column that is to be predicted.
  Task task = Task::kGuess;
  std::string test;  // A table to test with; a part of `csv` is set aside when empty.
  std::string
      out;  // The file that the text is for; paths in it are relative to its folder. Empty: to the working folder.
  LookOptions look;  // `target` is filled in.
};

struct NewModel {
  std::string text;  // Of a `.pbtxt` file.
  std::string name;  // The model's.
  Task task = Task::kRegression;
  int64_t used = 0, left_out = 0;  // Columns, without the target.
  // What should be known before the first run: columns that are left out and why, classes that are rare.
  std::vector<std::string> notes;
};

absl::StatusOr<NewModel> MakeNewModel(const NewModelOptions& options);

// Refuses a file that is there.
absl::Status WriteNewModel(const NewModel& model, const std::string& path);

// How large a network is for so many training examples, and how it is trained.
struct ModelSize {
  std::vector<int64_t> units;  // Of the hidden layers.
  double dropout = 0;          // After each of them; none when 0.
  double weight_decay = 0;
  double learning_rate = 0;  // The highest.
  int64_t epochs = 0;
  int64_t batch_size = 0;
  double held_out = 0.2;  // Of the examples, for validation, and again for the test.
};
ModelSize SizeFor(int64_t training_examples);

// What a classifier has to be better than, where one class is much larger than the others; else "".
std::string BaselineOf(const TargetPlan& target);

// Which classes only the table to test with has, as a clause; else "".
std::string UntrainedOf(const TargetPlan& target);

// The text. `csv` and `test` are the paths that stand in it; `test` may be empty.
struct NewModelText {
  const TableFacts& table;
  const TableFacts* test;
  const TablePlan& plan;
  Task asked;        // What the user wanted.
  std::string name;  // Of the model.
  std::string csv_path, test_path;
  std::string file;  // The name of the file it is for; "" when nobody knows.
};
std::string TextOf(const NewModelText& model);

}  // namespace gradus

#endif  // GRADUS_API_NEW_MODEL_H_
