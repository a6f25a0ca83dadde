// The axes of an example in another order: axis i of the result is axis dims[i] of the input,
// counted from 1 behind the batch.
//
//   layer { name: "channels_last" permute { dims: [2, 3, 1] } }      [batch, 3, 28, 28] becomes
//   [batch, 28, 28, 3]

#include "absl/strings/str_join.h"
#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Permute final : public TypedLayer<layer::Permute> {
  void Build(const layer::Permute& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const Shape& shape = scope->spec(scope->input(0)).shape;
    op::Transpose transpose;
    transpose.add_permutation(0);
    std::vector<bool> seen(shape.rank(), false);
    bool good = config.dims_size() == shape.rank() - 1;
    for (int axis : config.dims()) {
      good = good && axis < shape.rank() && !seen[axis];
      if (!good) break;
      seen[axis] = true;
      transpose.add_permutation(axis);
    }
    if (!good) {
      scope->Error("out-of-range", "dims",
                   absl::StrCat("dims [", absl::StrJoin(config.dims(), ", "),
                                "] does not name each of the axes 1 to ", shape.rank() - 1, " of ",
                                shape.ToString(), " once"));
      return;
    }
    scope->SetOutput(scope->emit()(transpose, {scope->input(0)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.permute", Permute);

}  // namespace
}  // namespace gradus
