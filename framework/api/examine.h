// A trained model's mistakes: which classes it takes for which, how far its numbers are off, and the
// examples with the highest loss.

#ifndef GRADUS_API_EXAMINE_H_
#define GRADUS_API_EXAMINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/tensor.h"

namespace gradus {

struct ExaminedExample {
  int64_t row = 0;    // Of the split, from 0.
  std::string where;  // "wine.csv:18"
  double loss = 0;
  std::string label,
      prediction;          // Class names, or numbers in the target's own units; may be empty.
  double probability = 0;  // Of the class that was predicted; NaN where there is none.
  Tensor image;  // FLOAT32 [height, width, channels] of an input that is an image, else empty.
};

struct Examination {
  std::string split, weights;  // "validation"; "best checkpoint, step 1200"
  int64_t examples = 0;
  std::vector<ExaminedExample> worst;  // The highest loss first.
  // Of the first output that names classes: [label][prediction], row by row; else empty.
  std::vector<std::string> classes;
  std::vector<int64_t> counts;
  // Of the first output that is one number: label and prediction of up to kMostPoints examples.
  static constexpr size_t kMostPoints = 1000;
  std::string target;
  std::vector<double> actual, predicted;
};

// `run` is a run folder with a saved model or a checkpoint; `split` one of its own that has examples.
absl::StatusOr<Examination> ExamineRun(const std::string& run, const std::string& split,
                                       size_t worst);

}  // namespace gradus

#endif  // GRADUS_API_EXAMINE_H_
