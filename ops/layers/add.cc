// The sum of its inputs, which must have the same shape: nothing is broadcast.
//
//   layer { name: "residual" input: ["x", "branch"] add {} }

#include "gradus/base/status.h"
#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"

namespace gradus {
namespace {

class Add final : public TypedLayer<layer::Add> {
  void Build(const layer::Add&, LayerScope* scope) const override {
    if (!scope->ExpectInputs(2, -1)) return;
    const Shape first = scope->spec(scope->input(0)).shape;
    bool good = true;
    for (int i = 0; i < scope->input_count(); ++i) {
      const Shape& shape = scope->spec(scope->input(i)).shape;
      good &= scope->ExpectFloat(scope->input(i), absl::StrCat("input ", i));
      if (shape == first) continue;
      scope->InputError("shape", i,
                        absl::StrCat("input ", i, " is ", shape.ToString(), ", input 0 ",
                                     first.ToString(), "; they must have the same shape"));
      good = false;
    }
    if (!good) return;
    Value sum = scope->input(0);
    for (int i = 1; i < scope->input_count(); ++i) {
      sum = scope->emit()(op::Add(), {sum, scope->input(i)});
    }
    scope->SetOutput(sum);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.add", Add);

}  // namespace
}  // namespace gradus
