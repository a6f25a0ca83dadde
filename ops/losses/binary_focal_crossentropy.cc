// Binary cross-entropy that hardly counts what is right already, mean over everything behind the
// batch (Lin et al. 2017, keras.losses.binary_focal_crossentropy):
//
//   (1 - p_t)^gamma bce(y, p),  p_t = y p + (1 - y) (1 - p)
//   times y alpha + (1 - y) (1 - alpha) with apply_class_balancing
//
// From probabilities bce clips p to [1e-7, 1 - 1e-7] as binary_crossentropy does, p_t does not.
// With label_smoothing a, y is y (1 - a) + a / 2; a is a number of the run, so a schedule can move
// it.
//
//   loss { binary_focal_crossentropy { prediction: "logit" label: "defect" from_logits: true gamma:
//   2 } }
//
// NOTE: from logits Keras takes their sigmoid and clips it, so that its loss and gradient end at
// |z| = 16; here they go on.

#include "gradus/loss.pb.h"
#include "ops/losses/crossentropy.h"
#include "ops/losses/focal.h"

namespace gradus {
namespace {

class BinaryFocalCrossentropy final : public TypedLayer<loss::BinaryFocalCrossentropy> {
  void Build(const loss::BinaryFocalCrossentropy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, config.from_logits() ? PredictionMeaning::kYesLogits
                                                   : PredictionMeaning::kYesProbabilities);
    Emitter& emit = scope->emit();
    const Value one = emit.Constant(1);
    const Value y = SmoothedLabel(config, pair.label, 2, scope);
    Value loss = config.from_logits() ? BinaryCrossentropyOfLogits(pair.prediction, y, emit)
                                      : BinaryCrossentropyOfProbabilities(pair.prediction, y, emit);
    if (config.gamma() > 0) {
      // 1 - p_t = y + p (1 - 2 y)
      const Value p =
          config.from_logits() ? emit(op::Sigmoid(), {pair.prediction}) : pair.prediction;
      const Value sign = emit(op::Sub(), {one, emit(op::Add(), {y, y})});
      const Value wrong = emit(op::Add(), {y, emit(op::Mul(), {p, sign})});
      loss = emit(op::Mul(), {FocalPower(wrong, config.gamma(), emit), loss});
    }
    if (config.apply_class_balancing()) {
      // y alpha + (1 - y) (1 - alpha)
      const auto alpha = static_cast<float>(config.alpha());
      const Value slope = emit(op::Mul(), {y, emit.Constant(2 * alpha - 1)});
      loss = emit(op::Mul(), {emit(op::Add(), {slope, emit.Constant(1 - alpha)}), loss});
    }
    scope->SetOutput(MeanPerExample(loss, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.binary_focal_crossentropy", BinaryFocalCrossentropy);

}  // namespace
}  // namespace gradus
