// What max_pool2d and avg_pool2d share: their windows, which always meet the image, and shape rules.

#ifndef GRADUS_OPS_POOL_H_
#define GRADUS_OPS_POOL_H_

#include "ops/windows.h"

namespace gradus {

template <class Config>
Windows PoolWindows(const Config& config) {
  Windows windows = WindowsOf(config);
  for (int axis = 0; axis < 2; ++axis) windows[axis].size = config.window(axis);
  return windows;
}

// One operation for each place that a window may have in the image.
template <class Config>
double PoolFlops(const Config& config, const Shape& images, const Shape& pooled, int64_t rows) {
  double flops = PlacesInImage(PoolWindows(config), images.dim(1).k, images.dim(2).k);
  for (int64_t d : pooled.At(rows)) flops *= static_cast<double>(d);
  return flops;
}

// Padding is less than the window, so that every window has a place in the image.
template <class Config>
absl::Status CheckPool(const Config& config) {
  GRADUS_RETURN_IF_ERROR(CheckStrideAndPadding(config));
  GRADUS_RETURN_IF_ERROR(CheckNumbers("window", config.window(), 2, false, 1));
  for (int side = 0; side < config.padding_size(); ++side) {
    if (config.padding(side) < config.window(side / 2)) continue;
    return absl::InvalidArgumentError(absl::StrCat("padding ", config.padding(side),
                                                   " is not less than the window ",
                                                   config.window(side / 2)));
  }
  return absl::OkStatus();
}

// Images have a place for a window to meet.
inline absl::Status CheckPlaces(const Shape& images) {
  if (images.dim(1).k > 0 && images.dim(2).k > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("images ", images.ToString(), " have no places"));
}

template <class Config>
absl::StatusOr<Shape> PooledShape(const Config& config, absl::Span<const TensorSpec> inputs) {
  GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 1));
  GRADUS_RETURN_IF_ERROR(CheckPool(config));
  GRADUS_RETURN_IF_ERROR(CheckImages(inputs, 0));
  const Shape& x = inputs[0].shape;
  GRADUS_RETURN_IF_ERROR(CheckPlaces(x));
  return WindowedShape(PoolWindows(config), x, x.dim(3));
}

}  // namespace gradus

#endif  // GRADUS_OPS_POOL_H_
