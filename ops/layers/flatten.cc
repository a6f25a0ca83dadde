// Joins all axes but the batch into one: [batch, 28, 28] becomes [batch, 784], and, as in Keras, [batch] becomes [batch, 1].
//
//   layer { name: "flat" flatten {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"

namespace gradus {
namespace {

class Flatten final : public TypedLayer<layer::Flatten> {
  void Build(const layer::Flatten&, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1)) return;
    const Shape& shape = scope->spec(scope->input(0)).shape;
    int64_t per_example = 1;  // Cannot overflow: the shape's elements were counted when it was made.
    for (int axis = 1; axis < shape.rank(); ++axis) per_example *= shape.dim(axis).k;
    scope->SetOutput(scope->emit().Reshape(scope->input(0), Shape::Batched({per_example})));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.flatten", Flatten);

}  // namespace
}  // namespace gradus
