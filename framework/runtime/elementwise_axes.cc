// Broadcasting reduced to as few axes as it needs.

#include "gradus/runtime/elementwise_axes.h"

namespace gradus {
namespace {

// Strides of the operand along the axes of `dims`, to which it is broadcast.
std::vector<int64_t> BroadcastStrides(const Operand& operand, const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size(), 0);
  const size_t missing = dims.size() - operand.dims.size();
  int64_t stride = 1;
  for (size_t i = operand.dims.size(); i-- > 0;) {
    if (operand.dims[i] != 1) strides[missing + i] = stride;
    const bool last = i + 1 == operand.dims.size();
    stride *=
        last && operand.dims.size() > 1 && operand.pitch > 0 ? operand.pitch : operand.dims[i];
  }
  return strides;
}

}  // namespace

ElementwiseAxes CollapseAxes(const Request& request) {
  const std::vector<int64_t>& dims = request.outputs[0].dims;
  std::vector<std::vector<int64_t>> all;
  for (const Operand& operand : request.inputs) all.push_back(BroadcastStrides(operand, dims));
  for (const Operand& operand : request.outputs) all.push_back(BroadcastStrides(operand, dims));

  ElementwiseAxes axes;
  axes.strides.resize(all.size());
  const auto append = [&](int64_t extent, auto stride_of) {
    axes.extents.push_back(extent);
    for (size_t k = 0; k < all.size(); ++k) axes.strides[k].push_back(stride_of(k));
  };
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == 1) continue;
    bool merges = !axes.extents.empty();
    for (size_t k = 0; k < all.size() && merges; ++k) {
      merges = axes.strides[k].back() == all[k][axis] * dims[axis];
    }
    if (merges) {
      axes.extents.back() *= dims[axis];
      for (size_t k = 0; k < all.size(); ++k) axes.strides[k].back() = all[k][axis];
    } else {
      append(dims[axis], [&](size_t k) { return all[k][axis]; });
    }
  }
  // A single element, or columns of padded rows ([n, 1] with a pitch): a last axis of length 1.
  bool steps = !axes.extents.empty();
  for (size_t k = 0; k < all.size() && steps; ++k) steps = axes.strides[k].back() <= 1;
  if (!steps) append(1, [](size_t) { return 1; });
  return axes;
}

}  // namespace gradus
