// What convolutions and pools share: windows laid over images [batch, height, width, channels], their sizes, and where they lie.

#ifndef GRADUS_OPS_WINDOWS_H_
#define GRADUS_OPS_WINDOWS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/onednn.h"

namespace gradus {

// Windows along one axis: window i reads the places i stride - before + j dilation, j in [0, size).
struct WindowAxis {
  int64_t size = 1, stride = 1, dilation = 1, before = 0, after = 0;

  int64_t reach() const { return (size - 1) * dilation + 1; }
  // How many fit over so many places, or less than 1.
  int64_t Count(int64_t length) const {
    const int64_t room = length + before + after - reach();
    return room < 0 ? 0 : room / stride + 1;
  }
  // The window's places [first, last) that lie within `length`.
  int64_t First(int64_t window) const {
    const int64_t begin = window * stride - before;
    return begin >= 0 ? 0 : std::min(size, (-begin + dilation - 1) / dilation);
  }
  int64_t Last(int64_t window, int64_t length) const {
    const int64_t room = length - (window * stride - before);
    return room <= 0 ? 0 : std::min(size, (room + dilation - 1) / dilation);
  }
};

// The vertical axis and the horizontal one.
using Windows = std::array<WindowAxis, 2>;

using Numbers = google::protobuf::RepeatedField<int64_t>;

// Above this no sum or product of two of a config's numbers could be told from one that overflows.
constexpr int64_t kMostWindow = int64_t{1} << 30;

// `count` numbers in [least, kMostWindow], or none where that means a default.
inline absl::Status CheckNumbers(absl::string_view field, const Numbers& numbers, int count,
                                 bool may_be_unset, int64_t least) {
  if (numbers.empty() && may_be_unset) return absl::OkStatus();
  if (numbers.size() != count) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", numbers.size(), " numbers, not ", count));
  }
  for (int64_t number : numbers) {
    if (number < least || number > kMostWindow) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, " ", number, " is not in [", least, ", ", kMostWindow, "]"));
    }
  }
  return absl::OkStatus();
}

// stride and padding of a config that CheckNumbers has passed; sizes and dilations are the op's own business.
template <class Config>
Windows WindowsOf(const Config& config) {
  Windows windows;
  for (int axis = 0; axis < 2; ++axis) {
    if (!config.stride().empty()) windows[axis].stride = config.stride(axis);
    if (config.padding().empty()) continue;
    windows[axis].before = config.padding(2 * axis);
    windows[axis].after = config.padding(2 * axis + 1);
  }
  return windows;
}

template <class Config>
absl::Status CheckStrideAndPadding(const Config& config) {
  GRADUS_RETURN_IF_ERROR(CheckNumbers("stride", config.stride(), 2, true, 1));
  return CheckNumbers("padding", config.padding(), 4, true, 0);
}

// How many places of a window can lie in images of this size.
inline double PlacesInImage(const Windows& windows, int64_t height, int64_t width) {
  return static_cast<double>(std::min(windows[0].size, height)) *
         static_cast<double>(std::min(windows[1].size, width));
}

// Images are FLOAT32 of four axes, of which only the first may be the batch.
inline absl::Status CheckImages(absl::Span<const TensorSpec> inputs, int index) {
  GRADUS_RETURN_IF_ERROR(ExpectType(inputs, index, DType::kFloat32));
  const Shape& shape = inputs[index].shape;
  if (shape.rank() == 4 && shape.batch_axis() <= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("input ", index, " ", shape.ToString(),
                                                 " is not [batch, height, width, channels]"));
}

// [batch, windows, windows, channels] for images of this shape, or why no window fits.
inline absl::StatusOr<Shape> WindowedShape(const Windows& windows, const Shape& images,
                                           Dim channels) {
  Shape shape = images;
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t length = images.dim(axis + 1).k;
    const int64_t count = windows[axis].Count(length);
    if (count < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("a window of ", windows[axis].reach(), axis == 0 ? " rows" : " columns",
                       " is larger than ", images.ToString(), " with ", windows[axis].before, " + ",
                       windows[axis].after, " of padding"));
    }
    shape.Set(axis + 1, {count, false});
  }
  shape.Set(3, channels);
  return shape;
}

// The shape of images of which windows gave `windowed`, or why there is none of that size.
inline absl::StatusOr<Shape> ImagesShape(const Windows& windows, const Shape& windowed,
                                         const Numbers& image_size, Dim channels) {
  Shape images = windowed;
  images.Set(1, {image_size[0], false});
  images.Set(2, {image_size[1], false});
  images.Set(3, channels);
  GRADUS_ASSIGN_OR_RETURN(Shape shape, WindowedShape(windows, images, windowed.dim(3)));
  if (shape == windowed) return images;
  return absl::InvalidArgumentError(absl::StrCat("images ", images.ToString(), " give ",
                                                 shape.ToString(), ", not ", windowed.ToString()));
}

// Images and windows as a kernel has them.
struct ImageLoop {
  Windows windows;
  int64_t n = 0, h = 0, w = 0, c = 0;  // The images.
  int64_t oh = 0, ow = 0, oc = 0;      // How many windows, and the channels that each gives.

  ImageLoop(const Windows& over, const Operand& images, const Operand& windowed)
      : windows(over),
        n(images.dims[0]),
        h(images.dims[1]),
        w(images.dims[2]),
        c(images.dims[3]),
        oh(windowed.dims[1]),
        ow(windowed.dims[2]),
        oc(windowed.dims[3]) {}

  bool empty() const { return n == 0 || h == 0 || w == 0 || c == 0 || oc == 0; }
  int64_t pixels() const { return n * oh * ow; }
  int64_t places() const { return windows[0].size * windows[1].size; }
  // Places that are read, or written, at most: loops leave out what lies outside of the image.
  double visits() const { return static_cast<double>(pixels()) * PlacesInImage(windows, h, w); }
};

// ---- oneDNN, which names axes in the order [batch, channels, height, width] wherever they lie.

// Whether oneDNN is to be asked at all. It writes code for every column of padding, which takes seconds for millions of them.
inline bool IsForOneDnn(const ImageLoop& loop) {
  constexpr int64_t kMostPadding = 4096;
  const auto near = [](const WindowAxis& axis) {
    return axis.before <= kMostPadding && axis.after <= kMostPadding;
  };
  return !loop.empty() && near(loop.windows[0]) && near(loop.windows[1]);
}

inline dnnl::memory::desc ChannelsLastDesc(const Operand& images) {
  const int64_t h = images.dims[1], w = images.dims[2], c = images.dims[3];
  return StridedDesc(DType::kFloat32, {images.dims[0], c, h, w}, {h * w * c, 1, w * c, c});
}

struct OneDnnWindows {
  dnnl::memory::dims size, strides, dilates, before, after;

  // oneDNN counts what lies between two places, so a dilation of 1 is 0.
  explicit OneDnnWindows(const Windows& windows) {
    for (const WindowAxis& axis : windows) {
      size.push_back(axis.size);
      strides.push_back(axis.stride);
      dilates.push_back(axis.dilation - 1);
      before.push_back(axis.before);
      after.push_back(axis.after);
    }
  }
};

}  // namespace gradus

#endif  // GRADUS_OPS_WINDOWS_H_
