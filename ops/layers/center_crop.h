// What center_crop and random_crop share.

#ifndef GRADUS_OPS_LAYERS_CENTER_CROP_H_
#define GRADUS_OPS_LAYERS_CENTER_CROP_H_

#include "ops/layers/sides.h"

namespace gradus {

// height and width of the config fit into the images; false after a finding.
template <class Config>
bool ExpectCropFits(const Config& config, LayerScope* scope) {
  if (!ExpectLayout(scope, kImages)) return false;
  const Shape& shape = scope->spec(scope->input(0)).shape;
  bool good = true;
  const auto expect = [&](absl::string_view field, int64_t length, int axis) {
    if (length <= shape.dim(axis).k) return;
    good = false;
    scope->Error("out-of-range", field,
                 absl::StrCat(field, " ", length, " is more than axis ", axis, " of ",
                              shape.ToString(), " has"));
  };
  expect("height", config.height(), 1);
  expect("width", config.width(), 2);
  return good;
}

// The part in the middle; the odd place is left away behind.
template <class Config>
Value CropCenter(const Config& config, LayerScope* scope) {
  const Shape shape = scope->spec(scope->input(0)).shape;
  const auto sides = [&](int axis, int64_t length) {
    const int64_t rest = shape.dim(axis).k - length;
    return Sides{rest / 2, rest - rest / 2};
  };
  const Value rows = CropAxis(scope->input(0), 1, sides(1, config.height()), scope);
  return CropAxis(rows, 2, sides(2, config.width()), scope);
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_CENTER_CROP_H_
