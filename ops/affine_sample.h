// What affine_sample and its gradient share: which places of an image a place of the result is made of.
//
// The image is taken as endless (Fill says how), and between its places it is bilinear; or the nearest place is read. With the transform t
// the place (i, j) of the result is read at
//
//   row = t3 j + t4 i + t5     column = t0 j + t1 i + t2
//
// which is the order of TensorFlow's image transforms. The places are reckoned in double, so that a shift by whole pixels and a
// mirror image are exact.

#ifndef GRADUS_OPS_AFFINE_SAMPLE_H_
#define GRADUS_OPS_AFFINE_SAMPLE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

// `x` [batch, h, w, c] with at least one place, transform [batch, 6] or [6].
inline absl::Status CheckAffine(absl::Span<const TensorSpec> inputs) {
  GRADUS_RETURN_IF_ERROR(ExpectInputs(inputs, 2));
  for (int i = 0; i < 2; ++i) GRADUS_RETURN_IF_ERROR(ExpectType(inputs, i, DType::kFloat32));
  const Shape &x = inputs[0].shape, &t = inputs[1].shape;
  const bool images = x.rank() == 4 && !x.dim(1).batch && !x.dim(2).batch && !x.dim(3).batch &&
                      x.dim(1).k > 0 && x.dim(2).k > 0;
  if (!images) {
    return absl::InvalidArgumentError(
        absl::StrCat(x.ToString(), " are not images [batch, height, width, channels]"));
  }
  if (t == Shape::Fixed({6}) || t == Shape({x.dim(0), Dim{6, false}})) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("transform ", t.ToString(), " of images ",
                                                 x.ToString(),
                                                 " is neither [6] nor one of 6 each"));
}

// The shape of x with another height and width: `size`, or x's own when it is unset and may be.
inline absl::StatusOr<Shape> Resized(const Shape& x,
                                     const google::protobuf::RepeatedField<int64_t>& size,
                                     absl::string_view field, bool may_be_unset) {
  constexpr int64_t kMost = int64_t{1} << 30;
  if (size.empty() && may_be_unset) return x;
  if (size.size() != 2 || size.Get(0) < 1 || size.Get(1) < 1 || size.Get(0) > kMost ||
      size.Get(1) > kMost) {
    return absl::InvalidArgumentError(absl::StrCat(field, " is not a height and a width"));
  }
  return Shape({x.dim(0), Dim{size.Get(0), false}, Dim{size.Get(1), false}, x.dim(3)});
}

struct AffineLoop {
  int64_t n = 0, h = 0, w = 0, c = 0;  // The images that are read.
  int64_t oh = 0, ow = 0;              // The results.
  int64_t transform_step = 0;          // From one example's transform to the next: 6 or 0.
  op::Fill fill = op::FILL_CONSTANT;
  bool bilinear = true;

  static int64_t Mod(int64_t i, int64_t n) {
    const int64_t rest = i % n;
    return rest < 0 ? rest + n : rest;
  }
  // The place that stands for place i of the endless image, or -1 for the constant.
  int64_t Inside(int64_t i, int64_t length) const {
    if (i >= 0 && i < length) return i;
    switch (fill) {
      case op::FILL_CONSTANT:
        return -1;
      case op::FILL_NEAREST:
        return i < 0 ? 0 : length - 1;
      case op::FILL_REFLECT: {
        const int64_t at = Mod(i, 2 * length);
        return at < length ? at : 2 * length - 1 - at;
      }
      case op::FILL_WRAP:
        return Mod(i, length);
    }
    return -1;
  }

  // Up to two places of an axis with their weights; -1 is the constant.
  struct Axis {
    int64_t place[2];
    float weight[2];
    int count;
  };
  Axis At(double position, int64_t length) const {
    // Beyond this, and for NaN, every fill is as good as any; an integer must come of it.
    constexpr double kFar = 1e9;
    if (!(position > -kFar)) position = -kFar;
    if (position > kFar) position = kFar;
    const double below = std::floor(bilinear ? position : position + 0.5);
    const auto first = static_cast<int64_t>(below);
    const double part = bilinear ? position - below : 0;
    Axis axis;
    axis.place[0] = Inside(first, length);
    axis.weight[0] = static_cast<float>(1 - part);
    axis.count = 1;
    if (part > 0) {
      axis.place[1] = Inside(first + 1, length);
      axis.weight[1] = static_cast<float>(part);
      axis.count = 2;
    }
    return axis;
  }

  // Calls at(element of the result, element of the image or -1, weight) for all that is read; each stands for c channels.
  template <class F>
  void ForEach(const float* transforms, const F& at) const {
    for (int64_t example = 0; example < n; ++example) {
      const float* t = transforms + example * transform_step;
      for (int64_t i = 0; i < oh; ++i) {
        for (int64_t j = 0; j < ow; ++j) {
          const auto di = static_cast<double>(i), dj = static_cast<double>(j);
          const Axis row = At(double{t[3]} * dj + double{t[4]} * di + double{t[5]}, h);
          const Axis column = At(double{t[0]} * dj + double{t[1]} * di + double{t[2]}, w);
          const int64_t result = ((example * oh + i) * ow + j) * c;
          for (int a = 0; a < row.count; ++a) {
            for (int b = 0; b < column.count; ++b) {
              const bool inside = row.place[a] >= 0 && column.place[b] >= 0;
              const int64_t image =
                  inside ? ((example * h + row.place[a]) * w + column.place[b]) * c : -1;
              at(result, image, row.weight[a] * column.weight[b]);
            }
          }
        }
      }
    }
  }

  double cost() const {
    const double pixels = static_cast<double>(n * oh * ow);
    return 50 + pixels * (bilinear ? 4 : 1) * (4 + static_cast<double>(c) * 0.5);
  }
};

// `image` is the operand that is read by place: x, or the gradient that is written.
template <class Config>
AffineLoop MakeAffineLoop(const Config& config, const Operand& image, const Operand& result,
                          const Operand& transform) {
  AffineLoop loop;
  loop.n = image.dims[0];
  loop.h = image.dims[1];
  loop.w = image.dims[2];
  loop.c = image.dims[3];
  loop.oh = result.dims[1];
  loop.ow = result.dims[2];
  loop.transform_step = transform.dims.size() == 2 ? 6 : 0;
  loop.fill = config.fill();
  loop.bilinear = config.bilinear();
  return loop;
}

}  // namespace gradus

#endif  // GRADUS_OPS_AFFINE_SAMPLE_H_
