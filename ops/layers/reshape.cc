// The same numbers in another shape.
//
//   layer { name: "images" reshape { target_shape: [28, 28, -1] } }      [batch, 784] becomes
//   [batch, 28, 28, 1]
//
// target_shape is that of one example; one extent may be -1, which takes what is left.

#include "absl/strings/str_join.h"
#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

void Refuse(absl::string_view why, const layer::Reshape& config, const Shape& shape,
            LayerScope* scope) {
  scope->Error("shape", "target_shape",
               absl::StrCat("target_shape [", absl::StrJoin(config.target_shape(), ", "), "] ", why,
                            "; the input is ", shape.ToString()));
}

class Reshape final : public TypedLayer<layer::Reshape> {
  void Build(const layer::Reshape& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1)) return;
    const Shape& shape = scope->spec(scope->input(0)).shape;
    int64_t numbers = 1;  // Cannot overflow: the shape's elements were counted when it was made.
    for (int axis = 1; axis < shape.rank(); ++axis) numbers *= shape.dim(axis).k;
    Shape target = Shape::Batched({});
    int open = -1;
    int64_t given = 1;
    for (int64_t extent : config.target_shape()) {
      if (extent == 0 || (extent < 0 && open >= 0)) {
        Refuse(extent == 0 ? "has an extent of 0" : "has more than one -1", config, shape, scope);
        return;
      }
      if (extent < 0) open = target.rank();
      // Past `numbers` it stays there: nothing overflows.
      if (extent > 0) given = extent > numbers / given ? numbers + 1 : given * extent;
      target.Append({extent, false});
    }
    const bool fits = open < 0 ? given == numbers : given <= numbers && numbers % given == 0;
    if (!fits) {
      Refuse("does not fit", config, shape, scope);
      return;
    }
    if (open >= 0) target.Set(open, {numbers / given, false});
    scope->SetOutput(scope->emit().Reshape(scope->input(0), target));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.reshape", Reshape);

}  // namespace
}  // namespace gradus
