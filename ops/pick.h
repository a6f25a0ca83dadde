// What gather and scatter_add share: an array [before, length, inner], an index [before, picks] and a result
// [before, picks, inner].

#ifndef GRADUS_OPS_PICK_H_
#define GRADUS_OPS_PICK_H_

#include <cstdint>
#include <string>

#include "gradus/base/status.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

struct PickLoop {
  std::string node;       // For messages.
  int64_t before = 1, length = 1, picks = 1, inner = 1;
  // Distance of neighbours along `length`; more than `inner` when a table's rows are padded.
  int64_t pitch = 1;
  int64_t first_axis = 1;  // Of the index: what a message calls a row.
};

// `table` is what is picked from, `index` has `batch_dims` axes in common with it.
inline PickLoop MakePickLoop(const std::string& node, int batch_dims, const Operand& table,
                             const Operand& index) {
  PickLoop loop;
  loop.node = node;
  for (int i = 0; i < batch_dims; ++i) loop.before *= table.dims[i];
  loop.length = table.dims[batch_dims];
  for (size_t i = batch_dims + 1; i < table.dims.size(); ++i) loop.inner *= table.dims[i];
  for (size_t i = batch_dims; i < index.dims.size(); ++i) loop.picks *= index.dims[i];
  loop.first_axis = index.dims.empty() ? 1 : index.dims[0];
  loop.pitch = loop.inner;
  return loop;
}

// Whether rows of a matrix are picked, and nothing but the matrix is padded: then its pitch is just another distance.
inline bool PicksRows(int batch_dims, const Operand& table, const Request& request) {
  int padded = table.dense() ? 0 : -1;
  for (const Operand& x : request.inputs) padded += x.dense() ? 0 : 1;
  for (const Operand& x : request.outputs) padded += x.dense() ? 0 : 1;
  return batch_dims == 0 && table.dims.size() == 2 && padded == 0;
}

inline absl::Status OutsideError(const PickLoop& loop, int64_t position, int32_t value) {
  const int64_t per_row = loop.before * loop.picks / loop.first_axis;
  return absl::OutOfRangeError(absl::StrCat("\"", loop.node, "\": index ", value, " in row ",
                                            position / per_row, " is outside [0, ", loop.length,
                                            ")"));
}

}  // namespace gradus

#endif  // GRADUS_OPS_PICK_H_
