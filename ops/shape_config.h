// Shapes as the configs of operations carry them.

#ifndef GRADUS_OPS_SHAPE_CONFIG_H_
#define GRADUS_OPS_SHAPE_CONFIG_H_

#include "absl/status/statusor.h"
#include "gradus/base/shape.h"
#include "gradus/base/status.h"
#include "gradus/op.pb.h"

namespace gradus {

// `repeated Dim shape`, with its elements counted, so that a negative or too large one is an error here.
template <class Config>
absl::StatusOr<Shape> ShapeFromConfig(const Config& config) {
  Shape shape;
  for (const op::Dim& dim : config.shape()) {
    if (dim.k() < 0) {
      return absl::InvalidArgumentError(absl::StrCat("a shape has the extent ", dim.k()));
    }
    shape.Append({dim.k(), dim.batch()});
  }
  GRADUS_RETURN_IF_ERROR(shape.Elements().status());
  return shape;
}

}  // namespace gradus

#endif  // GRADUS_OPS_SHAPE_CONFIG_H_
