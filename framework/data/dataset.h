// What examples come from: a random-access table whose rows are examples and whose fields feed
// inputs of the model. A reader (idx, csv) or a program (memory) gives one; who reads it says which
// rows, so that order, splits and resuming are outside of it.
//
//   std::vector<float> image(2 * 784);
//   std::vector<int32_t> label(2);
//   absl::Status status = dataset.Read({7, 3}, {image.data(), label.data()});

#ifndef GRADUS_DATA_DATASET_H_
#define GRADUS_DATA_DATASET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/base/dtype.h"
#include "gradus/base/tensor.h"

namespace gradus {

// One field of an example; also one input of a model.
struct FieldSpec {
  std::string input;  // The input of the model.
  DType dtype = DType::kFloat32;
  std::vector<int64_t> dims;  // Of one example; empty for one number.
  // Of an input of a model, when data is opened for it:
  bool any_dims = false;      // The text does not say its shape; the training data does.
  bool is_label = false;      // A loss compares predictions with it.
  bool not_negative = false;  // A weight of examples.

  int64_t elements() const;      // Of one example.
  std::string ToString() const;  // "FLOAT32 [28, 28]"
  friend bool operator==(const FieldSpec& a, const FieldSpec& b) {
    return a.input == b.input && a.dtype == b.dtype && a.dims == b.dims;
  }
};

// Thread safety: const methods may be called by any number of threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual absl::Span<const FieldSpec> fields() const = 0;
  virtual int64_t size() const = 0;  // Number of rows.

  // Copies the rows, in this order, one after another, into a buffer per field; rows are in [0,
  // size()).
  virtual absl::Status Read(absl::Span<const int64_t> rows,
                            absl::Span<void* const> destinations) const = 0;

  // Row 0 of a field when all its rows lie one after another in memory, else null.
  virtual const void* Contiguous(int /*field*/) const { return nullptr; }

  // When rows lie in a file that is mapped: lets their pages leave this process's memory. They come back when they are touched. To be called
  // after every kRowsAtHand rows that were taken from Contiguous(), wherever they lie, or after kBytesAtHand of neighbours.
  virtual void LetGo() const {}
  static constexpr int64_t kRowsAtHand = 1024;
  static constexpr int64_t kBytesAtHand = int64_t{64} << 20;

  // Whether Read only copies and converts what lies in memory, so that preparing small batches
  // ahead is not worth a thread.
  virtual bool in_memory() const { return false; }

  // A row of a field as a message names it: "wine.csv:18", "train-images.gz: row 17".
  virtual std::string Where(int64_t row, int field) const;
};

// A place in the order of a run: so many rows of this epoch were already used.
struct DataPosition {
  int64_t epoch = 0;
  int64_t offset = 0;
  friend bool operator==(const DataPosition& a, const DataPosition& b) {
    return a.epoch == b.epoch && a.offset == b.offset;
  }
};

// Some examples, as a step takes them.
struct Batch {
  int64_t rows = 0;
  std::vector<Tensor>
      fields;          // [rows, dims...], in the order of the dataset's fields: the model's inputs.
  DataPosition begin;  // Where the batch begins, and
  DataPosition next;   // where the one after it begins: offset 0 of the next epoch after an epoch's
                       // last batch.

  bool last_of_epoch() const { return next.epoch != begin.epoch; }
};

}  // namespace gradus

#endif  // GRADUS_DATA_DATASET_H_
