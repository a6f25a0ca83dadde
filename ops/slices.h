// What slice, pad and concat share: a tensor as [outer, length, inner] around one axis, and copies of blocks of it.

#ifndef GRADUS_OPS_SLICES_H_
#define GRADUS_OPS_SLICES_H_

#include <cstring>
#include <memory>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

// The axis from 0, or why it cannot be cut.
inline absl::StatusOr<int> FixedAxis(int axis, const Shape& shape) {
  GRADUS_ASSIGN_OR_RETURN(int at, NormalizeAxis(axis, shape.rank()));
  if (shape.dim(at).batch) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", at, " of ", shape.ToString(), " is the batch"));
  }
  return at;
}

struct AxisBlocks {
  int64_t outer = 1, length = 1, inner = 1;
};

inline AxisBlocks BlocksOf(const Operand& x, int axis) {
  const int rank = static_cast<int>(x.dims.size());
  const int at = axis < 0 ? axis + rank : axis;
  AxisBlocks blocks;
  for (int i = 0; i < at; ++i) blocks.outer *= x.dims[i];
  blocks.length = x.dims[at];
  for (int i = at + 1; i < rank; ++i) blocks.inner *= x.dims[i];
  return blocks;
}

// `count` blocks of `size` floats, their beginnings apart by the two distances.
inline void CopyBlocks(int64_t count, int64_t size, const float* from, int64_t from_distance,
                       float* to, int64_t to_distance) {
  if (size == 0) return;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_distance, from + i * from_distance,
                static_cast<size_t>(size) * sizeof(float));
  }
}

inline Choice CopyChoice(const Operand& written) {
  Choice choice;
  choice.cost = 20 + static_cast<double>(written.elements()) * 0.1;
  return choice;
}

}  // namespace gradus

#endif  // GRADUS_OPS_SLICES_H_
