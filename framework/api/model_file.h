// A saved model: the folder's `model.pbtxt` (network, learned preprocessing, format version) and
// `model.safetensors` (parameters and states as plain row-major arrays, `<layer>/kernel` as
// [inputs, units]). It names no optimizer. And weights on their own, from any safetensors file.

#ifndef GRADUS_API_MODEL_FILE_H_
#define GRADUS_API_MODEL_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/saved_model.pb.h"
#include "gradus/train/parameter_store.h"

namespace gradus {

// The newest that is read. What a model does not need is written so that older programs read it: 1 is without columns of
// their own treatment and names of classes.
constexpr int kModelFormatVersion = 2;

// Writes both files, each atomically, the text last: a folder with a model.pbtxt has weights. The
// text holds their checksum, so that new weights beside an old text, which is what a crash between
// the two leaves where a model stood before, are found out.
absl::Status SaveModelFiles(const std::string& folder, SavedModel model,
                            const ParameterStore& store);
absl::StatusOr<SavedModel> ReadSavedModel(const std::string& folder);
std::string WeightsPath(const std::string& folder);

// How a weights file and a model fit: one row per tensor of either.
struct WeightsMatch {
  enum Kind { kLoaded, kMissing, kUnexpected, kMismatched };
  struct Row {
    Kind kind;
    std::string name;
    std::string model_shape;  // "[30, 10]", "" when the model has no such tensor.
    std::string file_shape;   // With the type, "FLOAT32 [30, 10]"; "" when the file has none.
  };
  std::vector<Row> rows;

  bool exact() const;
  std::string Table() const;  // What did not match, one line each, aligned.
};

// Copies what fits by name and shape from the file into parameters and states. FLOAT64 is rounded
// to FLOAT32. An error only when the file cannot be read; whether a misfit is an error is the
// caller's decision.
absl::StatusOr<WeightsMatch> LoadWeights(const std::string& path, ParameterStore* store);

// The same for the weights of a saved model; ones that were not saved with its text are an error.
absl::StatusOr<WeightsMatch> LoadSavedWeights(const std::string& folder, const SavedModel& saved,
                                              ParameterStore* store);

}  // namespace gradus

#endif  // GRADUS_API_MODEL_FILE_H_
