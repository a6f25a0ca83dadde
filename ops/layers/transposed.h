// What transposed convolutions share: how large their results are, and where the windows lie. The result is the gradient, in its images, of a
// convolution with this kernel, stride and padding that gives the input's shape.

#ifndef GRADUS_OPS_LAYERS_TRANSPOSED_H_
#define GRADUS_OPS_LAYERS_TRANSPOSED_H_

#include "ops/layers/windows.h"

namespace gradus {

// The length of the result along one axis of the input, which is `input_axis` of the layer's; sets the windows' padding. `output_padding` is
// negative when unset. -1 after a finding.
inline int64_t TransposedLength(int64_t length, int axis, int input_axis, layer::Padding padding,
                                int64_t output_padding, LayerScope* scope, LayerWindows* windows) {
  // More than an operand of a kernel may have, and far from what 64 bits count.
  constexpr int64_t kMostPlaces = int64_t{1} << 30;
  const int64_t stride = windows->stride[axis], reach = windows->reach(axis);
  const auto refuse = [&](absl::string_view field, const std::string& why) {
    scope->Error("out-of-range", field, why);
    return -1;
  };
  if (length > kMostPlaces / stride) {
    return refuse("strides",
                  absl::StrCat("strides ", stride, " make axis ", input_axis, " of ",
                               scope->spec(scope->input(0)).shape.ToString(), " longer than 2^30"));
  }
  const bool same = padding == layer::SAME;
  int64_t result = length * stride + (same ? 0 : std::max<int64_t>(reach - stride, 0));
  if (output_padding >= 0) {
    if (output_padding >= stride) {
      return refuse("output_padding", absl::StrCat("output_padding ", output_padding,
                                                   " is not below the stride ", stride));
    }
    result = (length - 1) * stride + reach - (same ? reach / 2 * 2 : 0) + output_padding;
    if (result < 1 || (same && (result + stride - 1) / stride != length)) {
      return refuse(
          "output_padding",
          absl::StrCat("output_padding ", output_padding, " makes axis ", input_axis, " ", result,
                       " long, of which no convolution with this window and "
                       "strides ",
                       stride, " makes the ", length, " of the input"));
    }
  }
  if (same) windows->PadSame(axis, result);
  return result;
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_TRANSPOSED_H_
