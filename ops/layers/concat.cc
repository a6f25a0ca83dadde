// Joins its inputs along an axis; all other extents must agree.
//
//   layer { name: "both" input: ["image_features", "age"] concat { axis: -1 } }

#include "gradus/base/status.h"
#include "gradus/graph/layer.h"
#include "gradus/graph/op.h"
#include "gradus/layer.pb.h"

namespace gradus {
namespace {

class Concat final : public TypedLayer<layer::Concat> {
  void Build(const layer::Concat& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(2, -1)) return;
    const Shape first = scope->spec(scope->input(0)).shape;
    absl::StatusOr<int> axis = NormalizeAxis(config.axis(), first.rank());
    if (!axis.ok()) {
      scope->Error("out-of-range", "axis",
                   absl::StrCat(axis.status().message(), ", the axes of ", first.ToString()));
      return;
    }
    if (*axis == 0) {
      scope->Error("out-of-range", "axis",
                   absl::StrCat("axis ", config.axis(), " of ", first.ToString(),
                                " is the batch, which cannot be joined"));
      return;
    }
    bool good = true;
    for (int i = 0; i < scope->input_count(); ++i) {
      good &= scope->ExpectFloat(scope->input(i), absl::StrCat("input ", i));
      if (Fits(first, scope->spec(scope->input(i)).shape, *axis)) continue;
      scope->InputError("shape", i,
                        absl::StrCat("input ", i, " is ",
                                     scope->spec(scope->input(i)).shape.ToString(),
                                     ", input 0 ", first.ToString(),
                                     "; they may differ in axis ", *axis, " only"));
      good = false;
    }
    if (!good) return;
    op::Concat concat;
    concat.set_axis(*axis);
    std::vector<Value> inputs;
    for (int i = 0; i < scope->input_count(); ++i) inputs.push_back(scope->input(i));
    scope->SetOutput(scope->emit()(concat, inputs));
  }

  static bool Fits(const Shape& a, const Shape& b, int axis) {
    if (a.rank() != b.rank()) return false;
    for (int i = 0; i < a.rank(); ++i) {
      if (i != axis && a.dim(i) != b.dim(i)) return false;
    }
    return true;
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.concat", Concat);

}  // namespace
}  // namespace gradus
