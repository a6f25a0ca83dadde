// The product of its inputs. Where one of them has an axis of length 1 it is repeated, so that a
// gate meets what it opens:
//
//   layer { name: "gated" input: ["image", "gate"] multiply {} }      [batch, 8, 8, 16] and [batch,
//   1, 1, 16]

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

// Whether input i and the ones before it have as many axes, each as long or 1.
bool ExpectMeets(int i, LayerScope* scope) {
  const Shape& shape = scope->spec(scope->input(i)).shape;
  for (int j = 0; j < i; ++j) {
    const Shape& other = scope->spec(scope->input(j)).shape;
    bool meets = shape.rank() == other.rank();
    for (int axis = 0; axis < shape.rank() && meets; ++axis) {
      const Dim one{1, false};
      meets =
          shape.dim(axis) == other.dim(axis) || shape.dim(axis) == one || other.dim(axis) == one;
    }
    if (meets) continue;
    scope->InputError(
        "shape", i,
        absl::StrCat("input ", i, " is ", shape.ToString(), ", input ", j, " ", other.ToString(),
                     "; they may differ only where one of them has length 1"));
    return false;
  }
  return true;
}

class Multiply final : public TypedLayer<layer::Multiply> {
  void Build(const layer::Multiply&, LayerScope* scope) const override {
    if (!scope->ExpectInputs(2, -1)) return;
    bool good = true;
    for (int i = 0; i < scope->input_count(); ++i) {
      good &= scope->ExpectFloat(scope->input(i), absl::StrCat("input ", i));
      good &= ExpectMeets(i, scope);
    }
    if (good) scope->SetOutput(FoldInputs(op::Mul(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.multiply", Multiply);

}  // namespace
}  // namespace gradus
