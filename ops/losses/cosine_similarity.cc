// Minus the cosine of the angle between prediction and label along the last axis:
// keras.losses.cosine_similarity.
//
//   -sum_k y_k p_k / (max(|y|, e) max(|p|, e)),  e = 1e-7
//
//   loss { cosine_similarity { prediction: "vector" label: "wanted" } }
//
// -1 for the same direction, 1 for the opposite one, 0 when one of them is 0.

#include "gradus/base/status.h"
#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

// max(|x|, epsilon). The bound lies before the root, whose derivative at 0 is infinite.
Value Length(Value x, Emitter& emit) {
  op::ReduceSum sum;
  sum.add_axis(-1);
  op::Clip at_least;
  at_least.set_min(kEpsilon * kEpsilon);
  return emit(op::Sqrt(), {emit(at_least, {emit(sum, {emit(op::Square(), {x})})})});
}

class CosineSimilarity final : public TypedLayer<loss::CosineSimilarity> {
  void Build(const loss::CosineSimilarity& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    const Shape& shape = scope->spec(pair.prediction).shape;
    if (shape.rank() < 2) {
      scope->Error(
          "shape", "prediction",
          absl::StrCat("cosine_similarity needs an axis behind the batch, the prediction is ",
                       shape.ToString()));
      return;
    }
    op::ReduceSum sum;
    sum.add_axis(-1);
    const Value product = emit(sum, {emit(op::Mul(), {pair.prediction, pair.label})});
    const Value lengths =
        emit(op::Mul(), {Length(pair.prediction, emit), Length(pair.label, emit)});
    const Value cosine = emit(op::Div(), {product, lengths});
    scope->SetOutput(MeanPerExample(emit(op::Neg(), {cosine}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.cosine_similarity", CosineSimilarity);

}  // namespace
}  // namespace gradus
