// What turns raw values into what a network is trained on, one affine map per input:
//
//   x -> (x / divide_by - mean) / deviation
//
// in double, rounded once to the input's type. Mean and deviation are learned, element by element,
// from the training rows and are saved with the model, so that `eval` and `predict` take raw rows.

#ifndef GRADUS_DATA_PREPROCESSING_H_
#define GRADUS_DATA_PREPROCESSING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/base/tensor.h"
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

  bool identity() const { return divide_by == 1 && mean.empty(); }
  // "column "area"" or "element 3", for messages.
  std::string NameOf(int64_t element) const;
};

class Preprocessing {
 public:
  Preprocessing() = default;
  explicit Preprocessing(std::vector<InputTransform> inputs) : inputs_(std::move(inputs)) {}

  // Refuses a duplicate input, a number that is not finite, a deviation or divide_by that is not
  // positive, lists of unequal length.
  static absl::StatusOr<Preprocessing> FromProto(
      const google::protobuf::RepeatedPtrField<InputPreprocessing>& proto);
  void ToProto(google::protobuf::RepeatedPtrField<InputPreprocessing>* proto) const;

  const std::vector<InputTransform>& inputs() const { return inputs_; }
  const InputTransform* Find(absl::string_view input) const;  // Null when nothing is known of it.

  // Raw values [rows, ...] of any type that fits, as the model takes them: [rows, field.dims...].
  // This is what a dataset does to each batch, for a program that holds raw rows.
  absl::StatusOr<Tensor> Apply(const FieldSpec& field, const Tensor& raw) const;

 private:
  std::vector<InputTransform> inputs_;
};

// Sets mean and deviation of `transform` from rows 0 .. rows - 1 of the field: the mean of x /
// divide_by, and the root of the mean squared distance from it (population form, two passes). A
// constant element gets its value and deviation 1: it is only centred.
absl::Status LearnTransform(const Dataset& raw, int field, int64_t rows, InputTransform* transform);

}  // namespace gradus

#endif  // GRADUS_DATA_PREPROCESSING_H_
