// Tversky loss (Salehi, Erdogmus & Gholipour 2017, arXiv:1706.05721), over everything behind the batch: keras.losses.Tversky with all axes
// but the first.
//
//   1 - tp / (tp + alpha fp + beta fn)     tp = sum y p, fp = sum (1 - y) p, fn = sum y (1 - p)
//
//   loss { tversky { prediction: "mask" label: "organ" alpha: 0.3 beta: 0.7 } }

#include "gradus/loss.pb.h"
#include "ops/losses/overlap.h"

namespace gradus {
namespace {

class Tversky final : public TypedLayer<loss::Tversky> {
  void Build(const loss::Tversky& config, LayerScope* scope) const override {
    scope->SetMeaning(config, PredictionMeaning::kYesProbabilities);
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    const Value p = pair.prediction, y = pair.label;
    const Value product = emit(op::Mul(), {p, y});
    const Value tp = SumPerExample(product, emit);
    const Value fp = SumPerExample(emit(op::Sub(), {p, product}), emit);
    const Value fn = SumPerExample(emit(op::Sub(), {y, product}), emit);
    const auto weighed = [&](Value x, double weight) {
      return emit(op::Mul(), {x, emit.Constant(static_cast<float>(weight))});
    };
    const Value whole =
        emit(op::Add(),
             {tp, emit(op::Add(), {weighed(fp, config.alpha()), weighed(fn, config.beta())})});
    scope->SetOutput(OneMinusPart(tp, whole, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.tversky", Tversky);

}  // namespace
}  // namespace gradus
