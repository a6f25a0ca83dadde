// log(cosh(p - y)), mean over everything behind the batch: keras.losses.log_cosh.
//
//   e = p - y     e + softplus(-2 e) - log 2: nothing overflows; the derivative is tanh(e)
//
//   loss { log_cosh { prediction: "price" label: "paid" } }

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr float kLog2 = 0.693147180559945309f;

class LogCosh final : public TypedLayer<loss::LogCosh> {
  void Build(const loss::LogCosh& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    const Value error = emit(op::Sub(), {pair.prediction, pair.label});
    const Value below = emit(op::Softplus(), {emit(op::Mul(), {error, emit.Constant(-2)})});
    const Value sum = emit(op::Add(), {error, below});
    scope->SetOutput(MeanPerExample(emit(op::Sub(), {sum, emit.Constant(kLog2)}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.log_cosh", LogCosh);

}  // namespace
}  // namespace gradus
