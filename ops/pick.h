// What gather and scatter_add share: an array [before, length, inner], an index [before, picks] and
// a result [before, picks, inner].

#ifndef GRADUS_OPS_PICK_H_
#define GRADUS_OPS_PICK_H_

#include <cstdint>

#include "gradus/base/status.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

struct PickLoop {
  int64_t before = 1, length = 1, picks = 1, inner = 1;
  // Distance of neighbours along `length`; more than `inner` when a table's rows are padded.
  int64_t pitch = 1;
};

// `table` is what is picked from, `index` has `batch_dims` axes in common with it.
inline PickLoop MakePickLoop(int batch_dims, const Operand& table, const Operand& index) {
  PickLoop loop;
  for (int i = 0; i < batch_dims; ++i) loop.before *= table.dims[i];
  loop.length = table.dims[batch_dims];
  for (size_t i = batch_dims + 1; i < table.dims.size(); ++i) loop.inner *= table.dims[i];
  for (size_t i = batch_dims; i < index.dims.size(); ++i) loop.picks *= index.dims[i];
  loop.pitch = loop.inner;
  return loop;
}

// Whether rows of a matrix are picked, and nothing but the matrix is padded: then its pitch is just
// another distance.
inline bool PicksRows(int batch_dims, const Operand& table, const Request& request) {
  int padded = table.dense() ? 0 : -1;
  for (const Operand& x : request.inputs) padded += x.dense() ? 0 : 1;
  for (const Operand& x : request.outputs) padded += x.dense() ? 0 : 1;
  return batch_dims == 0 && table.dims.size() == 2 && padded == 0;
}

// Who runs the kernel names the node. No row: the kernel does not know which block of the batch's
// rows it is given.
inline absl::Status OutsideError(const PickLoop& loop, int32_t value) {
  return absl::OutOfRangeError(absl::StrCat("index ", value, " is outside [0, ", loop.length, ")"));
}

}  // namespace gradus

#endif  // GRADUS_OPS_PICK_H_
