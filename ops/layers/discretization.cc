// The bin in which a number lies: how many boundaries are at most as large, from 0 to their number.
//
//   layer { name: "age_group" input: "age" discretization { bin_boundaries: [18, 40, 65] } }          INT32, for an embedding
//   layer { name: "age_group" input: "age" discretization { bin_boundaries: [18, 40, 65] one_hot: true } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Discretization final : public TypedLayer<layer::Discretization> {
  void Build(const layer::Discretization& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    for (int i = 1; i < config.bin_boundaries_size(); ++i) {
      if (config.bin_boundaries(i - 1) < config.bin_boundaries(i)) continue;
      scope->Error("out-of-range", "bin_boundaries",
                   absl::StrCat("bin_boundaries ", config.bin_boundaries(i - 1), " and ",
                                config.bin_boundaries(i), " do not ascend"));
      return;
    }
    Emitter& emit = scope->emit();
    const Value x = emit(op::StopGradient(), {scope->input(0)});
    Value at_least;  // How many.
    for (double boundary : config.bin_boundaries()) {
      const Value edge = emit.Constant(static_cast<float>(boundary));
      const Value below = emit(op::Greater(), {edge, x});
      const Value passed = emit(op::Sub(), {emit.Constant(1), below});
      at_least = at_least.valid() ? emit(op::Add(), {at_least, passed}) : passed;
    }
    op::Cast to_whole;
    to_whole.set_to_int32(true);
    const Value bin = emit(to_whole, {at_least});
    op::OneHot one_hot;
    one_hot.set_depth(config.bin_boundaries_size() + 1);
    scope->SetOutput(config.one_hot() ? emit(one_hot, {bin}) : bin);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.discretization", Discretization);

}  // namespace
}  // namespace gradus
