// What turns raw values into what a network is trained on, one affine map per input:
//
//   x -> (x / divide_by - mean) / deviation
//
// in double, rounded once to the input's type; or, for the columns of a table that are not all
// treated so, a map of its own for each column (column_transform.h). What is learned is learned
// from the training rows and saved with the model, so that `eval` and `predict` take raw rows.

#ifndef GRADUS_DATA_PREPROCESSING_H_
#define GRADUS_DATA_PREPROCESSING_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/base/tensor.h"
#include "gradus/data.pb.h"
#include "gradus/data/column_transform.h"
#include "gradus/data/dataset.h"
#include "gradus/saved_model.pb.h"

namespace gradus {

struct InputTransform {
  std::string input;
  std::vector<std::string>
      columns;  // Of a CSV file, in the order of the elements; empty without one.
  double divide_by = 1;
  std::vector<double> mean;       // One per element of an example, or empty.
  std::vector<double> deviation;  // As mean; positive.
  // One for each of `columns`, or none: then it is the affine map above.
  std::vector<ColumnTransform> treatments = {};
  // The classes that whole numbers stand for, where they are not a column's categories.
  std::vector<std::string> class_names = {};
  // What the training source said of each of `columns`; none where that is not known, as it is not saved.
  std::vector<CsvColumns> asked = {};

  bool identity() const { return divide_by == 1 && mean.empty() && treatments.empty(); }
  // How many numbers an example has, where treatments say it.
  int64_t width() const;
  // "column "area"" or "element 3", for messages; of columns with several elements that of the
  // column.
  std::string NameOf(int64_t element) const;
  std::string NameOfColumn(int64_t column) const;
};

class Preprocessing {
 public:
  Preprocessing() = default;
  explicit Preprocessing(std::vector<InputTransform> inputs) : inputs_(std::move(inputs)) {}

  // Refuses a duplicate input, a number that is not finite, a deviation or divide_by that is not
  // positive, lists of unequal length, columns that no map can be.
  static absl::StatusOr<Preprocessing> FromProto(
      const google::protobuf::RepeatedPtrField<InputPreprocessing>& proto);
  void ToProto(google::protobuf::RepeatedPtrField<InputPreprocessing>* proto) const;

  const std::vector<InputTransform>& inputs() const { return inputs_; }
  const InputTransform* Find(absl::string_view input) const;  // Null when nothing is known of it.

  // The classes that the places 0, 1, ... of an input stand for, which is fed from one column of
  // categories or from what has named classes; "(other)" for texts that are none, in brackets once
  // more for each category that is called so. Empty when they
  // have no names.
  std::vector<std::string> ClassNames(absl::string_view input) const;

  // What was done to each number of the input, so that a prediction of it can be turned back. Empty
  // when nothing was, or when it is not made of numbers only.
  std::vector<NumberMap> Units(const FieldSpec& input) const;

  // Raw values [rows, ...] of any type that fits, as the model takes them: [rows, field.dims...].
  // This is what a dataset does to each batch, for a program that holds raw rows. With treatments
  // the raw values are [rows, columns], a missing cell is NaN, and a category is its place.
  absl::StatusOr<Tensor> Apply(const FieldSpec& field, const Tensor& raw) const;

 private:
  std::vector<InputTransform> inputs_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_PREPROCESSING_H_
