// What batch_norm and its gradient share: the shape [rows, channels], and sums over rows.

#ifndef GRADUS_OPS_BATCH_NORM_H_
#define GRADUS_OPS_BATCH_NORM_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "ops/reduction.h"

namespace gradus {

// x [.., c] of rank 2 or more with statistics over all axes but the last; inputs [first, end) are [c].
inline absl::Status CheckBatchNorm(double epsilon, const Shape& x, absl::Span<const TensorSpec> inputs,
                                   int first) {
  if (!(epsilon >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat("epsilon ", epsilon, " is negative"));
  }
  if (x.rank() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(x.ToString(), " has no axis besides the channels"));
  }
  const Dim channels = x.dim(x.rank() - 1);
  if (channels.batch) {
    return absl::InvalidArgumentError(absl::StrCat("the channels of ", x.ToString(), " are the batch"));
  }
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
    GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
    if (i >= first && inputs[i].shape != Shape({channels})) {
      return absl::InvalidArgumentError(absl::StrCat("input ", i, " ", inputs[i].shape.ToString(),
                                                     " is not [", channels.k, "]"));
    }
  }
  return absl::OkStatus();
}

inline std::vector<bool> AllButLast(const Shape& shape) {
  std::vector<bool> reduced(shape.rank(), true);
  reduced.back() = false;
  return reduced;
}

// A sum over all axes but the last, which is the channels.
inline Value SumOverRows(Emitter& emit, Value value) {
  op::ReduceSum sum;
  for (int i = 0; i + 1 < emit.spec(value).shape.rank(); ++i) sum.add_axis(i);
  return emit(sum, {value});
}

struct RowsByChannels {
  int64_t rows = 0, channels = 0;
};

inline RowsByChannels RowsByChannelsOf(const Operand& x) {
  const int64_t channels = x.dims.back();
  return {channels == 0 ? 0 : x.elements() / channels, channels};
}

// Bytes of two rows of doubles: running sums in twice the precision, so that thousands of rows lose nothing.
inline int64_t BatchNormScratch(const RowsByChannels& n) {
  return 2 * n.channels * static_cast<int64_t>(sizeof(double));
}

inline double BatchNormLoopCost(const RowsByChannels& n) {
  return 20 + static_cast<double>(n.rows * n.channels) * (CurrentIsa() == Isa::kBaseline ? 1 : 0.25);
}

}  // namespace gradus

#endif  // GRADUS_OPS_BATCH_NORM_H_
